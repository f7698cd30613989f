/* Private to this floor: drafts into queries. */
#ifndef LENSWEEP_DATA_SETTLE_H
#define LENSWEEP_DATA_SETTLE_H

#include "data/load.h"

/* What needs one line only. */
int draft_finish(struct loader *l, struct err *err);
/* What needs all names. */
int settle_queries(struct loader *l, struct err *err);

#endif
