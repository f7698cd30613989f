/* The coordinates of the dimension `stratum`: of which dataset, template and step an average is. */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_STRATA_H
#define LENSWEEP_CAMPAIGN_OUTPUT_STRATA_H

#include "campaign/output.h"

int write_strata(struct output *o, struct h5group *g, struct err *err);

/* Which target each of the *n entries of an average's last dimension is about, for estimate_ask:
   the one that it is, or that its name ends with after a dot; of other metrics that have a sign the
   right one. In the group's arena; NULL and *n = 0: of none (or only an error). */
const int *strata_targets(struct output *o, const struct experiment *x, const struct aggregate *a,
                          size_t *n, struct err *err);
/* The same as a headline's by_token has it. */
int targets_in_words(struct output *o, const struct experiment *x, const struct aggregate *a,
                     const char **words, struct err *err);

/* Is it an effect with a sign, which is tested against 0? Of an aggregate with `tested`. */
bool has_sign(const struct experiment *x, const struct aggregate *a, size_t element);

#endif
