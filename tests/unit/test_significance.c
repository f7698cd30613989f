/* The tests of effects and their correction against numbers worked out by hand or counted. */
#include "statistics/significance.h"

#include "base/rng.h"
#include "statistics/dist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { MOST = 24 };

static double flip(const double *v, size_t n)
{
    double work[2 * MOST];

    return sign_flip_p(v, n, work);
}

/* Signs that reach the sum, of all 2^n. */
static double flip_by_counting(const double *v, int n)
{
    double sum = 0, reached = 0;

    for (int i = 0; i < n; i++)
        sum += v[i];
    for (unsigned s = 0; s < 1U << n; s++) {
        double flipped = 0;

        for (int i = 0; i < n; i++)
            flipped += s >> i & 1 ? v[i] : -v[i];
        reached += fabs(flipped) >= fabs(sum) - 1e-9;
    }
    return reached / (double)(1U << n);
}

/* All agree: 2 / 2^n. Falling effects count as rising ones do; zeros and nothing count for
   nothing. */
static void test_flips_by_hand(void **state)
{
    static const double four[] = {.3, .3, .3, .3}, falling[] = {-.1, -.2, -5, -.3, -.4},
                        even[] = {.1, -.1, .2, -.2}, one[] = {.5}, zeros[] = {0, 0},
                        among[] = {0, .3, .3, 0, .3, .3}, seven[] = {1, 1, 1, 1, 1, 1, 1, -1};

    (void)state;
    assert_true(fabs(flip(four, 4) - 2.0 / 16) < 1e-12);
    assert_true(fabs(flip(falling, 5) - 2.0 / 32) < 1e-12);
    assert_true(flip(even, 4) == 1 && flip(one, 1) == 1 && flip(zeros, 2) == 1);
    assert_true(flip(among, 6) == flip(four, 4));
    assert_true(fabs(flip(seven, 8) - 18.0 / 256) < 1e-12); /* 2 (8 + 1) / 2^8 */
}

static void test_flips_by_counting(void **state)
{
    struct rng rng = rng_for(1, 2, "flips");
    double v[12];

    (void)state;
    for (int round = 0; round < 60; round++) {
        int n = 2 + round % 11;

        for (int i = 0; i < n; i++)
            v[i] = pow(rng_unit(&rng), 1 + round % 4) - (round % 3 ? 0.1 : 0.4);
        assert_true(fabs(flip(v, (size_t)n) - flip_by_counting(v, n)) < 1e-9);
    }
}

/* Beyond what is counted the tail is never less than half of the true one, and not less at all for
   signs: of sums of equal values, of a few large and many small ones, of very uneven ones. */
static void test_tails_beyond_counting(void **state)
{
    struct rng rng = rng_for(1, 2, "tails");
    double a[MOST], p[MOST];

    (void)state;
    for (int round = 0; round < 400; round++) {
        int n = TWO_POINT_EXACT + 1 + round % (MOST - TWO_POINT_EXACT);
        double x = 0, all = 0, chance = round % 2 ? 0.5 : 0.1, exact = 0, got;

        for (int i = 0; i < n; i++) {
            a[i] = round % 3 == 0   ? 1 + 1e-3 * rng_unit(&rng)
                   : round % 3 == 1 ? (i < 4 ? 0.6 : 0.01) + 1e-4 * rng_unit(&rng)
                                    : pow(rng_unit(&rng), 3) + 1e-3;
            p[i] = chance;
            all += a[i];
            x += rng_below(&rng, 100) < 70 ? a[i] : 0;
        }
        /* exact: the last four by hand, the others counted */
        for (int s = 0; s < 1 << (n - TWO_POINT_EXACT); s++) {
            double rest = x, weight = 1;

            for (int i = TWO_POINT_EXACT; i < n; i++) {
                bool in = s >> (i - TWO_POINT_EXACT) & 1;

                rest -= in ? a[i] : 0;
                weight *= in ? p[i] : 1 - p[i];
            }
            exact += weight * two_point_tail(a, p, TWO_POINT_EXACT, rest);
        }
        got = two_point_tail(a, p, (size_t)n, x);
        assert_true(got >= (chance < 0.5 ? 0.5 : 0.97) * exact && got <= 1);
        assert_true(round % 3 < 2 || got <= 12 * exact);
        assert_true(fabs(two_point_tail(a, p, (size_t)n, all) / pow(chance, n) - 1) < 1e-6);
    }
}

/* Equal variables are binomial, however many. */
static void test_equal_variables(void **state)
{
    double a[300], p[300];

    (void)state;
    for (int i = 0; i < 300; i++) {
        a[i] = 0.25;
        p[i] = 0.17;
    }
    assert_true(two_point_tail(a, p, 300, 0.25 * 80) == binomial_tail(80, 300, 0.17));
    assert_true(two_point_tail(a, p, 3, 0.25 * 2 + 0.1) == binomial_tail(3, 3, 0.17));
    assert_true(two_point_tail(a, p, 3, 0) == 1 && two_point_tail(a, p, 3, 0.8) == 0);
}

/* Two families: p .01 .04 .03 .5 become .04 .0533 .0533 .5; an untested one counts for nothing. */
static void test_adjust(void **state)
{
    struct test t[] = {{0, 0, .01}, {0, 1, .04}, {1, 2, .04}, {0, 3, (double)NAN},
                       {0, 4, .03}, {0, 5, .5},  {1, 6, .9}};
    static const double want[] = {.04, .16 / 3, .08, (double)NAN, .16 / 3, .5, .9};
    double q[7];

    (void)state;
    adjust(t, 7, q);
    for (int i = 0; i < 7; i++)
        assert_true(isnan(want[i]) ? isnan(q[i]) : fabs(q[i] - want[i]) < 1e-12);
}

/* Tables of the normal, Student's and the beta distribution. */
static void test_quantiles(void **state)
{
    (void)state;
    assert_true(fabs(student_quantile(0.025, 1) - 12.7062047) < 1e-6);
    assert_true(fabs(student_quantile(0.025, 11) - 2.2009852) < 1e-6);
    assert_true(fabs(student_quantile(0.02, 4) - 2.9985279) < 1e-6);
    assert_true(fabs(beta_quantile(0.5, 2, 2) - 0.5) < 1e-12);
    assert_true(fabs(beta_quantile(0.025, 17, 1) - pow(0.025, 1.0 / 17)) < 1e-12);
    assert_true(fabs(normal_tail(1) - 0.15865525393145705) < 1e-15);
    assert_true(fabs(normal_tail(3.5) / 2.3262907903552504e-4 - 1) < 1e-12);
    assert_true(fabs(normal_tail(8) / 6.220960574271785e-16 - 1) < 1e-12);
    assert_true(normal_tail(0) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips_by_hand),
        cmocka_unit_test(test_flips_by_counting),
        cmocka_unit_test(test_tails_beyond_counting),
        cmocka_unit_test(test_equal_variables),
        cmocka_unit_test(test_adjust),
        cmocka_unit_test(test_quantiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
