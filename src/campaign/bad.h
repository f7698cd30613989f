/*
 * Bad queries: those that no experiment can compute, because the data say so or the model's output
 * on them is not finite. Progress, status and the summary of a run count the same ones; what a
 * single experiment leaves out (its `where`, a target that is not the argmax) is its own affair.
 */
#ifndef LENSWEEP_CAMPAIGN_BAD_H
#define LENSWEEP_CAMPAIGN_BAD_H

#include "results/journal.h"

struct campaign;

/* Do the rows of unit u say that its query is bad? */
bool unit_finds_bad(const struct campaign *c, uint64_t u, const void *rows, size_t n);

/* bad[q]: 1 for each query that is bad, by the data and the journal's rows. *n: how many. */
int campaign_bad(const struct campaign *c, struct journal *j, unsigned char *bad, size_t *n,
                 struct err *err);

#endif
