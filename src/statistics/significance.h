/*
 * Tests of effects over items (docs/methods.md 4): an item's effect is the mean over its queries in
 * the stratum.
 *
 * Sign test: do more items have an effect of one sign than chance gives? An item within the
 * tolerance of 0 is a tie and left out. Minimum-effect test: do more than half of all items have an
 * effect beyond +min or beyond -min? Both are two-sided. Across a family they are corrected by
 * Benjamini and Hochberg's step-up procedure.
 */
#ifndef LENSWEEP_STATISTICS_SIGNIFICANCE_H
#define LENSWEEP_STATISTICS_SIGNIFICANCE_H

#include "statistics/strata.h"

#define SIGN_TOLERANCE 1e-4 /* of an effect, in logits or nats: float32 rounding stays below it */

struct significance {
    double p, p_min; /* 1 = no item speaks either way; NaN = no item has a value */
    int n_clusters;  /* items with a value */
};

/* value (queries, elements), NaN = has none; out (elements, s->n). */
int significance_of(const struct strata *s, const float *value, size_t elements, double min_effect,
                    struct significance *out, struct err *err);

/* A test and the family that it belongs to. */
struct test {
    size_t family, index; /* index: of its p and q */
    double p;             /* NaN = not tested, q is NaN */
};

/* q[index] of n tests, which are sorted on the way. */
void adjust(struct test *test, size_t n, double *q);

#endif
