/*
 * Private to the engine: what senders add in a run, noted while it is made, for readers that read
 * another value of them (OP_SWAP).
 */
#ifndef LENSWEEP_ENGINE_SWAP_H
#define LENSWEEP_ENGINE_SWAP_H

#include "engine/wave.h"

/* A variant's swaps, and of one site and layer the rows that this run has. */
struct swapping {
    const struct swaps *s;
    const float *const *row; /* (s->tok) */
};

/* Notes u' - u of the senders of a site and layer, of the first n in e->swapping, and the stream
   with u'. SITE_RESID comes first, then each layer's sites when readers above may read them. Takes
   e->q and e->norm. */
void swap_senders(struct engine *e, enum site site, int layer, int n);

/* The same for all lanes of a wave that have swaps; takes e->row. */
void swap_lanes(struct wave *w, enum site site, int layer);

#endif
