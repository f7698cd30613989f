/* The tests of effects and their correction against numbers worked out by hand. */
#include "statistics/significance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { QUERIES = 7, ELEMENTS = 2 };

/* Six items; the first has two queries. By item: .3, .3, .3, .3, -.3, a tie; of the second element
   nothing is known but two ties. */
static void test_items_by_hand(void **state)
{
    static const char *const items[QUERIES] = {"a", "a", "b", "c", "d", "e", "f"};
    static const float first[QUERIES] = {.1F, .5F, .3F, .3F, .3F, -.3F, .00005F};
    struct query queries[QUERIES] = {0};
    struct dataset data = {.query = queries, .n = QUERIES};
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .seed = 1};
    float value[QUERIES * ELEMENTS];
    struct significance got[8 * ELEMENTS];
    struct arena arena = {0};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < QUERIES; q++) {
        queries[q] = (struct query){.dataset = "d", .template = 1, .step = 1, .item = items[q]};
        value[q * ELEMENTS] = first[q];
        value[q * ELEMENTS + 1] = q < 3 ? 0 : NAN;
    }
    assert_int_equal(strata_open(&s, &data, &c, &arena, &err), 0);
    assert_true(s.n <= 8);
    assert_int_equal(significance_of(&s, value, ELEMENTS, 0.2, got, &err), 0);
    assert_int_equal(got[0].n_clusters, 6);
    assert_true(fabs(got[0].p - 12.0 / 32) < 1e-12);     /* 4 of 5, two-sided */
    assert_true(fabs(got[0].p_min - 44.0 / 64) < 1e-12); /* 4 of all 6 */
    assert_int_equal(got[s.n].n_clusters, 2);
    assert_true(got[s.n].p == 1 && got[s.n].p_min == 1);
    arena_release(&arena);
}

/* n items of one query each, with these effects. */
static struct significance test_effects(const float *effect, int n, double min_effect)
{
    struct query queries[16] = {0};
    struct dataset data = {.query = queries, .n = (size_t)n};
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .seed = 1};
    struct significance got;
    struct arena arena = {0};
    char name[16][2];
    struct strata s;
    struct err err;

    err_clear(&err);
    for (int q = 0; q < n; q++) {
        name[q][0] = (char)('a' + q);
        name[q][1] = 0;
        queries[q] = (struct query){.dataset = "d", .template = 1, .step = 1, .item = name[q]};
    }
    assert_int_equal(strata_open(&s, &data, &c, &arena, &err), 0);
    assert_int_equal(s.n, 1);
    assert_int_equal(significance_of(&s, effect, 1, min_effect, &got, &err), 0);
    arena_release(&arena);
    return got;
}

/* Falling effects count as rising ones do, and the smallest p of n items is 2 / 2^n. */
static void test_both_sides(void **state)
{
    static const float rising[] = {.3F, .3F, .3F, .3F, -.3F, .4F, .1F, .2F},
                       falling[] = {-.3F, -.3F, -.3F, -.3F, .3F, -.4F, -.1F, -.2F},
                       even[] = {.1F, -.1F, .2F, -.2F}, one[] = {.5F};
    struct significance up = test_effects(rising, 8, 0.25), down = test_effects(falling, 8, 0.25);

    (void)state;
    assert_true(fabs(up.p - 18.0 / 256) < 1e-12); /* 7 of 8: 2 (8 + 1) / 2^8 */
    assert_true(up.p == down.p && up.p_min == down.p_min);
    assert_true(fabs(up.p_min - 186.0 / 256) < 1e-12); /* 5 of 8: 2 (56 + 28 + 8 + 1) / 2^8 */
    assert_true(fabs(test_effects(rising, 4, 0).p - 2.0 / 16) < 1e-12);
    assert_true(test_effects(even, 4, 0).p == 1);
    assert_true(test_effects(one, 1, 0).p == 1);
}

/* An item's effect is the mean over its queries: +.5 and -.1 are one rise, not a rise and a fall.
   Over two datasets (a macro row) each item counts once, wherever it is. */
static void test_macro_rows(void **state)
{
    struct query queries[6] = {0};
    struct dataset data = {.query = queries, .n = 6};
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .seed = 1};
    static const float value[6] = {.5F, -.1F, .3F, .2F, .2F, -.3F};
    static const char *const items[] = {"a", "a", "b", "a", "b", "c"}; /* three of d, three of e */
    struct significance got[4];
    struct arena arena = {0};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < 6; q++)
        queries[q] = (struct query){
            .dataset = q < 3 ? "d" : "e", .template = 1, .step = 1, .item = items[q]};
    assert_int_equal(strata_open(&s, &data, &c, &arena, &err), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(significance_of(&s, value, 1, 0, got, &err), 0);
    assert_int_equal(got[0].n_clusters, 2);
    assert_int_equal(got[1].n_clusters, 3);
    assert_int_equal(got[2].n_clusters, 5); /* items of different datasets are different */
    assert_true(fabs(got[0].p - 2.0 / 4) < 1e-12);
    assert_true(got[1].p == 1);
    assert_true(fabs(got[2].p - 12.0 / 32) < 1e-12); /* 4 of 5 */
    arena_release(&arena);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_by_hand),
        cmocka_unit_test(test_both_sides),
        cmocka_unit_test(test_macro_rows),
        cmocka_unit_test(test_adjust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
