#include "base/mt19937.h"

#include "base/real.h"

#include <math.h>

enum { N = 624, M = 397 };

void mt19937_seed(struct mt19937 *m, uint32_t seed)
{
    m->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        m->state[i] = 1812433253u * (m->state[i - 1] ^ (m->state[i - 1] >> 30)) + i;
    m->at = N;
    m->has_spare = false;
}

static void refill(struct mt19937 *m)
{
    for (int i = 0; i < N; i++) {
        uint32_t y = (m->state[i] & 0x80000000u) | (m->state[(i + 1) % N] & 0x7fffffffu);

        m->state[i] = m->state[(i + M) % N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    m->at = 0;
}

static uint32_t next(struct mt19937 *m)
{
    uint32_t y;

    if (m->at == N)
        refill(m);
    y = m->state[m->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

double mt19937_unit(struct mt19937 *m)
{
    uint32_t high = next(m) >> 5, low = next(m) >> 6;

    return ((double)high * 67108864.0 + (double)low) / 9007199254740992.0;
}

/* Marsaglia's polar method, the second of each pair first, as NumPy's legacy generator has it. */
double mt19937_normal(struct mt19937 *m)
{
    double x, y, r, f;

    if (m->has_spare) {
        m->has_spare = false;
        return m->spare;
    }
    do {
        x = 2 * mt19937_unit(m) - 1;
        y = 2 * mt19937_unit(m) - 1;
        r = x * x + y * y;
    } while (r >= 1 || r == 0);
    f = sqrt(-2 * real_log(r) / r);
    m->spare = f * x;
    m->has_spare = true;
    return f * y;
}
