/* Averages and their bootstrap against the obvious way: every draw, query by query, then a sort. */
#include "statistics/strata.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { QUERIES = 60, ELEMENTS = 70, DRAWN = 101 };

static struct query queries[QUERIES];
static struct dataset data = {.query = queries, .n = QUERIES};
static float value[QUERIES * ELEMENTS];
static struct arena arena, scratch;

/* Two datasets, the first with templates 2, 1, 3 and the second with one, and one without a name;
   items with several queries in a row; a bad query; numbers that some or all queries lack. */
static void make(struct strata *s, int draws, enum clustering cluster)
{
    static const char *const names[] = {"a", "a", "a", "b", ""};
    static const int templates[] = {2, 1, 3, 1, 1};
    static const char *const items[] = {"i", "ii", "iii", "iv", "v"};
    struct statistics_config c = {.cluster = cluster, .bootstrap = draws, .seed = 5};
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

static double plain_mean(const struct strata *s, int row, size_t e, const unsigned short *times)
{
    double sum = 0, n = 0;

    for (size_t q = 0; q < QUERIES; q++) {
        double v = (double)value[q * ELEMENTS + e];
        double w = s->of_query[q] < 0 ? 0 : times ? times[s->cluster_of[q]] : 1;

        if (s->of_query[q] != row || isnan(v))
            continue;
        sum += w * v;
        n += w;
    }
    return sum / n;
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
static double whole_mean(const struct strata *s, int row, size_t e, const unsigned short *times,
                         enum template_mean way)
{
    const struct stratum *v = &s->v[row];
    double t[3], mean;

    if (v->template != -1)
        return plain_mean(s, row, e, times);
    for (int k = 0; k < 3; k++)
        t[k] = plain_mean(s, find(s, "a", k + 1, v->step), e, times);
    mean = way == TEMPLATES_MEAN         ? (t[0] + t[1] + t[2]) / 3
           : way == TEMPLATES_FIRST_ONLY ? t[0]
                                         : (2 * t[0] + t[1] + t[2]) / 3;
    if (*v->dataset)
        return mean;
    return (mean + plain_mean(s, find(s, "b", 1, v->step), e, times) +
            plain_mean(s, find(s, "", 1, v->step), e, times)) /
           3;
}

static void same(double have, double want)
{
    if (!(fabs(have - want) < 1e-12))
        fail_msg("%.17g, expected %.17g", have, want);
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double p)
{
    double at = p * (n - 1);
    int i = (int)at;

    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* over >= 0: divided by the mean of that element. */
static void check_row(const struct strata *s, int row, size_t e, int over, enum template_mean way,
                      const struct estimate *got)
{
    double r[DRAWN], mean = 0, square = 0;

    if (e == 3) {
        assert_true(isnan(got->mean) && isnan(got->lo) && isnan(got->se) && got->n == 0);
        return;
    }
    mean = over < 0 ? 1 : whole_mean(s, row, (size_t)over, NULL, way);
    same(got->mean, whole_mean(s, row, e, NULL, way) / mean);
    mean = 0;
    for (int d = 0; d < DRAWN; d++) {
        const unsigned short *times = s->times + (size_t)d * s->n_clusters;

        r[d] = whole_mean(s, row, e, times, way);
        if (over >= 0)
            r[d] /= whole_mean(s, row, (size_t)over, times, way);
        if (isnan(r[d]))
            return; /* a part without a value: left out, as the plain loop does not */
        mean += r[d] / DRAWN;
    }
    for (int d = 0; d < DRAWN; d++)
        square += (r[d] - mean) * (r[d] - mean);
    qsort(r, DRAWN, sizeof *r, rising);
    same(got->se, sqrt(square / (DRAWN - 1)));
    same(got->lo, quantile(r, DRAWN, 0.025));
    same(got->hi, quantile(r, DRAWN, 0.975));
}

static void check(enum clustering cluster, enum template_mean way)
{
    struct strata s;
    struct estimate *got;
    struct err err;

    err_clear(&err);
    make(&s, DRAWN, cluster);
    got = calloc(s.n * ELEMENTS, sizeof *got);
    assert_non_null(got);
    assert_int_equal(s.n_base, 10);
    assert_int_equal(s.n, 14); /* a, and all, at two steps */
    assert_int_equal(strata_estimate(&s, way, value, ELEMENTS, got, &scratch, &err), 0);
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
    make(&s, DRAWN, CLUSTER_ITEM);
    got = calloc(s.n * ELEMENTS / 2, sizeof *got);
    assert_non_null(got);
    assert_int_equal(strata_ratio(&s, TEMPLATES_MEAN, value, ELEMENTS / 2, got, &scratch, &err), 0);
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
    make(&s, 0, CLUSTER_ITEM);
    for (int i = 0; i < 3; i++) {
        struct estimate got[14 * ELEMENTS];
        int a = find(&s, "a", -1, 2), all = a;

        for (size_t k = s.n_base; k < s.n; k++)
            if (s.v[k].over == OVER_DATASETS && s.v[k].step == 2)
                all = (int)k;
        assert_int_equal(strata_estimate(&s, ways[i], value, ELEMENTS, got, &scratch, &err), 0);
        assert_int_equal(got[a].n, ways[i] == TEMPLATES_FIRST_ONLY ? 6 : 17); /* one is bad */
        assert_int_equal(got[all].n, got[a].n + 12);
        assert_true(isnan(got[a].lo) && isnan(got[a].se) && !isnan(got[a].mean));
    }
    arena_release(&arena);
}

/* Rows of the data, then means over templates, then over datasets: one of each for each step, the
   last the widest. */
static void test_rows(void **state)
{
    struct strata s;

    (void)state;
    make(&s, DRAWN, CLUSTER_ITEM);
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
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .bootstrap = 3, .seed = 5};
    struct strata s;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(strata_open(&s, &ds, &c, &arena, &err), 0);
    assert_true(s.n == 2 && s.n_base == 2 && s.n_clusters == 1);
    arena_release(&arena);
}

/* Each draw takes as many items of a dataset as it has, whatever other datasets there are. */
static void test_draws(void **state)
{
    struct query all[24] = {{0}};
    struct dataset ds = {.query = all, .n = 16};
    struct statistics_config c = {.cluster = CLUSTER_ITEM, .bootstrap = DRAWN, .seed = 5};
    char name[24][4];
    struct strata one, both;
    struct err err;

    (void)state;
    err_clear(&err);
    for (int q = 0; q < 24; q++) { /* eight items of d with two queries, then eight of e */
        snprintf(name[q], sizeof name[q], "%d", q < 16 ? q / 2 : q);
        all[q] = (struct query){
            .dataset = q < 16 ? "d" : "e", .template = 1, .step = 1, .item = name[q]};
    }
    assert_int_equal(strata_open(&one, &ds, &c, &arena, &err), 0);
    ds.n = 24;
    assert_int_equal(strata_open(&both, &ds, &c, &arena, &err), 0);
    assert_true(one.n_clusters == 8 && both.n_clusters == 16);
    for (int d = 0; d < DRAWN; d++) {
        int first = 0, second = 0;

        for (int k = 0; k < 8; k++) {
            first += both.times[d * 16 + k];
            second += both.times[d * 16 + 8 + k];
            assert_int_equal(both.times[d * 16 + k], one.times[d * 8 + k]);
        }
        assert_true(first == 8 && second == 8);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means),  cmocka_unit_test(test_authors),
        cmocka_unit_test(test_ratios), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_no_macro_row),
        cmocka_unit_test(test_draws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
