#include "base/real.h"

#include "base/real_log.h"

#include <stdbool.h>

static const double LOG2E = 0x1.71547652b82fep+0;

static double nearest_integer(double x)
{
    const double round = 0x1.8p52;

    return (x + round) - round;
}

/* 2^k for -1022 <= k <= 1023 */
static double power_of_2(int k)
{
    return double_of_bits((uint64_t)(k + 1023) << 52);
}

/* exp(x + low), for a low that is at most an ulp of x. */
static double exp_of_two(double x, double low)
{
    static const double c[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                               1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                               1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
    double k, high, r, rest, one, small, y;
    int half;

    if (!(x > -746 && x < 710))
        return isnan(x) ? x : x > 0 ? HUGE_VAL : 0;
    k = nearest_integer(x * LOG2E);
    high = fma(-k, LN2_HIGH, x);
    low = fma(-k, LN2_LOW, low);
    r = high + low;
    rest = (high - r) + low;
    one = 1 + r;
    small = r - (one - 1);
    y = one + (small + fma(r * r, polynomial(c, 12, r), fma(rest, r, rest)));
    half = (int)k / 2;
    return y * power_of_2(half) * power_of_2((int)k - half);
}

double real_exp(double x)
{
    return exp_of_two(x, 0);
}

/* log(x) of a positive, finite x; *low is what the result lacks. */
static double log_in_two(double x, double *low)
{
    bool denormal = x < 0x1p-1022;

    return log_of_normal(denormal ? x * 0x1p54 : x, denormal ? 54 : 0, low);
}

double real_log(double x)
{
    double low;

    if (!(x > 0 && x < HUGE_VAL))
        return x > 0 ? x : x == 0 ? -HUGE_VAL : (double)NAN;
    return log_in_two(x, &low);
}

double real_log1p(double x)
{
    double u = 1 + x;

    if (!(u > 0 && u < HUGE_VAL))
        return real_log(u);
    return real_log(u) + (x - (u - 1)) / u;
}

double real_pow(double x, double y)
{
    double low, high = log_in_two(x, &low), product = y * high;

    return exp_of_two(product, fma(y, high, -product) + y * low);
}

/* x less the nearest multiple of pi / 2, in two parts; returns which multiple, modulo 4. The first
   three parts of pi / 2 have 26 bits, so that up to 2^27 times one is exact. */
static int reduce(double x, double *r, double *low)
{
    static const double part[] = {0x1.921fb5p+0, 0x1.110b46p-26, 0x1.1a6263p-54};
    double k = nearest_integer(x * 0x1.45f306dc9c883p-1), high = x, rest = 0;

    for (int i = 0; i < 3; i++) {
        double p = k * part[i], next = high - p, back = next - high;

        rest += (high - (next - back)) - (p + back);
        high = next;
    }
    rest = fma(-k, 0x1.8a2e03707344ap-81, rest);
    *r = high + rest;
    *low = rest - (*r - high);
    return (int)((int64_t)k & 3);
}

static double sin_near_0(double r, double low)
{
    static const double c[] = {
        -1.0 / 6,        1.0 / 120,        -1.0 / 5040,          1.0 / 362880,
        -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000};
    double z = r * r;

    return r + fma(r * z, polynomial(c, 8, z), fma(-0.5 * z, low, low));
}

static double cos_near_0(double r, double low)
{
    static const double c[] = {
        1.0 / 24,        -1.0 / 720,         1.0 / 40320,         -1.0 / 3628800,
        1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
    double z = r * r, half = 0.5 * z, high = 1 - half;
    double lost = fma(r, r, -z) / 2; /* of half */

    return high + (((1 - high) - half) - lost + fma(z * z, polynomial(c, 7, z), -r * low));
}

/* sin(x + quarter * pi / 2) */
static double sine(double x, int quarter)
{
    double r, low, y;
    int q;

    if (!(fabs(x) <= 0x1p27))
        return (double)NAN;
    q = reduce(x, &r, &low) + quarter;
    y = q & 1 ? cos_near_0(r, low) : sin_near_0(r, low);
    return q & 2 ? -y : y;
}

double real_sin(double x)
{
    return x == 0 ? x : sine(x, 0);
}

double real_cos(double x)
{
    return sine(x, 1);
}

/* Stirling's series from 16 on, where its first seven terms do; below, by gamma(x + 1) = x
   gamma(x). */
double real_lgamma(double x)
{
    static const double c[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                               1.0 / 1188, -691.0 / 360360, 1.0 / 156};
    const double half_log_2_pi = 0x1.d67f1c864beb5p-1;
    double product = 1;

    if (!(x > 0 && x < HUGE_VAL))
        return x == 0 ? HUGE_VAL : x > 0 ? x : (double)NAN;
    while (x < 16)
        product *= x++;
    return (x - 0.5) * real_log(x) - x + half_log_2_pi + polynomial(c, 7, 1 / (x * x)) / x -
           real_log(product);
}
