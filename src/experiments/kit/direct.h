/*
 * The direct effect of docs/methods.md 4: what edits change in the logits through the residual
 * stream alone, if nothing downstream of them follows.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_DIRECT_H
#define LENSWEEP_EXPERIMENTS_KIT_DIRECT_H

#include "experiments/experiment.h"

/* Edits of a query's clean run at one site: SITE_Z, SITE_ATTN, SITE_MLP, or SITE_RESID of layer
   0. */
struct direct_change {
    const struct run *run;
    const struct edit *edit;
    int n_edits;
    enum site site;
};

/* Of each target: with all norms on the way computed anew, and with the run's; both (n_targets),
   NaN where the query lacks the target. */
int direct_effects(struct worker *w, const struct scene *scene, const struct query *q,
                   const struct direct_change *change, float *frozen, float *anew, struct err *err);

#endif
