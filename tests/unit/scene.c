#include "scene.h"

#include "random_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *get(struct scene *s, size_t n, size_t size)
{
    void *p = arena_alloc(&s->arena, n, size, &s->err);

    if (!p)
        abort();
    return p;
}

int below(struct scene *s, int n)
{
    return (int)rng_below(&s->rng, (uint64_t)n);
}

static struct span random_span(struct scene *s, int n)
{
    int lo = below(s, n);

    return (struct span){lo, lo + 1 + below(s, n - lo)};
}

/* Half of all ranges are a single element, as in sweeps. */
struct span random_range(struct scene *s, int n)
{
    int lo = below(s, n);

    return below(s, 2) ? random_span(s, n) : (struct span){lo, lo + 1};
}

static void random_operand(struct scene *s, struct edit *e, bool runs_ready)
{
    const struct shape *shape = &s->model.shape;
    int64_t width = edit_width(e, shape);
    int tokens = span_len(e->tok);
    float *v;

    /* Not near -1: adding back what is subtracted would leave rounding as the result. */
    e->scale = (float)(0.25 + 1.75 * rng_unit(&s->rng));
    if (runs_ready && !site_is_read(e->site) && below(s, 2)) {
        e->from = &s->run[below(s, RUNS)];
        e->shift = below(s, 2) ? 0 : below(s, s->n - tokens + 1) - e->tok.lo;
        return;
    }
    e->stride = below(s, 2) ? width : 0;
    v = get(s, (size_t)(width * tokens), sizeof *v);
    for (int64_t i = 0; i < width * tokens; i++)
        v[i] = (float)random_normal(&s->rng);
    e->vec = v;
}

static struct edit random_edit(struct scene *s, bool runs_ready)
{
    static const enum op pattern_ops[] = {OP_ZERO, OP_SCALE, OP_MASK};
    const struct shape *shape = &s->model.shape;
    struct edit e = {.site = (enum site)below(s, SITE_COUNT)};
    int parts = site_parts(shape, e.site);

    e.layer = random_range(s, shape->n_layers + (e.site == SITE_RESID));
    e.head = random_range(s, parts ? parts : 1);
    e.tok = random_range(s, s->n);
    e.key = random_range(s, s->n);
    e.op = e.site == SITE_PATTERN ? pattern_ops[below(s, 3)] : (enum op)below(s, 4);
    if (e.site == SITE_PATTERN)
        e.scale = (float)rng_unit(&s->rng);
    else
        random_operand(s, &e, runs_ready);
    return e;
}

/* Run i of the scene: run 1 is made from run 0 by edits. */
struct variant making(struct scene *s, int i, struct run *into)
{
    struct variant v = {.ids = s->ids[i], .n = s->n, .rows = {0, s->n}, .into = into};

    if (i == 1) {
        v.base = &s->run[0];
        v.edit = s->made_by;
        v.n_edits = s->n_made_by;
    }
    assert_int_equal(run_alloc(into, &s->model.shape, s->n, KEEP_ALL, &s->arena, &s->err), 0);
    return v;
}

static void make_run(struct scene *s, int i)
{
    struct variant v = making(s, i, &s->run[i]);

    engine_run(&s->forked, &v, 1);
    v = making(s, i, &s->oracle[i]);
    engine_run(&s->naive, &v, 1);
}

void scene_open(struct scene *s, uint64_t round)
{
    static const int groups_of[][2] = {{1, 1}, {2, 1}, {4, 2}, {4, 4}, {6, 2}};
    static const int longest[] = {16, 16, 16, 16, 16, 16, 64, TOKENS};
    int shape, layers;

    memset(s, 0, sizeof *s);
    s->rng = rng_for(20502475, round, "forked");
    shape = below(s, 5);
    layers = 1 + below(s, 8);
    s->n = 1 + below(s, longest[below(s, 8)]);
    random_model(&s->model, &s->arena, &s->rng, layers, groups_of[shape][0], groups_of[shape][1],
                 4 + 2 * below(s, 3), VOCAB);
    if (round % 4)
        random_facts(&s->model, &s->arena, &s->rng);
    for (int i = 0; i < s->n; i++) {
        s->ids[0][i] = s->ids[1][i] = below(s, VOCAB);
        s->ids[2][i] = below(s, VOCAB);
    }
    for (int i = 0; i < VOCAB; i++)
        s->targets[i] = i;
    assert_int_equal(
        engine_open(&s->forked, &s->model, 1 + below(s, 200), s->n, 1 + below(s, 3), &s->err), 0);
    assert_int_equal(engine_open(&s->naive, &s->model, 1, s->n, 1, &s->err), 0);
    s->naive.naive = s->naive.run_noops = true;
    make_run(s, 0);
    make_run(s, 2);
    s->n_made_by = below(s, 3);
    for (int i = 0; i < s->n_made_by; i++)
        s->made_by[i] = random_edit(s, false);
    make_run(s, 1);
}

void scene_close(struct scene *s)
{
    engine_close(&s->forked);
    engine_close(&s->naive);
    arena_release(&s->arena);
}

void outcome_init(struct scene *s, struct outcome *o)
{
    size_t vectors = (size_t)(s->model.shape.n_layers * s->model.shape.d_model);

    o->answer = (struct answer){.target = s->targets,
                                .n_targets = VOCAB,
                                .logit = o->logit,
                                .logprob = o->logprob,
                                .rank = o->rank,
                                .a = get(s, vectors, sizeof(float)),
                                .m = get(s, vectors, sizeof(float)),
                                .x = get(s, vectors, sizeof(float))};
}

/* --- swaps --- */

static struct sender random_sender(struct scene *s, enum site site, int layer, int head,
                                   struct span tok)
{
    struct edit *e = get(s, 1, sizeof *e);

    *e = (struct edit){.site = site,
                       .op = (enum op)below(s, 4),
                       .layer = {layer, layer + 1},
                       .head = {head, head + 1},
                       .tok = {tok.lo + below(s, span_len(tok)), tok.hi}};
    random_operand(s, e, true);
    return (struct sender){site, layer, head, e, 1};
}

/* Half of the heads and MLPs, and the embedding. */
static struct swaps *random_swaps(struct scene *s)
{
    const struct shape *shape = &s->model.shape;
    struct swaps *w = get(s, 1, sizeof *w);
    size_t most = 1 + (size_t)(shape->n_layers * (shape->n_heads + 1)), rows;
    struct sender *sender = get(s, most, sizeof *sender);

    w->tok = random_range(s, s->n);
    w->sender = sender;
    sender[w->n++] = random_sender(s, SITE_RESID, 0, 0, w->tok);
    for (int l = 0; l < shape->n_layers; l++) {
        for (int h = 0; h < shape->n_heads; h++)
            if (below(s, 2))
                sender[w->n++] = random_sender(s, SITE_Z, l, h, w->tok);
        if (below(s, 2))
            sender[w->n++] = random_sender(s, SITE_MLP, l, 0, w->tok);
    }
    rows = (size_t)span_len(w->tok) * (size_t)shape->d_model;
    w->change = get(s, (size_t)w->n * rows, sizeof *w->change);
    w->all = get(s, rows, sizeof *w->all);
    for (size_t i = 0; i < rows; i++) /* a run begins with its own */
        w->all[i] = w->change[i] = (float)random_normal(&s->rng);
    return w;
}

/* A reader of some of the senders below it. */
static struct edit random_reader(struct scene *s, const struct swaps *w)
{
    static const enum site sites[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP,
                                      SITE_RESID};
    const struct shape *shape = &s->model.shape;
    enum site site = sites[below(s, 5)];
    int layer = site == SITE_RESID ? shape->n_layers : below(s, shape->n_layers);
    int parts = site_parts(shape, site), first = below(s, span_len(w->tok));
    int32_t *sender = get(s, (size_t)w->n, sizeof *sender);
    struct edit e = {.site = site,
                     .op = OP_SWAP,
                     .layer = {layer, layer + 1},
                     .head = random_range(s, parts ? parts : 1),
                     .tok = {w->tok.lo + first, w->tok.hi},
                     .swaps = w,
                     .sender = sender,
                     .all_but = below(s, 2)};

    for (int i = 0; i < w->n; i++) {
        bool beside = w->sender[i].layer == layer && w->sender[i].site == SITE_Z &&
                      site == SITE_READ_MLP && !shape->parallel;

        if ((w->sender[i].site == SITE_RESID || w->sender[i].layer < layer || beside) &&
            below(s, 2))
            sender[e.n_senders++] = i;
    }
    return e;
}

void draw_variants(struct scene *s)
{
    static const unsigned asks[8] = {0,         ASK_LOGITS, ASK_LOGITS, ASK_VOCAB,
                                     ASK_VOCAB, ASK_VOCAB,  ASK_VOCAB,  ASK_VOCAB};

    for (int i = 0; i < VARIANTS; i++) {
        struct variant *v = &s->variant[i];

        v->base = &s->run[below(s, 2)];
        v->n_edits = below(s, 20) ? 1 + below(s, EDITS) : 0;
        v->edit = s->edit[i];
        v->asks = ASK_LAYERS | asks[below(s, 8)];
        if (i % 4 == 3) {
            const struct swaps *w = random_swaps(s);

            for (int k = 0; k < v->n_edits; k++)
                s->edit[i][k] = random_reader(s, w);
        }
        for (int k = 0; i % 4 < 3 && k < v->n_edits; k++)
            s->edit[i][k] = random_edit(s, true);
        outcome_init(s, &s->a[i]);
        outcome_init(s, &s->b[i]);
    }
}

int rounds(void)
{
    const char *s = getenv("LENSWEEP_ROUNDS");

    return s ? atoi(s) : 150;
}

double distance(const float *a, const float *b, size_t n)
{
    double most = 0, size = 1e-3;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        most = d > most || isnan(d) ? d : most;
        size = fabs((double)b[i]) > size ? fabs((double)b[i]) : size;
    }
    return most / size;
}
