#define _XOPEN_SOURCE 700
#include "report/figures/figures.h"

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

enum plot_format { PLOT_PNG, PLOT_SVG, PLOT_PDF };

static const struct choice formats[] = {
    {"png", PLOT_PNG}, {"svg", PLOT_SVG}, {"pdf", PLOT_PDF}, {NULL, 0}};

struct plot_options {
    struct word_list results;
    const char *dir; /* NULL = figures/ beside the result */
    enum plot_format format;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_MANY(struct plot_options, results), "RESULT", "result files, or folders of runs"}};

static const struct option_row options[] = {
    {OPTION_INTO(path, struct plot_options, dir), .name = "output", .letter = 'o', .value = "DIR",
     .doc = "where to (default: figures/ beside each result)"},
    {OPTION_INTO(choice, struct plot_options, format), .name = "format", .choices = formats,
     .fallback = "png", .doc = "of the pictures"}};

/* Groups of a file ------------------------------------------------------------------------- */

struct file_plot {
    struct figures *out;
    struct h5file *file;
    size_t drawn; /* figures */
};

static int plot_kind(struct file_plot *p, const struct chart_kind *kind, const char *group,
                     bool *found, struct err *err)
{
    struct averages g;
    int code = averages_read(&g, kind, p->file, group, found, err);

    if (!code && *found)
        code = charts_save(p->out, &g, group, &p->drawn, err);
    averages_release(&g);
    return code;
}

static int plot_group(void *ctx, const char *group, struct err *err)
{
    struct file_plot *p = ctx;
    bool known = false, any = false, found;
    size_t before = p->drawn;
    char *kind;
    int code = h5_read_attr(p->file, group, "kind", &kind, err);

    for (size_t i = 0; i < n_chart_kinds && kind && !code; i++)
        if (str_eq(kind, chart_kinds[i].kind)) {
            known = true;
            code = plot_kind(p, &chart_kinds[i], group, &found, err);
            any |= found;
        }
    mem_free(kind);
    if (code)
        return err_wrap(err, "%s", group);
    if (known && p->drawn == before)
        fprintf(stderr, "lensweep: %s: no figure, for it has no %s\n", group,
                any ? "query with the status ok" : "averages over queries that could be drawn");
    return 0;
}

static int plot_file(struct figures *out, const char *path, struct err *err)
{
    struct file_plot p = {.out = out};
    int code;

    if (h5_open(&p.file, path, err))
        return err->code;
    code = h5_each_group(p.file, plot_group, &p, err);
    if (!code && !p.drawn)
        code = err_set(err, ERR_CONFIG, "%s holds nothing that can be drawn", path);
    else if (code)
        err_wrap(err, "%s", path);
    h5_close(p.file);
    return code;
}

/* The command ------------------------------------------------------------------------------ */

/* The folder that a path lies in, without the slash. */
static char *folder_of(struct arena *a, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return arena_strdup(a, ".", err);
    return arena_strndup(a, path, slash == path ? 1 : (size_t)(slash - path), err);
}

/* `share`: several results put their figures into one folder, so the result's folder is named. */
static int place_figures(struct figures *out, const struct plot_options *o, const char *path,
                         bool share, struct err *err)
{
    char *folder = folder_of(&out->arena, path, err);
    const char *base;

    if (!folder)
        return err->code;
    base = strrchr(folder, '/');
    base = base ? base + 1 : folder;
    out->result = share ? base : "";
    if (!o->dir)
        out->n = 0; /* names need to be unique in one folder only */
    out->dir = o->dir ? o->dir : file_join(&out->arena, folder, "figures", err);
    return out->dir ? 0 : err->code;
}

static int plot_results(const struct plot_options *o, struct err *err)
{
    struct figures out = {.format = choice_word(formats, (int)o->format)};
    int code = 0;

    for (size_t i = 0; i < o->results.n && !code; i++) {
        char *path = h5_find(&out.arena, o->results.v[i], err);

        if (!path || place_figures(&out, o, path, o->dir && o->results.n > 1, err))
            code = err->code;
        else
            code = plot_file(&out, path, err);
    }
    if (!code)
        code = figures_end(&out, err);
    figures_release(&out);
    return code ? code : out_flush(err);
}

static int plot(const struct call *call, struct err *err)
{
    return plot_results(call->options, err);
}

const struct command command_plot = {
    .name = "plot",
    .summary = "draw the figures of a result file",
    .notes = "Every experiment that has averages to draw is drawn, with the averages and "
             "intervals of the file. Each figure comes with its numbers (NAME.csv) and its script "
             "(gnuplot NAME.gp "
             "draws it again).",
    .size = sizeof(struct plot_options),
    .run = plot,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
