/* The option table: what a command line becomes, what is said of a wrong one, and the help. */
#include "cli/option.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum colour { RED = 3, GREEN, BLUE };

static const struct choice colours[] = {{"red", RED}, {"green", GREEN}, {"blue", BLUE}, {NULL, 0}};

struct paint {
    const char *wall;
    struct word_list rooms;
    bool dry, dull;
    int64_t coats;
    double thickness;
    const char *text, *path;
    enum colour colour;
    struct shard part;
    struct word_list mix;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_ONE(struct paint, wall), "WALL", "what is painted"},
    {ARGUMENT_MANY(struct paint, rooms), "ROOM", "where it is"}};

static const struct option_row options[] = {
    {OPTION_INTO(flag, struct paint, dry), .name = "dry", .letter = 'd', .doc = "wait"},
    {OPTION_INTO(flag, struct paint, dull), .name = "dull", .letter = 'u', .doc = "no gloss"},
    {OPTION_INTO(int, struct paint, coats), .name = "coats", .letter = 'n', .value = "N",
     .fallback = "2", .lo = 1, .hi = 9, .doc = "how often"},
    {OPTION_INTO(real, struct paint, thickness), .name = "thickness", .value = "MM", .hi = INFINITY,
     .doc = "of a coat"},
    {OPTION_INTO(path, struct paint, path), .name = "output", .letter = 'o', .value = "FILE",
     .doc = "a picture of it"},
    {OPTION_INTO(choice, struct paint, colour), .name = "colour", .choices = colours,
     .need = REQUIRED, .doc = "of the paint"},
    {OPTION_INTO(shard, struct paint, part), .name = "part", .value = "i/n", .fallback = "0/1",
     .doc = "only a part"},
    {OPTION_INTO(list, struct paint, mix), .name = "mix", .value = "KEY=VALUE",
     .doc = "what is put into it, in words that are so long that they do not fit into the one "
            "line that the help has for them"}};

static const struct command painter = {
    .name = "paint",
    .summary = "paint a wall",
    .notes = "One line.\n\nAnother.",
    .argument = arguments,
    .n_arguments = 2,
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .size = sizeof(struct paint),
};

struct look {
    const char *at, *more, *text;
    const char *ids;
};

static const struct argument_row look_arguments[] = {
    {ARGUMENT_ONE(struct look, at), "THING", "what"},
    {ARGUMENT_MAY_LACK(struct look, more), "PART", "which"}};

static const struct option_row look_options[] = {
    {OPTION_INTO(text, struct look, text), .name = "text", .value = "T", .need = ONE_OF,
     .doc = "a text"},
    {OPTION_INTO(text, struct look, ids), .name = "ids", .value = "I", .need = ONE_OF,
     .doc = "numbers"}};

static const struct command looker = {
    .name = "look",
    .summary = "look at a thing",
    .argument = look_arguments,
    .n_arguments = 2,
    .option = look_options,
    .n_options = 2,
    .size = sizeof(struct look),
};

enum { WORDS = 32 };

/* Reads "WORD WORD ..." ("''" = an empty word) behind the command's name. */
static int read_line(const struct command *c, const char *line, struct call *call, struct arena *a,
                     struct err *err)
{
    char *argv[WORDS] = {(char *)(uintptr_t)c->name};
    char *text = arena_strdup(a, line, err);
    int argc = 1;

    for (char *s = text; *s && argc < WORDS - 1;) {
        char *end = s + strcspn(s, " ");

        argv[argc++] = !strncmp(s, "''", 2) ? s + 2 : s;
        s = *end ? end + 1 : end;
        *end = '\0';
    }
    err_clear(err);
    return command_parse(c, argc, argv, call, a, err);
}

static void test_defaults(void **state)
{
    struct arena a = {0};
    struct call call;
    struct err err = {0};
    const struct paint *p;

    (void)state;
    assert_int_equal(read_line(&painter, "north --colour green hall", &call, &a, &err), 0);
    p = call.options;
    assert_string_equal(p->wall, "north");
    assert_int_equal(p->rooms.n, 1);
    assert_string_equal(p->rooms.v[0], "hall");
    assert_int_equal(p->colour, GREEN);
    assert_int_equal(p->coats, 2);
    assert_int_equal(p->part.i, 0);
    assert_int_equal(p->part.n, 1);
    assert_false(p->dry);
    assert_null(p->path);
    assert_int_equal(p->mix.n, 0);
    assert_true(option_given(&call, "colour"));
    assert_false(option_given(&call, "coats"));
    assert_false(call.help);
    arena_release(&a);
}

/* Every spelling: a blank, =, a beginning, letters with and without blank, letters together. */
static void test_spellings(void **state)
{
    static const char *const lines[] = {
        "-du -n 3 --thickness 0.5 -o x.png --colour blue --part 1/4 --mix a=1 --mix b=2 north a b",
        "north --dry --dull --coats=3 --thickness=.5 --output=x.png --colour=blue --part=1/4 a "
        "--mix=a=1 b --mix=b=2",
        "--colour red --colo blue -d -u -n3 --thi 5e-1 -ox.png --pa 1/4 --mi a=1 --mi b=2 -- north "
        "a b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct arena a = {0};
        struct call call;
        struct err err = {0};
        const struct paint *p;

        if (read_line(&painter, lines[i], &call, &a, &err))
            fail_msg("%s: %s", lines[i], err.msg);
        p = call.options;
        assert_string_equal(p->wall, "north");
        assert_int_equal(p->rooms.n, 2);
        assert_string_equal(p->rooms.v[1], "b");
        assert_true(p->dry && p->dull);
        assert_int_equal(p->coats, 3);
        assert_true(p->thickness == 0.5);
        assert_string_equal(p->path, "x.png");
        assert_int_equal(p->colour, BLUE);
        assert_int_equal(p->part.i, 1);
        assert_int_equal(p->part.n, 4);
        assert_int_equal(p->mix.n, 2);
        assert_string_equal(p->mix.v[0], "a=1");
        assert_string_equal(p->mix.v[1], "b=2");
        arena_release(&a);
    }
}

static void test_arguments_may_begin_with_a_dash(void **state)
{
    struct arena a = {0};
    struct call call;
    struct err err = {0};
    const struct look *l;

    (void)state;
    assert_int_equal(read_line(&looker, "--text -x - -- -y", &call, &a, &err), 0);
    l = call.options;
    assert_string_equal(l->text, "-x");
    assert_string_equal(l->at, "-");
    assert_string_equal(l->more, "-y");
    arena_release(&a);
}

static void test_errors(void **state)
{
    static const struct {
        const struct command *c;
        const char *line, *expected;
    } cases[] = {
        {&painter, "--colur red w r",
         "paint: unknown option --colur (did you mean --colour?); see lensweep help paint"},
        {&painter, "--nonsense=3 w r", "paint: unknown option --nonsense; see lensweep help paint"},
        {&painter, "-x w r", "paint: unknown option -x; see lensweep help paint"},
        {&painter, "-dx w r", "paint: unknown option -dx; see lensweep help paint"},
        {&painter, "--d w r", "paint: option --d is ambiguous; see lensweep help paint"},
        {&painter, "w r --colour", "paint: --colour needs a value; see lensweep help paint"},
        {&painter, "w r -n", "paint: -n needs a value; see lensweep help paint"},
        {&painter, "--dry=yes w r", "paint: --dry takes no value, found \"yes\""},
        {&painter, "--coats many w r",
         "paint: --coats must be an integer from 1 to 9, not \"many\""},
        {&painter, "-n 0 w r", "paint: -n must be an integer from 1 to 9, not \"0\""},
        {&painter, "-n 2.5 w r", "paint: -n must be an integer from 1 to 9, not \"2.5\""},
        {&painter, "-n 99999999999999999999 w r",
         "paint: -n must be an integer from 1 to 9, not \"99999999999999999999\""},
        {&painter, "--thickness -1 w r",
         "paint: --thickness must be a number of at least 0, not \"-1\""},
        {&painter, "--thickness nan w r",
         "paint: --thickness must be a number of at least 0, not \"nan\""},
        {&painter, "-o '' w r", "paint: -o must be a path, not \"\""},
        {&painter, "--colour gren w r",
         "paint: --colour must be one of red | green | blue, not \"gren\" (did you mean green?)"},
        {&painter, "--part 4/4 w r",
         "paint: --part must be i/n with i from 0 to n - 1 (such as 0/4), n at most 100000, not "
         "\"4/4\""},
        {&painter, "--part 1 w r",
         "paint: --part must be i/n with i from 0 to n - 1 (such as 0/4), n at most 100000, not "
         "\"1\""},
        {&looker, "a",
         "look: give --text or --ids; usage: lensweep look THING [PART] (--text T | "
         "--ids I)"},
        {&looker, "a --text t --ids 1",
         "look: give only one of --text or --ids; usage: lensweep look THING [PART] (--text T | "
         "--ids I)"},
        {&looker, "a b c --text t",
         "look: unexpected argument \"c\"; usage: lensweep look THING "
         "[PART] (--text T | --ids I)"},
        {&looker, "--text t",
         "look: THING is missing; usage: lensweep look THING [PART] (--text T | --ids I)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = {0};
        struct call call;
        struct err err = {0};

        assert_int_equal(read_line(cases[i].c, cases[i].line, &call, &a, &err), ERR_CONFIG);
        assert_string_equal(err.msg, cases[i].expected);
        arena_release(&a);
    }
}

static void test_missing_says_usage(void **state)
{
    struct arena a = {0};
    struct call call;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_line(&painter, "w --colour red", &call, &a, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "paint: ROOM is missing; usage: lensweep paint WALL ROOM... "));
    assert_int_equal(read_line(&painter, "w r", &call, &a, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "paint: --colour is missing; usage: "));
    arena_release(&a);
}

/* Whatever else is wrong or missing behind it. */
static void test_help_comes_first(void **state)
{
    static const char *const lines[] = {"--help", "-h", "w --help --nonsense", "-dh", "--he"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct arena a = {0};
        struct call call;
        struct err err = {0};

        assert_int_equal(read_line(&painter, lines[i], &call, &a, &err), 0);
        assert_true(call.help);
        arena_release(&a);
    }
}

static void test_help_text(void **state)
{
    struct buf b = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(usage_text(&painter, &b, &err), 0);
    assert_string_equal(
        buf_str(&b, &err),
        "usage: lensweep paint WALL ROOM... [-d] [-u] [-n N] [--thickness MM] [-o FILE]\n"
        "       --colour red|green|blue [--part i/n] [--mix KEY=VALUE]...\n"
        "\n"
        "paint a wall\n"
        "\n"
        "  WALL              what is painted\n"
        "  ROOM              where it is\n"
        "  -d, --dry         wait\n"
        "  -u, --dull        no gloss\n"
        "  -n, --coats N     how often (default 2)\n"
        "  --thickness MM    of a coat\n"
        "  -o, --output FILE a picture of it\n"
        "  --colour red|green|blue\n"
        "                    of the paint\n"
        "  --part i/n        only a part (default 0/1)\n"
        "  --mix KEY=VALUE   what is put into it, in words that are so long that they do not fit "
        "into the one\n"
        "                    line that the help has for them\n"
        "  -h, --help        say this\n"
        "\n"
        "  One line.\n"
        "\n"
        "  Another.\n");
    buf_release(&b);
}

/* Own options first, then those of every command, then no more. */
static void test_iterator(void **state)
{
    size_t n = 0;

    (void)state;
    while (command_option(&painter, n))
        n++;
    assert_int_equal(n, painter.n_options + 1);
    assert_ptr_equal(command_option(&painter, 0), &options[0]);
    assert_string_equal(command_option(&painter, n - 1)->name, "help");
    assert_null(command_option(&painter, n + 7));
}

/* Every allocation fails once. */
static void test_torture(void **state)
{
    int code = ERR_MEMORY;
    long n;

    (void)state;
    for (n = 1; code && n < 10000; n++) {
        struct arena a = {0};
        struct call call;
        struct err err = {0};
        struct buf b = {0};

        mem_fail_nth(n);
        code = usage_text(&painter, &b, &err);
        if (!code) {
            char *argv[] = {"paint", "w", "r", "--mix", "a", "--colour", "red"};

            code = command_parse(&painter, 7, argv, &call, &a, &err);
        }
        mem_fail_nth(0);
        assert_int_equal(code, err.code);
        assert_true(!code || code == ERR_MEMORY);
        buf_release(&b);
        arena_release(&a);
    }
    assert_int_equal(code, 0);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_arguments_may_begin_with_a_dash),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_missing_says_usage),
        cmocka_unit_test(test_help_comes_first),
        cmocka_unit_test(test_help_text),
        cmocka_unit_test(test_iterator),
        cmocka_unit_test(test_torture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
