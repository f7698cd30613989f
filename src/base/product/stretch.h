/* Private to base/product/: rows of w, over some elements of k. */
#ifndef LENSWEEP_BASE_PRODUCT_STRETCH_H
#define LENSWEEP_BASE_PRODUCT_STRETCH_H

#include "base/product/lanes.h"

#include <math.h>

struct stretch {
    const struct matrix *w;
    int64_t first, count;     /* rows of w */
    int64_t start, k, groups; /* elements, and their groups of LANES */
};

IN_LANES int64_t groups_of(int64_t k)
{
    return (k + LANES - 1) / LANES;
}

IN_LANES struct stretch stretch_at(const struct matrix *w, int64_t first, int64_t count,
                                   int64_t start, int64_t most)
{
    int64_t k = w->cols - start < most ? w->cols - start : most;

    return (struct stretch){w, first, count, start, k, groups_of(k)};
}

IN_LANES size_t stored_bytes(const struct matrix *w, int64_t elements)
{
    return (size_t)elements / dtype_block(w->dtype) * dtype_block_bytes(w->dtype);
}

/* Where it begins in its j-th row. */
IN_LANES const unsigned char *stretch_row(const struct stretch *s, int64_t j)
{
    const struct matrix *w = s->w;

    return (const unsigned char *)w->data + stored_bytes(w, s->start) +
           (size_t)matrix_stored_row(w, s->first + j) * matrix_row_bytes(w);
}

/* Into the second-level cache: the first one has no room left. */
IN_LANES void prefetch(const unsigned char *p, size_t bytes)
{
#ifdef __GNUC__
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(p + i, 0, 2);
#else
    (void)p;
    (void)bytes;
#endif
}

/* Rows of a matrix that lies transposed, all at once, as floats to out, `apart` floats from each
   other. */
IN_LANES void stretch_gather(const struct stretch *s, float *out, int64_t apart)
{
    if (s->w->across)
        matrix_transposed_rows(s->w, s->first, s->count, s->start, s->k, out, apart);
}

/* A row that is read soon, when row j is. */
IN_LANES void stretch_ahead(const struct stretch *s, int64_t j)
{
    enum { AHEAD = 4 }; /* rows */

    prefetch(stretch_row(s, j + AHEAD < s->count ? j + AHEAD : j), stored_bytes(s->w, s->k));
}

/* Row j as floats to out, the last group filled with zeros; `gathered` is where stretch_gather has
   it, if it has. */
IN_LANES void stretch_floats(const struct stretch *s, int64_t j, const float *gathered, float *out)
{
    if (s->k % LANES)
        memset(out + s->k, 0, (size_t)(LANES - s->k % LANES) * sizeof *out);
    if (s->w->across) {
        memmove(out, gathered, (size_t)s->k * sizeof *out);
        return;
    }
    stretch_ahead(s, j);
    matrix_widen(s->w->dtype, stretch_row(s, j), s->k, out);
}

/* A sum that is not a number has one form, whatever made it. */
IN_LANES void settle(int64_t rows, int64_t count, float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, y += ldy)
        for (int64_t j = 0; j < count; j++)
            y[j] = y[j] == y[j] ? y[j] : NAN;
}

#endif
