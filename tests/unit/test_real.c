/* base/real.h against the C library's functions of long double, where that is longer than a
   double. */
#include "base/real.h"
#include "base/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DRAWS = 200000 };

/* Distance in units in the last place of the true value. */
static double ulps(double got, long double want)
{
    int e = ilogbl(want);

    return (double)(fabsl((long double)got - want) / ldexpl(1, (e < -1022 ? -1022 : e) - 52));
}

struct range {
    double lo, hi;
};

static void holds(const char *name, double (*f)(double), long double (*truth)(long double),
                  struct range in, double most)
{
    struct rng r = rng_for(1, (uint64_t)(in.hi * 1000), name);

    for (int i = 0; i < DRAWS; i++) {
        double x = in.lo + rng_unit(&r) * (in.hi - in.lo), y = f(x);
        long double want = truth((long double)x);

        if (want != 0 && !(ulps(y, want) <= most))
            fail_msg("%s(%a) is %a: %g ulp", name, x, y, ulps(y, want));
    }
}

static void exponentials(void **state)
{
    (void)state;
    holds("exp", real_exp, expl, (struct range){-708, 709.7}, 0.65);
    holds("exp", real_exp, expl, (struct range){-1, 1}, 0.65);
    holds("exp", real_exp, expl, (struct range){-745, -708}, 0.8);
    assert_true(real_exp(0) == 1 && real_exp(-HUGE_VAL) == 0 && isinf(real_exp(HUGE_VAL)));
    assert_true(isinf(real_exp(709.79)) && real_exp(-800) == 0 && isnan(real_exp(NAN)));
}

static void logarithms(void **state)
{
    (void)state;
    holds("log", real_log, logl, (struct range){0.5, 2}, 0.6);
    holds("log", real_log, logl, (struct range){0.9999, 1.0001}, 0.6);
    holds("log", real_log, logl, (struct range){0, 1e300}, 0.6);
    holds("log", real_log, logl, (struct range){0, 1e-310}, 0.6);
    holds("log1p", real_log1p, log1pl, (struct range){-0.999, 5}, 1.1);
    holds("log1p", real_log1p, log1pl, (struct range){-1e-6, 1e-6}, 1.1);
    assert_true(real_log(1) == 0 && !signbit(real_log(1)) && isinf(real_log(0)));
    assert_true(isnan(real_log(-1)) && isnan(real_log(NAN)) && isinf(real_log(HUGE_VAL)));
    assert_true(real_log1p(0) == 0 && real_log1p(-1) == -HUGE_VAL);
}

static void sines(void **state)
{
    static const double widest[] = {1, 4, 1000, 1e6, 0x1p27};

    (void)state;
    for (int i = 0; i < 5; i++) {
        holds("sin", real_sin, sinl, (struct range){-widest[i], widest[i]}, 0.75);
        holds("cos", real_cos, cosl, (struct range){-widest[i], widest[i]}, 0.75);
    }
    for (int i = 0; i < DRAWS;
         i++) { /* positions, and their products with a frequency in float32 */
        double x = i, y = (double)((float)i * 0.7943282f);

        assert_true(i == 0 || ulps(real_sin(x), sinl((long double)x)) <= 0.75);
        assert_true(ulps(real_cos(y), cosl((long double)y)) <= 0.75);
        /* nearest to the multiples of pi / 2 the result is small, and the reduction shows */
        x = (double)(float)(i * 1.5707963267948966);
        assert_true(i == 0 || ulps(real_sin(x), sinl((long double)x)) <= 0.75);
        assert_true(ulps(real_cos(x), cosl((long double)x)) <= 0.75);
    }
    assert_true(real_cos(0) == 1 && real_sin(0) == 0 && signbit(real_sin(-0.0)));
    assert_true(isnan(real_sin(0x1p28)) && isnan(real_cos(NAN)) && isnan(real_sin(HUGE_VAL)));
}

static void powers(void **state)
{
    static const double bases[] = {10000, 500000, 1e6, 0.001, 1.0001};
    struct rng r = rng_for(1, 1, "pow");

    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double x = bases[i % 5], y = 2 * rng_unit(&r) - 1;

        assert_true(ulps(real_pow(x, y), powl((long double)x, (long double)y)) <= 1);
        y *= 40;
        assert_true(ulps(real_pow(x, y), powl((long double)x, (long double)y)) <= 1);
    }
    assert_true(real_pow(7, 0) == 1 && real_pow(7, 1) == 7 && real_pow(3, 4) == 81);
}

static void log_gammas(void **state)
{
    struct rng r = rng_for(1, 1, "lgamma");
    double factorial = 1;

    (void)state;
    for (int n = 1; n <= 20; factorial *= n++)
        assert_true(fabs(real_lgamma(n) - (double)logl((long double)factorial)) <= 1e-12);
    for (int i = 0; i < DRAWS; i++) {
        double x = i % 2 ? 30 * rng_unit(&r) : exp(20 * rng_unit(&r)), size = x * fabs(log(x));

        assert_true(fabs(real_lgamma(x) - (double)lgammal((long double)x)) <=
                    2e-14 * fmax(size, 1));
    }
    assert_true(isinf(real_lgamma(0)) && isnan(real_lgamma(-1)) && isinf(real_lgamma(HUGE_VAL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials), cmocka_unit_test(logarithms), cmocka_unit_test(sines),
        cmocka_unit_test(powers),       cmocka_unit_test(log_gammas),
    };

    if (LDBL_MANT_DIG < 64)
        return 77; /* nothing to compare with */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
