/* Distributions: tails for tests of hypotheses, quantiles for intervals. */
#ifndef LENSWEEP_STATISTICS_DIST_H
#define LENSWEEP_STATISTICS_DIST_H

#include <stddef.h>

/* Chance of a Student t of df degrees of freedom at least as far from 0 as t; df > 0. */
double student_tail(double t, double df);

/* The t that is exceeded with chance `tail`, 0 < tail < 0.5. */
double student_quantile(double tail, double df);

/* Chance of at least k successes in n trials, each of chance p. */
double binomial_tail(double k, double n, double p);

/* The x with I_x(a, b) = share: of a beta distribution; a, b > 0. */
double beta_quantile(double share, double a, double b);

/* Chance of a standard normal above z >= 0, and its density. */
double normal_tail(double z);
double normal_density(double z);

enum { TWO_POINT_EXACT = 20 };

/*
 * The chance that a sum of n independent variables is at least x; variable i is a[i] > 0 with
 * chance p[i], else 0. Exact for n up to TWO_POINT_EXACT, for equal a and p, and where x is their
 * largest sum. Otherwise an upper bound or twice a saddlepoint approximation (Lugannani and Rice,
 * as for a lattice of the smallest a), whichever is less: half of the chance at least, as a rule
 * up to 4 times it, and not below it where all p are 1/2. Sums within 1e-9 of x count as x.
 */
double two_point_tail(const double *a, const double *p, size_t n, double x);

#endif
