/*
 * The forked engine against the naive one: random edit sets of every site, operation and range, on
 * random models. They share leaf kernels only, so an interval that is a row short, a site whose
 * edit is skipped, or a stale key shows here (tests/mutants makes exactly such mistakes and sees
 * them caught).
 *
 * LENSWEEP_ROUNDS sets how many models are drawn (default 150, about 20 variants each).
 */
#include "engine/engine.h"
#include "random_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

enum { VOCAB = 37, VARIANTS = 20, EDITS = 4, RUNS = 3 };

static int rounds(void)
{
    const char *s = getenv("LENSWEEP_ROUNDS");

    return s ? atoi(s) : 150;
}

/* One variant's answer by one executor, with room for every token and layer. */
struct outcome {
    struct answer answer;
    float logit[VOCAB], logprob[VOCAB];
    int32_t rank[VOCAB];
};

struct scene {
    struct arena arena;
    struct rng rng;
    struct model model;
    struct engine forked, naive;
    int32_t ids[RUNS][64], targets[VOCAB];
    int n;
    struct run run[RUNS];       /* clean; made from it by edits; another prompt */
    struct edit made_by[EDITS]; /* what made run 1 */
    int n_made_by;
    struct variant variant[VARIANTS];
    struct edit edit[VARIANTS][EDITS];
    struct outcome a[VARIANTS], b[VARIANTS];
    struct err err;
};

static void *get(struct scene *s, size_t n, size_t size)
{
    void *p = arena_alloc(&s->arena, n, size, &s->err);

    if (!p)
        abort();
    return p;
}

static int below(struct scene *s, int n)
{
    return (int)rng_below(&s->rng, (uint64_t)n);
}

static struct span random_span(struct scene *s, int n)
{
    int lo = below(s, n);

    return (struct span){lo, lo + 1 + below(s, n - lo)};
}

/* Half of all ranges are a single element, as in sweeps. */
static struct span random_range(struct scene *s, int n)
{
    int lo = below(s, n);

    return below(s, 2) ? random_span(s, n) : (struct span){lo, lo + 1};
}

static void random_operand(struct scene *s, struct edit *e, bool runs_ready)
{
    const struct shape *shape = &s->model.shape;
    int64_t width = e->site == SITE_Z ? (int64_t)span_len(e->head) * shape->d_head : shape->d_model;
    int tokens = span_len(e->tok);
    float *v;

    /* Not near -1: adding back what is subtracted would leave rounding as the result. */
    e->scale = (float)(0.25 + 1.75 * rng_unit(&s->rng));
    if (runs_ready && below(s, 2)) {
        e->from = &s->run[below(s, RUNS)];
        e->shift = below(s, s->n - tokens + 1) - e->tok.lo;
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
    struct edit e = {.site = (enum site)below(s, 5)};

    e.layer = random_range(s, shape->n_layers + (e.site == SITE_RESID));
    e.head = random_range(s, shape->n_heads);
    e.tok = random_range(s, s->n);
    e.key = random_range(s, s->n);
    e.op = e.site == SITE_PATTERN ? pattern_ops[below(s, 3)] : (enum op)below(s, 4);
    if (e.site == SITE_PATTERN)
        e.scale = (float)rng_unit(&s->rng);
    else
        random_operand(s, &e, runs_ready);
    return e;
}

static void make_run(struct scene *s, int i, const struct run *base, const struct edit *edit,
                     int n_edits)
{
    struct variant v = {.base = base,
                        .ids = s->ids[i],
                        .n = s->n,
                        .rows = {0, s->n},
                        .edit = edit,
                        .n_edits = n_edits,
                        .into = &s->run[i]};

    assert_int_equal(run_alloc(&s->run[i], &s->model.shape, s->n, KEEP_ALL, &s->arena, &s->err), 0);
    engine_run(&s->forked, &v, 1);
}

static void scene_open(struct scene *s, uint64_t round)
{
    static const int groups_of[][2] = {{1, 1}, {2, 1}, {4, 2}, {4, 4}, {6, 2}};
    int shape, layers;

    memset(s, 0, sizeof *s);
    s->rng = rng_for(20502475, round, "forked");
    shape = below(s, 5);
    layers = 1 + below(s, 8);
    s->n = below(s, 8) ? 1 + below(s, 16) : 1 + below(s, 64);
    random_model(&s->model, &s->arena, &s->rng, layers, groups_of[shape][0], groups_of[shape][1],
                 4 + 2 * below(s, 3), VOCAB);
    for (int i = 0; i < s->n; i++) {
        s->ids[0][i] = s->ids[1][i] = below(s, VOCAB);
        s->ids[2][i] = below(s, VOCAB);
    }
    for (int i = 0; i < VOCAB; i++)
        s->targets[i] = i;
    assert_int_equal(
        engine_open(&s->forked, &s->model, 1 + below(s, 200), s->n, 1 + below(s, 3), &s->err), 0);
    assert_int_equal(engine_open(&s->naive, &s->model, 1, s->n, 1, &s->err), 0);
    s->naive.naive = true;
    make_run(s, 0, NULL, NULL, 0);
    make_run(s, 2, NULL, NULL, 0);
    s->n_made_by = below(s, 3);
    for (int i = 0; i < s->n_made_by; i++)
        s->made_by[i] = random_edit(s, false);
    make_run(s, 1, &s->run[0], s->made_by, s->n_made_by);
}

static void scene_close(struct scene *s)
{
    engine_close(&s->forked);
    engine_close(&s->naive);
    arena_release(&s->arena);
}

static void outcome_init(struct scene *s, struct outcome *o)
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

static void draw_variants(struct scene *s)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct variant *v = &s->variant[i];

        v->base = &s->run[below(s, 2)];
        v->n_edits = 1 + below(s, EDITS);
        v->edit = s->edit[i];
        v->asks = ASK_VOCAB | ASK_LAYERS;
        for (int k = 0; k < v->n_edits; k++)
            s->edit[i][k] = random_edit(s, true);
        outcome_init(s, &s->a[i]);
        outcome_init(s, &s->b[i]);
    }
}

/* max |a - b| as a share of max |b| */
static double distance(const float *a, const float *b, size_t n)
{
    double most = 0, size = 1e-3;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        most = d > most || isnan(d) ? d : most;
        size = fabs((double)b[i]) > size ? fabs((double)b[i]) : size;
    }
    return most / size;
}

/* The largest distance of any of a variant's answers; KL as it is. */
static double farthest(const struct scene *s, const struct outcome *a, const struct outcome *b)
{
    size_t vectors = (size_t)(s->model.shape.n_layers * s->model.shape.d_model);
    double all[] = {distance(a->logit, b->logit, VOCAB),
                    distance(a->logprob, b->logprob, VOCAB),
                    distance(a->answer.a, b->answer.a, vectors),
                    distance(a->answer.m, b->answer.m, vectors),
                    distance(a->answer.x, b->answer.x, vectors),
                    10 * fabs((double)a->answer.kl - (double)b->answer.kl)};
    double most = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        most = !(all[i] <= most) ? all[i] : most;
    return most;
}

/* How far the naive executor itself moves when the last bit of every embedding does: a few variants
   in ten thousand amplify rounding, and no two orders of summation agree on those to 1e-5. */
static double sensitivity(struct scene *s, int i)
{
    size_t n = (size_t)(VOCAB * s->model.shape.d_model);
    float *nudged = get(s, n, sizeof *nudged);
    const float *embed = s->model.embed.data;
    const struct model model = s->model;
    struct outcome moved;

    for (size_t k = 0; k < n; k++)
        nudged[k] = nextafterf(embed[k], rng_below(&s->rng, 2) ? INFINITY : -INFINITY);
    outcome_init(s, &moved);
    s->model.embed.data = nudged;
    s->variant[i].answer = &moved.answer;
    engine_run(&s->naive, &s->variant[i], 1);
    s->model = model;
    return farthest(s, &moved, &s->b[i]);
}

/* Ranks may differ only where logits lie closer than the bound. */
static void same_ranks(const struct outcome *a, const struct outcome *b)
{
    double size = 0;

    for (int i = 0; i < VOCAB; i++)
        size = fabs((double)b->logit[i]) > size ? fabs((double)b->logit[i]) : size;
    for (int i = 0; i < VOCAB; i++) {
        int ties = 0;

        for (int j = 0; j < VOCAB; j++)
            ties += j != i && fabs((double)b->logit[i] - (double)b->logit[j]) <= 2e-5 * size;
        assert_true(abs(a->rank[i] - b->rank[i]) <= ties);
    }
}

/* 1e-5 of the largest value, KL to 1e-6; counts the variants that needed the longer argument. */
static int compare(struct scene *s, int i)
{
    double far = farthest(s, &s->a[i], &s->b[i]);

    if (far <= 1e-5) {
        same_ranks(&s->a[i], &s->b[i]);
        return 0;
    }
    if (!(far <= 4 * sensitivity(s, i)) || !(far < 1e-2))
        fail_msg("variant %d: forked and naive differ by %g", i, far);
    return 1;
}

/* What an edit cannot reach is the base's, bit for bit. */
static bool unreached_is_the_base(struct scene *s, int i)
{
    const struct variant *v = &s->variant[i];
    const struct run *base = v->base;

    if (variant_reaches(v, s->model.shape.n_layers) && !variant_is_noop(v, &s->model.shape))
        return false;
    assert_memory_equal(s->a[i].logit, base->logits, sizeof s->a[i].logit);
    assert_true(s->a[i].answer.kl == 0);
    return true;
}

static void forked_equals_naive(void **state)
{
    int unreached = 0, variants = 0, amplified = 0;
    double planned = 0, naive = 0;

    (void)state;
    for (int round = 0; round < rounds(); round++) {
        struct scene *s = malloc(sizeof *s);

        scene_open(s, (uint64_t)round);
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        engine_run(&s->forked, s->variant, VARIANTS);
        assert_int_equal(s->forked.planned, s->forked.team.flops);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->b[i].answer;
        engine_run(&s->naive, s->variant, VARIANTS);
        assert_int_equal(s->naive.planned, s->naive.team.flops);
        for (int i = 0; i < VARIANTS; i++) {
            amplified += compare(s, i);
            unreached += unreached_is_the_base(s, i);
            variants++;
        }
        planned += (double)s->forked.planned;
        naive += (double)s->forked.full;
        scene_close(s);
        free(s);
    }
    printf("    %d variants, %d that reach nothing; FLOP forked / naive %.2f\n", variants,
           unreached, planned / naive);
    assert_true(unreached > 0 && unreached < variants / 2);
}

/* Edits that put back what is there change no bit and cost nothing. */
static void noop_edits_change_no_bit(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        struct span all = {0, 0}, tok;
        enum site site;
        struct edit e;

        scene_open(s, (uint64_t)(1000 + round));
        all.hi = s->model.shape.n_layers;
        tok = random_range(s, s->n);
        site = (enum site[]){SITE_RESID, SITE_Z, SITE_ATTN, SITE_MLP}[below(s, 4)];
        e = (struct edit){.site = site,
                          .op = OP_SET,
                          .layer = all,
                          .head = {0, s->model.shape.n_heads},
                          .tok = tok,
                          .from = &s->run[0]};
        for (int op = 0; op < 2; op++) {
            uint64_t before = s->forked.team.flops;

            outcome_init(s, &s->a[0]);
            e.op = op ? OP_SCALE : OP_SET;
            e.scale = 1;
            s->variant[0] = (struct variant){.base = &s->run[0],
                                             .edit = &e,
                                             .n_edits = 1,
                                             .asks = ASK_VOCAB,
                                             .answer = &s->a[0].answer};
            engine_run(&s->forked, s->variant, 1);
            assert_memory_equal(s->a[0].logit, s->run[0].logits, sizeof s->a[0].logit);
            assert_int_equal(s->forked.team.flops, before);
        }
        scene_close(s);
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forked_equals_naive),
        cmocka_unit_test(noop_edits_change_no_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
