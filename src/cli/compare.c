#include "report/compare.h"

#include "cli/command.h"

struct compare_options {
    struct word_list results;
    struct compare compare;
    int64_t rows;
};

static const struct argument_row arguments[] = {{ARGUMENT_MANY(struct compare_options, results),
                                                 "RESULT",
                                                 "two or more result files, or folders of runs"}};

static const struct option_row options[] = {
    {OPTION_INTO(text, struct compare_options, compare.group), .name = "group", .value = "NAME",
     .doc = "only this experiment (default: all that the results have in common)"},
    {OPTION_INTO(int, struct compare_options, rows), .name = "rows", .letter = 'n', .value = "N",
     .fallback = "10", .lo = 1, .hi = 10000, .doc = "rows of each table"},
    {OPTION_INTO(int, struct compare_options, compare.step), .name = "step", .value = "S",
     .hi = 10000, .doc = "only queries of this step"},
    OPTION_LAYERS_FROM(struct compare_options, compare.layers_from)};

static int compare(const struct call *call, struct err *err)
{
    const struct compare_options *o = call->options;
    struct compare c = o->compare;
    struct buf out = {0};

    c.n = (size_t)o->rows;
    if (!option_given(call, "step"))
        c.step = -1;
    compare_text(&c, o->results.v, o->results.n, &out, err);
    return print_buf(&out, err);
}

const struct command command_compare = {
    .name = "compare",
    .summary = "show the effects of two or more results side by side, with their differences",
    .notes = "Averages of the same experiments, matched by the labels of their layers, heads, "
             "targets and metrics; the largest differences from the first result first, each with "
             "a 95 % interval. `diff` compares files, number by number.",
    .size = sizeof(struct compare_options),
    .run = compare,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
