/* Tails of distributions, for tests of hypotheses. */
#ifndef LENSWEEP_STATISTICS_DIST_H
#define LENSWEEP_STATISTICS_DIST_H

/* Chance of a Student t of df degrees of freedom at least as far from 0 as t; df > 0. */
double student_tail(double t, double df);

/* Chance of at least k successes in n trials, each of chance p. */
double binomial_tail(double k, double n, double p);

#endif
