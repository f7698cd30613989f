/* Private to this floor: one record of the native format, which other readers make of theirs. */
#ifndef LENSWEEP_DATA_NATIVE_H
#define LENSWEEP_DATA_NATIVE_H

#include "data/load.h"

/* bad: what is wrong with the query beside what its record says; NULL = nothing. */
int native_read(struct loader *l, const json_t *record, const char *bad, struct err *err);

#endif
