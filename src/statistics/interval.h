/*
 * Intervals and tests of a mean from its standard error and skewness, and of rates.
 *
 * Student's t is wrong where values are skewed: the interval misses on the side of the long tail.
 * Hall's transformation (1992), g(T) = T + a (T^2 / 3 + 1 / 6) + a^2 T^3 / 27 with a the skewness
 * of the mean, takes it out to the order that a studentised bootstrap does, without its
 * draws. Of the two the cautious one is taken: the wider end, the larger p.
 */
#ifndef LENSWEEP_STATISTICS_INTERVAL_H
#define LENSWEEP_STATISTICS_INTERVAL_H

/* A mean of clusters: var > 0 is its squared standard error, skew its third cumulant by
   var^1.5, df > 0 its degrees of freedom. */
struct mean_spread {
    double mean, var, skew, df;
};

/* The interval that misses with chance 2 `tail`; t is the quantile of that tail. */
void mean_interval(const struct mean_spread *s, double t, double *lo, double *hi);

/* Two-sided p of the mean being no farther from 0 than `least`; 1 where it is not. */
double mean_p(const struct mean_spread *s, double least);

/* Clopper's and Pearson's interval of k successes in n, neither needs to be whole. */
void rate_interval(double k, double n, double tail, double *lo, double *hi);

#endif
