/* Private to this floor: what a query computes depends on, as canonical bytes. */
#ifndef LENSWEEP_DATA_FINGERPRINT_H
#define LENSWEEP_DATA_FINGERPRINT_H

#include "data/load.h"

/* The length of s, then its bytes. */
int put_text(struct buf *b, const char *s, struct err *err);

int fingerprint_queries(struct loader *l, struct err *err);
int fingerprint_origin(struct loader *l,
                       struct err *err); /* ds->origin, before anything is drawn */

#endif
