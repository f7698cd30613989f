/* Private to this floor: the traps of the data as flags. */
#ifndef LENSWEEP_DATA_FLAGS_H
#define LENSWEEP_DATA_FLAGS_H

#include "data/load.h"

int flag_queries(struct loader *l, struct err *err);

#endif
