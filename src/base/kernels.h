/*
 * The kernels outside GEMM. None of them may show up in a profile: vectorised for the processor
 * that they run on (isa.h), and threaded where they work on many rows.
 *
 * Bits are the same on every processor: sums run in 16 lanes, element i in lane i % 16, that are
 * added in a fixed tree; fused multiply-adds are named; exp, tanh and erf are our own. What several
 * rows share a call has no influence on any of them.
 *
 * Functions without a team work on the calling thread.
 */
#ifndef LENSWEEP_BASE_KERNELS_H
#define LENSWEEP_BASE_KERNELS_H

#include "base/team.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows are divided by their root mean square, or first centred and then divided by their standard
   deviation; then multiplied and shifted. */
struct norm {
    const float *w, *b; /* (d) each; b may be NULL; w NULL: rows stay as they are */
    float plus;         /* added to w: 1 where a model stores its weight less one */
    float eps;          /* added to the mean square */
    bool centred;
};

/* out (n, d) packed: out[i] = (w + plus) * x[i] / sqrt(mean(x[i]^2) + eps) + b, x[i] less its mean
   if it is to be centred; x[i] points to d floats. */
void norm_rows(struct team *t, int64_t n, const float *const *x, int64_t d, const struct norm *how,
               float *out);

/* The same in place for each of the heads of x (n, heads, dh), row stride ld; w and b are (dh). */
void norm_heads(struct team *t, int64_t n, float *x, int64_t ld, int heads, int64_t dh,
                const struct norm *how);

/* The divisor of a row's norm, sqrt(mean(x^2) + eps), x less its mean if it is to be centred:
   accumulated in double precision lanes. */
float norm_divisor(int64_t d, const float *x, const struct norm *how);
double vec_mean(int64_t n, const float *x);

/* x (n, width) packed: each row += b; b NULL: nothing. */
void add_bias(struct team *t, int64_t n, int64_t width, const float *b, float *x);

/* Of each element, in place: cap * tanh(x / cap); cap 0: nothing. */
void vec_cap(int64_t n, float *x, float cap);

/* Rotary embedding: pairs of a head's first `dims` numbers turn by angles that depend on the
   position and the pair; the rest stays. Pair i is (x[i], x[i + dims / 2]), or (x[2 i], x[2 i + 1])
   if adjacent. */
struct rope_table {
    const float *turn; /* (positions, 2, dims / 2): the cosines, then the sines */
    int dims;          /* even, at most a head's width */
    bool adjacent;
};

/* In place: x (n, heads, dh) with row stride ld; row i is at position pos[i]. */
void rope(struct team *t, int64_t n, float *x, int64_t ld, int heads, int dh, const int32_t *pos,
          const struct rope_table *table);

/* In place softmax of scale * p[0..n), the largest value subtracted first; n > 0, scale > 0. With a
   cap (> 0) a score s becomes cap * tanh(s / cap) first; -infinity, a masked key, stays. */
void softmax(int64_t n, float *p, float scale, float cap);

/* x sigmoid(x); x times the normal distribution function, by erf or by the usual tanh. */
enum activation { ACTIVATION_SILU, ACTIVATION_GELU, ACTIVATION_GELU_TANH };

/* gate (n, f) = activation(gate) * up, in place; up = NULL: the activation alone. */
void activate(struct team *t, int64_t n, int64_t f, enum activation which, float *gate,
              const float *up);

/* Of each element, in place. exp within 1 ulp, 0 below -86.9 and infinity above 88.7228; tanh
   within 1 ulp, erf within 1.1. */
void vec_exp(int64_t n, float *x);
void vec_tanh(int64_t n, float *x);
void vec_erf(int64_t n, float *x);

void vec_add(int64_t n, float *y, const float *x);                /* y += x */
void vec_shift(int64_t n, const float *x, double by, float *out); /* out = x - by */
float vec_max(int64_t n, const float *x);                         /* NaN passed over */
int64_t vec_find(int64_t n, const float *x, float value);         /* the first, or -1 */
int32_t vec_count_greater(int64_t n, const float *x, float value);
float vec_dot(int64_t n, const float *x, const float *y); /* double lanes, rounded once */

/* In double precision lanes: sum of exp(x - shift); sum of p (x - y). */
double sum_exp(int64_t n, const float *x, float shift);
double weighted_difference(int64_t n, const float *p, const float *x, const float *y);

/* -sum of p log p, in double precision, in the order of p; a p of 0, or less, adds nothing. */
double vec_entropy(int64_t n, const float *p);

/* Log of the sum of exp(x) over a vocabulary that comes in blocks, from {-HUGE_VAL, 0} on: of each
   block its largest is taken out first. Bits depend on where the blocks end: they have VOCAB_BLOCK
   elements, but for the last. */
enum { VOCAB_BLOCK = 2048 };
struct log_sum {
    double max, sum; /* so far: log of the sum = max + log(sum) */
};
void log_sum_add(struct log_sum *s, int64_t n, const float *x);
double log_sum(const struct log_sum *s);

/* out (ROWS, width) = w^T x: w (n, ROWS), x (n, width) with row stride ldx, summed in the order of
   n, in double precision; width is a multiple of STEP. */
enum { WEIGHTED_SUMS_ROWS = 4, WEIGHTED_SUMS_STEP = 16 };
void weighted_sums(int64_t n, const double *w, int64_t width, const double *x, int64_t ldx,
                   double *out);

/* Keys or values of one head: row i is own + (i - lo) * ld for lo <= i < hi, else base + i * ld. */
struct key_rows {
    const float *own, *base;
    int64_t ld;
    int lo, hi;
};

/* score[i] = q . row i for lo <= i < hi; rows of dh floats. */
void key_scores(const struct key_rows *keys, int lo, int hi, int64_t dh, const float *q,
                float *score);

/* z += sum of p[i] * row i for lo <= i < hi, summed in the order of i from 0 and added once. */
void key_values(const struct key_rows *values, int lo, int hi, int64_t dh, const float *p,
                float *z);

#endif
