/* Private to the engine: the oracle. */
#ifndef LENSWEEP_ENGINE_NAIVE_H
#define LENSWEEP_ENGINE_NAIVE_H

#include "engine/engine.h"

/* One full pass per variant, all rows of all layers. */
void naive_run(struct engine *e, struct variant *v);

#endif
