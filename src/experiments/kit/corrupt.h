/* Corrupted embeddings (docs/methods.md 3.2): what SITE_RESID at layer 0 of a corrupted run is. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_CORRUPT_H
#define LENSWEEP_EXPERIMENTS_KIT_CORRUPT_H

#include "experiments/experiment.h"

/* Embeddings of ids[b.lo .. b.hi) at the positions from `at` on: (samples, span, d) in the
   arena, the same for each sample. Not filled in for a model without weights (plans). */
float *span_embeddings(const struct model *m, const int32_t *ids, struct span b, int at,
                       int samples, struct arena *a, struct err *err);

/* The same, each plus level times normal deviates of NumPy's RandomState(seed), sample by sample as
   `randn` makes them. */
float *noised_embeddings(const struct model *m, const int32_t *ids, struct span b, double level,
                         uint32_t seed, int samples, struct arena *a, struct err *err);

/* The run of a query, of which the first in its list is the clean one, with the embeddings of a
   span set to v (span, d). */
int corrupted_run(struct run_spec *spec, unsigned keep, struct span b, const float *v, int d,
                  struct arena *a, struct err *err);

#endif
