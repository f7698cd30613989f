/* Which queries an experiment takes: its `limit` and `where`. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_WHERE_H
#define LENSWEEP_EXPERIMENTS_KIT_WHERE_H

#include "experiments/experiment.h"

/* Unknown keys and values that a key cannot have, as problems. */
void where_check(const struct experiment *x, struct problems *problems);

/* Why this query is left out, or NULL. */
const char *where_skip(const struct experiment *x, const struct query *q);

#endif
