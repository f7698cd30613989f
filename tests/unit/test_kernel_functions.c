/* exp, tanh and erf of all floats (one in 4103), to their last bit, with each copy. */
#include "base/kernels.h"
#include "kernel_helper.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static double ulps(double got, double want)
{
    int e = ilogb(want);

    return fabs(got - want) / ldexp(1, (e < -126 ? -126 : e) - 23);
}

enum { BATCH = 1021 };

/* One bit pattern in 4103 of all floats; check(x, y) for those that are numbers. */
static void over_all_floats(void (*f)(int64_t, float *), void (*check)(float x, float y))
{
    float x[BATCH], y[BATCH];
    uint64_t bits = 0;

    while (bits <= UINT32_MAX) {
        for (int i = 0; i < BATCH; i++, bits += 4103) {
            uint32_t b = (uint32_t)bits;

            memcpy(x + i, &b, sizeof b);
        }
        memcpy(y, x, sizeof y);
        f(BATCH, y);
        for (int i = 0; i < BATCH; i++) {
            if (isnan(x[i]))
                assert_true(isnan(y[i]));
            else
                check(x[i], y[i]);
        }
    }
}

static void check_exp(float x, float y)
{
    if (x < -86.9f)
        assert_true(y == 0);
    else if (x > 88.7228f)
        assert_true(isinf(y) || ulps((double)y, exp((double)x)) <= 1);
    else
        assert_true(ulps((double)y, exp((double)x)) <= 1);
}

static void check_tanh(float x, float y)
{
    assert_true(x == 0 ? y == 0 : ulps((double)y, tanh((double)x)) <= 1);
    assert_int_equal(!signbit(x), !signbit(y));
}

static void check_erf(float x, float y)
{
    assert_true(x == 0 ? y == 0 : ulps((double)y, erf((double)x)) <= 1.1);
    assert_int_equal(!signbit(x), !signbit(y));
}

static void check_functions(void)
{
    over_all_floats(vec_exp, check_exp);
    over_all_floats(vec_tanh, check_tanh);
    over_all_floats(vec_erf, check_erf);
}

static void functions_of_one_number(void **state)
{
    (void)state;
    with_each_copy(check_functions);
}

static void functions_at_the_ends(void **state)
{
    float x[] = {0.0f, -0.0f, HUGE_VALF, -HUGE_VALF, -86.9f, 88.72283f, -FLT_MIN, 1000, -1000};
    float y[] = {HUGE_VALF, -HUGE_VALF, -0.0f, FLT_MIN};

    (void)state;
    vec_exp(9, x);
    assert_true(x[0] == 1 && x[1] == 1 && isinf(x[2]) && x[3] == 0 && x[6] == 1);
    assert_true(x[4] > 0 && x[5] < HUGE_VALF && isinf(x[7]) && x[8] == 0);
    vec_tanh(4, y);
    assert_true(y[0] == 1 && y[1] == -1 && y[2] == 0 && signbit(y[2]) && y[3] == FLT_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_one_number),
        cmocka_unit_test(functions_at_the_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
