/* Cells in words, for plans and for what is compared. */
#ifndef LENSWEEP_CAMPAIGN_WORDS_H
#define LENSWEEP_CAMPAIGN_WORDS_H

#include "experiments/experiment.h"

/* A cell of a query of n tokens in words, as x->words says it, appended to b. */
int cell_words(const struct experiment *x, int n, uint64_t cell, struct buf *b, struct err *err);

/* Entry i of an axis in words: its label, its coordinate, or its number. */
int axis_put_place(const struct axis *a, int64_t i, struct buf *b, struct err *err);

#endif
