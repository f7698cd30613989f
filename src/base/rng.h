/*
 * Random draws that depend on what they are for and on nothing else.
 *
 * A stream is keyed by (seed, what it is drawn for, a name of the purpose): the same draws come out
 * whichever rank asks, in whatever order, however often.
 *
 *     size_t draw_control(uint64_t seed, uint64_t query_key, size_t n)
 *     {
 *         struct rng r = rng_for(seed, query_key, "controls");
 *
 *         return rng_below(&r, n);
 *     }
 */
#ifndef LENSWEEP_BASE_RNG_H
#define LENSWEEP_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t key, counter;
};

struct rng rng_for(uint64_t seed, uint64_t subject, const char *purpose);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* uniform over [0, n), without bias; n > 0 */
double rng_unit(struct rng *r);                /* uniform over [0, 1) */
void rng_shuffle(struct rng *r, uint32_t *v, size_t n);

#endif
