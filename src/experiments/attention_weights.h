/* Private to kind attention: what weights alone say of heads (docs/methods.md 6.5), a cell each. */
#ifndef LENSWEEP_EXPERIMENTS_ATTENTION_WEIGHTS_H
#define LENSWEEP_EXPERIMENTS_ATTENTION_WEIGHTS_H

#include "experiments/experiment.h"

/* Where `weights` is set: declares axes, fields and headlines, and makes x one of the model, with
   slots of its own. */
int weights_open(struct experiment *x, struct err *err);

#endif
