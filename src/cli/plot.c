#include "report/figures/plot.h"

#include "cli/command.h"

enum picture { PICTURE_PNG, PICTURE_SVG, PICTURE_PDF };

static const struct choice pictures[] = {
    {"png", PICTURE_PNG}, {"svg", PICTURE_SVG}, {"pdf", PICTURE_PDF}, {NULL, 0}};

static const struct choice widths[] = {{"page", PLOT_PAGE}, {"column", PLOT_COLUMN}, {NULL, 0}};

struct plot_command {
    struct word_list results;
    struct plot_options plot;
    enum picture format;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_MANY(struct plot_command, results), "RESULT", "result files, or folders of runs"}};

static const struct option_row options[] = {
    {OPTION_INTO(path, struct plot_command, plot.dir), .name = "output", .letter = 'o',
     .value = "DIR", .doc = "where to (default: figures/ beside each result)"},
    {OPTION_INTO(choice, struct plot_command, format), .name = "format", .choices = pictures,
     .fallback = "png", .doc = "of the pictures; png has 300 dots per inch"},
    {OPTION_INTO(choice, struct plot_command, plot.width), .name = "width", .choices = widths,
     .fallback = "page", .doc = "7 or 3.3 inches, with type of at least 7 points"},
    OPTION_LAYERS_FROM(struct plot_command, plot.layers_from)};

static int plot(const struct call *call, struct err *err)
{
    const struct plot_command *c = call->options;
    struct plot_options o = c->plot;
    struct buf said = {0};
    struct err trouble = ERR_CLEAR;
    int code;

    o.format = choice_word(pictures, (int)c->format);
    code = plot_results(&o, c->results.v, c->results.n, &said, err);
    /* What was drawn is said before the error. */
    print_buf(&said, code ? &trouble : err);
    return code ? code : err->code;
}

const struct command command_plot = {
    .name = "plot",
    .summary = "draw the figures of a result file",
    .notes = "Every experiment that has figures is drawn, with the averages and intervals of the "
             "file. Each figure comes with its numbers (NAME.csv) and its script (gnuplot NAME.gp "
             "draws it again).",
    .size = sizeof(struct plot_command),
    .run = plot,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
