/*
 * Private to the engine: the edits that are due at a value computed anew. Those that made the
 * variant's base act first, then the variant's own.
 */
#ifndef LENSWEEP_ENGINE_APPLY_H
#define LENSWEEP_ENGINE_APPLY_H

#include "engine/plan.h"

#include <stdbool.h>

/* To `row`, the site's value of token t. */
void apply_edits(const struct variant *v, const struct shape *s, enum site site, int layer, int t,
                 float *row);

/* To `row`, what a head reads of token t. */
void apply_read(const struct variant *v, const struct shape *s, enum site site, int layer, int head,
                int t, float *row);

/* To one head's row t over the keys that it sees: before the softmax (false if no key is left),
   after it. */
bool apply_masks(const struct variant *v, int layer, int head, int t, struct span keys,
                 float *score);
void apply_pattern(const struct variant *v, int layer, int head, int t, struct span keys, float *p);

#endif
