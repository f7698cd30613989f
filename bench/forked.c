/*
 * What forking saves: sweeps by the forked and by the naive executor in the same run, counted and
 * timed, beside the SGEMM peak.
 *
 *     bench_forked MODEL|WIDTH [THREADS [TOKENS]]       WIDTH: a random model of 16 heads, 8 layers
 *
 * The naive executor runs a sample of the variants (every k-th); its time is scaled to all of them.
 */
#include "base/blas.h"
#include "base/clock.h"
#include "base/gemm.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "random_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 24 };

struct sweep {
    const char *name;
    struct edit *edit;
    struct variant *variant;
    int n;
};

static struct arena arena;
static struct err err;

static void *get(size_t n, size_t size)
{
    void *p = arena_alloc(&arena, n, size, &err);

    if (!p) {
        fprintf(stderr, "bench_forked: %s\n", err.msg);
        exit(err.code);
    }
    return p;
}

static void sweep_begin(struct sweep *s, const char *name, int most)
{
    s->name = name;
    s->n = 0;
    s->edit = get((size_t)most, sizeof *s->edit);
    s->variant = get((size_t)most, sizeof *s->variant);
}

static void sweep_add(struct sweep *s, const struct run *base, struct edit e)
{
    static const int32_t target[] = {1, 2, 3, 4};
    struct answer *a = get(1, sizeof *a);

    *a = (struct answer){.target = target,
                         .n_targets = 4,
                         .logit = get(4, sizeof(float)),
                         .logprob = get(4, sizeof(float)),
                         .rank = get(4, sizeof(int32_t))};
    s->edit[s->n] = e;
    s->variant[s->n] = (struct variant){
        .base = base, .edit = &s->edit[s->n], .n_edits = 1, .asks = ASK_VOCAB, .answer = a};
    s->n++;
}

/* Plain one-thread SGEMMs on all threads at once: the ceiling. */
static double peak(int threads)
{
    enum { N = 768, ROUNDS = 10 };
    size_t square = (size_t)N * N;
    float *all = get((size_t)threads * 3 * square, sizeof *all);
    double start;

    for (size_t i = 0; i < (size_t)threads * 3 * square; i++)
        all[i] = (float)(i % 5) - 2;
    start = clock_seconds();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        for (int r = 0; r < ROUNDS; r++)
            gemm_small(false, N, N, N, all + (size_t)t * 3 * square, N,
                       all + ((size_t)t * 3 + 1) * square, N, all + ((size_t)t * 3 + 2) * square,
                       N);
    return 2.0 * N * N * N * ROUNDS * threads / (clock_seconds() - start);
}

static void measure(struct engine *e, struct sweep *s, double ceiling)
{
    int every = s->n / SAMPLE > 0 ? s->n / SAMPLE : 1, sampled = 0;
    uint64_t forked, full = e->full;
    double start = clock_seconds(), fast, slow = 0, worst = 0;

    forked = e->counted;
    engine_run(e, s->variant, s->n);
    fast = clock_seconds() - start;
    forked = e->counted - forked;
    full = e->full - full;
    e->naive = true;
    for (int i = 0; i < s->n; i += every, sampled++) {
        struct variant v = s->variant[i];
        float logit[4];

        memcpy(logit, v.answer->logit, sizeof logit);
        start = clock_seconds();
        engine_run(e, &v, 1);
        slow += clock_seconds() - start;
        for (int k = 0; k < 4; k++)
            worst = fmax(worst, fabs((double)logit[k] - (double)v.answer->logit[k]));
    }
    e->naive = false;
    slow *= (double)s->n / sampled;
    printf("%-28s %6d %9.3f %9.3f %6.1f %8.2f %8.1f %6.1f %8.1f %5.0f%% %8.0e\n", s->name, s->n,
           (double)forked / 1e12, (double)full / 1e12, (double)full / (double)forked, fast, slow,
           slow / fast, (double)forked / fast / 1e9, 100 * (double)forked / fast / ceiling, worst);
    fflush(stdout);
}

static void run_from(struct engine *e, struct run *r, const int32_t *ids, int n)
{
    struct variant v = {.ids = ids, .n = n, .into = r};

    if (run_alloc(r, &e->model->shape, n, KEEP_ALL, &arena, &err))
        exit(err.code);
    engine_run(e, &v, 1);
}

/* The edit at each head of each layer, one at a time. */
static void each_head(struct engine *e, const struct run *clean, const char *name, struct edit edit,
                      double ceiling)
{
    int L = e->model->shape.n_layers, H = e->model->shape.n_heads;
    struct sweep w;

    sweep_begin(&w, name, L * H);
    for (int i = 0; i < L * H; i++) {
        edit.layer = (struct span){i / H, i / H + 1};
        edit.head = (struct span){i % H, i % H + 1};
        sweep_add(&w, clean, edit);
    }
    measure(e, &w, ceiling);
}

static void sweeps(struct engine *e, const struct run *clean, const struct run *other,
                   double ceiling)
{
    const struct shape *s = &e->model->shape;
    int L = s->n_layers, H = s->n_heads, n = clean->n;
    struct sweep w;

    each_head(e, clean, "each head, last token",
              (struct edit){.site = SITE_Z, .op = OP_ZERO, .tok = {n - 1, n}}, ceiling);
    each_head(e, clean, "each head, all tokens",
              (struct edit){.site = SITE_Z, .op = OP_ZERO, .tok = {0, n}}, ceiling);
    each_head(e, clean, "each head resampled, last",
              (struct edit){.site = SITE_Z, .op = OP_SET, .tok = {n - 1, n}, .from = other},
              ceiling);
    sweep_begin(&w, "knockout of each key", n);
    for (int t = 0; t < n; t++)
        sweep_add(&w, clean,
                  (struct edit){.site = SITE_PATTERN,
                                .op = OP_ZERO,
                                .layer = {0, L},
                                .head = {0, H},
                                .tok = {n - 1, n},
                                .key = {t, t + 1}});
    measure(e, &w, ceiling);
    sweep_begin(&w, "trace: MLP, 10 layers", L * n);
    for (int i = 0; i < L * n; i++) {
        int l = i / n, t = i % n, lo = l > 5 ? l - 5 : 0, hi = l + 5 < L ? l + 5 : L;

        sweep_add(&w, other,
                  (struct edit){.site = SITE_MLP,
                                .op = OP_SET,
                                .layer = {lo, hi},
                                .tok = {t, t + 1},
                                .from = clean});
    }
    measure(e, &w, ceiling);
}

int main(int argc, char **argv)
{
    static struct model random;
    struct model *m = &random;
    int threads = argc > 2 ? atoi(argv[2]) : team_cores(), n = argc > 3 ? atoi(argv[3]) : 20;
    struct rng rng = rng_for(1, 0, "bench");
    int32_t ids[2][512];
    struct run clean, other;
    struct engine e;
    double ceiling;

    err_clear(&err);
    if (argc < 2 || n < 2 || n > 512) {
        fprintf(stderr, "usage: bench_forked MODEL|WIDTH [THREADS [TOKENS]]\n");
        return 2;
    }
    if (atoi(argv[1]) > 0)
        random_model(&random, &arena, &rng, 8, 16, 4, atoi(argv[1]) / 16, 8192);
    else if (model_open(&m, argv[1], &err))
        goto out;
    if (engine_open(&e, m, 1024, n, threads, &err))
        goto out;
    for (int i = 0; i < n; i++) {
        ids[0][i] = (int32_t)rng_below(&rng, (uint64_t)m->shape.vocab);
        ids[1][i] = i < 3 ? ids[0][i] : (int32_t)rng_below(&rng, (uint64_t)m->shape.vocab);
    }
    ceiling = peak(threads);
    run_from(&e, &clean, ids[0], n);
    run_from(&e, &other, ids[1], n);
    printf("%s, %d tokens, %s, %d threads, SGEMM peak %.0f GFLOP/s\n", m->name, n, blas_library(),
           threads, ceiling / 1e9);
    printf("%-28s %6s %9s %9s %6s %8s %8s %6s %8s %6s %8s\n", "sweep", "cells", "TFLOP", "naive",
           "ratio", "s", "naive", "ratio", "GFLOP/s", "peak", "differ");
    sweeps(&e, &clean, &other, ceiling);
    return 0;
out:
    fprintf(stderr, "bench_forked: %s\n", err.msg);
    return err.code;
}
