#include "cli/summary.h"

#include "cli/command.h"
#include "report/summary.h"

struct summary_options {
    const char *result;
    int64_t layers_from;
};

static const struct argument_row arguments[] = {ARGUMENT_RESULT(struct summary_options, result)};

static const struct option_row options[] = {
    OPTION_LAYERS_FROM(struct summary_options, layers_from)};

int print_summary(const char *path, int64_t layers_from, struct err *err)
{
    struct result r;
    struct buf out = {0};

    if (!result_open(&r, path, err)) {
        r.layers_from = (int)layers_from;
        if (summary_text(&r, &out, err))
            err_wrap(err, "%s", r.path);
    }
    result_close(&r);
    return print_buf(&out, err);
}

static int summary(const struct call *call, struct err *err)
{
    const struct summary_options *o = call->options;

    return print_summary(o->result, o->layers_from, err);
}

const struct command command_summary = {
    .name = "summary",
    .summary = "print the summary of a finished result file",
    .size = sizeof(struct summary_options),
    .run = summary,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
