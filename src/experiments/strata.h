/*
 * Averages over queries: one row per (dataset, template, step), then the macro-averages, which are
 * means of means: over templates, then over datasets (METHODS 3.6).
 *
 * Intervals are percentile bootstraps over clusters: an item stays together over its steps and
 * templates, items are drawn within their dataset. The draws are made once and serve every number,
 * so that averages of the same queries can be compared.
 */
#ifndef LENSWEEP_EXPERIMENTS_STRATA_H
#define LENSWEEP_EXPERIMENTS_STRATA_H

#include "config/config.h"
#include "data/query.h"

struct stratum {
    const char *dataset; /* "" = averaged over */
    int template, step;  /* -1 = averaged over; 0 = the data does not say */
};

struct strata {
    struct stratum *v; /* (n): n_base rows of the data, then macro-averages */
    size_t n, n_base;
    int *of_query;   /* (queries) base row; -1 = a bad query */
    int *cluster_of; /* (queries) */
    size_t n_queries, n_clusters;
    int draws;
    unsigned short *times; /* (draws, clusters) how often a draw has a cluster */
    double *replicate;     /* (n, draws) room */
    double *sum;           /* (n_base, clusters) room */
    int *count;            /* (n_base, clusters) room */
};

struct estimate {
    double mean, se, lo,
        hi; /* NaN where no query has a value; se and interval from the bootstrap */
    int n;  /* queries */
};

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err);

/* value: one per query at stride `step`, NaN = has none; out (s->n). */
void strata_estimate(struct strata *s, const float *value, size_t step, struct estimate *out);

#endif
