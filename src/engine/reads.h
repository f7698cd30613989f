/*
 * Private to the engine: modules that read the residual stream for themselves (SITE_READ_Q and so
 * on). A head's part of the product is made once more, of what it reads; the heads of all live
 * lanes that read for themselves share a product for each head.
 */
#ifndef LENSWEEP_ENGINE_READS_H
#define LENSWEEP_ENGINE_READS_H

#include "engine/wave.h"

/* Puts, at site SITE_READ_Q, _K or _V, the rows of w that belong to what each head reads into its
   place in packed (rows of all lanes, heads * dh). Uses e->norm, e->read and e->z. */
void read_heads(struct wave *wave, int layer, enum site site, const struct linear *w,
                float *packed);

/* e->row of the packed MLP rows: those that the MLP reads for itself point to copies in e->read. */
void read_mlp(struct wave *wave, int layer);

#endif
