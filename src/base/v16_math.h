/*
 * exp, tanh and erf of sixteen floats: fixed polynomials, fused operations by name. tests/unit/
 * test_kernels.c holds them to the errors stated here, in units in the last place of the true value
 * (ulp), and tests/reference/fit_kernels.py is where the coefficients come from.
 */
#ifndef LENSWEEP_BASE_V16_MATH_H
#define LENSWEEP_BASE_V16_MATH_H

#include "base/v16.h"

/* Coefficients from the lowest power to the highest; their number is known where this is used. */
V16_INLINE v16 v16_polynomial(const float *c, int n, v16 x)
{
    v16 p = v16_set(c[n - 1]);

    for (int i = n - 2; i >= 0; i--)
        p = v16_fma(p, x, v16_set(c[i]));
    return p;
}

/*
 * Within 1 ulp. 0 below -86.9 (1.8e-38, so that no result is a denormal), infinity above 88.7228.
 *
 * x = k ln 2 + r with |r| <= ln 2 / 2. Adding ROUND puts the nearest integer to its argument in the
 * low bits of the sum. 2 exp(r) = 2 + 2 (r + r^2 q(r)) and 2^(k - 1) are made and multiplied: so
 * the largest results overflow as they should.
 */
V16_INLINE v16 v16_exp(v16 x)
{
    static const float q[] = {0x1p-1f,        0x1.555554p-3f,  0x1.55548ep-5f,
                              0x1.111272p-7f, 0x1.6d8d52p-10f, 0x1.9f085ap-13f};
    const v16 round = v16_set(0x1.8p23f), two = v16_set(2);
    v16 y = v16_min(v16_set(89), x); /* a NaN stays */
    v16 t = v16_fma(y, v16_set(0x1.715476p0f), round), k = v16_sub(t, round), r, p;

    r = v16_fma(k, v16_set(-0x1.62e43p-1f), y);
    r = v16_fma(k, v16_set(0x1.05c61p-29f), r);
    p = v16_fma(v16_polynomial(q, 6, r), v16_mul(r, r), r);
    p = v16_mul(v16_fma(p, two, two), v16_power_of_2(t, 126));
    return v16_if_less(x, v16_set(-86.9f), v16_zero(), p);
}

/* Within 1 ulp: an odd polynomial below 1, 1 - 2 / (exp(2 |x|) + 1) above. */
V16_INLINE v16 v16_tanh(v16 x)
{
    static const float c[] = {-0x1.55553cp-2f, 0x1.110be2p-3f, -0x1.b9622p-5f,  0x1.600994p-6f,
                              -0x1.0460c8p-7f, 0x1.2da5p-9f,   -0x1.77dd44p-12f};
    const v16 one = v16_set(1), two = v16_set(2);
    v16 a = v16_abs(x), u = v16_mul(x, x), near, far;

    near = v16_fma(v16_mul(v16_polynomial(c, 7, u), u), x, x);
    far = v16_sub(one, v16_div(two, v16_add(v16_exp(v16_add(a, a)), one)));
    return v16_signed(v16_if_less(a, one, near, far), x);
}

/* Within 1.1 ulp: an odd polynomial below 1, 1 - exp(-g(|x|)) above, with g = -log(erfc). */
V16_INLINE v16 v16_erf(v16 x)
{
    static const float c[] = {0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2cf8p-4f, -0x1.b7f90ep-6f,
                              0x1.5405b2p-8f, -0x1.a3f7p-11f,  0x1.496a32p-14f};
    static const float g[] = {0x1.72e6cep-12f, 0x1.2085b2p0f,  0x1.46c584p-1f,  0x1.a60a84p-4f,
                              -0x1.654222p-6f, 0x1.814cdap-9f, -0x1.852d48p-13f};
    const v16 one = v16_set(1);
    v16 a = v16_abs(x), b = v16_min(v16_set(4), a), near, far;

    near = v16_fma(v16_polynomial(c, 7, v16_mul(x, x)), x, x);
    far = v16_sub(one, v16_exp(v16_sub(v16_zero(), v16_polynomial(g, 7, b))));
    return v16_signed(v16_if_less(a, one, near, far), x);
}

#endif
