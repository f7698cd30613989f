#include "experiments/kit/deviates.h"

#include "base/real.h"

#include <math.h>

/* Box and Muller's, element i of the stream. */
static double normal_at(struct rng r, uint64_t i)
{
    double u, v;

    r.counter = 2 * i;
    u = 1 - rng_unit(&r);
    v = rng_unit(&r);
    return sqrt(-2 * real_log(u)) * real_cos(6.283185307179586476925 * v);
}

void row_deviates(struct rng stream, const struct deviate_row *row, size_t first, size_t n,
                  float *out)
{
    uint64_t at = (uint64_t)row->draw * row->layers + row->layer;

    at = (at * row->tokens + row->token) * row->width + first;
    for (size_t i = 0; i < n; i++)
        out[i] = (float)normal_at(stream, at + i);
}
