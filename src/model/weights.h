/* Private to the model floor: the tensors of a checkpoint as the matrices of struct model. */
#ifndef LENSWEEP_MODEL_WEIGHTS_H
#define LENSWEEP_MODEL_WEIGHTS_H

#include "model/arch.h"
#include "model/checkpoint/checkpoint.h"
#include "model/model.h"

/* How a file format names the tensors, and the order of rows in q and k. */
struct naming {
    const char *layer; /* a printf format for the beginning of a layer's names */
    const char *embed, *unembed, *final_norm;
    const char *const *in_layer; /* (WEIGHTS) in the order of weights.c's table */
    const char *const *harmless; /* ends of names that may be there and are not read; NULL-ended */
    bool interleaved;            /* rotary pairs lie side by side */
};

extern const struct naming naming_hf, naming_gguf;

/* Fills m's matrices and norms from m->shape, checking the shape of every tensor, and that none is
   there that is not understood. Norms are widened into the arena. t = NULL: no weights are there,
   the matrices get their shape and `dtype`. */
int weights_bind(struct model *m, struct tensors *t, const struct naming *names, enum dtype dtype,
                 struct arena *a, struct err *err);

#endif
