/*
 * Two or more results side by side: what each headline's averages are in each, and how they differ
 * from the first, with an interval of the difference.
 *
 *     int tell(struct buf *out, struct err *err)
 *     {
 *         const char *const paths[] = {"results/base", "results/instruct"};
 *         struct compare c = {.n = 20, .step = -1};
 *
 *         return compare_text(&c, paths, 2, out, err);
 *     }
 */
#ifndef LENSWEEP_REPORT_COMPARE_H
#define LENSWEEP_REPORT_COMPARE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum { COMPARE_MAX = 16 };

struct compare {
    const char *group; /* NULL = every group that all have */
    size_t n;          /* rows of a table */
    int64_t step;      /* -1 = every step */
    int64_t layers_from;
};

/* Appends the tables. ERR_CONFIG: more than COMPARE_MAX results, no such group, or nothing that all
   of them have. */
int compare_text(const struct compare *c, const char *const *paths, size_t n, struct buf *out,
                 struct err *err);

/* The interval of b - a from those of a and b, taken as independent: the distances of the ends are
   added as squares (Newcombe), so that intervals need not be symmetric. */
struct bounded {
    double mean, lo, hi;
};
struct bounded bounded_difference(struct bounded a, struct bounded b);

#endif
