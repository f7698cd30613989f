/*
 * What share of the processor's own peak do products reach?
 *
 *     bench_gemm [SECONDS]      time spent on each number (0.2); unset OPENBLAS_CORETYPE first
 *
 * The peak is a loop of fused multiply-adds between registers, with the instruction set at hand.
 * Each number is measured in turn with the peak and with OpenBLAS by panels (gemm), on one thread,
 * in CPU time, so that a machine that does other work shows little; printed are medians and, of the
 * whole table, the largest spread (half of the range of the middle half, as a share).
 */
#define _GNU_SOURCE /* getloadavg, CLOCK_THREAD_CPUTIME_ID */
#include "base/gemm.h"
#include "base/blas.h"
#include "base/isa.h"
#include "base/mem.h"
#include "base/product/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 512, WIDEST = 4096, MOST = 49152 * 576, TIMES = 64 };

static const struct {
    int64_t n, k;
} shapes[] = {{4096, 4096}, {2048, 2048}, {1536, 576}, {576, 1536}, {49152, 576}};
static const int64_t rows[] = {1, 6, 12, 64, ROWS};
static const enum dtype dtypes[] = {DTYPE_BF16, DTYPE_F32, DTYPE_Q4_1};

enum {
    SHAPES = sizeof shapes / sizeof *shapes,
    ROW_COUNTS = sizeof rows / sizeof *rows,
    DTYPES_MEASURED = sizeof dtypes / sizeof *dtypes
};

struct bench {
    double seconds; /* for each number */
    struct team team;
    float *x, *y; /* (ROWS, WIDEST), (ROWS, MOST / 576) */
    void *w;      /* any bytes that make numbers */
    double spread;
};

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* 12 chains of n multiply-adds, enough for two units of latency 5. Returns FLOP. */
#if defined(__x86_64__) && defined(__GNUC__)
#define FMA_LOOP(name, isa, lanes)                                                  \
    __attribute__((target(isa))) static double name(int64_t n)                      \
    {                                                                               \
        typedef float v __attribute__((vector_size(4 * lanes)));                    \
        v a[12] = {{0}}, b = {0};                                                   \
        for (int64_t i = 0; i < n; i++) {                                           \
            _Pragma("GCC unroll 12") for (int j = 0; j < 12; j++) __asm__ volatile( \
                "vfmadd231ps %1, %1, %0" : "+x"(a[j]) : "x"(b));                    \
        }                                                                           \
        return 2.0 * lanes * 12 * (double)n;                                        \
    }
FMA_LOOP(fma_avx512, "avx512f", 16)
FMA_LOOP(fma_avx2, "avx2,fma", 8)

static double fma_loop(int64_t n)
{
    return isa_get() == ISA_AVX512 ? fma_avx512(n) : fma_avx2(n);
}
#else
static double fma_loop(int64_t n)
{
    float a[48] = {0};

    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < 48; j++)
            a[j] = __builtin_fmaf(a[j], 0.5f, 0.5f);
    return a[0] > 2 ? 0 : 2.0 * 48 * (double)n;
}
#endif

/* 0.5 in every type: as floats and BF16, and as blocks of 0.5 q + 0.5 with q = 0. */
static void fill(struct bench *b, enum dtype t, int64_t elements)
{
    static const unsigned char q4_1[4] = {0, 0x38, 0, 0x38};
    static const unsigned char bf16[2] = {0, 0x3f};
    size_t n = (size_t)elements / dtype_block(t), bytes = dtype_block_bytes(t);
    unsigned char *p = b->w;

    for (size_t i = 0; i < n; i++, p += bytes) {
        if (t == DTYPE_F32)
            memcpy(p, &(float){0.5f}, bytes);
        else if (t == DTYPE_BF16)
            memcpy(p, bf16, bytes);
        else
            memcpy(memset(p, 0, bytes), q4_1, sizeof q4_1);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, int n, double *spread)
{
    double half;

    qsort(v, (size_t)n, sizeof *v, by_size);
    half = (v[n - 1 - n / 4] - v[n / 4]) / 2 / v[n / 2];
    *spread = half > *spread ? half : *spread;
    return v[n / 2];
}

enum side { PEAK, OURS, BLAS, SIDES };

static double flop_rate(struct bench *b, enum side side, int64_t m, const struct matrix *w)
{
    double before = cpu_seconds(), flop = 2.0 * (double)m * (double)w->rows * (double)w->cols;

    if (side == PEAK)
        flop = fma_loop(200000);
    else if (side == OURS)
        product(&b->team, m, b->x, w->cols, w, b->y, w->rows);
    else
        gemm(&b->team, m, b->x, w->cols, w, b->y, w->rows);
    return flop / (cpu_seconds() - before) * 1e-9;
}

/* GFLOP per second of CPU of each side. */
static void measure(struct bench *b, int64_t m, const struct matrix *w, double out[SIDES])
{
    static double seen[SIDES][TIMES];
    double begin = cpu_seconds();
    int n = 0;

    for (int side = 0; side < SIDES; side++) /* warm */
        flop_rate(b, (enum side)side, m, w);
    do {
        for (int side = 0; side < SIDES; side++)
            seen[side][n] = flop_rate(b, (enum side)side, m, w);
    } while (++n < TIMES && (n < 5 || cpu_seconds() - begin < b->seconds));
    for (int side = 0; side < SIDES; side++)
        out[side] = median(seen[side], n, &b->spread);
}

static void table(struct bench *b, const struct matrix *w)
{
    printf("%5d x %-5d %-5s", (int)w->rows, (int)w->cols, dtype_name(w->dtype));
    fill(b, w->dtype, w->rows * w->cols);
    for (int r = 0; r < ROW_COUNTS; r++) {
        double got[SIDES];

        measure(b, rows[r], w, got);
        printf("  %5.0f %3.0f%% |%3.0f%%", got[OURS], 100 * got[OURS] / got[PEAK],
               100 * got[BLAS] / got[PEAK]);
        fflush(stdout);
    }
    printf("\n");
}

static void tables(struct bench *b)
{
    struct matrix none = matrix_f32(b->w, 0, 0);
    double load[1];

    b->spread = 0;
    printf("\n%s: %.0f GFLOP/s; beside %s", isa_name(isa_get()), flop_rate(b, PEAK, 0, &none),
           blas_library());
    if (getloadavg(load, 1) == 1)
        printf("; load average %.1f", load[0]);
    printf("\nGFLOP/s of CPU, share of the peak | OpenBLAS' share\n%-19s", "N x K");
    for (int r = 0; r < ROW_COUNTS; r++)
        printf("  %5d rows     ", (int)rows[r]);
    printf("\n");
    for (int s = 0; s < SHAPES; s++)
        for (int d = 0; d < DTYPES_MEASURED; d++)
            table(b,
                  &(struct matrix){
                      .data = b->w, .dtype = dtypes[d], .rows = shapes[s].n, .cols = shapes[s].k});
    printf("largest spread %.0f %%\n", 100 * b->spread);
}

int main(int argc, char **argv)
{
    struct bench b = {.seconds = argc > 1 ? strtod(argv[1], NULL) : 0.2};
    struct err err = {0};

    b.x = mem_alloc((size_t)ROWS * WIDEST, sizeof *b.x, &err);
    b.y = mem_alloc((size_t)ROWS * (MOST / 576), sizeof *b.y, &err);
    b.w = mem_alloc((size_t)MOST, sizeof(float), &err);
    if (!b.x || !b.y || !b.w ||
        team_init(&b.team, 1, (size_t)256 * WIDEST + product_scratch(), &err) ||
        team_share(&b.team, product_shared(ROWS, WIDEST), &err))
        goto out;
    for (size_t i = 0; i < (size_t)ROWS * WIDEST; i++)
        b.x[i] = (float)(i % 17) - 8;
    for (int isa = ISA_COUNT - 1; isa > 0; isa--)
        if (isa_available((enum isa)isa)) {
            isa_set((enum isa)isa);
            tables(&b);
        }
out:
    if (err.code)
        fprintf(stderr, "bench_gemm: %s\n", err.msg);
    team_release(&b.team);
    mem_free(b.x);
    mem_free(b.y);
    mem_free(b.w);
    return err.code;
}
