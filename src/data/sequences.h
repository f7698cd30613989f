/* Private to this floor: queries that no file has, of random tokens that stand twice. */
#ifndef LENSWEEP_DATA_SEQUENCES_H
#define LENSWEEP_DATA_SEQUENCES_H

#include "data/load.h"

/* l->opt->sequences of them, each an item: its target `copied` and the spans `copied`, that token's
   earlier place, and `earlier`, the last token's. */
int make_sequences(struct loader *l, struct err *err);

#endif
