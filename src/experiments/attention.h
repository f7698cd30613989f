/* Private to kind attention: what weights alone say of heads (docs/methods.md 6.5), a cell each.
   The functions are the kind's slots where `weights` is set. */
#ifndef LENSWEEP_EXPERIMENTS_ATTENTION_H
#define LENSWEEP_EXPERIMENTS_ATTENTION_H

#include "experiments/experiment.h"

/* Declares axes, fields and headlines; makes x one of the model. */
int weights_open(struct experiment *x, struct err *err);
int weights_prepare(const struct experiment *x, struct worker *w, const void **prepared,
                    struct err *err);
void weights_cost(const struct experiment *x, struct cell *cell);
int weights_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                 struct worker *w, struct err *err);

#endif
