/*
 * Averages over queries: one row per (dataset, template, step), then the macro-averages, which are
 * means of means: over templates, then over datasets (docs/methods.md 3.6).
 *
 * Intervals are percentile bootstraps over clusters: an item stays together over its steps and
 * templates, items are drawn within their dataset. The draws are made once and serve every number,
 * so that averages of the same queries can be compared.
 */
#ifndef LENSWEEP_STATISTICS_STRATA_H
#define LENSWEEP_STATISTICS_STRATA_H

#include "config/config.h"
#include "data/dataset.h"

/* How a dataset's templates are averaged: soundly, or as the authors' scripts do for some analyses.
   A dataset of one template stands for itself in each. */
enum template_mean {
    TEMPLATES_MEAN,
    TEMPLATES_FIRST_TWICE, /* (2 T1 + T2 + ...) / n: the first is added twice and counted once */
    TEMPLATES_FIRST_ONLY,  /* T1 */
};

enum averaged { OVER_QUERIES, OVER_TEMPLATES, OVER_DATASETS };

struct stratum {
    enum averaged over;
    const char *dataset; /* "" = the data names none, or averaged over */
    int template, step;  /* -1 = averaged over; 0 = the data does not say */
    int *part; /* (n_parts) what it is the mean of: earlier rows; of a row of the data, clusters */
    size_t n_parts;
};

struct strata {
    struct stratum *v; /* (n): n_base rows of the data, then macro-averages */
    size_t n, n_base;
    int *of_query;   /* (queries) base row; -1 = a bad query */
    int *slot;       /* (queries) place of the query's cluster among its row's parts */
    int *cluster_of; /* (queries) */
    size_t n_queries, n_clusters;
    int draws;
    unsigned short *times; /* (draws, clusters) how often a draw has a cluster */
};

struct estimate {
    double mean, se, lo,
        hi; /* NaN where no query has a value; se and interval from the bootstrap */
    int n;  /* queries */
};

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err);

/* value (queries, elements), NaN = has none; out (elements, s->n). scratch: for work, reset before
   and after; the same one from call to call saves asking the system for megabytes anew. */
int strata_estimate(const struct strata *s, enum template_mean way, const float *value,
                    size_t elements, struct estimate *out, struct arena *scratch, struct err *err);

/* Of ratios of means, never means of ratios: value (queries, 2 elements) has the numerators, then
   the denominators; a query has both or neither. n counts the numerators. */
int strata_ratio(const struct strata *s, enum template_mean way, const float *value,
                 size_t elements, struct estimate *out, struct arena *scratch, struct err *err);

#endif
