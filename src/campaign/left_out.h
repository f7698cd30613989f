/* Which queries are left out: by the data, or by what their units found. */
#ifndef LENSWEEP_CAMPAIGN_LEFT_OUT_H
#define LENSWEEP_CAMPAIGN_LEFT_OUT_H

#include "results/journal.h"

struct campaign;

/* Do a unit's rows say that its query goes no further? */
bool unit_left_out(const void *rows, size_t n);

/* left_out[q]: 1 for each query of which the data, or the journal's rows of group `queries`, say
   that it cannot be computed. *n: how many there are. */
int campaign_left_out(const struct campaign *c, struct journal *j, unsigned char *left_out,
                      size_t *n, struct err *err);

#endif
