/* Private to this floor: what is drawn for a query from other items. */
#ifndef LENSWEEP_DATA_DRAWS_H
#define LENSWEEP_DATA_DRAWS_H

#include "data/load.h"

int draw_controls(struct loader *l, struct err *err);
int draw_counterfactuals(struct loader *l, struct err *err);

#endif
