/* Private to base/product/: rows of x, cut into tiles. */
#ifndef LENSWEEP_BASE_PRODUCT_ROWS_H
#define LENSWEEP_BASE_PRODUCT_ROWS_H

#include "base/product/stretch.h"

/* Rows [first, first + n) of x in whole registers: a tile as it is packed goes on with zeros to
   `filled` rows. */
struct rows {
    int64_t first, n, filled;
    int vectors;
};

/* The t-th tile of registers that hold `each` rows: tiles are as even as they go. */
IN_LANES struct rows rows_of_tile(const struct product *p, int64_t t, int64_t each)
{
    int64_t vectors = (p->rows + each - 1) / each;
    int64_t first = vectors * t / p->tiles, n = vectors * (t + 1) / p->tiles - first;
    int64_t left = p->rows - first * each;

    return (struct rows){first * each, left < n * each ? left : n * each, n * each, (int)n};
}

/* Where a tile's block of k lies: all blocks of a tile, one after the other. */
IN_LANES float *rows_packed(const struct product *p, struct rows r, int64_t k)
{
    return p->packed + (r.first * groups_of(p->w->cols) + r.filled * groups_of(k)) * LANES;
}

#endif
