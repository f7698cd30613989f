/*
 * The forked engine against the naive one: random edit sets of every site, operation and range, on
 * random models. They share leaf kernels only, so an interval that is a row short, a site whose
 * edit is skipped, or a stale key shows here. What they share is compared with its definition,
 * written out element by element: edits, what is read off the logits, and the rows that a plan may
 * count. tests/mutants makes such mistakes and sees each of them caught.
 *
 * LENSWEEP_ROUNDS sets how many models are drawn (default 150, about 20 variants each).
 */
#include "engine/noop.h"
#include "random_model.h"
#include "scene.h"

#include "engine/greedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

static int rounds(void)
{
    const char *s = getenv("LENSWEEP_ROUNDS");

    return s ? atoi(s) : 150;
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
                    distance(&a->answer.rms, &b->answer.rms, 1),
                    10 * fabs((double)a->answer.kl - (double)b->answer.kl)};
    double most = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        most = !(all[i] <= most) ? all[i] : most;
    return most;
}

/* How far the naive executor itself moves when the last bit of every embedding does, the most of
   four times: a few variants in ten thousand amplify rounding, and no two orders of summation agree
   on those to 1e-5. */
static double sensitivity(struct scene *s, int i)
{
    size_t n = (size_t)(VOCAB * s->model.shape.d_model);
    float *nudged = get(s, n, sizeof *nudged);
    const float *embed = s->model.embed.data;
    double most = 0;

    s->model.embed.data = nudged;
    for (int draw = 0; draw < 4; draw++) {
        struct outcome moved;
        double far;

        for (size_t k = 0; k < n; k++)
            nudged[k] = nextafterf(embed[k], rng_below(&s->rng, 2) ? INFINITY : -INFINITY);
        outcome_init(s, &moved);
        s->variant[i].answer = &moved.answer;
        engine_run(&s->naive, &s->variant[i], 1);
        far = farthest(s, &moved, &s->b[i]);
        most = far > most ? far : most;
    }
    s->model.embed.data = embed;
    return most;
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

static double capped(double logit, double cap)
{
    return cap == 0 ? logit : cap * tanh(logit / cap);
}

/* What is read off the logits, by its definition: after the cap. */
static void follows_from_logits(const struct variant *v, const struct outcome *o, double cap)
{
    const float *base = v->base->logits;
    double z = 0, base_z = 0, kl = 0;

    for (int i = 0; i < VOCAB; i++) {
        z += exp(capped((double)o->logit[i], cap));
        base_z += exp(capped((double)base[i], cap));
    }
    for (int i = 0; i < VOCAB; i++) {
        double p = exp(capped((double)base[i], cap)) / base_z;
        double q = exp(capped((double)o->logit[i], cap)) / z;
        int greater = 0;

        for (int j = 0; j < VOCAB; j++)
            greater += o->logit[j] > o->logit[i];
        assert_int_equal(o->rank[i], greater);
        assert_true(fabs((double)o->logprob[i] - log(q)) < 1e-5);
        assert_true(greater > 0 || o->answer.argmax <= i);
        kl += p * log(p / q);
    }
    assert_int_equal(o->rank[o->answer.argmax], 0);
    assert_true(fabs((double)o->answer.kl - kl) < 1e-6 * (1 + kl));
}

static bool named(const struct variant *v, enum site site, int layer, int t)
{
    for (int i = 0; i < v->n_edits; i++)
        if (v->edit[i].site == site && span_has(v->edit[i].layer, layer) &&
            span_has(v->edit[i].tok, t))
            return true;
    return false;
}

/* From the first row that is marked to the last. */
static uint64_t hull_of(const bool *row, int n)
{
    int lo = 0, hi = n;

    while (lo < n && !row[lo])
        lo++;
    while (hi > lo && !row[hi - 1])
        hi--;
    return (uint64_t)(hi - lo);
}

/* Heads that read one of the marked rows, or one between them, for themselves: by an edit of the
   variant or one that made its base. */
static uint64_t heads_that_read(const struct variant *v, const struct shape *s, enum site site,
                                int layer, const bool *row)
{
    const struct run *b = v->base;
    int lo = 0, hi = b->n;
    uint64_t count = 0;

    while (lo < hi && !row[lo])
        lo++;
    while (hi > lo && !row[hi - 1])
        hi--;
    for (int t = lo; t < hi; t++)
        for (int h = 0; h < site_parts(s, site); h++)
            count += edits_name_read(b->edit, b->n_edits, site, layer, h, t) ||
                     edits_name_read(v->edit, v->n_edits, site, layer, h, t);
    return count;
}

/* On each row of the swaps heads among the senders, and all heads of each layer once more. */
static uint64_t changes_of_heads(const struct variant *v, const struct shape *s)
{
    uint64_t count = (uint64_t)(s->n_layers * s->n_heads);

    if (!v->n_edits || !v->edit->swaps)
        return 0;
    for (int i = 0; i < v->edit->swaps->n; i++)
        count += v->edit->swaps->sender[i].site == SITE_Z;
    return count * (uint64_t)span_len(v->edit->swaps->tok);
}

/* What a variant has to cost: row by row, what an edit can change, and of the last layer only the
   row that is asked. No row less, which would show in the answers, and no row more. */
static uint64_t due_flops(const struct variant *v, const struct shape *s)
{
    bool x[TOKENS] = {0}, kv[TOKENS], att[TOKENS], mlp[TOKENS], sum[TOKENS];
    uint64_t kv_rows = 0, att_rows = 0, mlp_rows = 0, reads = 0, d = (uint64_t)s->d_model;
    int n = v->base->n;

    for (int l = 0; l < s->n_layers; l++) {
        int window = s->window && s->window[l] ? s->window[l] : n;

        for (int t = 0; t < n; t++) {
            bool due = l < s->n_layers - 1 || t == n - 1, seen = false;

            x[t] = x[t] || named(v, SITE_RESID, l, t);
            kv[t] = x[t] || named(v, SITE_K, l, t) || named(v, SITE_V, l, t) ||
                    named(v, SITE_READ_K, l, t) || named(v, SITE_READ_V, l, t);
            for (int key = t; key >= 0 && key > t - window; key--)
                seen |= kv[key];
            att[t] = due && (seen || named(v, SITE_PATTERN, l, t) || named(v, SITE_Z, l, t) ||
                             named(v, SITE_Q, l, t) || named(v, SITE_READ_Q, l, t));
            sum[t] = att[t] || (due && named(v, SITE_ATTN, l, t));
            mlp[t] = (s->parallel ? due && x[t] : sum[t]) ||
                     (due && (named(v, SITE_NEURON, l, t) || named(v, SITE_READ_MLP, l, t)));
        }
        for (int t = 0; t < n; t++) {
            bool due = l < s->n_layers - 1 || t == n - 1;

            x[t] = sum[t] || mlp[t] || (due && named(v, SITE_MLP, l, t));
        }
        kv_rows += hull_of(kv, n);
        att_rows += hull_of(att, n);
        mlp_rows += hull_of(mlp, n);
        reads += heads_that_read(v, s, SITE_READ_K, l, kv) +
                 heads_that_read(v, s, SITE_READ_V, l, kv) +
                 heads_that_read(v, s, SITE_READ_Q, l, att);
    }
    return 4 * d * (uint64_t)s->d_head *
               (kv_rows * (uint64_t)s->n_kv_heads + att_rows * (uint64_t)s->n_heads) +
           2 * d * (uint64_t)s->d_head * (reads + changes_of_heads(v, s)) +
           (s->gated ? 6 : 4) * d * (uint64_t)s->d_ff * mlp_rows +
           (v->asks & (ASK_VOCAB | ASK_LOGITS) &&
                    (x[n - 1] || named(v, SITE_RESID, s->n_layers, n - 1))
                /* the targets are all tokens */
                ? 2 * d * (uint64_t)s->vocab * (v->asks & ASK_VOCAB ? 2 : 1)
                : 0);
}

static uint64_t all_due_flops(const struct scene *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < VARIANTS; i++)
        if (!variant_is_noop(&s->variant[i], &s->model.shape))
            sum += due_flops(&s->variant[i], &s->model.shape);
    return sum;
}

/* What an edit cannot reach is the base's, bit for bit. */
static bool unreached_is_the_base(struct scene *s, int i)
{
    const struct variant *v = &s->variant[i];
    const struct run *base = v->base;

    if (variant_reaches(v, &s->model.shape) && !variant_is_noop(v, &s->model.shape))
        return false;
    if (v->asks & (ASK_VOCAB | ASK_LOGITS)) {
        assert_memory_equal(s->a[i].logit, base->logits, sizeof s->a[i].logit);
        assert_true(s->a[i].answer.kl == 0);
    }
    return true;
}

static void forked_equals_naive(void **state)
{
    int unreached = 0, variants = 0, amplified = 0;
    double planned = 0, naive = 0;

    (void)state;
    for (int round = 0; round < rounds(); round++) {
        struct scene *s = malloc(sizeof *s);
        uint64_t before;

        scene_open(s, (uint64_t)round);
        draw_variants(s);
        before = s->forked.counted;
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        engine_run(&s->forked, s->variant, VARIANTS);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->b[i].answer;
        engine_run(&s->naive, s->variant, VARIANTS);
        for (int i = 0; i < VARIANTS; i++) {
            amplified += compare(s, i);
            if (s->variant[i].asks & ASK_VOCAB)
                follows_from_logits(&s->variant[i], &s->a[i], (double)s->model.shape.logit_cap);
            unreached += unreached_is_the_base(s, i);
            variants++;
        }
        assert_int_equal(s->forked.planned, s->forked.counted);
        assert_int_equal(s->naive.planned, s->naive.counted);
        assert_int_equal(s->forked.counted - before, all_due_flops(s));
        planned += (double)s->forked.planned;
        naive += (double)s->forked.full;
        scene_close(s);
        free(s);
    }
    printf("    %d variants, %d that reach nothing, %d that amplify rounding; FLOP forked / naive "
           "%.2f\n",
           variants, unreached, amplified, planned / naive);
    assert_true(amplified <= 1 + variants / 500);
    assert_true(unreached > 0 && unreached < variants / 2);
}

/* The largest distance of any array of two runs. */
static double run_distance(const struct shape *shape, const struct run *a, const struct run *b)
{
    size_t rows = (size_t)(shape->n_layers * a->n), d = (size_t)shape->d_model;
    size_t kv = rows * (size_t)(shape->n_kv_heads * shape->d_head);
    /* Sums over layers and rows have their largest value to be measured by. */
    double all[] = {distance(a->x, b->x, (rows + (size_t)a->n) * d),
                    distance(a->k, b->k, kv),
                    distance(a->v, b->v, kv),
                    distance(a->q, b->q, rows * d),
                    distance(a->flat_k, b->flat_k, kv),
                    distance(a->hidden, b->hidden, rows * (size_t)shape->d_ff) / 3, /* products */
                    distance(a->z, b->z, rows * d),
                    distance(a->a, b->a, rows * d),
                    distance(a->m, b->m, rows * d),
                    distance(a->attention, b->attention, rows * (size_t)(shape->n_heads * a->n)),
                    distance(a->p, b->p, rows * (size_t)shape->n_heads),
                    distance(a->post, b->post, 2 * rows),
                    distance(a->logits, b->logits, VOCAB),
                    distance(run_said(a), run_said(b), VOCAB),
                    distance(a->prob, b->prob, VOCAB),
                    distance(&a->rms, &b->rms, 1)};
    double most = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        most = !(all[i] <= most) ? all[i] : most;
    return most;
}

/* Runs that are kept, every array of theirs: operands and bases of both executors come from them,
   so the comparison of variants alone would not see them wrong. A few models amplify rounding. */
static void kept_runs_equal_naive(void **state)
{
    int amplified = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);

        scene_open(s, (uint64_t)(2000 + round));
        for (int i = 0; i < RUNS; i++) {
            double far = run_distance(&s->model.shape, &s->run[i], &s->oracle[i]);

            if (!(far < 1e-3))
                fail_msg("round %d, run %d: forked and naive differ by %g", round, i, far);
            amplified += far >= 1e-5;
        }
        scene_close(s);
        free(s);
    }
    assert_true(amplified <= 60 * RUNS / 50);
}

/* The bits of a run that is kept depend on nothing that is run with it. */
static void runs_are_the_same_in_any_company(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        size_t rows;

        scene_open(s, (uint64_t)(3000 + round));
        rows = (size_t)((s->model.shape.n_layers + 1) * s->n);
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        for (int i = 0; i < RUNS; i++)
            s->variant[4 * i + 2] = making(s, i, &s->oracle[i]);
        engine_run(&s->forked, s->variant, VARIANTS);
        for (int i = 0; i < RUNS; i++) {
            assert_memory_equal(s->oracle[i].x, s->run[i].x,
                                rows * (size_t)s->model.shape.d_model * sizeof(float));
            assert_memory_equal(s->oracle[i].logits, s->run[i].logits, VOCAB * sizeof(float));
        }
        scene_close(s);
        free(s);
    }
}

/* So do those of every answer: of the company, of the rows of a wave, of threads, and of how the
   logits were asked. */
static void answers_are_the_same_in_any_company(void **state)
{
    size_t bytes = VOCAB * sizeof(float);

    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        struct engine other;

        scene_open(s, (uint64_t)(4000 + round));
        assert_int_equal(
            engine_open(&other, &s->model, 1 + below(s, 40), TOKENS, 1 + below(s, 3), &s->err), 0);
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        engine_run(&s->forked, s->variant, VARIANTS);
        for (int i = 0; i < VARIANTS; i++) {
            size_t vectors = (size_t)(s->model.shape.n_layers * s->model.shape.d_model);

            s->variant[i].answer = &s->b[i].answer;
            s->variant[i].asks ^= s->variant[i].asks & ASK_VOCAB ? ASK_LOGITS | ASK_VOCAB : 0;
            engine_run(&other, &s->variant[i], 1);
            assert_memory_equal(s->a[i].logit, s->b[i].logit, bytes);
            assert_memory_equal(s->a[i].answer.x, s->b[i].answer.x, vectors * sizeof(float));
        }
        engine_close(&other);
        scene_close(s);
        free(s);
    }
}

/* A vocabulary of several panels: what is read off them is what all logits together say. */
static void panels_of_a_large_vocabulary(void **state)
{
    enum { LARGE = 2 * VOCAB_BLOCK + 300, N = 5, ASKED = 6 };
    static const int32_t ids[N] = {4, 4000, 17, 2, 300};
    static const int32_t target[ASKED] = {0, VOCAB_BLOCK - 1, VOCAB_BLOCK, -1, LARGE - 1, 3000};
    struct arena a = {0};
    struct rng rng = rng_for(1, 2, "panels");
    struct model m;
    struct engine e;
    struct run clean, cut;
    struct err err;
    float logit[ASKED], logprob[ASKED];
    int32_t rank[ASKED];
    struct answer answer = {.target = target, .n_targets = ASKED};
    struct edit edit = {.site = SITE_MLP, .op = OP_ZERO, .layer = {0, 1}, .tok = {N - 1, N}};
    struct variant whole = {.ids = ids, .n = N, .into = &clean};
    struct variant v = {.base = &clean,
                        .edit = &edit,
                        .n_edits = 1,
                        .asks = ASK_VOCAB,
                        .answer = &answer,
                        .into = &cut};
    double z = 0, kl = 0, base_z = 0;
    int best = 0;

    (void)state;
    err_clear(&err);
    random_model(&m, &a, &rng, 2, 2, 1, 8, LARGE);
    answer.logit = logit;
    answer.logprob = logprob;
    answer.rank = rank;
    assert_int_equal(engine_open(&e, &m, 8, N, 2, &err), 0);
    assert_int_equal(run_alloc(&clean, &m.shape, N, KEEP_ALL, &a, &err), 0);
    assert_int_equal(run_alloc(&cut, &m.shape, N, KEEP_ALL, &a, &err), 0);
    engine_run(&e, &whole, 1);
    engine_run(&e, &v, 1);
    for (int i = 0; i < LARGE; i++) {
        z += exp((double)cut.logits[i]);
        base_z += exp((double)clean.logits[i]);
        best = cut.logits[i] > cut.logits[best] ? i : best;
    }
    for (int i = 0; i < LARGE; i++) {
        double p = exp((double)clean.logits[i]) / base_z;

        kl += p * (log(p) - (double)cut.logits[i] + log(z));
        assert_true(fabs((double)clean.prob[i] - p) < 1e-6 * p);
    }
    assert_true(best >= VOCAB_BLOCK); /* of this model: in a later panel */
    assert_int_equal(answer.argmax, best);
    assert_true(fabs((double)answer.kl - kl) < 1e-6 * (1 + kl));
    for (int k = 0; k < ASKED; k++) {
        int greater = 0;

        if (target[k] < 0) {
            assert_true(isnan(logit[k]) && isnan(logprob[k]) && rank[k] == -1);
            continue;
        }
        for (int i = 0; i < LARGE; i++)
            greater += cut.logits[i] > cut.logits[target[k]];
        assert_memory_equal(&logit[k], &cut.logits[target[k]], sizeof logit[k]);
        assert_int_equal(rank[k], greater);
        assert_true(fabs((double)logprob[k] - ((double)logit[k] - log(z))) < 1e-5);
    }
    assert_int_equal(e.planned, e.counted);
    engine_close(&e);
    arena_release(&a);
}

/* The edits that made the base act before the variant's own: one pass of the clean prompt with both
   in a row has the same bits. */
static void edits_of_the_base_come_first(void **state)
{
    int chained = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);

        scene_open(s, (uint64_t)(4000 + round));
        draw_variants(s);
        s->naive.run_noops = true;
        for (int i = 0; i < VARIANTS; i++) {
            struct variant chain = s->variant[i], once = chain;
            const struct run *base = chain.base;
            struct edit *all = get(s, (size_t)(base->n_edits + chain.n_edits), sizeof *all);

            if (!base->n_edits)
                continue;
            memcpy(all, base->edit, (size_t)base->n_edits * sizeof *all);
            memcpy(all + base->n_edits, chain.edit, (size_t)chain.n_edits * sizeof *all);
            once.base = NULL;
            once.ids = base->ids;
            once.n = base->n;
            once.edit = all;
            once.n_edits = base->n_edits + chain.n_edits;
            chain.asks = once.asks = ASK_VOCAB;
            chain.answer = &s->a[i].answer;
            once.answer = &s->b[i].answer;
            engine_run(&s->naive, &chain, 1);
            engine_run(&s->naive, &once, 1);
            assert_memory_equal(s->a[i].logit, s->b[i].logit, sizeof s->a[i].logit);
            chained++;
        }
        scene_close(s);
        free(s);
    }
    assert_true(chained > 60);
}

/* What run r has at a site, and how wide its rows are, written out once more. */
static const float *kept_at(const struct run *r, const struct shape *s, enum site site, int *width)
{
    const int d = s->d_model, q = s->n_heads * s->d_head, kv = s->n_kv_heads * s->d_head;
    const struct {
        const float *v;
        int width;
    } at[SITE_COUNT] = {
        [SITE_RESID] = {r->x, d},  [SITE_Z] = {r->z, q},
        [SITE_ATTN] = {r->a, d},   [SITE_MLP] = {r->m, d},
        [SITE_Q] = {r->q, q},      [SITE_K] = {r->flat_k, kv},
        [SITE_V] = {r->v, kv},     [SITE_NEURON] = {r->hidden, s->d_ff},
        [SITE_READ_Q] = {r->x, d}, [SITE_READ_K] = {r->x, d},
        [SITE_READ_V] = {r->x, d}, [SITE_READ_MLP] = {NULL, d},
    };

    *width = at[site].width;
    return at[site].v;
}

/* Elements of a row that belong to one of what an edit's `head` counts; 0 = it edits whole rows. */
static int part_at(const struct shape *s, enum site site)
{
    return site == SITE_NEURON                                                    ? 1
           : site == SITE_Z || site == SITE_Q || site == SITE_K || site == SITE_V ? s->d_head
                                                                                  : 0;
}

/* The same of a reader that reads u' of some senders. */
static float swapped(const struct edit *e, int d, int t, int i, float old)
{
    const struct swaps *w = e->swaps;
    int at = (t - w->tok.lo) * d + i;

    if (e->all_but)
        old = w->all[at];
    for (int k = 0; k < e->n_senders; k++) {
        float change = w->change[e->sender[k] * span_len(w->tok) * d + at];

        old = e->all_but ? old - change : old + change;
    }
    return old;
}

/* One element of a row after an edit that names it. */
static float edited(const struct edit *e, const struct shape *s, int layer, int t, int i, float old)
{
    int part = part_at(s, e->site), first = part * e->head.lo, width;
    const struct run *r = e->from;
    float o = 0;

    if (part && !span_has(e->head, i / part))
        return old;
    if (e->op == OP_SWAP)
        return swapped(e, s->d_model, t, i, old);
    if (r) {
        const float *all = kept_at(r, s, e->site, &width);

        o = all[((int64_t)layer * r->n + t + e->shift) * width + i];
    } else if (e->vec) {
        o = e->vec[(t - e->tok.lo) * e->stride + i - first];
    }
    return e->op == OP_ZERO  ? 0
           : e->op == OP_SET ? o
           : e->op == OP_ADD ? old + e->scale * o
                             : old * e->scale;
}

static void rows_by_definition(struct scene *s, const struct variant *v, int layer, int t)
{
    const struct shape *shape = &s->model.shape;
    float have[256], want[256];

    for (enum site site = SITE_RESID; site < SITE_COUNT; site++) {
        int reader = site_parts(shape, site) - 1, width; /* the last head, where heads read */

        if (site == SITE_PATTERN || (layer == shape->n_layers && site != SITE_RESID))
            continue;
        kept_at(v->base, shape, site, &width);
        assert_in_range(width, 1, 256);
        for (int i = 0; i < width; i++)
            have[i] = want[i] = (float)random_normal(&s->rng);
        for (int k = 0; k < v->n_edits; k++) {
            const struct edit *e = &v->edit[k];

            if (e->site != site || !span_has(e->layer, layer) || !span_has(e->tok, t) ||
                (site_is_read(site) && site != SITE_READ_MLP && !span_has(e->head, reader)))
                continue;
            for (int i = 0; i < width; i++)
                want[i] = edited(e, shape, layer, t, i, want[i]);
        }
        if (site_is_read(site))
            edits_read(v->edit, v->n_edits, shape, site, layer, reader, t, have);
        else
            edits_apply(v->edit, v->n_edits, shape, site, layer, t, have);
        assert_memory_equal(have, want, (size_t)width * sizeof *have);
    }
}

static void pattern_by_definition(const struct variant *v, const struct shape *s, int layer,
                                  int head, int t)
{
    struct span keys = keys_seen(s, layer, t);
    float score[TOKENS], p[TOKENS];
    bool any = false, has;

    assert_int_equal(keys.hi, t + 1);
    assert_int_equal(keys.lo, s->window && s->window[layer] && t >= s->window[layer]
                                  ? t - s->window[layer] + 1
                                  : 0);

    for (int i = 0; i <= t; i++)
        score[i] = p[i] = (float)(1 + i);
    has = edits_mask(v->edit, v->n_edits, layer, head, t, keys, score);
    edits_pattern(v->edit, v->n_edits, layer, head, t, keys, p);
    for (int i = 0; i <= t; i++) {
        float want = (float)(1 + i);
        bool masked = false;

        for (int k = 0; k < v->n_edits; k++) {
            const struct edit *e = &v->edit[k];

            if (e->site != SITE_PATTERN || !span_has(e->layer, layer) || !span_has(e->head, head) ||
                !span_has(e->tok, t) || !span_has(e->key, i) || i < keys.lo)
                continue;
            masked |= e->op == OP_MASK;
            want = e->op == OP_ZERO ? 0 : e->op == OP_SCALE ? want * e->scale : want;
        }
        any |= !masked && i >= keys.lo;
        assert_true(score[i] == (masked ? -INFINITY : (float)(1 + i)));
        assert_true(p[i] == want);
    }
    assert_int_equal(has, any);
}

/* What edits do to a row, element by element: both executors use this code. */
static void edits_do_what_they_say(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        const struct shape *shape = &s->model.shape;

        scene_open(s, (uint64_t)(4000 + round));
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            for (int l = 0; l <= shape->n_layers; l++)
                for (int t = 0; t < s->n; t++) {
                    rows_by_definition(s, &s->variant[i], l, t);
                    for (int h = 0; h < shape->n_heads && l < shape->n_layers; h++)
                        pattern_by_definition(&s->variant[i], shape, l, h, t);
                }
        scene_close(s);
        free(s);
    }
}

/* A reader to whose stream nothing is added reads what it did: computed anew, no bit changes. An
   edge whose sender says the same in both runs is this. */
static void edges_that_add_nothing_change_no_bit(void **state)
{
    static const enum site reads[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP};

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);
        float *nothing;
        struct edit e;
        int parts;

        scene_open(s, (uint64_t)(5000 + round));
        nothing = get(s, (size_t)s->model.shape.d_model, sizeof *nothing);
        e = (struct edit){.site = reads[below(s, 4)], .op = OP_ADD, .vec = nothing, .scale = 1};
        parts = site_parts(&s->model.shape, e.site);
        e.layer = random_range(s, s->model.shape.n_layers);
        e.head = random_range(s, parts ? parts : 1);
        e.tok = random_range(s, s->n);
        outcome_init(s, &s->a[0]);
        s->variant[0] = (struct variant){.base = &s->run[below(s, 2)],
                                         .edit = &e,
                                         .n_edits = 1,
                                         .asks = ASK_VOCAB,
                                         .answer = &s->a[0].answer};
        s->forked.run_noops = true;
        engine_run(&s->forked, s->variant, 1);
        assert_memory_equal(s->a[0].logit, s->variant[0].base->logits, sizeof s->a[0].logit);
        assert_true(s->a[0].answer.kl == 0);
        scene_close(s);
        free(s);
    }
}

/* Are both senders heads, of one layer? */
static bool is_head_beside(const struct shape *s, int i, int k)
{
    int each = s->n_heads + 1;

    return i > 0 && k > 0 && (i - 1) / each == (k - 1) / each && (i - 1) % each < s->n_heads &&
           (k - 1) % each < s->n_heads;
}

/* Every sender, or one site of a layer (all of its heads), with what it adds in run 2. */
static struct swaps *swaps_of(struct scene *s, bool one)
{
    const struct shape *shape = &s->model.shape;
    int most = 1 + shape->n_layers * (shape->n_heads + 1), only = below(s, most);
    struct sender *sender = get(s, (size_t)most, sizeof *sender);
    struct edit *edit = get(s, (size_t)most, sizeof *edit);
    struct swaps *w = get(s, 1, sizeof *w);
    size_t rows = (size_t)(s->n * shape->d_model);

    w->sender = sender;
    w->tok = (struct span){0, s->n};
    w->change = get(s, (size_t)most * rows, sizeof *w->change);
    w->all = get(s, rows, sizeof *w->all);
    for (int i = 0; i < most; i++) {
        int layer = (i - 1) / (shape->n_heads + 1), head = (i - 1) % (shape->n_heads + 1);
        enum site site = !i ? SITE_RESID : head == shape->n_heads ? SITE_MLP : SITE_Z;

        head = site == SITE_Z ? head : 0;
        edit[i] = (struct edit){.site = site,
                                .op = OP_SET,
                                .layer = {layer, layer + 1},
                                .head = {head, head + 1},
                                .tok = w->tok,
                                .from = &s->run[2]};
        if (!one || i == only || is_head_beside(shape, i, only))
            sender[w->n++] = (struct sender){site, layer, head, &edit[i], 1};
    }
    return w;
}

/* All readers read them. */
static struct edit *all_readers(struct scene *s, const struct swaps *w, int *n)
{
    static const enum site sites[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP};
    const struct shape *shape = &s->model.shape;
    struct edit *edit = get(s, 4 * (size_t)shape->n_layers + 1, sizeof *edit);

    *n = 0;
    for (int l = 0; l <= shape->n_layers; l++)
        for (int k = 0; k < (l < shape->n_layers ? 4 : 1); k++) {
            enum site site = l < shape->n_layers ? sites[k] : SITE_RESID;
            int parts = site_parts(shape, site);

            edit[(*n)++] = (struct edit){.site = site,
                                         .op = OP_SWAP,
                                         .layer = {l, l + 1},
                                         .head = {0, parts ? parts : 1},
                                         .tok = w->tok,
                                         .swaps = w,
                                         .all_but = true};
        }
    return edit;
}

/* If all readers read what all senders add in another run, this is the other run, bit for bit; if
   they read what one site of a layer adds there, the site is patched. */
static void swapped_for_all_is_patched(void **state)
{
    int done = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);
        bool one = round % 2;
        const struct swaps *w;

        scene_open(s, (uint64_t)(6000 + round));
        w = swaps_of(s, one);
        for (int i = 0; i < 2; i++) {
            outcome_init(s, &s->a[i]);
            s->variant[i] =
                (struct variant){.base = &s->run[0], .asks = ASK_VOCAB, .answer = &s->a[i].answer};
        }
        s->variant[0].edit = all_readers(s, w, &s->variant[0].n_edits);
        s->variant[1].edit = w->sender->edit;
        s->variant[1].n_edits = one ? w->n : 1;
        engine_run(&s->forked, s->variant, 2);
        if (!s->model.layers[0].attn_post.w) {
            double far = distance(s->a[0].logit, s->a[1].logit, VOCAB);

            if (one && !(far < 1e-3))
                fail_msg("round %d: they differ by %g", round, far);
            if (!one)
                assert_memory_equal(s->a[0].logit, s->run[2].logits, sizeof s->a[0].logit);
            done++;
        }
        scene_close(s);
        free(s);
    }
    assert_true(done > 20);
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
        site = (enum site[]){SITE_RESID, SITE_Z, SITE_ATTN, SITE_MLP,
                             SITE_Q,     SITE_K, SITE_V,    SITE_NEURON}[below(s, 8)];
        e = (struct edit){.site = site,
                          .op = OP_SET,
                          .layer = all,
                          .head = {0, site_parts(&s->model.shape, site)},
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

/* A vector that the first layer has and the second does not have changes something in both. */
static void noop_in_the_first_layer_alone(void **state)
{
    struct scene *s = malloc(sizeof *s);
    const struct shape *shape = &s->model.shape;
    struct edit e = {.site = SITE_RESID, .op = OP_SET, .layer = {0, 1}};
    struct variant v = {.edit = &e, .n_edits = 1};

    (void)state;
    scene_open(s, 6000);
    v.base = &s->run[0];
    e.tok = (struct span){s->n - 1, s->n};
    e.vec = run_row(v.base, shape, SITE_RESID, 0, s->n - 1);
    assert_true(variant_is_noop(&v, shape));
    e.layer.hi = 2;
    assert_false(variant_is_noop(&v, shape));
    scene_close(s);
    free(s);
}

/* Prompts that grow side by side: what each is continued with, and its keys and values, are those
   of whole passes, bit for bit. */
static void growing_equals_whole_passes(void **state)
{
    (void)state;
    for (int round = 0; round < rounds(); round++) {
        struct continuation c[RUNS], *all[RUNS];
        struct scene s;
        int prompt[RUNS], more = 3;

        scene_open(&s, (uint64_t)round);
        for (int i = 0; i < RUNS; i++) {
            prompt[i] = 1 + below(&s, s.n - 3 < 1 ? 1 : s.n - 3);
            more = s.n - prompt[i] < more ? s.n - prompt[i] : more;
        }
        for (int i = 0; i < RUNS; i++) {
            assert_int_equal(continuation_begin(&c[i], &s.model.shape, s.ids[i], prompt[i], more,
                                                &s.arena, &s.err),
                             0);
            all[i] = &c[i];
        }
        for (int k = 0; k < more; k++)
            assert_int_equal(greedy_step(&s.forked, all, RUNS, -1, &s.arena, &s.err), 0);
        for (int i = 0; i < RUNS && more; i++) {
            const struct shape *shape = &s.model.shape;
            size_t width = (size_t)shape->n_kv_heads * (size_t)shape->d_head * sizeof(float);
            struct run whole;
            int n = prompt[i] + more - 1; /* the last token has not been read */
            struct variant v = {.ids = c[i].ids, .n = n, .into = &whole};

            assert_int_equal(c[i].state, AT_LIMIT);
            assert_int_equal(c[i].run.n, n);
            assert_int_equal(run_alloc(&whole, shape, n, 0, &s.arena, &s.err), 0);
            engine_run(&s.forked, &v, 1);
            assert_int_equal(whole.argmax, c[i].ids[n]);
            for (int l = 0; l < shape->n_layers; l++)
                for (int at = 0; at < n; at++) {
                    size_t from = (size_t)(l * c[i].room + at) * width / sizeof(float);
                    size_t to = (size_t)(l * n + at) * width / sizeof(float);

                    assert_memory_equal(c[i].run.k + from, whole.k + to, width);
                    assert_memory_equal(c[i].run.v + from, whole.v + to, width);
                }
        }
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forked_equals_naive),
        cmocka_unit_test(growing_equals_whole_passes),
        cmocka_unit_test(kept_runs_equal_naive),
        cmocka_unit_test(runs_are_the_same_in_any_company),
        cmocka_unit_test(answers_are_the_same_in_any_company),
        cmocka_unit_test(panels_of_a_large_vocabulary),
        cmocka_unit_test(edits_of_the_base_come_first),
        cmocka_unit_test(edits_do_what_they_say),
        cmocka_unit_test(noop_edits_change_no_bit),
        cmocka_unit_test(noop_in_the_first_layer_alone),
        cmocka_unit_test(edges_that_add_nothing_change_no_bit),
        cmocka_unit_test(swapped_for_all_is_patched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
