/* Private to the engine: a variant on its way through a wave, and the steps that both executors
   share. */
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
    int64_t kv, att, mlp; /* first row of its packed rows in e->k and e->v, e->q and e->z and e->a,
                             e->m */
};

/* A row of logits being made. */
struct pending {
    struct variant *v;
    const float *x;
};

/* One full pass per variant, all rows of all layers. */
void naive_run(struct engine *e, struct variant *v);

/* The answers of n finished variants; final[i] is the last row of x_L, edited. */
void answer_final(struct engine *e, int n, struct variant *const *v, const float *const *final);

/* The answer of a variant that changes nothing in the last row: its base's, bit for bit. */
void answer_from_base(const struct engine *e, struct variant *v);

/* Attention of n lanes at their stage's att rows: e->q, e->k, e->v and the bases' keys to e->z. */
void attend(struct engine *e, struct lane *const *live, int n, int layer);
size_t attention_scratch(const struct shape *s, int max_tokens); /* floats per thread */

#endif
