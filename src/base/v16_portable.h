/* v16.h in plain C, and the oracle of the others. */
#ifndef LENSWEEP_BASE_V16_PORTABLE_H
#define LENSWEEP_BASE_V16_PORTABLE_H

#ifdef V16_INLINE /* alone, this header is empty */

#include <math.h>
#include <string.h>

/* Calls, where these arrays have no registers to lie in: inlined, they cost gcc minutes. */
#if defined(__GNUC__) && !defined(__aarch64__)
#define V16_CALL static __attribute__((noinline, unused))
#else
#define V16_CALL V16_INLINE
#endif

typedef struct {
    float at[LANES];
} v16;

typedef struct {
    double at[LANES];
} w16;

#define V16_EACH(type, expression)  \
    type out;                       \
                                    \
    for (int j = 0; j < LANES; j++) \
        out.at[j] = (expression);   \
    return out

V16_CALL v16 v16_set(float x)
{
    V16_EACH(v16, x);
}

V16_CALL v16 v16_load(const float *p)
{
    V16_EACH(v16, p[j]);
}

/* The first n, and `fill` beyond them; 0 <= n < 16. */
V16_CALL v16 v16_load_n(const float *p, int64_t n, float fill)
{
    V16_EACH(v16, j < n ? p[j] : fill);
}

V16_CALL void v16_store(float *p, v16 x)
{
    memcpy(p, x.at, sizeof x.at);
}

V16_CALL void v16_store_n(float *p, int64_t n, v16 x)
{
    memcpy(p, x.at, (size_t)n * sizeof *p);
}

V16_CALL v16 v16_add(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] + b.at[j]);
}

V16_CALL v16 v16_sub(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] - b.at[j]);
}

V16_CALL v16 v16_mul(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] * b.at[j]);
}

V16_CALL v16 v16_div(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] / b.at[j]);
}

/* a * b + c, rounded once. */
V16_CALL v16 v16_fma(v16 a, v16 b, v16 c)
{
    V16_EACH(v16, fmaf(a.at[j], b.at[j], c.at[j]));
}

V16_CALL v16 v16_min(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] < b.at[j] ? a.at[j] : b.at[j]);
}

V16_CALL v16 v16_max(v16 a, v16 b)
{
    V16_EACH(v16, a.at[j] > b.at[j] ? a.at[j] : b.at[j]);
}

/* a < b ? x : y */
V16_CALL v16 v16_if_less(v16 a, v16 b, v16 x, v16 y)
{
    V16_EACH(v16, a.at[j] < b.at[j] ? x.at[j] : y.at[j]);
}

V16_CALL v16 v16_abs(v16 x)
{
    V16_EACH(v16, fabsf(x.at[j]));
}

/* |x| with the sign of s. */
V16_CALL v16 v16_signed(v16 x, v16 s)
{
    V16_EACH(v16, copysignf(x.at[j], s.at[j]));
}

/* 2^(k + bias - 127), if k stands in the low bits of t and the sum is the exponent of a float. */
V16_CALL v16 v16_power_of_2(v16 t, int bias)
{
    v16 out;

    for (int j = 0; j < LANES; j++) {
        uint32_t bits;

        memcpy(&bits, &t.at[j], sizeof bits);
        bits = (bits << 23) + ((uint32_t)bias << 23);
        memcpy(&out.at[j], &bits, sizeof bits);
    }
    return out;
}

V16_CALL float v16_sum(v16 x)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++)
            x.at[j] += x.at[j + half];
    return x.at[0];
}

/* The sums of four. */
V16_CALL void v16_sum4(float out[4], v16 a, v16 b, v16 c, v16 d)
{
    out[0] = v16_sum(a);
    out[1] = v16_sum(b);
    out[2] = v16_sum(c);
    out[3] = v16_sum(d);
}

/* The largest lane of numbers that are not NaN, compared in the tree of the sums. */
V16_CALL float v16_largest(v16 x)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++)
            x.at[j] = x.at[j + half] > x.at[j] ? x.at[j + half] : x.at[j];
    return x.at[0];
}

V16_CALL w16 w16_load(const double *p)
{
    V16_EACH(w16, p[j]);
}

V16_CALL void w16_store(double *p, w16 x)
{
    memcpy(p, x.at, sizeof x.at);
}

/* sum + x * y, the product rounded as well. */
V16_CALL w16 w16_add_product(w16 sum, double x, w16 y)
{
    V16_EACH(w16, sum.at[j] + x * y.at[j]);
}

V16_CALL w16 w16_zero(void)
{
    V16_EACH(w16, 0);
}

V16_CALL w16 w16_add(w16 sum, v16 x)
{
    V16_EACH(w16, sum.at[j] + (double)x.at[j]);
}

/* sum + x * y: a product of two floats is exact in double precision. */
V16_CALL w16 w16_fma(v16 x, v16 y, w16 sum)
{
    V16_EACH(w16, sum.at[j] + (double)x.at[j] * (double)y.at[j]);
}

/* sum + x * (y - z), the difference and the product rounded to double precision. */
V16_CALL w16 w16_fma_difference(v16 x, v16 y, v16 z, w16 sum)
{
    V16_EACH(w16, sum.at[j] + (double)x.at[j] * ((double)y.at[j] - (double)z.at[j]));
}

V16_CALL double w16_sum(w16 x)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++)
            x.at[j] += x.at[j + half];
    return x.at[0];
}

#endif
#endif
