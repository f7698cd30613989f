/*
 * How stable a sweep's rankings are, into NAME/stats: top_jaccard, rank_correlation and
 * first_candidates over (stratum, the dimensions that are not ranked over).
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_STABILITY_H
#define LENSWEEP_CAMPAIGN_OUTPUT_STABILITY_H

#include "campaign/output.h"
#include "campaign/slabs.h"

/* The dimension k of the group, which has to be there. */
extern const struct dim stability_dim;

/* values: (queries, elements of a). Nothing without draws (statistics.bootstrap). */
int write_stability(struct output *o, const struct experiment *x, const struct aggregate *a,
                    struct slabs *values, struct h5group *g, struct err *err);

#endif
