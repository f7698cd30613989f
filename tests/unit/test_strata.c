/* Rows, clusters, and averages with their standard errors, against the obvious way. */
#include "statistics/contrast.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { QUERIES = 60, ELEMENTS = 70 };

static struct query queries[QUERIES];
static struct dataset data = {.query = queries, .n = QUERIES};
static float value[QUERIES * ELEMENTS];
static struct arena arena, scratch;

/* Two datasets, the first with templates 2, 1, 3 and the second with one, and one without a name;
   items with several queries in a row; a bad query; numbers that some or all queries lack. */
static void make(struct strata *s, enum clustering cluster)
{
    static const char *const names[] = {"a", "a", "a", "b", ""};
    static const int templates[] = {2, 1, 3, 1, 1};
    static const char *const items[] = {"i", "ii", "iii", "iv", "v"};
    struct statistics_config c = {.cluster = cluster};
    struct rng rng = rng_for(1, 2, "test");
    struct err err;

    err_clear(&err);
    for (int q = 0; q < QUERIES; q++) {
        queries[q] = (struct query){.status = q == 7 ? "bad" : NULL,
                                    .dataset = names[q % 5],
                                    .template = templates[q % 5],
                                    .step = 1 + q / 5 % 2,
                                    .item = items[q / 5 % 5]};
        for (int e = 0; e < ELEMENTS; e++) {
            float v = (float)rng_below(&rng, 1000) / 100;

            value[q * ELEMENTS + e] = e == 3 || (e > 64 && (q + e) % 3 == 0) ? NAN : v;
        }
    }
    assert_int_equal(strata_open(s, &data, &c, &arena, &err), 0);
}

static double plain_mean(const struct strata *s, int row, size_t e)
{
    double sum = 0, n = 0;

    for (size_t q = 0; q < QUERIES; q++) {
        double v = (double)value[q * ELEMENTS + e];

        if (s->of_query[q] != row || isnan(v))
            continue;
        sum += v;
        n++;
    }
    return sum / n;
}

/* Of a row of the data: deviations summed up by cluster, squared, and made up for those that the
   mean itself takes up. */
static double plain_error(const struct strata *s, int row, size_t e)
{
    double mean = plain_mean(s, row, e), dev[QUERIES] = {0}, n[QUERIES] = {0};
    double all = 0, square = 0, second = 0, third = 0;

    for (size_t q = 0; q < QUERIES; q++) {
        double v = (double)value[q * ELEMENTS + e];

        if (s->of_query[q] != row || isnan(v))
            continue;
        dev[s->items.of_query[q]] += v - mean;
        n[s->items.of_query[q]]++;
        all++;
    }
    for (int c = 0; c < QUERIES; c++) {
        square += dev[c] * dev[c] / all / all;
        second += n[c] * n[c] / all / all;
        third += n[c] * n[c] * n[c] / all / all / all;
    }
    return sqrt(square / (1 - 2 * third / second + second));
}

static int find(const struct strata *s, const char *dataset, int template, int step)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].dataset, dataset) == 0 && s->v[i].template == template &&
            s->v[i].step == step)
            return (int)i;
    return -1;
}

/* What a row is, written out for this data. */
static double whole_mean(const struct strata *s, int row, size_t e, enum template_mean way)
{
    const struct stratum *v = &s->v[row];
    double t[3], mean;

    if (v->template != -1)
        return plain_mean(s, row, e);
    for (int k = 0; k < 3; k++)
        t[k] = plain_mean(s, find(s, "a", k + 1, v->step), e);
    mean = way == TEMPLATES_MEAN         ? (t[0] + t[1] + t[2]) / 3
           : way == TEMPLATES_FIRST_ONLY ? t[0]
                                         : (2 * t[0] + t[1] + t[2]) / 3;
    if (*v->dataset)
        return mean;
    return (mean + plain_mean(s, find(s, "b", 1, v->step), e) +
            plain_mean(s, find(s, "", 1, v->step), e)) /
           3;
}

static void same(double have, double want)
{
    if (!(fabs(have - want) < 1e-12))
        fail_msg("%.17g, expected %.17g", have, want);
}

/* over >= 0: divided by the mean of that element. */
static void check_row(const struct strata *s, int row, size_t e, int over, enum template_mean way,
                      const struct estimate *got)
{
    double by = over < 0 ? 1 : whole_mean(s, row, (size_t)over, way);

    if (e == 3) {
        assert_true(isnan(got->mean) && isnan(got->lo) && isnan(got->se) && got->n == 0);
        return;
    }
    same(got->mean, whole_mean(s, row, e, way) / by);
    if (over < 0 && (size_t)row < s->n_base && !isnan(got->se))
        same(got->se, plain_error(s, row, e));
}

static void check(enum clustering cluster, enum template_mean way)
{
    struct strata s;
    struct estimate *got;
    struct err err;

    err_clear(&err);
    make(&s, cluster);
    got = calloc(s.n * ELEMENTS, sizeof *got);
    assert_non_null(got);
    assert_int_equal(s.n_base, 10);
    assert_int_equal(s.n, 14); /* a, and all, at two steps */
    assert_int_equal(strata_estimate(&s, &(struct estimate_ask){.way = way}, value, ELEMENTS, got,
                                     &scratch, &err),
                     0);
    for (int row = 0; row < (int)s.n; row++)
        for (size_t e = 0; e < ELEMENTS; e++)
            check_row(&s, row, e, -1, way, &got[e * s.n + (size_t)row]);
    free(got);
    arena_release(&arena);
}

/* The first half of the elements over the second. */
static void test_ratios(void **state)
{
    struct strata s;
    struct estimate *got;
    struct err err;

    (void)state;
    err_clear(&err);
    make(&s, CLUSTER_ITEM);
    got = calloc(s.n * ELEMENTS / 2, sizeof *got);
    assert_non_null(got);
    assert_int_equal(strata_estimate(&s, &(struct estimate_ask){.ratio = true}, value, ELEMENTS / 2,
                                     got, &scratch, &err),
                     0);
    for (int row = 0; row < (int)s.n; row++)
        for (int e = 0; e < ELEMENTS / 2; e++)
            check_row(&s, row, (size_t)e, e + ELEMENTS / 2, TEMPLATES_MEAN,
                      &got[(size_t)e * s.n + (size_t)row]);
    free(got);
    arena_release(&arena);
}

static void test_means(void **state)
{
    (void)state;
    check(CLUSTER_ITEM, TEMPLATES_MEAN);
    check(CLUSTER_QUERY, TEMPLATES_MEAN);
}

static void test_authors(void **state)
{
    (void)state;
    check(CLUSTER_ITEM, TEMPLATES_FIRST_TWICE);
    check(CLUSTER_ITEM, TEMPLATES_FIRST_ONLY);
}

/* Queries of the rows that count: with the first template alone, only its own. */
static void test_counts(void **state)
{
    static const enum template_mean ways[] = {TEMPLATES_MEAN, TEMPLATES_FIRST_TWICE,
                                              TEMPLATES_FIRST_ONLY};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    make(&s, CLUSTER_ITEM);
    for (int i = 0; i < 3; i++) {
        struct estimate got[14 * ELEMENTS];
        int a = find(&s, "a", -1, 2), all = a;

        for (size_t k = s.n_base; k < s.n; k++)
            if (s.v[k].over == OVER_DATASETS && s.v[k].step == 2)
                all = (int)k;
        assert_int_equal(strata_estimate(&s, &(struct estimate_ask){.way = ways[i]}, value,
                                         ELEMENTS, got, &scratch, &err),
                         0);
        assert_int_equal(got[a].n, ways[i] == TEMPLATES_FIRST_ONLY ? 6 : 17); /* one is bad */
        assert_int_equal(got[all].n, got[a].n + 12);
    }
    arena_release(&arena);
}

/* Rows of the data, then means over templates, then over datasets: one of each for each step, the
   last the widest. */
static void test_rows(void **state)
{
    struct strata s;

    (void)state;
    make(&s, CLUSTER_ITEM);
    assert_int_equal(s.n_base, 10); /* a with three templates, b, unnamed; two steps */
    assert_int_equal(s.n, 14);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.v[i].over, i < 10   ? OVER_QUERIES
                                      : i < 12 ? OVER_TEMPLATES
                                               : OVER_DATASETS);
    for (int step = 1; step <= 2; step++) {
        int over_templates = find(&s, "a", -1, step), over_all = find(&s, "", -1, step);
        const struct stratum *a = &s.v[over_templates], *all = &s.v[over_all];

        assert_int_equal(a->n_parts, 3);
        for (int k = 0; k < 3; k++) /* in rising order, whatever the data's */
            assert_int_equal(a->part[k], find(&s, "a", k + 1, step));
        assert_int_equal(all->n_parts, 3);
        for (size_t k = 0; k < 3; k++)
            assert_true(all->part[k] == over_templates || all->part[k] == find(&s, "b", 1, step) ||
                        all->part[k] == find(&s, "", 1, step));
    }
    arena_release(&arena);
}

/* One dataset of one template has no macro row. */
static void test_no_macro_row(void **state)
{
    struct query two[2] = {{.dataset = "d", .template = 1, .step = 1, .item = "i"},
                           {.dataset = "d", .template = 1, .step = 2, .item = "i"}};
    struct dataset ds = {.query = two, .n = 2};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(strata_open(&s, &ds, &c, &arena, &err), 0);
    assert_true(s.n == 2 && s.n_base == 2 && s.items.n == 1);
    arena_release(&arena);
}

/* Queries of a dataset with one token of a target are a cluster, those of two datasets are not;
   where each item has its own token there is nothing to say. */
static void test_tokens(void **state)
{
    static const char *const names[] = {"d", "d", "d", "e", "e"};
    static const char *const items[] = {"i", "ii", "iii", "i", "ii"};
    int32_t tokens[5][2] = {{7, 1}, {7, 2}, {8, 3}, {7, 4}, {-1, 5}};
    struct query all[5] = {{0}};
    struct dataset ds = {.query = all, .n = 5, .n_targets = 2};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < 5; q++)
        all[q] = (struct query){.dataset = names[q],
                                .item = items[q],
                                .template = 1,
                                .step = 1,
                                .target = tokens[q],
                                .right = q - 1 < 2 ? q - 1 : 1};
    assert_int_equal(strata_open(&s, &ds, &c, &arena, &err), 0);
    assert_int_equal(s.items.n, 5);
    assert_int_equal(s.tokens[0].n, 4);
    assert_int_equal(s.tokens[0].of_query[0], s.tokens[0].of_query[1]);
    assert_int_not_equal(s.tokens[0].of_query[0], s.tokens[0].of_query[3]);
    assert_true(!s.tokens[0].as_items && s.tokens[1].as_items);
    assert_int_equal(s.tokens[0].in_row[0], 2);
    assert_int_equal(s.items.in_row[0], 3);
    /* right: none, 7, 3, 4, 5 */
    assert_true(s.tokens[2].n == 5 && s.tokens[2].as_items);
    for (int q = 0; q < 5; q++)
        all[q].right = 0;
    assert_int_equal(strata_open(&s, &ds, &c, &arena, &err), 0);
    assert_int_equal(s.tokens[2].of_query[0], s.tokens[2].of_query[1]);
    assert_true(!s.tokens[2].as_items);
    /* an item of two tokens */
    ds.n = 2;
    all[1].item = all[0].item;
    assert_int_equal(strata_open(&s, &ds, &c, &arena, &err), 0);
    assert_false(s.tokens[1].as_items);
    arena_release(&arena);
}

/* Steps 1, 2 and 4: an item's own difference, of one template; a query that stands alone, is bad or
   is in another dataset is in no pair. The mean over templates, then datasets, by hand. */
static void test_contrasts(void **state)
{
    static const struct {
        const char *dataset, *item, *status;
        int template, step;
        float value;
    } v[] = {{"a", "x", NULL, 1, 1, 1},   {"a", "x", NULL, 1, 2, 5},  {"a", "x", NULL, 2, 2, 100},
             {"a", "y", NULL, 1, 2, 7},   {"a", "y", NULL, 1, 1, 1},  {"a", "z", "bad", 1, 1, 50},
             {"a", "z", NULL, 1, 2, 60},  {"a", "w", NULL, 2, 1, 10}, {"a", "w", NULL, 2, 2, 11},
             {"b", "x", NULL, 1, 2, 20},  {"b", "x", NULL, 1, 1, 10}, {"b", "y", NULL, 1, 2, 8},
             {"b", "x", NULL, 1, 2, 900}, {"b", "x", NULL, 1, 4, 23}, {"b", "y", NULL, 1, 4, 9}};
    enum { N = sizeof v / sizeof *v };
    struct query all[N];
    struct dataset ds = {.query = all, .n = N};
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    float values[N];
    struct contrasts x;
    struct estimate e[2];
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < N; q++) {
        all[q] = (struct query){.dataset = v[q].dataset,
                                .item = v[q].item,
                                .status = v[q].status,
                                .template = v[q].template,
                                .step = v[q].step};
        values[q] = v[q].value;
    }
    assert_int_equal(contrasts_open(&x, &ds, &c, &arena, &err), 0);
    assert_true(x.n == 2 && x.step[0] == 2 && x.minus[0] == 1 && x.step[1] == 4 && x.minus[1] == 2);
    assert_int_equal(
        contrasts_estimate(&x, &(struct estimate_ask){0}, values, 1, e, &scratch, &err), 0);
    /* a: templates ((4 + 6) / 2, 1); b: 10 */
    same(e[0].mean, ((5 + 1) / 2.0 + 10) / 2);
    assert_int_equal(e[0].n, 4);
    /* the first query of the step before that stands alone yet */
    same(e[1].mean, (3 + 1) / 2.0);
    arena_release(&arena);
    arena_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means),  cmocka_unit_test(test_authors),
        cmocka_unit_test(test_ratios), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_no_macro_row),
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_contrasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
