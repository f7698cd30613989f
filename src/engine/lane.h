/* Private to the engine: a variant on its way through a wave. */
#ifndef LENSWEEP_ENGINE_LANE_H
#define LENSWEEP_ENGINE_LANE_H

#include "engine/engine.h"

struct lane {
    struct variant *v;
    int enter;            /* the layer in which it joins */
    struct span extent;   /* rows that it has a place for */
    int64_t slot;         /* row of e->x that holds token extent.lo */
    struct span x;        /* rows of the residual stream that differ from the base's */
    struct stage s;       /* of the layer at hand */
    int64_t turn;         /* what to add to a token for its row of the rotary tables */
    int64_t kv, att, mlp; /* first row of its packed rows in e->k and e->v, e->q and e->z and e->a,
                             e->m */
};

/* Row of token t in the lane's place. */
static inline float *lane_row(const struct engine *e, const struct lane *lane, int t)
{
    return e->x + (lane->slot + t - lane->extent.lo) * e->model->shape.d_model;
}

#endif
