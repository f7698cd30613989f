/* Private to this floor: one object of the native format into a draft. */
#ifndef LENSWEEP_DATA_NATIVE_H
#define LENSWEEP_DATA_NATIVE_H

#include "data/load.h"

int native_line(struct loader *l, const json_t *obj, struct query *q, struct draft *d,
                struct err *err);

#endif
