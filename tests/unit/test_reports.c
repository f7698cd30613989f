/* Reports return text: summary, top, compare and diff of small result files that the test makes. */
#include "base/json_write.h"
#include "report/compare.h"
#include "report/diff.h"
#include "report/summary.h"
#include "report/top.h"
#include "results/describe.h"
#include "results/h5write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUERIES = 20, LAYERS = 3, TARGETS = 2, CELLS = LAYERS * TARGETS };

static char dir[64], path[2][96];
static struct buf text;

static int start(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lensweep-reports-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    for (int i = 0; i < 2; i++)
        snprintf(path[i], sizeof path[i], "%s/%d.h5", dir, i);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_release(&text);
    for (int i = 0; i < 2; i++)
        unlink(path[i]);
    return rmdir(dir);
}

/* A result file ---------------------------------------------------------------------------- */

static const char *const targets[TARGETS] = {"answer_1", "subject"};
static const struct dim dims[] = {{"query", QUERIES, V_I8, NULL, NULL},
                                  {"stratum", 1, V_I4, NULL, NULL},
                                  {"layer", LAYERS, V_I4, NULL, NULL},
                                  {"target", TARGETS, V_STR, targets, NULL}};

static void put(struct h5group *g, const char *name, enum vtype type, const char *of,
                const void *data, size_t n)
{
    struct variable v = {name, type, of, "made by the test", type == V_STR ? NULL : "1"};
    struct err err;

    err_clear(&err);
    assert_int_equal(h5_define(g, &v, &err), 0);
    assert_int_equal(h5_write(g, name, 0, n, data, &err), 0);
}

static int used = QUERIES - 1; /* so many queries are not left out */

/* What every group has of its queries: each its own item, but for two that share one. */
static void put_queries(struct h5group *g)
{
    static char name[QUERIES][16];
    const char *item[QUERIES], *status[QUERIES], *dataset[QUERIES];
    int8_t step[QUERIES];

    for (int q = 0; q < QUERIES; q++) {
        snprintf(name[q], sizeof name[q], "item %d", q ? q : 1);
        item[q] = name[q];
        status[q] = q < used ? "ok" : "too long";
        dataset[q] = "lands";
        step[q] = 1;
    }
    put(g, "item", V_STR, "query", item, QUERIES);
    put(g, "status", V_STR, "query", status, QUERIES);
    put(g, "dataset", V_STR, "query", dataset, QUERIES);
    put(g, "step", V_I1, "query", step, QUERIES);
    put(g, "template", V_I1, "query", step, QUERIES);
}

static int tokens; /* that the right target has: in one half of the queries, and in the other */

static void put_targets(struct h5group *g)
{
    int32_t id[QUERIES * TARGETS];

    for (int i = 0; i < QUERIES * TARGETS; i++)
        id[i] = i % TARGETS ? -1 : i / TARGETS < 9 ? 5 : 4 + tokens;
    put(g, "target_id", V_I4, "query target", id, QUERIES);
}

static void put_facts(struct h5group *g)
{
    static const char *const flags[] = {"target_collision", "target_generic", "target_in_prompt",
                                        "bos"};
    int32_t rank[QUERIES * TARGETS];
    const char *prefix[QUERIES], *right[QUERIES], *said[QUERIES], *token[QUERIES * TARGETS];
    int8_t flag[QUERIES] = {1, 1};

    for (int i = 0; i < QUERIES * TARGETS; i++)
        rank[i] = i % TARGETS == 0 && i / TARGETS < 15 ? 0 : 7;
    for (int q = 0; q < QUERIES; q++) {
        prefix[q] = "";
        right[q] = q == 18 ? "" : "answer_1";
        said[q] = " La";
        token[2 * q] = " Sucre";
        token[2 * q + 1] = "";
    }
    put(g, "clean_rank", V_I4, "query target", rank, QUERIES);
    put(g, "right_target", V_STR, "query", right, QUERIES);
    put(g, "clean_argmax_token", V_STR, "query", said, QUERIES);
    put(g, "target_token", V_STR, "query target", token, QUERIES);
    put(g, "answer_prefix", V_STR, "query", prefix, QUERIES);
    if (tokens)
        put_targets(g);
    for (int i = 0; i < 4; i++)
        put(g, flags[i], V_I1, "query", flag, QUERIES);
}

static int items = 18;
static bool untested; /* the second target's numbers have no test */
static bool by_query; /* a query is one observation */

/* What the average is called; "mean_lift" is of `lift`, by query: what differs between queries is
   the same in both results, but for a hundredth. */
static const char *average = "gain";
static const char *stat_dims = "stratum layer target";
static double off; /* the values by query have another mean than the average, by so much */

static void put_lift(struct h5group *g, const double mean[CELLS], bool second)
{
    float lift[QUERIES * CELLS];

    for (int q = 0; q < QUERIES; q++)
        for (int i = 0; i < CELLS; i++) {
            double spread = (q % 2 ? 0.5 : -0.5), own = second ? (q / 2 % 3 - 1) * 0.01 : 0;

            lift[q * CELLS + i] = q < 18 ? (float)(mean[i] + spread + own + off) : NAN;
        }
    put(g, "lift", V_F32, "query layer target", lift, QUERIES);
}

static void put_statistic(struct h5group *g, const char *end, enum vtype type, const void *data)
{
    char name[64];

    snprintf(name, sizeof name, "%s%s", average, end);
    put(g, name, type, stat_dims, data, 1);
}

/* mean(1, layer, target) of 18 queries and so many items, whose standard error is a tenth. */
static void put_average(struct h5group *g, const double mean[CELLS])
{
    static const char *const dataset[] = {"lands"};
    static const int32_t one[] = {1};
    double se[CELLS], lo[CELLS], hi[CELLS], p[CELLS];
    int32_t n[CELLS], clusters[CELLS];

    for (int i = 0; i < CELLS; i++) {
        se[i] = 0.1;
        lo[i] = mean[i] - 0.2;
        hi[i] = mean[i] + 0.2;
        p[i] = items < 2 || isnan(mean[i]) || (untested && i % TARGETS) ? (double)NAN
               : fabs(mean[i]) > 0.5                                    ? 1e-5
                                                                        : 0.01;
        n[i] = 18;
        clusters[i] = items;
    }
    put(g, "stratum_dataset", V_STR, "stratum", dataset, 1);
    put(g, "stratum_template", V_I4, "stratum", one, 1);
    put(g, "stratum_step", V_I4, "stratum", one, 1);
    put_statistic(g, "", V_F64, mean);
    put_statistic(g, "_se", V_F64, se);
    put_statistic(g, "_lo", V_F64, lo);
    put_statistic(g, "_hi", V_F64, hi);
    put_statistic(g, "_p", V_F64, p);
    put_statistic(g, "_n", V_I4, n);
    put_statistic(g, "_n_clusters", V_I4, clusters);
}

static void make_result(const char *file, const double mean[CELLS], const struct headline *h)
{
    struct h5group *g;
    struct h5file *f;
    struct err err;

    err_clear(&err);
    assert_int_equal(h5_create(&f, file, &err), 0);
    assert_int_equal(h5_group(f, "queries", dims, 4, &g, &err), 0);
    put_queries(g);
    put_facts(g);
    assert_int_equal(h5_group(f, "probe", dims, 4, &g, &err), 0);
    assert_int_equal(h5_attr_str(g, "kind", "a kind that no report knows", &err), 0);
    if (h)
        assert_int_equal(headlines_write(g, h, 1, &err), 0);
    if (by_query)
        assert_int_equal(h5_attr_str(g, "statistics.cluster", "query", &err), 0);
    put_queries(g);
    put_average(g, mean);
    if (strcmp(average, "mean_lift") == 0)
        put_lift(g, mean, file == path[1]);
    assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
}

static const struct headline headline = {
    .variable = "gain",
    .title = "what each layer gains",
    .unit = "logit",
    .test = "t",
    .claim = "differs from zero",
    .rows = "target",
};

static const double some[CELLS] = {0.05, -0.02, 1.5, 0.01, 0.9, 0.03};

static void has(const char *expected)
{
    struct err err;

    err_clear(&err);
    if (!strstr(buf_str(&text, &err), expected))
        fail_msg("\"%s\" is not in:\n%s", expected, text.data);
}

/* Summary ---------------------------------------------------------------------------------- */

static void summarise(const double mean[CELLS], const struct headline *h)
{
    struct result r;
    struct err err;

    err_clear(&err);
    make_result(path[0], mean, h);
    assert_int_equal(result_open(&r, path[0], &err), 0);
    buf_clear(&text);
    assert_int_equal(summary_text(&r, &text, &err), 0);
    result_close(&r);
}

/* 1.5 and 0.9 pass a test corrected for six numbers; the others do not. */
static void a_summary_names_what_passes_its_test(void **state)
{
    (void)state;
    summarise(some, &headline);
    has("the model is right in 15 of 18 queries (its most probable next token is the target)\n"
        "  of 1 more the data do not say what is right\n"
        "  wrong: item 15, step 1: says \" La\", right is \" Sucre\" (rank 7); item 16, step 1: ");
    has("  1 query not used: too long\n");
    has("flags: target_collision in 2, target_generic in 2, ");
    has("\nprobe: what each layer gains; logit [95 % interval]\n");
    has("  step  items  target     how many  strongest\n"
        "     1     18  answer_1^         2  +1.50 [+1.30, +1.70]  layer 1\n"
        "                                    +0.90 [+0.70, +1.10]  layer 2\n");
    has("  1 query left out: too long\n");
    has("  not significant throughout, in 1 row: step 1 subject (lensweep top RESULT probe ");
    has("  (logit; means over queries [95 % interval over items]; layers count from 0; how "
        "many: those that\n");
    has("what stands out (each number has passed its test):\n"
        "  probe: what each layer gains\n"
        "    step 1: layer 1, answer_1 +1.50 [+1.30, +1.70], and 1 weaker\n");
}

static void a_summary_tells_of_numbers_about_other_targets(void **state)
{
    static const double subject[CELLS] = {0.05, -0.02, 0.1, 1.5, -0.1, 0.03};

    (void)state;
    summarise(subject, &headline);
    has("     1     18  subject         1  +1.50 [+1.30, +1.70]  layer 1\n");
    has("\nwhat stands out: nothing about the right target has passed a test; numbers about others "
        "have\n");
}

static void a_summary_of_nothing_says_so(void **state)
{
    static const double nothing[CELLS] = {0.05, -0.02, 0.1, 0.01, -0.1, 0.03};
    double none[CELLS];
    struct headline h = headline;

    (void)state;
    summarise(nothing, &headline);
    has("  nothing found: of 6 numbers none differs from zero; the largest, n.s.:\n"
        "  step  items  target     largest\n"
        "     1     18  answer_1^  +0.100 [-0.100, +0.300]  layer 1\n");
    has("\nwhat stands out: nothing has passed a test\n");
    for (int i = 0; i < CELLS; i++)
        none[i] = NAN;
    summarise(none, &headline);
    has("  nothing can be said: there are no numbers\n");
    for (int i = 0; i < 3;
         i++) { /* whatever its test, what was left out is no "nothing is tested" */
        static const char *const tests[] = {"t", "stored", "none"};

        h.test = tests[i];
        used = 0;
        summarise(none, &h);
        used = QUERIES - 1;
        has("  nothing can be said: all queries were left out\n  20 queries left out: too long\n");
    }
    h.test = "t";
    h.variable = "not there";
    summarise(some, &h);
    assert_null(strstr(text.data, "probe"));
    items = 1;
    summarise(some, &headline);
    items = 18;
    has("  one item, or one token for all: not tested; largest change +1.5 at layer 1, answer_1, "
        "step 1\n");
}

/* What has no place is not said to be at one. */
static void a_summary_of_one_number(void **state)
{
    static const double one[CELLS] = {1.5};
    struct headline h = headline;

    (void)state;
    h.rows = NULL;
    stat_dims = "stratum";
    items = 1;
    summarise(one, &h);
    items = 18;
    has("not tested; largest change +1.5 at step 1\n");
    summarise(one, &h);
    stat_dims = "stratum layer target";
    has("    step 1 +1.50 [+1.30, +1.70]\n");
}

static void columns_stand_beside_each_other(void **state)
{
    struct headline h = headline;

    (void)state;
    h.rows = NULL;
    h.columns = "target";
    summarise(some, &h);
    has("  step  items  answer_1                        subject\n"
        "     1     18  +1.50 [+1.30, +1.70]^  layer 1  n.s.\n");
}

/* Not significant is what has a test and does not pass it. */
static void what_has_no_test_is_not_called_not_significant(void **state)
{
    struct headline h = headline;

    (void)state;
    untested = true;
    summarise(some, &headline);
    has("  not tested, in 1 row: step 1 subject (lensweep top RESULT probe shows all numbers)\n");
    assert_null(strstr(text.data, "not significant throughout"));
    h.rows = NULL;
    h.columns = "target";
    summarise(some, &h);
    untested = false;
    has("  step  items  answer_1                        subject\n"
        "     1     18  +1.50 [+1.30, +1.70]^  layer 1        -\n");
    has("; -: there is a number, and no");
    assert_null(strstr(text.data, "n.s."));
}

/* statistics.cluster: query. */
static void observations_are_called_what_they_are(void **state)
{
    static const double nothing[CELLS] = {0.05, -0.02, 0.1, 0.01, -0.1, 0.03};

    (void)state;
    by_query = true;
    summarise(some, &headline);
    has("  step  queries  target     how many  strongest\n"
        "     1       18  answer_1^         2  +1.50 [+1.30, +1.70]  layer 1\n");
    has("[95 % interval over queries]");
    has("a test of the mean over queries");
    items = 1;
    summarise(nothing, &headline);
    items = 18;
    by_query = false;
    has("  one query, or one token for all: not tested; ");
}

/* Of rows, only those that have numbers. */
static void rows_that_are_not_shown_are_counted(void **state)
{
    static const double nothing[CELLS] = {0.05, -0.02, 0.1, 0.01, -0.1, 0.03};
    static const double few[CELLS] = {0.05, (double)NAN, 0.1, (double)NAN, -0.1, 0.03};
    struct headline h = headline;

    (void)state;
    h.rows = "layer target";
    summarise(nothing, &h);
    has("  (of each step the first 4 rows, of up to 6; lensweep top RESULT probe has all)\n");
    summarise(few, &h);
    has("  nothing found: of 4 numbers none ");
    assert_null(strstr(text.data, "of each step"));
}

static void layers_may_count_from_one(void **state)
{
    struct result r;
    struct err err;

    (void)state;
    err_clear(&err);
    make_result(path[0], some, &headline);
    assert_int_equal(result_open(&r, path[0], &err), 0);
    r.layers_from = 1;
    buf_clear(&text);
    assert_int_equal(summary_text(&r, &text, &err), 0);
    result_close(&r);
    has("     1     18  answer_1^         2  +1.50 [+1.30, +1.70]  layer 2\n");
    has("; layers count from 1; ");
}

/* A column that no query has a number of is told from one that passes no test. */
static void not_there_is_not_insignificant(void **state)
{
    double none[CELLS];
    struct headline h = headline;

    (void)state;
    h.rows = NULL;
    h.columns = "target";
    for (int i = 0; i < CELLS; i++)
        none[i] = i % TARGETS ? NAN : some[i];
    summarise(none, &h);
    has("     1     18  +1.50 [+1.30, +1.70]^  layer 1  n/a\n");
    has("; n/a: no query has such a number)\n");
}

static void without_a_test_the_strongest_are_named(void **state)
{
    struct headline h = headline;

    (void)state;
    h.test = "none";
    summarise(some, &h);
    has("  step  items  target     strongest\n"
        "     1     18  answer_1^  +1.50 [+1.30, +1.70]  layer 1\n");
    has("  subject    +0.03 [-0.17, +0.23]  layer 2\n");
}

/* Top -------------------------------------------------------------------------------------- */

static int rank(const struct top *t, struct err *err)
{
    err_clear(err);
    buf_clear(&text);
    return top_text(t, path[0], &text, err);
}

static void top_ranks_by_absolute_value(void **state)
{
    struct top t = {.n = 3, .step = -1};
    struct err err;

    (void)state;
    make_result(path[0], some, &headline);
    assert_int_equal(rank(&t, &err), 0);
    has("probe: gain: made by the test; lands, template 1\n"
        "the 3 largest of 6, by absolute value; each interval is that cell's own\n"
        "  step  layer  target      mean  95 % low  95 % high   n\n"
        "     1      1  answer_1  +1.500    +1.300     +1.700  18\n"
        "     1      2  answer_1  +0.900    +0.700     +1.100  18\n"
        "     1      0  answer_1  +0.050    -0.150     +0.250  18\n");
}

static void top_says_what_is_not_there(void **state)
{
    struct err err;

    (void)state;
    make_result(path[0], some, &headline);
    assert_int_equal(rank(&(struct top){.n = 3, .step = -1, .group = "prob"}, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "\"prob\" (there are: probe)"));
    assert_int_equal(rank(&(struct top){.n = 3, .step = 2}, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "nothing can be ranked of that dataset and step"));
    assert_int_equal(rank(&(struct top){.n = 3, .step = -1, .classes = true}, &err), ERR_CONFIG);
    make_result(path[0], some, NULL);
    assert_int_equal(rank(&(struct top){.n = 3, .step = -1}, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "nothing that can be ranked"));
}

/* Diff ------------------------------------------------------------------------------------- */

static size_t compare(double rtol)
{
    struct diff d = {.rtol = rtol, .tolerant = rtol > 0};
    struct err err;

    err_clear(&err);
    buf_clear(&text);
    assert_int_equal(diff_text(&d, path[0], path[1], &text, &err), 0);
    return d.n;
}

static void diff_names_what_differs(void **state)
{
    double other[CELLS];

    (void)state;
    make_result(path[0], some, &headline);
    make_result(path[1], some, &headline);
    assert_int_equal(compare(0), 0);
    has("equal\n");
    memcpy(other, some, sizeof other);
    other[2] = 1.5 * (1 + 1e-9);
    make_result(path[1], other, &headline);
    assert_int_equal(compare(0), 3); /* gain, gain_lo, gain_hi */
    has("probe/gain[stratum=0, layer=1, target=answer_1]: ");
    has("2 more differ: probe/gain_hi, probe/gain_lo\n");
    assert_int_equal(compare(1e-6), 0);
    make_result(path[1], some, NULL);
    assert_int_equal(compare(0), 1);
    has("attribute probe@headlines is in ");
}

/* Compare ---------------------------------------------------------------------------------- */

static void compare_puts_effects_side_by_side(void **state)
{
    static const double other[CELLS] = {0.05, -0.02, 1.0, 0.01, 0.9, 0.03};
    struct headline resampled = headline;
    struct compare c = {.n = 2, .step = -1};
    const char *const paths[] = {path[0], path[1]};
    struct err err;

    (void)state;
    err_clear(&err);
    buf_clear(&text);
    resampled.title = "what each layer gains when resampled";
    make_result(path[0], some, &headline);
    make_result(path[1], other, &resampled);
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), 0);
    has("probe: what each layer gains; B: what each layer gains when resampled\n");
    has("the 2 largest differences of 6 cells that all have; 1 of 2 intervals exclude 0; "
        "independent\n");
    has("     1      1  answer_1  +1.50 [+1.30, +1.70]  +1.00 [+0.80, +1.20]  -0.50 [-0.78, -0.22] "
        "*\n");
    c.step = 2;
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), ERR_CONFIG);
    err_clear(&err);
    c = (struct compare){.n = 2, .step = -1, .group = "not there"};
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), ERR_CONFIG);
    err_clear(&err);
    assert_int_equal(compare_text(&c, paths, 1, &text, &err), ERR_CONFIG);
}

/* Of the same queries differences are taken query by query: their interval is that of the
   differences. An average that the values by query do not have for a mean is not taken for theirs.
 */
static void compare_pairs_the_same_queries(void **state)
{
    static const double other[CELLS] = {0.05, -0.02, 1.0, 0.01, 0.9, 0.03};
    const struct headline lift = {.variable = "mean_lift",
                                  .title = "lift",
                                  .of = "lift",
                                  .by_token = "-1",
                                  .unit = "logit",
                                  .test = "t",
                                  .claim = "differs from zero",
                                  .rows = "target"};
    struct compare c = {.n = 2, .step = -1};
    const char *const paths[] = {path[0], path[1]}, *const twice[] = {path[1], path[1]};
    struct err err;

    (void)state;
    err_clear(&err);
    average = "mean_lift";
    make_result(path[0], some, &lift);
    make_result(path[1], other, &lift);
    buf_clear(&text);
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), 0);
    has("; 1 of 2 intervals exclude 0; paired\n");
    has("  +1.50 [+1.30, +1.70]  +1.00 [+0.80, +1.20]  -0.50 [-0.51, -0.50] *\n");
    assert_int_equal(compare_text(&c, twice, 2, &text, &err), 0);
    has("\nall 6 cells that all have are equal\n");
    off = 0.1;
    make_result(path[1], other, &lift);
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), 0);
    has("; 1 of 2 intervals exclude 0; independent\n");
    average = "gain";
    off = 0;
}

/* Averages that are judged by tokens too have differences that are: of two tokens the interval is
   the wider one, here by a t of one degree of freedom, of one token there is none, and it does not
   matter which of the two files says so. Where a file does not say how, nothing is paired. */
static void compare_judges_as_the_averages_are_judged(void **state)
{
    static const double other[CELLS] = {0.05, -0.02, 1.0, 0.01, 0.9, 0.03};
    static const struct {
        int tokens;
        const char *by_token[2], *said;
    } cases[] = {
        {2, {"-1", "-1"}, "; paired\n"},
        {2, {"-1", "-1"}, "  -0.50 [-0.51, -0.50] *\n"},
        {2, {"0 -1", "0 -1"}, "; paired\n"},
        {2, {"0 -1", "0 -1"}, "  -0.50 [-0.54, -0.46] *\n"},
        {2, {"2", "-1"}, "  -0.50 [-0.54, -0.46] *\n"},
        {2, {"-1", "2"}, "  -0.50 [-0.54, -0.46] *\n"},
        {2, {"1 0", "1 0"}, "  -0.50 [-0.51, -0.50] *\n"},
        {1, {"0 -1", "0 -1"}, "independent\n"},
        {1, {"-1", "2"}, "independent\n"},
        {2, {"3", "3"}, "independent\n"},
        {2, {NULL, NULL}, "independent\n"},
        {2, {"-1", NULL}, "independent\n"},
    };
    const char *const paths[] = {path[0], path[1]};
    struct compare c = {.n = 1, .step = -1};
    struct headline lift = headline;
    struct err err;

    (void)state;
    err_clear(&err);
    average = lift.variable = "mean_lift";
    lift.of = "lift";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tokens = cases[i].tokens;
        lift.by_token = cases[i].by_token[0];
        make_result(path[0], some, &lift);
        lift.by_token = cases[i].by_token[1];
        make_result(path[1], other, &lift);
        buf_clear(&text);
        assert_int_equal(compare_text(&c, paths, 2, &text, &err), 0);
        has(cases[i].said);
    }
    lift.by_token = "x";
    make_result(path[1], other, &lift);
    assert_int_equal(compare_text(&c, paths, 2, &text, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "by_token"));
    average = "gain";
    tokens = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_summary_names_what_passes_its_test, start, end),
        cmocka_unit_test_setup_teardown(a_summary_tells_of_numbers_about_other_targets, start, end),
        cmocka_unit_test_setup_teardown(a_summary_of_nothing_says_so, start, end),
        cmocka_unit_test_setup_teardown(a_summary_of_one_number, start, end),
        cmocka_unit_test_setup_teardown(columns_stand_beside_each_other, start, end),
        cmocka_unit_test_setup_teardown(what_has_no_test_is_not_called_not_significant, start, end),
        cmocka_unit_test_setup_teardown(observations_are_called_what_they_are, start, end),
        cmocka_unit_test_setup_teardown(rows_that_are_not_shown_are_counted, start, end),
        cmocka_unit_test_setup_teardown(layers_may_count_from_one, start, end),
        cmocka_unit_test_setup_teardown(not_there_is_not_insignificant, start, end),
        cmocka_unit_test_setup_teardown(without_a_test_the_strongest_are_named, start, end),
        cmocka_unit_test_setup_teardown(top_ranks_by_absolute_value, start, end),
        cmocka_unit_test_setup_teardown(top_says_what_is_not_there, start, end),
        cmocka_unit_test_setup_teardown(diff_names_what_differs, start, end),
        cmocka_unit_test_setup_teardown(compare_puts_effects_side_by_side, start, end),
        cmocka_unit_test_setup_teardown(compare_pairs_the_same_queries, start, end),
        cmocka_unit_test_setup_teardown(compare_judges_as_the_averages_are_judged, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
