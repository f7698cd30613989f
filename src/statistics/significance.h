/*
 * Tests of an average of clusters (docs/methods.md 4), and their correction.
 *
 * The sign-flip test asks of the very average that is shown: if every cluster's contribution could
 * as well have had the other sign, how often would the average be as far from 0? Where all clusters
 * agree that is 2^(1 - n). Across a family tests are corrected by Benjamini and Hochberg's step-up
 * procedure.
 */
#ifndef LENSWEEP_STATISTICS_SIGNIFICANCE_H
#define LENSWEEP_STATISTICS_SIGNIFICANCE_H

#include <stddef.h>

#define SIGN_TOLERANCE 1e-4 /* of an effect, in logits or nats: float32 rounding stays below it */

/* Two-sided p of the sum of v (n); work: (2 n). Zeros do not count; 1 if all are. */
double sign_flip_p(const double *v, size_t n, double *work);

/* A test and the family that it belongs to. */
struct test {
    size_t family, index; /* index: of its p and q */
    double p;             /* NaN = not tested, q is NaN */
};

/* q[index] of n tests, which are sorted on the way. */
void adjust(struct test *test, size_t n, double *q);

#endif
