/* Private to this floor: what of other subjects is drawn for an attempt. */
#ifndef LENSWEEP_CURATION_PICK_H
#define LENSWEEP_CURATION_PICK_H

#include "curation/curation.h"

/* Another subject's attempt of the same template whose prompt at this step has the same spans, and
   of which no object is one of the attempt's subject's; drawn by seed. NULL = there is none. */
const struct attempt *pick_counterfactual(const struct curation *c, const struct attempt *a,
                                          int step);

/* At most n first tokens of kept answers of other subjects, distinct; none of an answer that is
   right here, none that begins an answer of this attempt, or its subject; drawn by seed. Returns
   how many. */
int pick_controls(const struct curation *c, const struct attempt *a, int32_t *out, size_t n,
                  struct arena *scratch, struct err *err);

/* Each kept item to a split, by seed and share. */
int pick_splits(struct curation *c, struct err *err);

#endif
