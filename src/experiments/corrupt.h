/* Noised embeddings (METHODS 3.2): what SITE_RESID at layer 0 is set to in a corrupted run. */
#ifndef LENSWEEP_EXPERIMENTS_CORRUPT_H
#define LENSWEEP_EXPERIMENTS_CORRUPT_H

#include "experiments/experiment.h"

/* Embeddings of ids[b.lo .. b.hi), each plus level times normal deviates of NumPy's
   RandomState(seed): (samples, span, d) in the arena, sample by sample as `randn` makes them. Not
   filled in for a model without weights (plans). */
float *noised_embeddings(const struct model *m, const int32_t *ids, struct span b, double level,
                         uint32_t seed, int samples, struct arena *a, struct err *err);

#endif
