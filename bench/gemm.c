/*
 * What share of the machine's SGEMM peak does gemm() reach?
 *
 *     bench_gemm [SECONDS]      time spent on each measurement (0.1); unset OPENBLAS_CORETYPE first
 *
 * The peak is one plain cblas_sgemm of 4096 x 4096 x 4096 with all threads of BLAS, measured in the
 * same run; gemm() with one thread is compared with one thread of BLAS. A measurement is the best
 * of its repetitions. On a machine that does other work the shares mean little (a short call finds
 * a quiet moment, the peak's long one does not, so they may exceed 100 %): the load is printed.
 */
#define _DEFAULT_SOURCE /* getloadavg */
#include "base/gemm.h"
#include "base/clock.h"
#include "base/mem.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEAK = 4096, ROWS = 1024, WIDEST = 4096 };

static const struct {
    int64_t n, k;
} shapes[] = {{576, 576},   {192, 576},   {1536, 576}, {576, 1536},
              {49152, 576}, {2048, 2048}, {4096, 4096}};
static const int64_t rows[] = {1, 14, 64, 256, 512, ROWS};
static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_BF16, DTYPE_Q4_1};

enum {
    SHAPES = sizeof shapes / sizeof *shapes,
    ROW_COUNTS = sizeof rows / sizeof *rows,
    DTYPES_MEASURED = sizeof dtypes / sizeof *dtypes
};

struct bench {
    double seconds; /* for each measurement */
    float *x, *y;   /* (ROWS, WIDEST), (ROWS, 49152) */
    void *w;        /* any bytes that make numbers */
};

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

/* Best GFLOP/s over the time of one measurement. */
static double gflops(struct bench *b, struct team *t, int64_t m, const struct matrix *w)
{
    double flops = 2.0 * (double)m * (double)w->rows * (double)w->cols;
    double start = clock_seconds(), best = 1e9;

    do {
        double before = clock_seconds(), took;

        gemm(t, m, b->x, w->cols, w, b->y, w->rows);
        took = clock_seconds() - before;
        best = took < best ? took : best;
    } while (clock_seconds() - start < b->seconds);
    return flops / best * 1e-9;
}

static double peak_gflops(struct bench *b, int threads)
{
    double best = 1e9, start;

    openblas_set_num_threads(threads);
    start = clock_seconds();
    do {
        double before = clock_seconds(), took;

        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, PEAK, PEAK, PEAK, 1, b->y, PEAK, b->w,
                    PEAK, 0, b->y + (size_t)PEAK * PEAK, PEAK);
        took = clock_seconds() - before;
        best = took < best ? took : best;
    } while (clock_seconds() - start < 10 * b->seconds);
    openblas_set_num_threads(1);
    return 2.0 * PEAK * PEAK * PEAK / best * 1e-9;
}

static int table(struct bench *b, int threads, double peak)
{
    struct team t;
    struct err err;

    if (team_init(&t, threads, 256 * WIDEST, &err)) {
        fprintf(stderr, "bench_gemm: %s\n", err.msg);
        return err.code;
    }
    printf("\n%d thread%s, peak %.0f GFLOP/s (%% of it)\n%-12s %-5s", threads,
           threads > 1 ? "s" : "", peak, "N x K", "type");
    for (int r = 0; r < ROW_COUNTS; r++)
        printf("      M = %-4d", (int)rows[r]);
    printf("\n");
    for (int s = 0; s < SHAPES; s++)
        for (int d = 0; d < DTYPES_MEASURED; d++) {
            struct matrix w = {b->w, dtypes[d], shapes[s].n, shapes[s].k, 0};

            fill(b, w.dtype, w.rows * w.cols);
            printf("%5d x %-4d %-5s", (int)w.rows, (int)w.cols, dtype_name(w.dtype));
            for (int r = 0; r < ROW_COUNTS; r++) {
                double speed = gflops(b, &t, rows[r], &w);

                printf("  %6.1f %3.0f%%", speed, 100 * speed / peak);
                fflush(stdout);
            }
            printf("\n");
        }
    team_release(&t);
    return 0;
}

static void print_machine(void)
{
    double load[1];

    printf("%s, %d cores", gemm_library(), team_cores());
    if (getloadavg(load, 1) == 1)
        printf(", load average %.1f%s", load[0], load[0] > 0.5 ? ": NOT QUIET" : "");
    printf("\n");
}

int main(int argc, char **argv)
{
    struct bench b = {.seconds = argc > 1 ? strtod(argv[1], NULL) : 0.1};
    int threads = team_cores(), code = 0;
    struct err err;

    b.x = mem_alloc((size_t)ROWS * WIDEST, sizeof *b.x, &err);
    b.y = mem_alloc((size_t)ROWS * 49152, sizeof *b.y, &err); /* also two of the peak's matrices */
    b.w = mem_alloc((size_t)49152 * 576, sizeof(float), &err);
    if (!b.x || !b.y || !b.w) {
        fprintf(stderr, "bench_gemm: %s\n", err.msg);
        code = err.code;
        goto out;
    }
    for (size_t i = 0; i < (size_t)ROWS * WIDEST; i++)
        b.x[i] = (float)(i % 17) - 8;
    fill(&b, DTYPE_F32, (int64_t)PEAK * PEAK);
    print_machine();
    for (int t = 1; t <= threads && !code; t = t < threads && t * 2 > threads ? threads : t * 2)
        code = table(&b, t, peak_gflops(&b, t));
out:
    mem_free(b.x);
    mem_free(b.y);
    mem_free(b.w);
    return code;
}
