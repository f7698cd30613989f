/*
 * Strata: one row per (dataset, template, step), then the macro-averages, which are means of means:
 * over templates, then over datasets (docs/methods.md 3.6); and which queries of a row belong
 * together. What is computed of them: estimate.h.
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
    int *part;           /* (n_parts) what it is the mean of: earlier rows, or queries */
    size_t n_parts;
};

/* Queries in clusters: what belongs together and is not independent. */
struct clusters {
    int *of_query;  /* (queries) which cluster, the same in every row */
    int *slot;      /* (queries) its place among the clusters of the query's row */
    size_t *in_row; /* (n_base) clusters of each row of the data */
    size_t n;
    bool as_items; /* of tokens: the same clusters as the items */
};

struct strata {
    struct stratum *v; /* (n): n_base rows of the data, then macro-averages */
    size_t n, n_base;
    int *of_query; /* (queries) base row; -1 = a bad query */
    size_t n_queries;
    struct clusters items;
    /* (n_targets + 1) queries of a dataset that share the target's token; the last: that of the
       right target */
    struct clusters *tokens;
    size_t n_targets;
};

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err);

#endif
