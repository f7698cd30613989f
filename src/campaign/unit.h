/* One unit's rows: the work that the cluster floor hands out. */
#ifndef LENSWEEP_CAMPAIGN_UNIT_H
#define LENSWEEP_CAMPAIGN_UNIT_H

#include "base/work.h"

struct campaign;

/* Appends the reduced rows of unit i to out: a pure function of i. Trouble with the query is a
   status in them. ERR_BUG if it cost something else than planned. */
int unit_run(struct campaign *c, uint64_t i, struct buf *out, struct err *err);

/* All units, in the order of c->unit. */
struct work campaign_work(struct campaign *c);

#endif
