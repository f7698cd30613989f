/* Private to this floor: what is drawn for a query from other items. */
#ifndef LENSWEEP_DATA_DRAWS_H
#define LENSWEEP_DATA_DRAWS_H

#include "data/load.h"

/* For data about nothing: the queries of a dataset, template and step stand on a circle, their
   items in random order, and each takes targets and answers of the next item's, the right one and
   the foils with them. An item that stands alone keeps its own. What the item really has stays
   out of the controls that are drawn for it; those that the data give stay with their prompt. */
int shuffle_targets(struct loader *l, struct err *err);

int draw_controls(struct loader *l, struct err *err);
int draw_counterfactuals(struct loader *l, struct err *err);

#endif
