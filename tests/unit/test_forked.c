/*
 * The forked engine against the naive one: random edit sets of every site, operation and range, on
 * random models. They share leaf kernels only, so an interval that is a row short, a site whose
 * edit is skipped, or a stale key shows here. What is read off the logits, and the rows that a plan
 * may count, are compared with their definitions. tests/mutants makes such mistakes and sees each
 * of them caught.
 *
 * LENSWEEP_ROUNDS sets how many models are drawn (default 150, about 20 variants each).
 */
#include "engine/noop.h"
#include "random_model.h"
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

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

/* Can its last row differ from the base's? */
static bool reaches(const struct variant *v, const struct shape *s)
{
    struct span x = variant_new(v);

    for (int l = variant_enter(v, s->n_layers); l < s->n_layers; l++)
        x = stage_next(v, x, l, s).out;
    return span_has(span_hull(x, variant_edited(v, s->n_layers, SITE_RESID)),
                    variant_tokens(v) - 1);
}

/* What an edit cannot reach is the base's, bit for bit. */
static bool unreached_is_the_base(struct scene *s, int i)
{
    const struct variant *v = &s->variant[i];
    const struct run *base = v->base;

    if (reaches(v, &s->model.shape) && !variant_is_noop(v, &s->model.shape))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forked_equals_naive),
        cmocka_unit_test(kept_runs_equal_naive),
        cmocka_unit_test(panels_of_a_large_vocabulary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
