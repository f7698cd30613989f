/*
 * Private to base: log in double precision without a branch, so that a loop over numbers becomes
 * one over vectors where the processor has them (real.c, kernels_isa.c).
 */
#ifndef LENSWEEP_BASE_REAL_LOG_H
#define LENSWEEP_BASE_REAL_LOG_H

#include "base/bits.h"

#include <math.h>
#include <stdint.h>

/* ln 2 in two parts; the first has so few bits that an exponent times it is exact. */
static const double LN2_HIGH = 0x1.62e42fefa38p-1, LN2_LOW = 0x1.ef35793c7673p-45;

/* Coefficients from the lowest power to the highest. */
static inline double polynomial(const double *c, int n, double x)
{
    double p = c[n - 1];

    for (int i = n - 2; i >= 0; i--)
        p = fma(p, x, c[i]);
    return p;
}

/* log(x / 2^less) of a positive, finite, normal x; *low is what the result lacks. With x = 2^e m
   and s = (m - 1) / (m + 1), log(m) = 2 atanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...); s itself is
   kept in two parts. */
static inline double log_of_normal(double x, int less, double *low)
{
    static const double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                               2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
    const uint64_t root_half = 0x3fe6a09e667f3bcd, bias = 2048, two_to_52 = 0x4330000000000000;
    uint64_t bits = bits_of_double(x), up = (bits - root_half + (bias << 52)) >> 52; /* e + bias */
    double e = double_of_bits(two_to_52 | up) - 0x1p52 - (double)bias - less;
    double m = double_of_bits(bits - ((up - bias) << 52)), f = m - 1, d = m + 1, s = f / d;
    double rest = (fma(-s, d, f) - s * (m - (d - 1))) / d, z = s * s;
    double high = e * LN2_HIGH, sum = high + 2 * s;

    *low = 2 * s - (sum - high);
    *low += fma(s * z, polynomial(c, 11, z), fma(2 * rest, z, 2 * rest)) + e * LN2_LOW;
    high = sum + *low;
    *low -= high - sum;
    return high;
}

#endif
