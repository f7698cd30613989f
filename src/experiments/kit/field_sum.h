/*
 * Averages that are signed sums of fields (results/signed_sum.h): one query's numbers, from its
 * padded arrays.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_FIELD_SUM_H
#define LENSWEEP_EXPERIMENTS_KIT_FIELD_SUM_H

#include "experiments/experiment.h"

struct field_sum;

/* Of aggregate `a` of x, in the arena. ERR_BUG: a term is not a field of single precision, or has a
   dimension that the average lacks. */
int field_sum_open(struct field_sum **s, const struct experiment *x, const struct aggregate *a,
                   struct arena *arena, struct err *err);

/* out (elements of the aggregate, padded). Terms are added two by two, the pairs in their order: a
   drop less the drop of its controls is the difference of both. */
void field_sum_value(const struct field_sum *s, const struct row *row, float *out);

#endif
