/* Private to the engine: variants on their way through the layers together. */
#ifndef LENSWEEP_ENGINE_WAVE_H
#define LENSWEEP_ENGINE_WAVE_H

#include "engine/lane.h"

#include <stdbool.h>

struct wave {
    struct engine *e;
    struct lane *lane; /* (n) */
    int n;
    struct lane **live; /* (n_live) those that have joined, in order */
    int n_live;
    struct variant **answered; /* room for n */
    int64_t used;              /* rows of e->x taken */
};

/* Puts a variant into the wave; false if it has no room left for its rows: an empty wave has room
   for any. */
bool wave_join(struct wave *w, struct variant *v);

/* Runs what has joined, fills answers and runs, and empties the wave. */
void wave_run(struct wave *w);

#endif
