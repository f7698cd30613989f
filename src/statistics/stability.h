/*
 * How stable a ranking is (docs/methods.md 6): draws of items with replacement, and what a ranking
 * of configurations by their effects has in common between two draws, as it would between two
 * studies of as many items each.
 */
#ifndef LENSWEEP_STATISTICS_STABILITY_H
#define LENSWEEP_STATISTICS_STABILITY_H

#include "statistics/strata.h"

enum { BOOTSTRAP_MAX = 100, TOP_KINDS = 3 };

extern const int32_t top_sizes[TOP_KINDS]; /* 5, 10, 20 */

/* How often each draw has each cluster: as many of a dataset's as there are. */
struct draws {
    size_t n;      /* even, at most BOOTSTRAP_MAX */
    double *times; /* (clusters, n) */
};

int draws_open(struct draws *d, const struct strata *s, const struct dataset *ds,
               const struct statistics_config *c, struct arena *a, struct err *err);

/* Means of one element in each draw, out (s->n, d->n), NaN where a draw has no value: its values
   are `stride` apart, NaN = has none. room: (2 d->n). */
void drawn_means(const struct strata *s, const struct draws *d, const float *value, size_t stride,
                 double *room, float *out);

struct stability {
    double top_jaccard[TOP_KINDS]; /* mean share of two draws' top k that both have; NaN: not more
                                      than k configurations */
    double rank_correlation;       /* Spearman's, mean */
    int first_candidates;          /* configurations that come first in one of twenty draws */
};

/* Of n configurations: configuration i's means (draws) begin at mean[i]. Those without a mean in
   a draw are left out of it. */
int stability_of(const float *const *mean, size_t n, const struct draws *d, struct stability *out,
                 struct arena *scratch, struct err *err);

#endif
