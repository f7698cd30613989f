#define _XOPEN_SOURCE 700
#include "report/figures/figures.h"

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct options {
    const char *dir;    /* NULL = figures/ beside the result */
    const char *format; /* png, svg or pdf */
};

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
static int place_figures(struct figures *out, const struct options *o, const char *path, bool share,
                         struct err *err)
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

static int plot_results(const struct options *o, char **results, int n, struct err *err)
{
    struct figures out = {.format = o->format};
    int code = 0;

    for (int i = 0; i < n && !code; i++) {
        char *path = h5_find(&out.arena, results[i], err);

        if (!path || place_figures(&out, o, path, o->dir && n > 1, err))
            code = err->code;
        else
            code = plot_file(&out, path, err);
    }
    if (!code)
        code = figures_end(&out, err);
    figures_release(&out);
    return code ? code : out_flush(err);
}

int cmd_plot(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"format", required_argument, NULL, 'f'}, {0}};
    struct options o = {NULL, "png"};
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (c == 'o')
            o.dir = optarg;
        else if (c == 'f')
            o.format = optarg;
        else
            return bad_option("plot", argv, err);
    }
    if (!figure_format(o.format))
        return err_set(err, ERR_CONFIG, "--format is \"%s\", expected png, svg or pdf", o.format);
    if (o.dir && !*o.dir)
        return err_set(err, ERR_CONFIG, "-o is empty, expected a folder");
    if (optind == argc)
        return usage_error("plot", err);
    return plot_results(&o, argv + optind, argc - optind, err);
}
