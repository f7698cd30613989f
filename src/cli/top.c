#include "report/top.h"

#include "cli/command.h"

struct top_options {
    const char *result;
    struct top top;
    int64_t rows;
    bool json;
};

static const struct argument_row arguments[] = {
    ARGUMENT_RESULT(struct top_options, result),
    {ARGUMENT_MAY_LACK(struct top_options, top.group), "GROUP",
     "only this experiment (default: all that can be ranked)"}};

static const struct option_row options[] = {
    {OPTION_INTO(flag, struct top_options, top.classes), .name = "classes",
     .doc = "heads only: how often each promotes or suppresses the step's target, and its scores, "
            "beside what each sweep over all heads at the last token changes of its logit"},
    {OPTION_INTO(int, struct top_options, rows), .name = "rows", .letter = 'n', .value = "N",
     .fallback = "20", .lo = 1, .hi = 10000, .doc = "rows of each table"},
    {OPTION_INTO(int, struct top_options, top.step), .name = "step", .value = "S", .hi = 10000,
     .doc = "only queries of this step"},
    {OPTION_INTO(text, struct top_options, top.dataset), .name = "dataset", .value = "NAME",
     .doc = "averages of this dataset (default: over datasets and templates)"},
    OPTION_LAYERS_FROM(struct top_options, top.layers_from),
    OPTION_JSON(struct top_options, json)};

static int top(const struct call *call, struct err *err)
{
    const struct top_options *o = call->options;
    struct top t = o->top;
    struct buf out = {0};
    struct json_out json = {.out = &out};

    if (t.group && t.classes)
        return usage_error(call->command, err, "--classes and GROUP exclude each other");
    t.n = (size_t)o->rows;
    if (!option_given(call, "step"))
        t.step = -1;
    if (o->json && t.classes)
        return usage_error(call->command, err, "--json and --classes exclude each other");
    if (o->json) {
        t.json = &json;
        json_begin(&json, NULL, '[', err);
    }
    top_text(&t, o->result, &out, err);
    if (o->json)
        json_end(&json, ']', err);
    return print_buf(&out, err);
}

const struct command command_top = {
    .name = "top",
    .summary = "show the strongest heads, layers and token sets, with intervals",
    .notes =
        "Averages over queries from the result file, the largest first, each with its 95 % "
        "interval over items and n, the number of queries. What of each experiment "
        "is ranked, and what stands beside it (a share by chance, q, the direct effect), the "
        "file says itself. An interval is that of its cell: among many cells some are large by "
        "chance.",
    .size = sizeof(struct top_options),
    .run = top,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
