/* Which queries an experiment takes: its `limit` and `where`. `where` selects by the properties of
   a query (data/property.h), and by whether the model is right: correct. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_WHERE_H
#define LENSWEEP_EXPERIMENTS_KIT_WHERE_H

#include "experiments/experiment.h"

/* Unknown keys and values that a key cannot have, as problems. */
void where_check(const struct experiment *x, struct problems *problems);

/* Why this query is left out, or NULL. */
const char *where_skip(const struct experiment *x, const struct query *q);

/* `correct`, which only the query's clean run can tell: 1 or 0 as it is asked for, -1 = it is not.
   What a unit computes depends on it. */
int where_correct(const struct experiment *x);
/* Why the query goes no further after this run, or NULL. */
const char *where_refuses(const struct experiment *x, const struct query *q,
                          const struct run *clean);

#endif
