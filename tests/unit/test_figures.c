/* What `plot` makes of small result files: the CSV, the script, and what it says. gnuplot is hidden
   but for one test, which has it read a script of odd names. */
#include "base/file.h"
#include "base/mem.h"
#include "figure_groups.h"
#include "folder.h"
#include "report/figures/gnuplot.h"
#include "report/figures/plot.h"
#include "results/describe.h"
#include "results/h5file.h"
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

static char path[96], *programs;
static struct buf said, text;

/* A folder with no program in reach. */
static int start(void **state)
{
    if (make_folder(state))
        return -1;
    snprintf(path, sizeof path, "%s/result.h5", folder);
    return setenv("PATH", folder, 1);
}

static int end(void **state)
{
    buf_release(&said);
    buf_release(&text);
    setenv("PATH", programs, 1);
    return remove_folder(state);
}

/* A result file --------------------------------------------------------------------------- */

static const char *const components[PARTS] = {"attn", "subject_last"};
static const char *const targets[NAMES] = {"answer_1", "subject",
                                           "it's ''odd'' ``x`` \\ \"q\", \n."};
static const int32_t layers[LAYERS] = {0, 3, 7};
static const struct dim dims[] = {{"stratum", STRATA, V_I4, NULL, NULL},
                                  {"layer", LAYERS, V_I4, layers, NULL},
                                  {"component", PARTS, V_STR, components, NULL},
                                  {"target", NAMES, V_STR, targets, NULL}};

/* A file with one group `g` of two steps of one dataset, and what it declares. */
static struct h5group *begin(struct h5file **f, const struct figure *figure, size_t n,
                             const char *dataset)
{
    const char *const both[STRATA] = {dataset, dataset};
    struct h5group *g;
    struct err err = {0};

    err_clear(&err);
    assert_int_equal(h5_create(f, path, &err), 0);
    g = add_group(*f, "g", dims, sizeof dims / sizeof *dims, figure, n);
    put_strata(g, both, (int32_t[]){2, 1});
    return g;
}

static void commit(struct h5file *f)
{
    struct err err = {0};

    err_clear(&err);
    assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
}

/* Status of plotting it; the line of the error in err. */
static int plot_as(enum plot_width width, int layers_from, struct err *err)
{
    const struct plot_options o = {.format = "svg", .width = width, .layers_from = layers_from};

    err_clear(err);
    return plot_results(&o, (const char *const[]){path}, 1, &said, err);
}

static int plot(struct err *err)
{
    return plot_as(PLOT_PAGE, 0, err);
}

static void load(const char *name)
{
    char file[160];
    struct err err = {0};

    err_clear(&err);
    snprintf(file, sizeof file, "%s/figures/%s", folder, name);
    buf_clear(&text);
    assert_int_equal(file_read(&text, file, 1 << 20, &err), 0);
    assert_non_null(buf_str(&text, &err));
}

static void has(const char *wanted)
{
    if (!strstr(text.data, wanted))
        fail_msg("no \"%s\" in:\n%s", wanted, text.data);
}

static const struct figure lines = {.form = "lines",
                                    .values = "score",
                                    .row = "component",
                                    .series = "target",
                                    .along = "layer",
                                    .title = "what is drawn",
                                    .value_label = "score (nat)",
                                    .along_label = "layer"};

/* Tests ------------------------------------------------------------------------------------ */

/* Of the first component nothing in the stratum of step 2. */
static bool lacks_first(size_t i)
{
    return i < LAYERS * PARTS * NAMES && i / NAMES % PARTS == 0;
}

static void test_lines(void **state)
{
    struct h5file *f;
    struct h5group *g = begin(&f, &lines, 1, "cities");
    struct err err = {0};

    (void)state;
    put_average(g, "score", "stratum layer component target", CELLS_MAX, 0, lacks_first);
    put_average(g, "score_lo", "stratum layer component target", CELLS_MAX, -1, NULL);
    put_average(g, "score_hi", "stratum layer component target", CELLS_MAX, 1, NULL);
    put_average(g, "score_n", "stratum layer component target", CELLS_MAX, 0.5, NULL);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    assert_non_null(strstr(err.msg, "gnuplot is not installed"));
    load("g_cities_1.csv");
    /* Step 1 is the second stratum and comes first; layers have their numbers. */
    assert_ptr_equal(strstr(text.data,
                            "stratum,step,layer,component,target,score,score_lo,score_hi,n\n"
                            "cities/1,1,0,attn,answer_1,9,8,10,9.5\n"
                            "cities/1,1,3,attn,answer_1,12,11,13,12.5\n"),
                     text.data);
    has("cities/1,2,7,attn,answer_1,,5,7,6.5\n"); /* no value: an empty field */
    has("cities/1,1,0,attn,it's ''odd'' ''x'' \\ 'q';  .,10,9,11,10.5\n");
    load("g_cities_1.gp");
    has("'What is drawn");
    has("step\u00a01, n\u00a0=\u00a018");
    has("step\u00a02, n\u00a0=\u00a09");
    has("'answer 1'");
    has("'it\u2019s \u2019\u2019odd\u2019\u2019 \u2019\u2019x\u2019\u2019 \\ \"q\",  .'");
    has("95 % intervals over items");
    has("subject: last token");
    has("first = 0\n");  /* attn, step 1; the panel of step 2 is empty and not drawn */
    has("first = 18\n"); /* subject_last, step 1 */
    has("first = 27\n");
    assert_null(strstr(text.data, "first = 9\n"));
    assert_null(strstr(text.data, "``"));
}

static void test_map(void **state)
{
    const struct figure map = {.name = "effect",
                               .form = "map",
                               .inside = "stats",
                               .values = "mean",
                               .mark = "q",
                               .row = "target",
                               .down = "component",
                               .along = "layer",
                               .title = "A map"};
    const char *const cities[STRATA] = {"cities", "lands"};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    g = begin(&f, &map, 1, "cities");
    err_clear(&err);
    assert_int_equal(h5_attr_str(g, "statistics.cluster", "query", &err), 0);
    assert_int_equal(h5_attr_str(g, "statistics.fdr", "0.25", &err), 0);
    assert_int_equal(h5_group(f, "g/stats", dims, sizeof dims / sizeof *dims, &g, &err), 0);
    put_strata(g, cities, (int32_t[]){1, 1});
    put_average(g, "mean", "stratum layer component target", CELLS_MAX, -9, NULL);
    put_average(g, "lo", "stratum layer component target", CELLS_MAX, -10, NULL);
    put_average(g, "q", "stratum layer component target", CELLS_MAX, 0, NULL);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    load("g_lands_1_effect.csv");
    assert_ptr_equal(strstr(text.data,
                            "stratum,step,layer,component,target,mean,mean_lo,mean_hi,q,n\n"
                            "lands/1,1,0,attn,answer_1,0,-1,,9,\n"),
                     text.data);
    load("g_cities_1_effect.gp");
    has("along = 3\ndown = 2\n");
    has("fdr = 0.25\n");
    has("dots: q <= 0.25");
    has("intervals over queries");
    has("($9 <= fdr ? i : NaN)");
    has("first = 12\n");
}

static void test_points(void **state)
{
    const struct figure points = {.form = "points",
                                  .values = "up down",
                                  .beside = "up_chance down_chance",
                                  .beside_words = "what chance gives",
                                  .row = "target",
                                  .down = "layer",
                                  .along = "component",
                                  .title = "Points"};
    struct h5file *f;
    struct h5group *g = begin(&f, &points, 1, "");
    struct err err = {0};

    (void)state;
    put_average(g, "up", "stratum layer component target", CELLS_MAX, 0, NULL);
    put_average(g, "down", "stratum layer component target", CELLS_MAX, 1, NULL);
    put_average(g, "up_chance", "stratum target", STRATA * NAMES, 0, NULL); /* fewer dimensions */
    put_average(g, "down_chance", "stratum layer component target", CELLS_MAX, 2, NULL);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    load("g__1.csv");
    assert_ptr_equal(strstr(text.data,
                            "stratum,step,layer,component,target,up,up_lo,up_hi,down,down_lo,"
                            "down_hi,up_chance,down_chance,n\n"
                            "/1,1,0,attn,answer_1,9,,,10,,,1.5,11,\n"
                            "/1,1,0,subject_last,answer_1,10.5,,,11.5,,,1.5,12.5,\n"),
                     text.data);
    load("g__1.gp");
    has("dashed: what chance gives");
    has("(100*$6):(100*$9):(int($0)/2)");
}

static const char *const sets[NAMES] = {"subject", "random_subject", "random_other"};

/* A control stands on the line of what it is of, one of nothing on its own. */
static void test_intervals(void **state)
{
    const struct figure intervals = {.form = "intervals",
                                     .values = "lost",
                                     .series = "component",
                                     .along = "set",
                                     .control = "random_",
                                     .title = "Lost",
                                     .value_label = "logit lost (nat)"};
    const struct dim set = {"set", NAMES, V_STR, sets, NULL};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    begin(&f, &intervals, 1, "cities");
    g = add_group(f, "h", (struct dim[]){dims[0], dims[2], set}, 3, &intervals, 1);
    put_strata(g, (const char *const[]){"cities", "cities"}, (int32_t[]){1, 2});
    put_average(g, "lost", "stratum component set", STRATA * PARTS * NAMES, 0, NULL);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    load("h_cities_1.gp");
    has("line[1] = 0; control[1] = 0\nline[2] = 0; control[2] = 1\nline[3] = 1; control[3] = 0\n");
    has("set ytics ('subject' 0, 'random other' 1)");
    has("'logit lost (nat)'");
    has("(control[$0+1] == 1 ? $5 : NaN):(y($0+1, i)):6:7");
}

/* Of the second layer nothing. */
static bool lacks_second(size_t i)
{
    return i / (PARTS * NAMES) % LAYERS == 1;
}

/* A layer without a value keeps its line, names that are not numbers all stand below, a long one is
   cut, and colours end at a round number. */
static void test_names(void **state)
{
    static const char *const heads[PARTS] = {"23.4", "3.11"};
    static const char *const long_names[NAMES] = {
        "a_name_that_is_longer_than_any_figure_has_room_for", "スイスの首都はどこですか", "c"};
    const struct figure map = {.form = "map",
                               .values = "mean",
                               .row = "what",
                               .down = "layer",
                               .along = "head_of",
                               .compare = "yes",
                               .sequential = "*",
                               .title = "A map",
                               .down_label = "layer"};
    const struct dim all[] = {dims[0],
                              dims[1],
                              {"head_of", PARTS, V_STR, heads, NULL},
                              {"what", NAMES, V_STR, long_names, NULL}};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    begin(&f, &map, 1, "cities");
    g = add_group(f, "h", all, 4, &map, 1);
    put_strata(g, (const char *const[]){"cities", "lands"}, (int32_t[]){1, 1});
    put_average(g, "mean", "stratum layer head_of what", CELLS_MAX, 0.3, lacks_second);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    load("h_cities_1.gp");
    has("lo...room");
    has("スイスの首都はどこですか"); /* room is counted in characters */
    has("set ytics ('0' 0, '3' 1, '7' 2)");
    has("set xtics rotate by 90 right");
    has("('23.4' 0, '3.11' 1)");
    has("grey: no value");
    has("set cbrange [0:9]\nset cbtics ('0' 0, '4.5' 4.5, '9' 9)"); /* the greatest is 8.8 */
    load("h_cities_1.csv");
    has("cities/1,1,3,3.11,a_name_that_is_longer_than_any_figure_has_room_for,,,,\n");
}

static bool is_last(size_t i)
{
    return i % 4 == 3;
}

/* Who writes stands below who reads, each on a row of its own; a name is what it is, whatever is in
   it; one edge has no effect in any panel and is left out. */
static void test_graph(void **state)
{
    static const char *const edges[] = {"embedding > k 1.0", "head 0.1 > mlp 0", "mlp 0 > logits",
                                        "head 0.0 > it's"};
    enum { EDGES = sizeof edges / sizeof *edges };
    const struct figure graph = {.form = "graph",
                                 .values = "mean",
                                 .along = "edge",
                                 .ends = "sender receiver",
                                 .title = "Edges",
                                 .down_label = "layer"};
    const struct dim edge = {"edge", EDGES, V_STR, edges, NULL};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    begin(&f, &graph, 1, "cities");
    g = add_group(f, "h", (struct dim[]){dims[0], edge}, 2, &graph, 1);
    put_strata(g, (const char *const[]){"cities", "cities"}, (int32_t[]){1, 2});
    put_average(g, "mean", "stratum edge", STRATA * EDGES, -1.5, is_last);
    put_end(g, "sender", (const char *const[]){"embedding", "head 0.1", "mlp 0", "head 0.0"},
            (int32_t[]){-1, 0, 0, 0}, (int32_t[]){-1, 1, -1, 0}, EDGES);
    put_end(g, "receiver", (const char *const[]){"k 1.0", "mlp 0", "logits", "it's"},
            (int32_t[]){1, 0, -1, 0}, (int32_t[]){0, -1, -1, -1}, EDGES);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    load("h_cities_1.gp");
    has("from[1] = 0; to[1] = 3\nfrom[2] = 1; to[2] = 2\nfrom[3] = 2; to[3] = 4\nx(i, t)");
    has("set ytics ('embedding' 0, 'head 0.1' 1, 'mlp 0' 2, 'k 1.0' 3, 'logits' 4)");
    has("set ytics ('' 0, '' 1, '' 2, '' 3, '' 4)"); /* of step 2: the rows are the same */
    has("using (effect[int($0)+1]=$4)");
    has("thickest: 1.5; 1 more");
}

/* Rows that begin alike have a figure of their own, with their beginning in the title; layers are
   counted as asked for, heads and the CSV from 0. */
static void test_apart(void **state)
{
    static const char *const metrics[NAMES] = {"logit.answer_1", "kl", "logit.subject"};
    const struct figure map = {.form = "map",
                               .values = "mean",
                               .row = "metric",
                               .apart = "metric",
                               .compare = "yes",
                               .sequential = "kl",
                               .down = "layer",
                               .along = "head",
                               .title = "heads set to zero",
                               .along_label = "head",
                               .down_label = "layer"};
    const struct dim all[] = {dims[0],
                              dims[1],
                              {"head", PARTS, V_I4, NULL, NULL},
                              {"metric", NAMES, V_STR, metrics, NULL}};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    begin(&f, &map, 1, "cities");
    g = add_group(f, "h", all, 4, &map, 1);
    put_strata(g, (const char *const[]){"cities", "cities"}, (int32_t[]){1, 2});
    put_average(g, "mean", "stratum layer head metric", CELLS_MAX, 1, NULL);
    commit(f);
    assert_int_equal(plot_as(PLOT_COLUMN, 1, &err), ERR_IO);
    load("h_cities_1_logit.gp");
    has("size 317,");
    has("'Heads set to zero: logit (cities, template\u00a01)'");
    has("set label 'answer 1'");
    has("set ytics ('1' 0, '4' 1, '8' 2)");
    has("'layer (from\u00a01)'");
    has("'head (from\u00a00)'");
    has("set cbrange [-20:20]"); /* of both rows' greatest, about zero, and round */
    load("h_cities_1_kl.gp");
    has("'Heads set to zero: KL divergence (cities, template\u00a01)'");
    has("set cbrange [0:18]");
    load("h_cities_1_kl.csv");
    has("cities/1,1,3,0,kl,4.5,,,\n");
}

enum { UNITS = 1100, SERIES_OF = 11, ROWS_OF = 25 };

/* Of the first units nothing, nor of the last one but one. */
static bool lacks_units(size_t i)
{
    return i % UNITS < UNITS - 40 || i % UNITS == UNITS - 2;
}

/* All rows but the last have the last series alone; the last row has all others. */
static bool lacks_series(size_t i)
{
    size_t series = i / LAYERS % SERIES_OF, row = i / LAYERS / SERIES_OF % ROWS_OF;

    return (row == ROWS_OF - 1) == (series == SERIES_OF - 1);
}

/* What is left where a page has no room for all still has values: the 1024 of an axis are not the
   first ones without any, and the ten series are of those that the shown rows have. */
static void test_room(void **state)
{
    struct figure figure[2] = {lines, lines};
    const struct dim unit = {"unit", UNITS, V_I4, NULL, NULL},
                     series = {"series", SERIES_OF, V_I4, NULL, NULL},
                     row = {"row", ROWS_OF, V_I4, NULL, NULL};
    const char *const both[STRATA] = {"cities", "lands"};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    figure[0].row = figure[0].series = NULL;
    figure[0].along = "unit";
    figure[1].row = "row";
    figure[1].series = "series";
    begin(&f, &lines, 1, "cities");
    g = add_group(f, "h", (struct dim[]){dims[0], unit}, 2, &figure[0], 1);
    put_strata(g, both, (int32_t[]){1, 1});
    put_average(g, "score", "stratum unit", STRATA * UNITS, 0, lacks_units);
    g = add_group(f, "i", (struct dim[]){dims[0], row, series, dims[1]}, 4, &figure[1], 1);
    put_strata(g, both, (int32_t[]){1, 1});
    put_average(g, "score", "stratum row series layer", STRATA * ROWS_OF * SERIES_OF * LAYERS, 0,
                lacks_series);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    assert_non_null(strstr(err.msg, "gnuplot is not installed"));
    load("h_cities_1.csv");
    has("n\ncities/1,1,1060,530,");
    has("cities/1,1,1098,,,,\ncities/1,1,1099,549.5,"); /* between others: seen */
    load("h_cities_1.gp");
    assert_null(strstr(text.data, "not shown"));
    load("i_cities_1.csv");
    has("cities/1,1,0,10,0,15,");
    has("cities/1,1,23,10,7,");
    assert_null(strstr(text.data, "cities/1,1,24,"));
    load("i_cities_1.gp");
    has("1 more rows not shown");
    assert_null(strstr(text.data, "more seriess"));
}

/* A second figure whose averages are not there, or that lies on dimensions that they lack, is left
   out; a group without any is named. */
static void test_missing(void **state)
{
    static const struct headline headline = {.variable = "score", .title = "a score"};
    struct figure figure[3] = {lines, lines, lines};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    err_clear(&err);
    figure[0].values = "absent";
    figure[1].along = "width";
    figure[2].name = "there";
    g = begin(&f, figure, 3, "cities");
    put_average(g, "score", "stratum layer component target", CELLS_MAX, 0, NULL);
    add_group(f, "later", NULL, 0, figure, 1);
    g = add_group(f, "told", NULL, 0, NULL, 0);
    assert_int_equal(headlines_write(g, &headline, 1, &err), 0);
    commit(f);
    assert_int_equal(plot(&err), ERR_IO);
    assert_non_null(buf_str(&said, &err));
    assert_non_null(strstr(said.data, "/figures/g_cities_1_there.gp\n"
                                      "later: no figure, because it has none of the averages"));
    assert_non_null(strstr(said.data, "told: no figure, because none is declared"));
    assert_null(strstr(said.data, "g_cities_1.gp"));
}

/* Ten are drawn in one panel: no two may look alike. */
static void test_styles(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++)
        for (size_t k = 0; k < i; k++) {
            const struct gp_style *a = gp_style("one", i), *b = gp_style("other", k);

            assert_false(a->point == b->point && !strcmp(a->colour, b->colour));
        }
}

static void test_nothing(void **state)
{
    struct h5file *f;
    struct err err = {0};

    (void)state;
    begin(&f, &lines, 1, "cities");
    commit(f);
    assert_int_equal(plot(&err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "has nothing that can be drawn"));
}

static void test_earlier(void **state)
{
    struct h5file *f;
    struct h5group *g = begin(&f, NULL, 0, "cities");
    struct err err = {0};

    (void)state;
    put_average(g, "score", "stratum layer component target", CELLS_MAX, 0, NULL);
    commit(f);
    assert_int_equal(plot(&err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "was written by an earlier lensweep"));
}

/* What no lensweep declares is an error of the file. */
static void test_hostile(void **state)
{
    struct figure figure[4] = {lines, lines, lines, lines};

    (void)state;
    figure[0].form = "pie";
    figure[1].series = "layer"; /* in two places */
    figure[2].values = "score score";
    figure[3].beside = "wide";
    for (size_t i = 0; i < 4; i++) {
        struct h5file *f;
        struct h5group *g = begin(&f, &figure[i], 1, "cities");
        struct err err = {0};

        put_average(g, "score", "stratum layer component", STRATA * LAYERS * PARTS, 0, NULL);
        put_average(g, "wide", "stratum layer component target", CELLS_MAX, 0, NULL);
        commit(f);
        assert_int_equal(plot(&err), ERR_IO);
        assert_null(strstr(err.msg, "gnuplot"));
    }
}

/* Each allocation fails once: an error, and no crash. */
static void test_memory(void **state)
{
    struct h5file *f;
    struct h5group *g = begin(&f, &lines, 1, "cities");
    struct err err = {0};
    long n = 0;

    (void)state;
    put_average(g, "score", "stratum layer component target", CELLS_MAX, 0, NULL);
    commit(f);
    do {
        mem_fail_nth(++n);
        plot(&err);
        mem_fail_nth(0);
    } while (err.code == ERR_MEMORY && n < 100000);
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "gnuplot is not installed"));
    assert_in_range(n, 20, 99999);
}

/* gnuplot itself takes the names for what they are, and runs none of them. */
static void test_drawn(void **state)
{
    static const char odd[] = "#a ''b'' ``touch pwned`` \\";
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    (void)state;
    setenv("PATH", programs, 1);
    g = begin(&f, &lines, 1, odd);
    put_average(g, "score", "stratum layer component target", CELLS_MAX, 0, NULL);
    commit(f);
    if (plot(&err)) {
        assert_non_null(strstr(err.msg, "gnuplot is not installed"));
        skip();
    }
    load("g__a___b_____touch_pwned_____1.svg");
    has("#a \u2019\u2019b\u2019\u2019 \u2019\u2019touch pwned\u2019\u2019 \\");
    has("it\u2019s \u2019\u2019odd\u2019\u2019");
    /* Every line is read, also those that begin with #: gnuplot would say what is missing. */
    load("g__a___b_____touch_pwned_____1.csv");
    assert_ptr_equal(strstr(text.data, "\n#a"), strchr(text.data, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, start, end),
        cmocka_unit_test_setup_teardown(test_map, start, end),
        cmocka_unit_test_setup_teardown(test_points, start, end),
        cmocka_unit_test_setup_teardown(test_intervals, start, end),
        cmocka_unit_test_setup_teardown(test_graph, start, end),
        cmocka_unit_test_setup_teardown(test_names, start, end),
        cmocka_unit_test_setup_teardown(test_apart, start, end),
        cmocka_unit_test_setup_teardown(test_room, start, end),
        cmocka_unit_test_setup_teardown(test_missing, start, end),
        cmocka_unit_test(test_styles),
        cmocka_unit_test_setup_teardown(test_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_earlier, start, end),
        cmocka_unit_test_setup_teardown(test_hostile, start, end),
        cmocka_unit_test_setup_teardown(test_memory, start, end),
        cmocka_unit_test_setup_teardown(test_drawn, start, end),
    };
    char *path_before = getenv("PATH");
    char kept[4096];

    snprintf(kept, sizeof kept, "%s", path_before ? path_before : "");
    programs = kept;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
