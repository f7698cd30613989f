#include "base/rng.h"

#include <string.h>
#include <xxhash.h>

struct rng rng_for(uint64_t seed, uint64_t subject, const char *purpose)
{
    uint64_t h = XXH3_64bits_withSeed(purpose, strlen(purpose), seed);

    return (struct rng){h ^ (subject * 0x9e3779b97f4a7c15u), 0};
}

/* SplitMix64's finaliser over a Weyl sequence: the counter may be set to any place. */
uint64_t rng_u64(struct rng *r)
{
    uint64_t z = r->key + ++r->counter * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;

    do
        x = rng_u64(r);
    while (x >= limit);
    return x % n;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

void rng_shuffle(struct rng *r, uint32_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(r, i);
        uint32_t t = v[i - 1];

        v[i - 1] = v[j];
        v[j] = t;
    }
}
