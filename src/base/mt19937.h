/*
 * NumPy's legacy normal deviates, bit for bit where its log rounds as ours (nearly always): what
 * numpy.random.RandomState(seed).randn(...) returns, in C order of the shape asked for.
 */
#ifndef LENSWEEP_BASE_MT19937_H
#define LENSWEEP_BASE_MT19937_H

#include <stdbool.h>
#include <stdint.h>

struct mt19937 {
    uint32_t state[624];
    int at;
    bool has_spare; /* the polar method makes two at a time */
    double spare;
};

void mt19937_seed(struct mt19937 *m, uint32_t seed);
double mt19937_unit(struct mt19937 *m); /* uniform over [0, 1), 53 bits: random_sample() */
double mt19937_normal(struct mt19937 *m);

#endif
