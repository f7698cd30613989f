/*
 * A table on standard output whose columns line up: text to the left, numbers to the right.
 *
 *     struct grid g = {.columns = 2};
 *     grid_put(&g, err, "layer");  grid_put(&g, err, "%s", name);      // row by row, headings
 * first grid_print(&g, err); grid_release(&g);
 */
#ifndef LENSWEEP_REPORT_GRID_H
#define LENSWEEP_REPORT_GRID_H

#include "base/err.h"
#include "base/mem.h"

enum { GRID_COLUMNS_MAX = 24 };

struct grid {
    size_t columns;
    char **text; /* row by row */
    size_t n, cap;
    struct arena arena;
};

int grid_put(struct grid *g, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
int grid_print(const struct grid *g, struct err *err);
void grid_release(struct grid *g);

#endif
