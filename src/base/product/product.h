/*
 * Y = X W^T in which a row's bits depend on that row and on W alone.
 *
 *     // up (d_ff, d), for rows x (rows, d), to y (rows, d_ff)
 *     void widen_rows(struct team *team, const struct matrix *up, int64_t rows, const float *x,
 *                     float *y)
 *     {
 *         product(team, rows, x, up->cols, up, y, up->rows);
 *     }
 *
 * Each element of Y is summed in one written order, whatever the number of rows, their place among
 * others, the thread, the tile and the processor:
 *
 *   - k is cut into blocks of 1024 elements, the last one filled with zeros to a multiple of 8;
 *   - in a block, element i is added to lane i % 8 by a fused multiply-add, in the order of i; the
 *     lanes begin as 0;
 *   - a block's sum is that of its lanes l: c[j] = l[j] + l[j + 4], d[j] = c[j] + c[j + 2],
 *     d[0] + d[1];
 *   - the sums of the blocks are added in their order, to the first one.
 *
 * More lanes would leave more to be added up at the end of each sum; fewer would fill no register.
 *
 * Elements of W are widened to float32 exactly (base/matrix.h). A sum that is not a number is the
 * quiet NaN 0x7fc00000. base/product/inner.c and outer.c do it in tiles, with the instruction set
 * that base/isa.h picks; plain C with fmaf is one of them.
 */
#ifndef LENSWEEP_BASE_PRODUCT_PRODUCT_H
#define LENSWEEP_BASE_PRODUCT_PRODUCT_H

#include "base/matrix.h"
#include "base/team.h"

/* Floats of scratch a thread needs, and floats that the team shares for rows of k elements: the
   more of them, the less often is W read. */
size_t product_scratch(void);
size_t product_shared(int64_t rows, int64_t k);

/* y (rows, W.rows) with row stride ldy = x (rows, W.cols) with row stride ldx, times W^T. rows = 0
   does nothing. x and y do not overlap. Counts 2 * rows * N * K in team->flops. The team shares
   product_shared(1, K) floats at least. */
void product(struct team *t, int64_t rows, const float *x, int64_t ldx, const struct matrix *w,
             float *y, int64_t ldy);

/* z (width) = p (keys) v (keys, width), row stride ldv: each element begins as 0 and adds p[i]
   times v[i] by fused multiply-adds in the order of i. Never -0; NaN as above. */
void product_mix(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv,
                 float *z);

#endif
