/*
 * Config: goldens under tests/fixtures/config. good/X.yaml must print as good/X.expected, and that
 * must load and print as itself; bad/X.yaml must give exactly the lines of bad/X.expected.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config_choices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FIXTURES "tests/fixtures/config/"

/* A made-up kind that has a key of every type. */
struct probe {
    int64_t samples, workers;
    double scale, pause, cache;
    struct real_or_choice noise;
    bool frozen;
    const char *label, *vector;
    enum place site;
    struct choice_list sites;
    struct string_list sets, files;
    struct int_list window;
    struct selector layers, heads, positions;
};

static const struct config_row probe_rows[] = {
    CONFIG_ROW(struct probe, samples, "samples", config_int, "10", 1, 1000, RESULTS, "draws"),
    CONFIG_ROW(struct probe, workers, "workers", config_auto_int, "auto", 1, 64, RUNNING,
               "threads"),
    CONFIG_ROW(struct probe, scale, "scale", config_real, "1", 0, INFINITY, RESULTS, "a factor"),
    CONFIG_ROW(struct probe, pause, "pause", config_duration, "none", 0, 86400, RUNNING, "a rest"),
    CONFIG_ROW(struct probe, cache, "cache", config_bytes, "auto", 1, INFINITY, RUNNING, "memory"),
    CONFIG_CHOICE(struct probe, noise, "noise", config_real_or_choice, "computed", noises, RESULTS,
                  "how much noise"),
    CONFIG_ROW(struct probe, frozen, "frozen", config_bool, "false", 0, 0, RESULTS, "frozen norm"),
    CONFIG_ROW(struct probe, label, "label", config_string, "\"\"", 0, 0, RUNNING, "any text"),
    CONFIG_CHOICE(struct probe, site, "site", config_choice, "attn", places, RESULTS, "where"),
    CONFIG_ROW(struct probe, vector, "vector", config_path, "\"\"", 0, 0, RUNNING, "a file"),
    CONFIG_ROW(struct probe, sets, "sets", config_strings, "[]", 0, 0, RESULTS, "names"),
    CONFIG_CHOICE(struct probe, sites, "sites", config_choices, "[attn, mlp]", places, RESULTS,
                  "several places"),
    CONFIG_ROW(struct probe, files, "files", config_paths, "[tests]", 0, 0, RUNNING, "files"),
    CONFIG_ROW(struct probe, window, "window", config_ints, "[10]", 1, 99, RESULTS, "widths"),
    CONFIG_ROW(struct probe, layers, "layers", config_selector, "each", 0, 127, RESULTS, "layers"),
    CONFIG_ROW(struct probe, heads, "heads", config_selector, "all", 0, 127, RESULTS, "heads"),
    CONFIG_ROW(struct probe, positions, "positions", config_selector, "[last]", 0, 0, RESULTS,
               "positions"),
};

struct needs {
    const char *what;
};

static const struct config_row needs_rows[] = {
    CONFIG_ROW(struct needs, what, "what", config_string, NULL, 0, 0, RESULTS, "a required key"),
};

static const struct experiment_schema kinds[] = {
    {"probe", "a key of every type", probe_rows, sizeof probe_rows / sizeof *probe_rows,
     sizeof(struct probe), NULL, false},
    {"noop", "does nothing", NULL, 0, 0, "nothing; idle_work=k: 2", false},
    {"needs", "has a required key", needs_rows, 1, sizeof(struct needs), NULL, false},
};
enum { KINDS = 3 };

static const char minimal[] = "model: {path: tests}\ndata: {path: tests}\noutput: out\n"
                              "experiments:\n  - {name: a, kind: noop}\n";

/* What a text gives: the canonical print, or its problems, one a line. */
static char *outcome(const char *path, const char *text, size_t n, const char *const *set,
                     size_t n_set)
{
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    struct buf out = {0};

    assert_int_equal(config_parse(&c, path, text, n, set, n_set, kinds, KINDS, &problems, &err), 0);
    if (!problems.count)
        assert_int_equal(config_print(&c, false, &out, &err), 0);
    for (int i = 0; i < problems.count && i < PROBLEMS_MAX; i++)
        buf_printf(&out, &err, "%s: %s\n", problems.item[i].where, problems.item[i].msg);
    config_release(&c);
    return buf_str(&out, &err); /* out's memory: freed by mem_free */
}

static void check_outcome(const char *path, const char *text, const char *const *set, size_t n_set,
                          const char *expected)
{
    char *got = outcome(path, text, strlen(text), set, n_set);

    assert_string_equal(got, expected);
    mem_free(got);
}

static char *read_text(const char *path)
{
    struct buf b = {0};
    struct err err = {0};

    if (file_read(&b, path, 1 << 20, &err))
        fail_msg("%s", err.msg);
    return buf_str(&b, &err);
}

static char *expected_of(const char *path)
{
    char name[256];

    snprintf(name, sizeof name, "%.*s.expected", (int)(strlen(path) - strlen(".yaml")), path);
    return read_text(name);
}

static void test_golden(void **state)
{
    const char *path = *state;
    char *text = read_text(path), *expected = expected_of(path);

    check_outcome(path, text, NULL, 0, expected);
    if (strstr(path, "/good/"))
        check_outcome(path, expected, NULL, 0, expected);
    mem_free(text);
    mem_free(expected);
}

static void test_load_fills_structs(void **state)
{
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    const struct probe *p;

    (void)state;
    assert_int_equal(
        config_load(&c, FIXTURES "good/full.yaml", NULL, 0, kinds, KINDS, &problems, &err), 0);
    assert_int_equal(problems.count, 0);
    assert_string_equal(c.model.path, "tests");
    assert_int_equal(c.data.path.n, 2);
    assert_int_equal(c.run.rows, 64);
    assert_true(c.run.memory == 20 * 1073741824.);
    assert_true(c.run.max_time == 3 * 3600 + 55 * 60);
    assert_int_equal(c.n_experiments, 2);
    assert_string_equal(c.experiment[0].name, "everything");
    assert_int_equal(c.experiment[0].line, 18);
    assert_int_equal(c.experiment[0].column, 5);
    p = c.experiment[0].config;
    assert_int_equal(p->samples, 20);
    assert_true(p->noise.choice == NO_CHOICE && p->noise.value == 0.2);
    assert_int_equal(p->site, PLACE_RESIDUAL);
    assert_int_equal(p->sites.n, 1);
    assert_int_equal(p->sites.v[0], PLACE_MLP);
    assert_int_equal(p->layers.kind, SELECT_WINDOW);
    assert_int_equal(p->layers.window, 5);
    assert_int_equal(p->layers.stride, 2);
    assert_int_equal(p->heads.kind, SELECT_TOGETHER);
    assert_int_equal(p->positions.n, 3);
    assert_string_equal(p->positions.name[2], "subject[*]");
    assert_int_equal(c.experiment[0].head.where.n, 2);
    assert_string_equal(c.experiment[0].head.where.key[0], "step");
    assert_string_equal(c.experiment[0].head.where.value[1], "false");
    config_release(&c);
}

static void test_missing_file_is_io(void **state)
{
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(config_load(&c, "tests/nowhere.yaml", NULL, 0, kinds, KINDS, &problems, &err),
                     ERR_IO);
    assert_string_equal(err.msg, "cannot open tests/nowhere.yaml: No such file or directory");
    config_release(&c);
}

static void test_bytes_that_are_no_text(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *expected;
    } cases[] = {
        {"a: 1\nb: \0\n", 10, "x.yaml:2: a NUL byte: expected text in UTF-8\n"},
        {"a: 1\n# caf\xe9\n", 12, "x.yaml:2: bytes that are not UTF-8: expected text in UTF-8\n"},
        {"\xff\xfe"
         "a\0:\0",
         6, "x.yaml:1: a NUL byte: expected text in UTF-8\n"},
        {"a: \x01\n", 5,
         "x.yaml:1: invalid YAML: control characters are not allowed (character 0x1)\n"},
        {"", 0, "x.yaml: the file is empty: expected a config\n"},
        {"\xef\xbb\xbf# only a comment\n", 20, "x.yaml: the file is empty: expected a config\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = outcome("x.yaml", cases[i].text, cases[i].n, NULL, 0);

        assert_string_equal(got, cases[i].expected);
        mem_free(got);
    }
}

static void test_byte_order_mark_is_fine(void **state)
{
    char text[512], *got;

    (void)state;
    snprintf(text, sizeof text, "\xef\xbb\xbf%s", minimal);
    got = outcome("x.yaml", text, strlen(text), NULL, 0);
    assert_non_null(strstr(got, "kind: noop"));
    mem_free(got);
}

/* n times `open`, then as often `close`. */
static char *nested(const char *open, const char *close, size_t n)
{
    struct buf b = {0};
    struct err err = {0};

    buf_puts(&b, "experiments: ", &err);
    for (size_t i = 0; i < n; i++)
        buf_puts(&b, open, &err);
    for (size_t i = 0; i < n; i++)
        buf_puts(&b, close, &err);
    return buf_str(&b, &err);
}

/* One problem, and this in it. */
static void check_has(const char *text, const char *part)
{
    char *got = outcome("x.yaml", text, strlen(text), NULL, 0);

    if (!strstr(got, part) || strchr(got, '\n') != strrchr(got, '\n'))
        fail_msg("got %s, expected one line with %s", got, part);
    mem_free(got);
}

static void test_limits(void **state)
{
    char *deep = nested("[", "]", 100), *deeper = nested("{a: ", "}", 20000);
    char *wide = nested("", "- 1\n", 5000), *huge = mem_alloc((1 << 20) + 2, 1, &(struct err){0});

    (void)state;
    check_has(deep, "x.yaml:1:77: nested deeper than 64 levels");
    check_has(deeper, "nested deeper than 64 levels");
    memcpy(wide, "experiments:\n", 13);
    check_has(wide, "x.yaml:2:1: a list has more than 4096 elements");
    memset(huge, '#', (1 << 20) + 1);
    check_has(huge, "x.yaml: larger than 1 MiB");
    check_has("a: &a [*a, *a]\n", "x.yaml:1:4: nested deeper than 64 levels (does an alias");
    check_has("a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
              "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
              "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
              "more than 65536 values, aliases expanded");
    mem_free(deep);
    mem_free(deeper);
    mem_free(wide);
    mem_free(huge);
}

static void test_set(void **state)
{
    static const char *const set[] = {"run.rows=32",
                                      "run.rows=64",
                                      "experiments.a.kind=probe",
                                      "experiments.a.layers=[0, 3]",
                                      "statistics={fdr: 0.1}",
                                      "output=elsewhere",
                                      "experiments.a.where.step=2",
                                      "model.path=src"};
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    const struct probe *p;

    (void)state;
    assert_int_equal(config_parse(&c, "x.yaml", minimal, strlen(minimal), set,
                                  sizeof set / sizeof *set, kinds, KINDS, &problems, &err),
                     0);
    assert_int_equal(problems.count, 0);
    assert_int_equal(c.run.rows, 64);
    assert_true(c.statistics.fdr == 0.1);
    assert_int_equal(c.statistics.bootstrap, 2000);
    assert_string_equal(c.output, "elsewhere");
    assert_string_equal(c.model.path, "src");
    p = c.experiment[0].config;
    assert_int_equal(p->layers.n, 2);
    assert_string_equal(p->layers.name[1], "3");
    assert_string_equal(c.experiment[0].head.where.key[0], "step");
    config_release(&c);
}

static void test_set_problems(void **state)
{
    static const struct {
        const char *set, *expected;
    } cases[] = {
        {"run.rows=many", "--set run.rows: run.rows: must be an integer, not \"many\"\n"},
        {"run.rows=", "--set run.rows: run.rows: has no value: give one or leave the key out\n"},
        {"run.row=3", "--set run.row: run: unknown key \"row\" (did you mean rows?)\n"},
        {"rnu.rows=3", "--set rnu.rows: unknown key \"rnu\" (did you mean run?)\n"},
        {"run.rows", "--set run.rows: expected KEY=VALUE, such as run.rows=64\n"},
        {"=3", "--set : expected KEY=VALUE, such as run.rows=64\n"},
        {"run..rows=3", "--set run..rows: expected KEY=VALUE, such as run.rows=64\n"},
        {"output.x=3", "--set output.x: output must be a mapping, not a single value\n"},
        {"experiments.b.kind=noop",
         "--set experiments.b.kind: there is no experiment \"b\" (did you mean a?)\n"},
        {"experiments.a=3", "--set experiments.a: a key must follow the experiment's name\n"},
        {"run.rows=[1", "--set run.rows: invalid YAML: did not find expected ',' or ']'\n"},
        {"run.rows=1\n---\n2", "--set run.rows: a second document begins here: expected one\n"},
        {"run.rows=\xff", "--set run.rows: bytes that are not UTF-8: expected text in UTF-8\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_outcome("x.yaml", minimal, &cases[i].set, 1, cases[i].expected);
}

static void test_problem_finds_places(void **state)
{
    static const char *const set[] = {"run.rows=5"};
    static const char *const expected[] = {
        "x.yaml:1:15: model.path: no",         "--set run.rows: run.rows: no",
        "x.yaml:1:1: run2.rows: no",           "x.yaml:5:5: experiments.a.layers: no",
        "x.yaml:5:21: experiments.a.kind: no", "x.yaml:5:5: experiments.a: no"};
    struct config c = {0};
    struct problems found = {0}, none = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(
        config_parse(&c, "x.yaml", minimal, strlen(minimal), set, 1, kinds, KINDS, &none, &err), 0);
    config_problem(&c, NULL, "model.path", &found, "no");
    config_problem(&c, NULL, "run.rows", &found, "no");
    config_problem(&c, NULL, "run2.rows", &found, "no");
    config_problem(&c, &c.experiment[0], "layers", &found, "no");
    config_problem(&c, &c.experiment[0], "kind", &found, "no");
    config_problem(&c, &c.experiment[0], NULL, &found, "no");
    for (int i = 0; i < found.count; i++) {
        char line[600];

        snprintf(line, sizeof line, "%s: %.200s", found.item[i].where, found.item[i].msg);
        assert_string_equal(line, expected[i]);
    }
    assert_int_equal(found.count, 6);
    config_release(&c);
}

static char *results_text(const char *const *set, size_t n_set, bool experiment)
{
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    struct buf out = {0};

    assert_int_equal(config_parse(&c, "x.yaml", minimal, strlen(minimal), set, n_set, kinds, KINDS,
                                  &problems, &err),
                     0);
    assert_int_equal(problems.count, 0);
    assert_int_equal(experiment ? config_print_experiment(&c.experiment[0], &out, &err)
                                : config_print(&c, true, &out, &err),
                     0);
    config_release(&c);
    return buf_str(&out, &err);
}

/* Only keys that affect results may change what fingerprints are made of. */
static void test_results_only(void **state)
{
    static const char *const running[] = {"run.threads=3", "output=b",        "model.path=src",
                                          "data.path=src", "run.memory=1GiB", "run.rows=3"};
    static const char *const gemm[] = {"run.gemm=openblas"};
    static const char *const name[] = {"experiments.a.name=b"};
    char *plain = results_text(NULL, 0, false), *same = results_text(running, 6, false);
    char *other = results_text(gemm, 1, false);
    char *one = results_text(NULL, 0, true), *renamed = results_text(name, 1, true);

    (void)state;
    assert_string_equal(plain, same);
    assert_string_not_equal(plain, other);
    assert_string_equal(one, "kind: noop\n");
    assert_string_equal(one, renamed);
    mem_free(plain);
    mem_free(same);
    mem_free(other);
    mem_free(one);
    mem_free(renamed);
}

static void test_help(void **state)
{
    struct buf out = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(config_help(kinds, KINDS, "run.executor", &out, &err), 0);
    assert_string_equal(
        buf_str(&out, &err),
        "  run.executor      choice, default forked; forked | naive; changes results\n"
        "                    naive = one full forward pass for each variant, to check "
        "against\n");
    buf_clear(&out);
    assert_int_equal(config_help(kinds, KINDS, "seed", &out, &err), 0);
    assert_non_null(strstr(buf_str(&out, &err), "  data.seed "));
    assert_non_null(strstr(buf_str(&out, &err), "  statistics.seed "));
    assert_int_equal(config_help(kinds, KINDS, "probe.sits", &out, &err), ERR_CONFIG);
    assert_string_equal(
        err.msg,
        "there is no config key \"probe.sits\" (did you mean site?); see lensweep help config");
    buf_release(&out);
}

/* Every key stands in both references, and no line of the text is wider than 100 columns. */
static void test_reference(void **state)
{
    struct buf text = {0}, markdown = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(config_reference(kinds, KINDS, false, &text, &err), 0);
    assert_int_equal(config_reference(kinds, KINDS, true, &markdown, &err), 0);
    for (size_t i = 0; i < sizeof probe_rows / sizeof *probe_rows; i++) {
        char cell[64];

        snprintf(cell, sizeof cell, "| `%s` | ", probe_rows[i].key);
        assert_non_null(strstr(buf_str(&markdown, &err), cell));
        snprintf(cell, sizeof cell, "\n  %s ", probe_rows[i].key);
        assert_non_null(strstr(buf_str(&text, &err), cell));
    }
    for (char *line = strtok(buf_str(&text, &err), "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 100);
    buf_release(&text);
    buf_release(&markdown);
}

/* Every allocation fails once: an error of memory each time, and nothing leaks (see under ASan). */
static void torture(const char *path, int n_problems)
{
    static const char *const set[] = {"run.rows=5", "experiments.everything.where.step=2"};
    size_t n_set = n_problems ? 1 : 2;
    int code = ERR_MEMORY;
    long n;

    for (n = 1; code && n < 100000; n++) {
        struct config c = {0};
        struct problems problems = {0};
        struct err err = {0};
        struct buf out = {0};

        mem_fail_nth(n);
        code = config_load(&c, path, set, n_set, kinds, KINDS, &problems, &err);
        if (!code && !problems.count)
            code = config_print(&c, false, &out, &err);
        if (!code)
            code = config_reference(kinds, KINDS, true, &out, &err);
        if (!code)
            code = config_help(kinds, KINDS, "rows", &out, &err);
        mem_fail_nth(0);
        assert_int_equal(code, err.code);
        assert_true(code ? code == ERR_MEMORY : problems.count == n_problems);
        buf_release(&out);
        config_release(&c);
    }
    assert_int_equal(code, 0);
    assert_true(n > 5);
}

static void test_torture(void **state)
{
    (void)state;
    torture(FIXTURES "good/full.yaml", 0);
    torture(FIXTURES "bad/selectors.yaml", 19);
}

enum { CASES_MAX = 200 };

static size_t add_goldens(struct CMUnitTest *test, size_t n, const char *dir, struct arena *a)
{
    struct err err = {0};
    char **name;
    size_t names;

    if (file_list(dir, a, &name, &names, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    for (size_t i = 0; i < names && n < CASES_MAX; i++) {
        char *path = file_join(a, dir, name[i], &err);

        if (str_ends_with(path, ".yaml"))
            test[n++] = (struct CMUnitTest){path, test_golden, NULL, NULL, path};
    }
    return n;
}

int main(void)
{
    static struct CMUnitTest test[CASES_MAX] = {
        cmocka_unit_test(test_load_fills_structs),
        cmocka_unit_test(test_missing_file_is_io),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_byte_order_mark_is_fine),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_problems),
        cmocka_unit_test(test_problem_finds_places),
        cmocka_unit_test(test_results_only),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_torture),
    };
    struct arena a = {0};
    size_t n = 0;
    int failed;

    if (chdir(TEST_DIR "/.."))
        return 1;
    while (test[n].test_func)
        n++;
    n = add_goldens(test, n, FIXTURES "good", &a);
    n = add_goldens(test, n, FIXTURES "bad", &a);
    failed = _cmocka_run_group_tests("config", test, n, NULL, NULL);
    arena_release(&a);
    return failed;
}
