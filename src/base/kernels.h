/*
 * The kernels outside GEMM. None of them may show up in a profile: vectorised for the CPU they run
 * on (chosen at run time), and threaded where they work on many rows.
 *
 * Bits are the same on every CPU: sums run in 16 fixed lanes that are added in a fixed tree, there
 * is no fused multiply-add, and exp is our own polynomial.
 */
#ifndef LENSWEEP_BASE_KERNELS_H
#define LENSWEEP_BASE_KERNELS_H

#include "base/team.h"

#include <stdint.h>

/* out (n, d) packed: out[i] = w * x[i] / sqrt(mean(x[i]^2) + eps); x[i] points to d floats. The
   mean of squares is what rms_of would give for the row. */
void rms_norm(struct team *t, int64_t n, const float *const *x, int64_t d, const float *w,
              float eps, float *out);

/* mean(x^2) of one row, accumulated in double precision lanes. */
double mean_square(int64_t d, const float *x);

/* Rotary embedding in the model's half-split form, in place: x (n, heads, dh) with row stride ld;
   row i is at position pos[i]; table (positions, dh/2, 2) = cos, sin. */
void rope(struct team *t, int64_t n, float *x, int64_t ld, int heads, int dh, const int32_t *pos,
          const float *table);

/* In place softmax of scale * p[0..n), the largest value subtracted first; n > 0. Calling thread.
 */
void softmax(int64_t n, float *p, float scale);

/* gate (n, f) = silu(gate) * up, in place. */
void swiglu(struct team *t, int64_t n, int64_t f, float *gate, const float *up);

/* exp of each element, in place, to 2 ulp; and sum over exp(x[i] - shift) in double precision. */
void vec_exp(int64_t n, float *x);
double sum_exp(int64_t n, const float *x, float shift);

void vec_add(int64_t n, float *y, const float *x); /* y += x */
float vec_max(int64_t n, const float *x);
float vec_dot(int64_t n, const float *x, const float *y); /* double lanes, rounded once */

/* out (ROWS, width) = w^T x: w (n, ROWS), x (n, width) with row stride ldx, summed in the order of
   n, in double precision; width is a multiple of STEP. Calling thread. */
enum { WEIGHTED_SUMS_ROWS = 4, WEIGHTED_SUMS_STEP = 16 };
void weighted_sums(int64_t n, const double *w, int64_t width, const double *x, int64_t ldx,
                   double *out);

#endif
