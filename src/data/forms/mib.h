/* What the readers of the MIB benchmark's rows share. Private to this floor. */
#ifndef LENSWEEP_DATA_FORMS_MIB_H
#define LENSWEEP_DATA_FORMS_MIB_H

#include "data/recast.h"

/* The row under the first of these keys (ends with NULL) that the record has: its counterfactual;
   NULL = it has none. One that is no object is a problem. */
const json_t *mib_counterfactual(struct loader *l, const json_t *record, const char *const *keys);

/* The prompt of such a row; NULL = it has none, or a problem. */
const char *mib_prompt(struct loader *l, const json_t *row);

/* One of the alternatives as text: a number is spelled, in the scratch arena; NULL = a problem, or
   no memory (err). */
const char *mib_choice(struct loader *l, const json_t *v, struct err *err);

/* Which choice is the ith (from 0) when the right one goes first; right = -1: as they stand. */
size_t mib_right_first(size_t i, int right);

/* answerKey: the right one of n choices, from 0; -1 = a problem. */
int mib_answer_key(struct loader *l, const json_t *record, size_t n);

#endif
