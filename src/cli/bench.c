#include "cli/command.h"

#include "base/blas.h"
#include "base/clock.h"
#include "base/gemm.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/engine.h"

struct bench_options {
    const char *model;
    int64_t threads;
};

static const struct argument_row arguments[] = {ARGUMENT_MODEL(struct bench_options, model)};

static const struct option_row options[] = {OPTION_THREADS(struct bench_options, threads)};

/* SGEMM of each thread alone on square matrices that its cache blocks suit, all threads at once:
   the ceiling for anything made of SGEMMs. FLOP/s. */
static double sgemm_peak(const struct team *t, struct err *err)
{
    enum { N = 768, ROUNDS = 8 };
    size_t square = (size_t)N * N;
    float *all = mem_alloc((size_t)t->threads * 3 * square, sizeof *all, err);
    double start, seconds;

    if (!all)
        return 0;
    for (size_t i = 0; i < (size_t)t->threads * 3 * square; i++)
        all[i] = (float)(i % 7) - 3;
    start = clock_seconds();
#pragma omp parallel for num_threads(t->threads) schedule(static, 1)
    for (int i = 0; i < t->threads; i++) {
        float *a = all + (size_t)i * 3 * square;

        for (int r = 0; r < ROUNDS; r++)
            gemm_small(false, N, N, N, a, N, a + square, N, a + 2 * square, N);
    }
    seconds = clock_seconds() - start;
    mem_free(all);
    return 2.0 * N * N * N * ROUNDS * t->threads / seconds;
}

/* Best of a few forward passes over n random tokens. */
static int prefill(const struct model *m, int n, int threads, double *seconds, double *flops,
                   double *peak, struct err *err)
{
    struct rng rng = rng_for(1, (uint64_t)n, "bench");
    struct arena a = {0};
    struct engine e;
    int32_t *ids = arena_alloc(&a, (size_t)n, sizeof *ids, err);
    struct run run;
    struct variant v = {.ids = ids, .n = n, .into = &run};

    if (!ids || engine_open(&e, m, n, n, threads, err))
        goto out;
    for (int i = 0; i < n; i++)
        ids[i] = (int32_t)rng_below(&rng, (uint64_t)m->shape.vocab);
    *peak = sgemm_peak(&e.team, err);
    *seconds = 1e9;
    if (!err->code && !run_alloc(&run, &m->shape, n, 0, &a, err))
        for (int i = 0; i < 4; i++) {
            double start = clock_seconds();

            engine_run(&e, &v, 1);
            if (clock_seconds() - start < *seconds)
                *seconds = clock_seconds() - start;
        }
    *flops = (double)variant_flops(&v, &m->shape);
    engine_close(&e);
out:
    arena_release(&a);
    return err->code;
}

static int bench(const struct model *m, int threads, struct err *err)
{
    static const int lengths[] = {16, 64, 512};
    int code;

    code = out_printf(err, "%s, %s, %d %s\n%8s %12s %12s %14s %8s\n", m->name, blas_library(),
                      threads, str_noun(threads, "thread", "threads"), "tokens", "token/s",
                      "GFLOP/s", "SGEMM GFLOP/s", "share");
    for (size_t i = 0; !code && i < sizeof lengths / sizeof *lengths; i++) {
        double seconds, flops, peak;

        if (lengths[i] > m->shape.max_positions)
            break;
        code =
            prefill(m, lengths[i], threads, &seconds, &flops, &peak, err) ||
            out_printf(err, "%8d %12.0f %12.1f %14.1f %7.0f%%\n", lengths[i], lengths[i] / seconds,
                       flops / seconds / 1e9, peak / 1e9, 100 * flops / seconds / peak) ||
            out_flush(err);
    }
    return err_if(err, code);
}

static int bench_model(const struct call *call, struct err *err)
{
    const struct bench_options *o = call->options;
    int threads = o->threads ? (int)o->threads : team_cores();
    struct model *m;

    if (model_open(&m, o->model, err))
        return err->code;
    if (!memory_check_space(blas_bytes(threads), "measuring", err))
        bench(m, threads, err);
    model_close(m);
    return err->code;
}

const struct command command_bench = {
    .name = "bench",
    .summary = "measure forward passes of a model beside the SGEMM peak of this machine",
    .size = sizeof(struct bench_options),
    .run = bench_model,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
