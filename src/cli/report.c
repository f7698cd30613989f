#include "report/web/web.h"

#include "base/str.h"
#include "cli/command.h"

#include <stdio.h>

struct report_options {
    const char *result, *path;
    int64_t layers_from;
};

static const struct argument_row arguments[] = {ARGUMENT_RESULT(struct report_options, result)};

static const struct option_row options[] = {
    {OPTION_INTO(path, struct report_options, path), .name = "output", .letter = 'o',
     .value = "FILE", .doc = "the page (default: report.html beside the result)"},
    OPTION_LAYERS_FROM(struct report_options, layers_from)};

static int report(const struct call *call, struct err *err)
{
    const struct report_options *o = call->options;
    struct web w = {.path = o->path, .layers_from = (int)o->layers_from};

    if (!web_write(&w, o->result, err)) {
        out_printf(err, "%s: %zu %s\n", w.path, w.figures,
                   str_noun(w.figures, "figure", "figures"));
        if (w.no_gnuplot)
            fprintf(stderr, "lensweep: gnuplot is not installed: the page has no figures (Debian: "
                            "gnuplot-nox)\n");
    }
    arena_release(&w.arena);
    return err->code;
}

const struct command command_report = {
    .name = "report",
    .summary = "write a result as one HTML page with its tables and figures",
    .notes =
        "The page needs no network and no other file: it can be sent, printed, and read on a "
        "phone. It says what was asked, of which model and data, whether the model is right, what "
        "was found, what was left out, and how to cite it.",
    .size = sizeof(struct report_options),
    .run = report,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
