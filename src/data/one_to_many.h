/* Private to this floor: one object of a released one-to-many file into a draft. */
#ifndef LENSWEEP_DATA_ONE_TO_MANY_H
#define LENSWEEP_DATA_ONE_TO_MANY_H

#include "data/load.h"

int one_to_many_line(struct loader *l, const json_t *obj, struct query *q, struct draft *d,
                     struct err *err);

#endif
