/*
 * Surveys (kit/survey.h) over the data: a unit is a block of queries that stand together, its rows
 * are float64 sums, and the sums of all blocks are added in index order, so bits depend on data and
 * model alone, not on who computed which block.
 */
#ifndef LENSWEEP_CAMPAIGN_SURVEY_H
#define LENSWEEP_CAMPAIGN_SURVEY_H

#include "experiments/kit/survey.h"
#include "results/journal.h"

enum { SURVEY_BLOCK = 32 }; /* queries */

struct campaign;

/* Sums of the queries [first, first + n), appended to out; and what they cost. */
int survey_run(const struct experiment *x, struct engine *e, size_t first, size_t n,
               struct arena *a, struct buf *out, struct err *err);
uint64_t survey_flops(const struct experiment *x, size_t first, size_t n);

/* What the surveys found, from the rows of their units in the journal; nothing where one of them is
   not there yet. */
int campaign_survey(struct campaign *c, struct journal *j, struct err *err);

#endif
