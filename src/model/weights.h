/* Private to the model floor: the tensors of a checkpoint as the matrices of struct model. */
#ifndef LENSWEEP_MODEL_WEIGHTS_H
#define LENSWEEP_MODEL_WEIGHTS_H

#include "model/arch.h"
#include "model/checkpoint/checkpoint.h"
#include "model/model.h"

/* Fills m's matrices and norms from m->shape and the config, checking the shape of every tensor,
   and that none is there that is not understood. Vectors are widened into the arena. t = NULL:
   no weights are there, the matrices get their shape and the config's dtype. */
int weights_bind(struct model *m, const struct arch_config *c, struct tensors *t, bool gguf,
                 struct arena *a, struct err *err);

#endif
