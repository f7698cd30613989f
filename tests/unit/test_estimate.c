/*
 * Intervals, standard errors and tests of averages, by simulation: how often an interval holds the
 * true mean, and how often a test finds something in data about nothing. Each column of a matrix is
 * a data set of its own.
 */
#include "statistics/estimate.h"
#include "statistics/significance.h"
#include "statistics/stability.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { QUERIES = 200, SETS = 2000 };

static struct query queries[QUERIES];
static int32_t token[QUERIES];
static char item[QUERIES][12];
static float *value;
static struct estimate *got;
static struct arena arena, scratch;
static struct rng rng;

/* --- data --- */

static double normal(void)
{
    double r = sqrt(-2 * log(1 - rng_unit(&rng)));

    return r * cos(6.283185307179586 * rng_unit(&rng));
}

static double exponential(void)
{
    return -log(1 - rng_unit(&rng)) - 1;
}

static double heavy(void) /* Student's t of 3 degrees of freedom */
{
    double a = normal(), b = normal(), c = normal();

    return normal() / sqrt((a * a + b * b + c * c) / 3);
}

static double log_normal(void)
{
    return exp(0.5 * normal()) - exp(0.125);
}

static double uniform(void)
{
    return rng_unit(&rng) - 0.5;
}

static double spiked(void) /* one in five is five times as large */
{
    return normal() * (rng_below(&rng, 5) ? 1 : 5);
}

/* Datasets a, b, c of so many items (0 ends the list), a query each; one target, all tokens
   differ. */
static void make(struct strata *s, const int sizes[3])
{
    static const char *const names[] = {"a", "b", "c"};
    struct dataset data = {.query = queries, .n_targets = 1};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    struct err err;

    err_clear(&err);
    for (int d = 0; d < 3 && sizes[d]; d++)
        for (int i = 0; i < sizes[d]; i++) {
            size_t q = data.n++;

            assert_true(q < QUERIES);
            snprintf(item[q], sizeof item[q], "%d", i);
            token[q] = (int32_t)q;
            queries[q] = (struct query){.dataset = names[d],
                                        .item = item[q],
                                        .template = 1,
                                        .step = 1,
                                        .target = &token[q]};
        }
    assert_int_equal(strata_open(s, &data, &c, &arena, &err), 0);
}

static void draw(const struct strata *s, size_t sets, double (*of)(void))
{
    for (size_t i = 0; i < s->n_queries * sets; i++)
        value[i] = (float)of();
}

static const struct estimate *estimate(const struct strata *s, const struct estimate_ask *ask,
                                       size_t sets)
{
    struct err err;

    err_clear(&err);
    assert_int_equal(strata_estimate(s, ask, value, sets, got, &scratch, &err), 0);
    return got;
}

/* Percent of the sets whose interval of this row holds the truth. */
static double coverage(const struct strata *s, size_t sets, size_t row, double truth)
{
    int held = 0;

    for (size_t e = 0; e < sets; e++) {
        const struct estimate *x = &got[e * s->n + row];

        assert_true(x->lo <= x->mean && x->mean <= x->hi);
        held += x->lo <= truth && truth <= x->hi;
    }
    return 100.0 * held / (double)sets;
}

static double rejected(const struct strata *s, size_t sets, size_t row, double level)
{
    int n = 0;

    for (size_t e = 0; e < sets; e++)
        n += got[e * s->n + row].p < level;
    return (double)n / (double)sets;
}

/* --- intervals --- */

static const struct {
    const char *name;
    double (*of)(void);
} laws[] = {{"normal", normal},         {"exponential", exponential}, {"heavy", heavy},
            {"log-normal", log_normal}, {"uniform", uniform},         {"spiked", spiked}};

/* From eight items on between 93 and 97 % (a percent more or less for the error of 2000 sets);
   with fewer never less than 90. */
static void test_coverage(void **state)
{
    static const int sizes[] = {2, 3, 5, 7, 8, 12, 20, 50};

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
            bool enough = sizes[k] >= CLUSTERS_ENOUGH;
            struct strata s;
            double held;

            make(&s, (int[3]){sizes[k]});
            draw(&s, SETS, laws[i].of);
            estimate(&s, &(struct estimate_ask){0}, SETS);
            held = coverage(&s, SETS, 0, 0);
            printf("%2d items, %s: %.1f %%\n", sizes[k], laws[i].name, held);
            assert_true(held >= (enough ? 92 : 90));
            assert_true(!enough || held <= 98.5);
            arena_release(&arena);
        }
}

/* Of macro-averages: parts of unequal size, and of unequal spread. */
static void test_coverage_of_macro_rows(void **state)
{
    static const int sizes[][3] = {{8, 60}, {12, 26, 128}, {2, 60}, {3, 4, 5}};

    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (int spread = 1; spread <= 5; spread += 4) {
            struct strata s;
            double held;

            make(&s, sizes[k]);
            draw(&s, SETS, normal);
            for (size_t i = 0; i < (size_t)sizes[k][0] * SETS; i++)
                value[i] *= (float)spread;
            estimate(&s, &(struct estimate_ask){0}, SETS);
            held = coverage(&s, SETS, s.n - 1, 0);
            printf("%d, %d and %d items, %d: %.1f %%\n", sizes[k][0], sizes[k][1], sizes[k][2],
                   spread, held);
            assert_true(held >= 93);
            assert_int_equal(got[s.n - 1].df, sizes[k][0] - 1);
            arena_release(&arena);
        }
}

static double rate_of_a_draw;

static double success(void)
{
    return rng_unit(&rng) < rate_of_a_draw;
}

/* Rates are whole steps apart: an interval that never holds too seldom often holds too often. */
static void test_coverage_of_rates(void **state)
{
    static const int sizes[][3] = {{2}, {8}, {17}, {60}, {2, 60}, {12, 26, 128}};
    static const double rates[] = {0.01, 0.1, 0.5, 0.9, 1};

    (void)state;
    for (size_t k = 0; k < 6; k++)
        for (size_t i = 0; i < 5; i++) {
            struct strata s;
            double held;

            make(&s, sizes[k]);
            rate_of_a_draw = rates[i];
            draw(&s, SETS, success);
            estimate(&s, &(struct estimate_ask){.rate = true}, SETS);
            held = coverage(&s, SETS, s.n - 1, rates[i]);
            assert_true(held >= 94);
            arena_release(&arena);
        }
}

/* 17 of 17, and none of 17: Clopper and Pearson's limits. */
static void test_whole_rates(void **state)
{
    struct strata s;

    (void)state;
    make(&s, (int[3]){17});
    for (int q = 0; q < 17; q++) {
        value[2 * q] = 1;
        value[2 * q + 1] = 0;
    }
    estimate(&s, &(struct estimate_ask){.rate = true}, 2);
    assert_true(got[0].mean == 1 && got[0].hi == 1 && fabs(got[0].lo - 0.804936) < 1e-5);
    assert_true(got[1].mean == 0 && got[1].lo == 0 && fabs(got[1].hi - 0.195064) < 1e-5);
    arena_release(&arena);
}

/* Steps of the same items are rows of their own: each has the limits that it has alone. */
static void test_rates_of_steps(void **state)
{
    struct dataset data = {.query = queries, .n_targets = 1, .n = 34};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < 34; q++) {
        snprintf(item[q], sizeof item[q], "%d", q % 17);
        token[q] = (int32_t)q;
        queries[q] = (struct query){.dataset = "a",
                                    .item = item[q],
                                    .template = 1,
                                    .step = 1 + q / 17,
                                    .target = &token[q]};
        value[q] = 1;
    }
    assert_int_equal(strata_open(&s, &data, &c, &arena, &err), 0);
    estimate(&s, &(struct estimate_ask){.rate = true}, 1);
    for (int i = 0; i < 2; i++)
        assert_true(got[i].hi == 1 && fabs(got[i].lo - 0.804936) < 1e-5);
    arena_release(&arena);
}

/* The squared standard error is that of the mean on average, whatever the number of items. */
static void test_standard_error(void **state)
{
    static const int sizes[][3] = {{2}, {3}, {10}, {2, 10}};

    (void)state;
    for (int k = 0; k < 4; k++) {
        double square = 0, want = k < 3 ? 1.0 / sizes[k][0] : (1.0 / 2 + 1.0 / 10) / 4;
        struct strata s;

        make(&s, sizes[k]);
        draw(&s, SETS, normal);
        estimate(&s, &(struct estimate_ask){0}, SETS);
        for (size_t e = 0; e < SETS; e++)
            square += got[e * s.n + s.n - 1].se * got[e * s.n + s.n - 1].se / SETS;
        assert_true(fabs(square / want - 1) < 0.08);
        arena_release(&arena);
    }
}

/* One item has a mean and nothing else. */
static void test_one_item(void **state)
{
    struct strata s;

    (void)state;
    make(&s, (int[3]){1, 9});
    draw(&s, 1, normal);
    estimate(&s, &(struct estimate_ask){.tested = true}, 1);
    for (int i = 0; i < 3; i += 2) { /* the item, and the macro-average that it is a part of */
        assert_true(!isnan(got[i].mean) && isnan(got[i].se) && isnan(got[i].lo) &&
                    isnan(got[i].hi) && isnan(got[i].p) && got[i].df == 0);
        assert_int_equal(got[i].n_clusters, i ? 10 : 1);
    }
    assert_true(got[1].p >= 0 && got[1].df == 8);
    arena_release(&arena);
}

/* --- tests --- */

/* At most a little more often than the level says: rows of unequal parts, clusters of unequal
   size, values that most items lack. */
static void test_nothing_is_found(void **state)
{
    static const int sizes[][3] = {{8}, {20}, {2, 60}, {12, 26, 128}, {4, 60}};
    static const double levels[] = {0.05, 0.002};

    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
            struct strata s;

            make(&s, sizes[k]);
            draw(&s, SETS, laws[i].of);
            estimate(&s, &(struct estimate_ask){.tested = true}, SETS);
            for (int l = 0; l < 2; l++) {
                bool skewed = laws[i].of == exponential || laws[i].of == log_normal;
                double found = rejected(&s, SETS, s.n - 1, levels[l]);

                printf("%d, %d and %d items, %s: %.4f of %.3f\n", sizes[k][0], sizes[k][1],
                       sizes[k][2], laws[i].name, found, levels[l]);
                assert_true(found <= levels[l] * (skewed ? 4 : 1) + 3 * sqrt(levels[l] / SETS));
            }
            arena_release(&arena);
        }
}

/* The claim is the test's: 4 items at -5 and 60 at +0.2 are not a change of -2.4 in all items. */
static void test_claim_and_test(void **state)
{
    struct strata s;

    (void)state;
    make(&s, (int[3]){4, 60});
    for (int q = 0; q < 64; q++)
        value[q] = q < 4 ? -5 : 0.2F;
    estimate(&s, &(struct estimate_ask){.tested = true, .tie = SIGN_TOLERANCE}, 1);
    assert_true(fabs(got[2].mean + 2.4) < 1e-6 && got[2].p > 0.1);
    assert_true(fabs(got[0].p - 0.125) < 1e-9); /* four agree: 2 / 2^4 */
    assert_true(got[1].p < 1e-15);
    arena_release(&arena);
}

/* Only items that have a value count. */
static void test_missing_values(void **state)
{
    struct strata s;

    (void)state;
    make(&s, (int[3]){30});
    for (int q = 0; q < 30; q++)
        value[q] = q < 2 ? 1 + 0.01F * (float)q : NAN;
    estimate(&s, &(struct estimate_ask){.tested = true}, 1);
    assert_int_equal(got[0].n_clusters, 2);
    assert_int_equal(got[0].n, 2);
    assert_int_equal(got[0].df, 1);
    assert_true(got[0].p >= 0.5);
    arena_release(&arena);
}

/* A third of the targets one token: its queries are one cluster. */
static void test_repeated_tokens(void **state)
{
    static const int about[] = {0};
    struct estimate_ask ask = {.tested = true, .about = about, .n_about = 1};
    struct dataset data = {.query = queries, .n = 36, .n_targets = 1};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    struct strata s;
    struct err err;
    double found;

    (void)state;
    err_clear(&err);
    make(&s, (int[3]){36});
    for (int q = 0; q < 12; q++)
        token[q] = 0;
    assert_int_equal(strata_open(&s, &data, &c, &arena, &err), 0);
    for (int e = 0; e < SETS; e++) {
        float shared = (float)normal();

        for (int q = 0; q < 36; q++)
            value[q * SETS + e] = q < 12 ? shared + 0.1F * (float)normal() : (float)normal();
    }
    estimate(&s, &ask, SETS);
    assert_int_equal(got[0].n_clusters, 25);
    assert_true(got[0].df < 12);
    found = rejected(&s, SETS, 0, 0.01);
    printf("by token: %.4f found, %.1f %% held\n", found, coverage(&s, SETS, 0, 0));
    assert_true(found <= 0.014);
    assert_true(coverage(&s, SETS, 0, 0) >= 93);
    ask.about = NULL;
    estimate(&s, &ask, SETS);
    assert_true(rejected(&s, SETS, 0, 0.01) > 0.1);
    arena_release(&arena);
}

/* Rates against chance: at most the level, also where chance is estimated as 0 and where the parts
   differ; and something real is found. */
static void test_rates_against_chance(void **state)
{
    static const int sizes[][3] = {{2}, {17}, {2, 60}, {12, 26, 128}};
    static const double truth[] = {0.02, 0.17};
    enum { CONTROLS = 16 };
    struct estimate *chance = calloc(4 * SETS, sizeof *chance);

    (void)state;
    assert_non_null(chance);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 2; i++) {
            struct estimate_ask ask = {
                .tested = true, .rate = true, .chance = chance, .controls = CONTROLS};
            struct strata s;

            make(&s, sizes[k]);
            rate_of_a_draw = truth[i];
            for (size_t e = 0; e < SETS; e++)
                for (size_t b = 0, q = 0; b < s.n_base; b++) {
                    double sum = 0;

                    for (size_t n = s.v[b].n_parts; n > 0; n--, q++) {
                        value[q * SETS + e] = (float)success();
                        for (int c = 0; c < CONTROLS; c++)
                            sum += success();
                    }
                    chance[e * s.n + b].mean = sum / (double)s.v[b].n_parts / CONTROLS;
                }
            estimate(&s, &ask, SETS);
            for (int l = 0; l < 2; l++)
                assert_true(rejected(&s, SETS, s.n - 1, l ? 0.002 : 0.05) <= (l ? 0.006 : 0.065));
            rate_of_a_draw = 0.7;
            draw(&s, SETS, success);
            estimate(&s, &ask, SETS);
            assert_true(k == 0 || k == 2 || rejected(&s, SETS, s.n - 1, 0.005) > 0.9);
            arena_release(&arena);
        }
    free(chance);
}

/* Farther from 0 than the least effect: only where it is. */
static void test_least_effect(void **state)
{
    struct estimate_ask ask = {.tested = true, .min_tested = true, .min_effect = 1};
    struct strata s;
    int beyond[3] = {0};

    (void)state;
    make(&s, (int[3]){20});
    for (int shift = 0; shift < 3; shift++) { /* 0, 1 (as far as that), 2 */
        draw(&s, SETS, normal);
        for (size_t i = 0; i < 20 * SETS; i++)
            value[i] += (float)(i % 2 ? shift : -shift);
        estimate(&s, &ask, SETS);
        for (size_t e = 0; e < SETS; e++)
            beyond[shift] += got[e].p_min < 0.05;
    }
    assert_int_equal(beyond[0], 0);
    assert_true(beyond[1] < 0.04 * SETS && beyond[2] > 0.9 * SETS);
    arena_release(&arena);
    make(&s, (int[3]){6});
    for (int q = 0; q < 6; q++) /* beyond 1 by -.1 and .9: the .9 agree in a quarter of the flips */
        value[q] = q < 3 ? 0.9F : 1.9F;
    estimate(&s, &ask, 1);
    assert_true(fabs(got[0].p_min - 0.25) < 1e-6);
    arena_release(&arena);
}

/* --- stability --- */

enum { RANKED = 60 };

/* Configuration i has an effect of i * `step` in two datasets, and noise of 1: how stable is their
   ranking in the macro-average? */
static struct stability ranking(double step)
{
    struct dataset data = {.query = queries};
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .bootstrap = 2000, .seed = 3};
    static float mean[RANKED * 3 * BOOTSTRAP_MAX];
    const float *of[RANKED];
    double room[2 * BOOTSTRAP_MAX];
    struct stability out;
    struct draws draws;
    struct strata s;
    struct err err;

    err_clear(&err);
    make(&s, (int[3]){20, 25});
    data.n = s.n_queries;
    assert_int_equal(draws_open(&draws, &s, &data, &c, &arena, &err), 0);
    assert_int_equal(draws.n, BOOTSTRAP_MAX);
    for (size_t k = 0; k < draws.n; k++) { /* as many items of each dataset as it has */
        double first = 0, second = 0;

        for (size_t i = 0; i < s.items.n; i++)
            *(i < 20 ? &first : &second) += draws.times[i * draws.n + k];
        assert_true(first == 20 && second == 25);
    }
    draw(&s, RANKED, normal);
    for (size_t q = 0; q < s.n_queries; q++)
        for (int i = 0; i < RANKED; i++)
            value[q * RANKED + (size_t)i] += (float)(step * i);
    for (size_t i = 0; i < RANKED; i++) {
        float *own = mean + i * s.n * draws.n;

        drawn_means(&s, &draws, value + i, RANKED, room, own);
        for (size_t k = 0; k < draws.n; k++)
            assert_true(fabsf(own[2 * draws.n + k] - (own[k] + own[draws.n + k]) / 2) < 1e-4F);
        of[i] = own + (s.n - 1) * draws.n;
    }
    assert_int_equal(stability_of(of, RANKED, &draws, &out, &scratch, &err), 0);
    arena_release(&arena);
    return out;
}

/* Effects far apart are ranked alike in all draws; noise is not, and many come first. */
static void test_stability(void **state)
{
    struct stability clear = ranking(10), some = ranking(0.05), none = ranking(0);

    (void)state;
    assert_true(clear.top_jaccard[0] == 1 && clear.top_jaccard[2] == 1);
    assert_true(clear.rank_correlation > 0.999 && clear.first_candidates == 1);
    assert_true(some.top_jaccard[1] > 0.5 && some.rank_correlation > 0.8);
    assert_true(none.first_candidates > 3 && none.top_jaccard[0] < 0.6);
    assert_true(none.rank_correlation < some.rank_correlation);
}

static int start(void **state)
{
    (void)state;
    rng = rng_for(1, 2, "estimate");
    value = calloc(QUERIES * SETS, sizeof *value);
    got = calloc(5 * SETS, sizeof *got);
    return !value || !got;
}

static int end(void **state)
{
    (void)state;
    free(value);
    free(got);
    arena_release(&scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_rates),
        cmocka_unit_test(test_rates_of_steps),
        cmocka_unit_test(test_one_item),
        cmocka_unit_test(test_claim_and_test),
        cmocka_unit_test(test_missing_values),
        cmocka_unit_test(test_standard_error),
        cmocka_unit_test(test_repeated_tokens),
        cmocka_unit_test(test_least_effect),
        cmocka_unit_test(test_stability),
        cmocka_unit_test(test_rates_against_chance),
        cmocka_unit_test(test_coverage_of_macro_rows),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_coverage_of_rates),
        cmocka_unit_test(test_nothing_is_found),
    };

    return cmocka_run_group_tests(tests, start, end);
}
