/* A small decoder with random float32 weights, in memory: for property tests over many shapes. */
#ifndef LENSWEEP_TESTS_RANDOM_MODEL_H
#define LENSWEEP_TESTS_RANDOM_MODEL_H

#include "base/mem.h"
#include "base/rng.h"
#include "model/model.h"

/* layers, heads a multiple of groups, head width even, vocabulary; everything in the arena. Weights
   are scaled so that logits are of size about 1 and attention is far from uniform. */
void random_model(struct model *m, struct arena *a, struct rng *r, int layers, int heads,
                  int groups, int head_width, int vocab);

/* Gives it facts of other architectures at random, each of them in half of the cases: norms of
   every kind and place, biases, positions, windows, caps, parallel blocks, matrices as files
   have them. */
void random_facts(struct model *m, struct arena *a, struct rng *r);

double random_normal(struct rng *r);

#endif
