#include "cli/summary.h"

#include "cli/command.h"
#include "report/summary.h"

struct summary_options {
    const char *result;
};

static const struct argument_row arguments[] = {ARGUMENT_RESULT(struct summary_options, result)};

int print_summary(const char *path, struct err *err)
{
    struct result r;
    struct buf out = {0};

    if (!result_open(&r, path, err) && summary_text(&r, &out, err))
        err_wrap(err, "%s", r.path);
    result_close(&r);
    return print_buf(&out, err);
}

static int summary(const struct call *call, struct err *err)
{
    const struct summary_options *o = call->options;

    return print_summary(o->result, err);
}

const struct command command_summary = {
    .name = "summary",
    .summary = "print the summary of a finished result file",
    .size = sizeof(struct summary_options),
    .run = summary,
    ARGUMENTS(arguments),
};
