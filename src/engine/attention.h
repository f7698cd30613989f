/* Private to the engine: attention of a wave's lanes. */
#ifndef LENSWEEP_ENGINE_ATTENTION_H
#define LENSWEEP_ENGINE_ATTENTION_H

#include "engine/lane.h"

#include <stddef.h>

/* Attention of n lanes at their stage's att rows: e->q, e->k, e->v and the bases' keys to e->z. */
void attend(struct engine *e, struct lane *const *live, int n, int layer);
size_t attention_scratch(const struct shape *s, int max_tokens); /* floats per thread */

#endif
