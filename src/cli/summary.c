#include "cli/summary.h"

#include "cli/command.h"
#include "report/standout.h"
#include "report/summary.h"

struct summary_options {
    const char *result, *group;
    int64_t layers_from;
};

static const struct argument_row arguments[] = {
    ARGUMENT_RESULT(struct summary_options, result),
    {ARGUMENT_MAY_LACK(struct summary_options, group), "GROUP",
     "only this experiment (default: all, and what the model says)"}};

static const struct option_row options[] = {
    OPTION_LAYERS_FROM(struct summary_options, layers_from)};

/* The tables of one experiment, and what stands out in it. */
static int one_group(struct result *r, const char *name, struct buf *out, struct err *err)
{
    const struct result_group *g = result_named(r, name, err);
    struct right right;

    if (!g)
        return err->code;
    return err_if(err, summary_group(r, g, out, err) || summary_unread(r, out, err) ||
                           right_read(&right, r, err) || standout_text(r, &right, name, out, err));
}

int print_summary(const char *path, const char *group, int64_t layers_from, struct err *err)
{
    struct result r;
    struct buf out = {0};

    if (!result_open(&r, path, err)) {
        r.layers_from = (int)layers_from;
        if (group ? one_group(&r, group, &out, err) : summary_text(&r, &out, err))
            err_place(err, "%s", r.path);
    }
    result_close(&r);
    return print_buf(&out, err);
}

static int summary(const struct call *call, struct err *err)
{
    const struct summary_options *o = call->options;

    return print_summary(o->result, o->group, o->layers_from, err);
}

const struct command command_summary = {
    .name = "summary",
    .summary = "print the summary of a finished result file",
    .size = sizeof(struct summary_options),
    .run = summary,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
