/*
 * How fast are the kernels outside the products, with each instruction set that this processor has?
 *
 *     bench_kernels [SECONDS]      CPU time spent on each measurement (0.05)
 *
 * Elements a second, the best of the repetitions, on one thread with all data in the cache. Of
 * attention an element is one multiply-add. The portable copy is the oracle of the tests and slow.
 */
#include "base/kernels.h"
#include "base/isa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N = 4096, SHORT = 20, DH = 64, KEYS = N / DH };

static float x[N], y[N], out[N], score[KEYS];
static struct team team;

static void put(int64_t n)
{
    memcpy(out, x, (size_t)n * sizeof *out);
}

static void run_exp(void)
{
    put(N);
    vec_exp(N, out);
}

static void run_softmax(void)
{
    put(N);
    softmax(N, out, 0.1f, 0);
}

static void run_short_softmax(void)
{
    for (int i = 0; i + SHORT <= N; i += SHORT) {
        memcpy(out + i, x + i, SHORT * sizeof *out);
        softmax(SHORT, out + i, 0.1f, 0);
    }
}

static void run_silu(void)
{
    put(N);
    activate(&team, 1, N, ACTIVATION_SILU, out, y);
}

static void run_gelu(void)
{
    put(N);
    activate(&team, 1, N, ACTIVATION_GELU, out, y);
}

static void run_gelu_tanh(void)
{
    put(N);
    activate(&team, 1, N, ACTIVATION_GELU_TANH, out, y);
}

static void run_rms_norm(void)
{
    const float *row = x;

    norm_rows(&team, 1, &row, N, &(struct norm){.w = y, .eps = 1e-5f}, out);
}

static void run_layer_norm(void)
{
    const float *row = x;

    norm_rows(&team, 1, &row, N, &(struct norm){y, y, 0, 1e-5f, true}, out);
}

static void run_rope(void)
{
    const struct rope_table table = {y, DH, false};
    const int32_t pos = 0;

    put(N);
    rope(&team, 1, out, N, KEYS, DH, &pos, &table);
}

static void run_log_sum_exp(void)
{
    struct log_sum s = {-HUGE_VAL, 0};

    for (int64_t i = 0; i < N; i += VOCAB_BLOCK)
        log_sum_add(&s, N - i < VOCAB_BLOCK ? N - i : VOCAB_BLOCK, x + i);
    out[0] = (float)log_sum(&s);
}

static void run_scores(void)
{
    key_scores(&(struct key_rows){.own = x, .ld = DH, .hi = KEYS}, 0, KEYS, DH, y, score);
}

static void run_values(void)
{
    key_values(&(struct key_rows){.own = x, .ld = DH, .hi = KEYS}, 0, KEYS, DH, y, out);
}

static const struct {
    const char *name;
    void (*run)(void);
} kernels[] = {
    {"exp", run_exp},
    {"softmax", run_softmax},
    {"softmax of 20", run_short_softmax},
    {"SiLU, gated", run_silu},
    {"GELU by erf, gated", run_gelu},
    {"GELU by tanh, gated", run_gelu_tanh},
    {"RMSNorm", run_rms_norm},
    {"LayerNorm", run_layer_norm},
    {"RoPE", run_rope},
    {"log-sum-exp", run_log_sum_exp},
    {"attention: scores", run_scores},
    {"attention: values", run_values},
};

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Elements a second: the best of rounds that take a tenth of the time each, at least three. */
static double rate(void (*run)(void), double seconds)
{
    double best = 0, begin = cpu_seconds();

    for (int round = 0; round < 3 || cpu_seconds() - begin < seconds; round++) {
        double from = cpu_seconds(), took;
        int times = 0;

        do
            for (int i = 0; i < 8; i++, times++)
                run();
        while (cpu_seconds() - from < seconds / 10);
        took = cpu_seconds() - from;
        best = N * times / took > best ? N * times / took : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0.05;
    struct err err;

    if (team_init(&team, 1, 0, &err)) {
        fprintf(stderr, "bench_kernels: %s\n", err.msg);
        return err.code;
    }
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i * 7919 % 2001 - 1000) * 0.004f;
        y[i] = (float)(i * 104729 % 2001 - 1000) * 0.001f;
    }
    printf("%-22s", "10^9 elements a second");
    for (int isa = 0; isa < ISA_COUNT; isa++)
        printf(" %9s", isa_name((enum isa)isa));
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        printf("\n%-22s", kernels[k].name);
        for (int isa = 0; isa < ISA_COUNT; isa++) {
            if (!isa_available((enum isa)isa)) {
                printf(" %9s", "-");
                continue;
            }
            isa_set((enum isa)isa);
            printf(" %9.3f", rate(kernels[k].run, seconds) / 1e9);
        }
    }
    putchar('\n');
    team_release(&team);
    return 0;
}
