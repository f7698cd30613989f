/*
 * Variants that change nothing: their effect is exactly 0, and they are not run.
 */
#ifndef LENSWEEP_ENGINE_NOOP_H
#define LENSWEEP_ENGINE_NOOP_H

#include "engine/plan.h"

#include <stdbool.h>

/* Does every edit put back, bit for bit, what its base has there? Then the effect is exactly 0 and
   nothing is run. */
bool variant_is_noop(const struct variant *v, const struct shape *s);

/* The same as far as it can be told from the runs' making, without their rows: an edit that puts a
   run's own row into another run of the same prompt, left of the first token in which the two were
   made to differ. For plans; what it says is true of the rows as well. */
bool variant_is_plain_noop(const struct variant *v);

#endif
