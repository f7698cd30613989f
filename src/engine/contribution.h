/*
 * What heads add to the residual stream: their outputs through their own columns of a layer's
 * output matrix, and the norm after it, if there is one, with a run's divisors. It is linear in z,
 * so a difference of outputs gives a difference of contributions.
 */
#ifndef LENSWEEP_ENGINE_CONTRIBUTION_H
#define LENSWEEP_ENGINE_CONTRIBUTION_H

#include "engine/engine.h"

struct head_part {
    int head, n;    /* rows */
    const int *tok; /* (n) their tokens in the run */
    const float *z; /* (n, dh) */
    float *out;     /* (n, d) */
};

/* Of n_parts heads of one layer, whose output matrix is widened once. ERR_MEMORY. */
int engine_contributions(struct engine *e, const struct run *run, int layer,
                         const struct head_part *part, int n_parts, struct err *err);

#endif
