#define _XOPEN_SOURCE 700
#include "cli/plot.h"

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"

#include <getopt.h>
#include <string.h>

/* Kinds of experiment that have a figure. */
static const struct {
    const char *kind;
    int (*plot)(struct figures *out, struct h5file *f, const char *group, struct err *err);
} plots[] = {
    {"decode", plot_decode},
};

struct options {
    const char *dir;    /* NULL = figures/ beside the result */
    const char *format; /* png, svg or pdf */
};

/* Groups of a file ------------------------------------------------------------------------- */

struct groups {
    struct arena *arena;
    char **name;
    size_t n, cap;
};

/* Variables come group by group; a group inside another comes between the other's variables. */
static int take_group(void *ctx, const struct h5info *v, struct err *err)
{
    struct groups *g = ctx;

    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->name[i], v->group))
            return 0;
    if (g->n == g->cap) {
        char **more = arena_alloc(g->arena, g->cap ? 2 * g->cap : 16, sizeof *more, err);

        if (!more)
            return err->code;
        if (g->n)
            memcpy(more, g->name, g->n * sizeof *more);
        g->name = more;
        g->cap = g->cap ? 2 * g->cap : 16;
    }
    g->name[g->n] = arena_strdup(g->arena, v->group, err);
    return g->name[g->n++] ? 0 : err->code;
}

static int plot_group(struct figures *out, struct h5file *f, const char *group, size_t *done,
                      struct err *err)
{
    char *kind;
    int code = 0;

    if (h5_read_attr(f, group, "kind", &kind, err))
        return err->code;
    for (size_t i = 0; kind && !code && i < sizeof plots / sizeof *plots; i++)
        if (str_eq(kind, plots[i].kind)) {
            ++*done;
            code = plots[i].plot(out, f, group, err);
            if (code)
                err_wrap(err, "%s", group);
        }
    mem_free(kind);
    return code;
}

static int plot_file(struct figures *out, const char *path, struct err *err)
{
    struct groups g = {.arena = &out->arena};
    struct h5file *f;
    size_t done = 0;
    int code;

    if (h5_open(&f, path, err))
        return err->code;
    code = h5_each(f, take_group, &g, err);
    for (size_t i = 0; i < g.n && !code; i++)
        code = plot_group(out, f, g.name[i], &done, err);
    if (!code && !done)
        code = err_set(err, ERR_CONFIG, "%s has no group that can be drawn, of kind decode", path);
    else if (code)
        err_wrap(err, "%s", path);
    h5_close(f);
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
    out->prefix = share ? arena_printf(&out->arena, err, "%s_", base) : "";
    if (!o->dir)
        out->n = 0; /* names need to be unique in one folder only */
    out->dir = o->dir ? o->dir : file_join(&out->arena, folder, "figures", err);
    return out->dir && out->prefix ? 0 : err->code;
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
