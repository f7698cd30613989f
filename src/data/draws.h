/* Private to this floor: what is drawn for a query from other items. */
#ifndef LENSWEEP_DATA_DRAWS_H
#define LENSWEEP_DATA_DRAWS_H

#include "data/load.h"

/* For data about nothing: the queries of a dataset, template and step stand on a circle, their
   items in random order, and each takes the targets and answers of the next item's. */
int shuffle_targets(struct loader *l, struct err *err);

int draw_controls(struct loader *l, struct err *err);
int draw_counterfactuals(struct loader *l, struct err *err);

#endif
