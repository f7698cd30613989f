/*
 * Averages over queries with their intervals and tests (docs/methods.md 3.6 and 4).
 *
 * What varies is a cluster: an item, which stays together over its templates. A cluster's
 * contribution to an average is its share of it, its deviation what it adds beyond the mean; from
 * these follow standard error, interval and tests alike, so that they speak of the very number that
 * is shown. Of a macro-average the degrees of freedom are those of its smallest part.
 */
#ifndef LENSWEEP_STATISTICS_ESTIMATE_H
#define LENSWEEP_STATISTICS_ESTIMATE_H

#include "statistics/strata.h"

/* From so many clusters on an interval is one of 95 %; with fewer it is made for 96 %. */
enum { CLUSTERS_ENOUGH = 8 };

/* The same in words, for the result file. */
#define INTERVALS                                                                                 \
    "95 % over clusters, each end the farther one of Student's t and of Hall's, which takes out " \
    "skewness; made for 96 % where df < 7; rates: Clopper and Pearson; none where df < 1"

struct estimate {
    double mean, se, lo, hi; /* NaN where no query has a value; se, lo, hi: nor of one cluster */
    double p, p_min;         /* of its test; NaN where there is none, or one cluster */
    int n;                   /* queries with a value */
    int n_clusters;          /* clusters with a value */
    int df;                  /* clusters of the smallest part, less 1 */
};

/* What is asked of averages; zero = a plain mean. */
struct estimate_ask {
    enum template_mean way;
    bool ratio;      /* values are numerators, then as many denominators: of ratios of means */
    bool rate;       /* values are 0 or 1: intervals after Clopper and Pearson */
    bool tested;     /* p: does the mean differ from 0? Of a rate: is it above that of `chance`? */
    double tie;      /* a cluster whose mean is not farther from 0 counts as 0 */
    bool min_tested; /* p_min: is the mean farther from 0 than min_effect? */
    double min_effect;
    /* (n_about) element e is about about[(first + e) % n_about]: a target of the strata, n_targets
       for the right one, or -1 for none; queries that share its token are one cluster, too */
    const int *about;
    size_t n_about, first;
    const struct estimate *chance; /* (elements, s->n) of a rate that is tested */
    size_t controls;               /* tokens that its chance is from, in each query */
};

/* value (queries, elements), NaN = has none; out (elements, s->n). Of ratios of means, never means
   of ratios: (queries, 2 elements), a query has both or neither, and nothing is tested. scratch:
   for work, reset before and after; the same one from call to call saves asking the system for
   memory anew. */
int strata_estimate(const struct strata *s, const struct estimate_ask *ask, const float *value,
                    size_t elements, struct estimate *out, struct arena *scratch, struct err *err);

#endif
