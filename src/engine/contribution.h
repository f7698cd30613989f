/*
 * What heads add to the residual stream: their outputs through their own columns of a layer's
 * output matrix, before its bias and any norm after it. It is linear in z, so a difference of
 * outputs gives a difference of contributions.
 */
#ifndef LENSWEEP_ENGINE_CONTRIBUTION_H
#define LENSWEEP_ENGINE_CONTRIBUTION_H

#include "engine/engine.h"

struct head_part {
    int head, n;    /* rows */
    const float *z; /* (n, dh) */
    float *out;     /* (n, d) */
};

/* Of n_parts heads of one layer, whose output matrix is widened once. */
void engine_contributions(struct engine *e, int layer, const struct head_part *part, int n_parts);

#endif
