/* How averages change from one step to the next, item by item, into a group: NAME_contrast with its
   interval and test beside it, along the dimension `contrast`. */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_CONTRASTS_H
#define LENSWEEP_CAMPAIGN_OUTPUT_CONTRASTS_H

#include "campaign/output.h"
#include "campaign/slabs.h"

/* Is it a mean that a headline tests against 0? Has an experiment's own group such ones, and the
   data steps? */
bool is_contrasted(const struct aggregate *a);
bool has_contrasts(const struct output *o, const struct experiment *x);

/* The dimension; its coordinates, which step minus which. Nothing where there is no contrast. */
struct dim contrast_dim(const struct output *o);
int write_contrast_steps(struct output *o, struct h5group *g, struct err *err);

/* Of a mean that is tested; values (queries, its elements). name: "mean_logit_contrast". */
int write_contrasts(struct output *o, const struct experiment *x, const struct aggregate *a,
                    const char *name, struct slabs *values, struct h5group *g, struct err *err);

#endif
