/*
 * Normal deviates of a sweep's noise: of one row (a token of a layer) from any element on, the same
 * whatever else is edited with it. Every draw, layer and token has deviates of its own, so noise at
 * several layers adds up in squares.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_DEVIATES_H
#define LENSWEEP_EXPERIMENTS_KIT_DEVIATES_H

#include "base/rng.h"

#include <stddef.h>

/* Which row: of `layers` layers and `tokens` tokens, `width` elements each. */
struct deviate_row {
    size_t draw, layer, layers, token, tokens, width;
};

/* out (n): elements first .. of the row, from the stream of a query. */
void row_deviates(struct rng stream, const struct deviate_row *row, size_t first, size_t n,
                  float *out);

#endif
