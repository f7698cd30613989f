/*
 * Y = X W^T by OpenBLAS: for the naive executor, so that a run's audit compares two products that
 * have nothing in common, for run.gemm: openblas, and to measure ours (base/product/) against.
 *
 *     // x (rows, d), up (d_ff, d), y (rows, d_ff)
 *     void go_up(struct team *t, int64_t rows, const float *x, const struct matrix *up, float *y)
 *     {
 *         gemm(t, rows, x, up->cols, up, y, up->rows);
 *     }
 *
 * The matrix is cut into panels of rows whose number and width depend on its shape only. Threads
 * take panels; the one that multiplies a panel also widens it, into its own scratch, and calls a
 * one-thread SGEMM. So bits do not depend on the number of threads, and memory holds the file's
 * own two-byte weights, once per node. Every call counts 2 * rows * N * K in team->flops.
 */
#ifndef LENSWEEP_BASE_GEMM_H
#define LENSWEEP_BASE_GEMM_H

#include "base/matrix.h"
#include "base/team.h"

/* Floats of scratch a thread needs for a matrix of this shape: team_init wants the largest over the
   matrices. */
size_t gemm_scratch(int64_t n, int64_t k);

/* y (rows, W.rows) with row stride ldy = x (rows, W.cols) with row stride ldx, times W^T.
   rows = 0 does nothing. x and y do not overlap. */
void gemm(struct team *t, int64_t rows, const float *x, int64_t ldx, const struct matrix *w,
          float *y, int64_t ldy);

/* y (m, n) = a (m, k) b^T with b (n, k) or, if b_is_kn, a b with b (k, n): plain float32 on the
   calling thread, for attention's small products; counts nothing. */
void gemm_small(bool b_is_kn, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                const float *b, int64_t ldb, float *y, int64_t ldy);

#endif
