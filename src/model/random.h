/*
 * A model about nothing: random weights in the place of a model's own (docs/methods.md 1).
 *
 *     int draw(struct model *m, struct err *err)      // of one opened with options.random
 *     {
 *         return m->drawn ? 0 : random_make(m, 4, err);
 *     }
 *
 * Each matrix, and each bias that is not a norm's, gets normal deviates of its own mean and
 * standard deviation; norms stay. Deviates follow from the seed, the matrix's place in the model
 * and an element's place in it alone. They are kept as bfloat16, whatever the type in
 * the file is: 2 bytes an element, once for each node.
 *
 * Several processes of a node share them: one measures, each is told what it found, one fills the
 * memory that all see, and all bind it.
 */
#ifndef LENSWEEP_MODEL_RANDOM_H
#define LENSWEEP_MODEL_RANDOM_H

#include "model/model.h"

struct weight_spread {
    double mean, sd;
};

/* How many of them a model has, and the memory that its random weights take. */
size_t random_spreads(const struct model *m);
uint64_t random_bytes(const struct model *m);

/* of (random_spreads(m)), by so many threads; the same bits by any number of them. */
int random_measure(const struct model *m, int threads, struct weight_spread *of, struct err *err);

/* room: (random_bytes(m)) */
int random_fill(const struct model *m, const struct weight_spread *of, int threads,
                unsigned char *room, struct err *err);

/* Has m use them; they must live as long (m->random_room). */
void random_bind(struct model *m, const unsigned char *room);

/* All of that by this process alone, in memory that is m's. */
int random_make(struct model *m, int threads, struct err *err);

#endif
