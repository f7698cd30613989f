/*
 * A table of text whose columns line up: text to the left, numbers to the right.
 *
 *     int two_layers(const double effect[2], struct buf *out, struct err *err)
 *     {
 *         struct grid g = {.columns = 2};
 *
 *         grid_put(&g, err, "layer");                       // row by row, headings first
 *         grid_put(&g, err, "effect");
 *         for (int l = 0; l < 2; l++) {
 *             grid_put(&g, err, "%d", l);
 *             grid_number(&g, effect[l], 2, true, err);
 *         }
 *         grid_text(&g, out, err);
 *         grid_release(&g);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_REPORT_GRID_H
#define LENSWEEP_REPORT_GRID_H

#include "base/buf.h"
#include "base/mem.h"

#include <stdbool.h>

enum { GRID_COLUMNS_MAX = 30 };

struct grid {
    size_t columns;
    char **text; /* row by row */
    size_t n, cap;
    struct arena arena;
};

/* Nothing is added once err is set. */
int grid_put(struct grid *g, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A number, "-" for NaN; with a sign where `sign` is set. */
int grid_number(struct grid *g, double v, int decimals, bool sign, struct err *err);
/* Appends its lines. ERR_BUG for no columns and for more than GRID_COLUMNS_MAX. */
int grid_text(const struct grid *g, struct buf *out, struct err *err);
void grid_release(struct grid *g);

#endif
