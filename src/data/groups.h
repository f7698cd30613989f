/* Private to this floor: which dataset and item a query belongs to. */
#ifndef LENSWEEP_DATA_GROUPS_H
#define LENSWEEP_DATA_GROUPS_H

#include "data/load.h"

int group_queries(struct loader *l, struct err *err);

/* Is a target of this name an answer in that dataset? Those called answer_..., where it has any;
   else all but the subject. */
bool is_answer(const struct loader *l, int set, int target);

#endif
