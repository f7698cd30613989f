#include "report/diff.h"

#include "cli/command.h"

#include <math.h>

struct diff_options {
    const char *a, *b;
    double rtol, atol;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_ONE(struct diff_options, a), "A", "a result file, or the folder of a run"},
    {ARGUMENT_ONE(struct diff_options, b), "B", "another"}};

static const struct option_row options[] = {
    {OPTION_INTO(real, struct diff_options, rtol), .name = "rtol", .value = "X", .fallback = "0",
     .hi = INFINITY, .doc = "numbers a of A and b of B are equal up to Y + X |b|"},
    {OPTION_INTO(real, struct diff_options, atol), .name = "atol", .value = "Y", .fallback = "0",
     .hi = INFINITY, .doc = "see --rtol"}};

static int diff(const struct call *call, struct err *err)
{
    const struct diff_options *o = call->options;
    struct diff d = {.rtol = o->rtol,
                     .atol = o->atol,
                     .tolerant = option_given(call, "rtol") || option_given(call, "atol")};

    struct buf out = {0};

    diff_text(&d, o->a, o->b, &out, err);
    /* What was found is the command's output: a difference is a status and no error to be told. */
    if (!print_buf(&out, err) && d.n)
        err->code = ERR_DIFFERS;
    return err->code;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "compare two result files and name the first difference",
    .notes =
        "Groups, attributes, dimensions, texts and numbers are compared; NaN equals NaN. With a "
        "tolerance, versions and BLAS in the provenance are only noted. Exit status: 0 equal, "
        "1 they differ, 3 a file cannot be read.",
    .size = sizeof(struct diff_options),
    .run = diff,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
