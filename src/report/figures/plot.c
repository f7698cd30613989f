#include "report/figures/plot.h"

#include "base/file.h"
#include "base/str.h"
#include "report/figures/chart.h"

/* 3.3 and 7 inches. */
enum { PAGE_WIDTH = 672 };

/* Groups of a file ------------------------------------------------------------------------- */

static int plot_figure(struct gallery *out, struct result *r, const struct result_group *g,
                       const struct figure *f, size_t *drawn, bool *found, struct err *err)
{
    struct material s;
    int code = material_open(&s, r, g, f, out->layers_from, found, err);

    if (!code && *found)
        code = charts_save(out, &s, drawn, err);
    material_close(&s);
    return code;
}

static int plot_group(struct gallery *out, struct result *r, const struct result_group *g,
                      size_t *drawn, struct err *err)
{
    const size_t before = *drawn;
    bool any = false, found;

    for (size_t i = 0; i < g->figures.n; i++) {
        if (plot_figure(out, r, g, &g->figures.v[i], drawn, &found, err))
            return err_wrap(err, "%s", g->name);
        any |= found;
    }
    if (*drawn > before || (!g->figures.n && !g->headlines.n))
        return 0;
    return buf_printf(out->said, err, "%s: no figure, because %s\n", g->name,
                      any ? "it has no number to draw: no query that is ok has one"
                      : g->figures.n
                          ? "it has none of the averages that its figures are drawn from"
                          : "none is declared for its averages; `lensweep top` prints them");
}

/* Has a group averages over queries? */
static bool has_averages(const struct result *r, const char *group)
{
    for (size_t i = 0; i < r->all.n; i++) {
        const struct h5info *v = &r->all.v[i];

        if (str_eq(v->group, group) && v->rank > 1 && str_eq(v->dim[0], "stratum"))
            return true;
    }
    return false;
}

/* No group says what its averages are: lensweep did not write that once. */
static bool is_earlier(const struct result *r)
{
    bool any = false;

    for (size_t i = 0; i < r->n_groups; i++) {
        if (r->group[i].figures.n || r->group[i].headlines.n)
            return false;
        any |= has_averages(r, r->group[i].name);
    }
    return any;
}

int plot_groups(struct gallery *out, struct result *r, size_t *n, struct err *err)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (plot_group(out, r, &r->group[i], n, err))
            return err->code;
    return 0;
}

static int plot_file(struct gallery *out, struct result *r, struct err *err)
{
    size_t drawn = 0;

    if (is_earlier(r))
        return err_set(err, ERR_CONFIG,
                       "%s was written by an earlier lensweep and does not say what its figures "
                       "are; run the command again that made it (what the journal has is not "
                       "computed again), or `lensweep collect DIR`",
                       r->path);
    if (plot_groups(out, r, &drawn, err))
        return err_place(err, "%s", r->path);
    return drawn ? 0 : err_set(err, ERR_CONFIG, "%s has nothing that can be drawn", r->path);
}

/* Folders ---------------------------------------------------------------------------------- */

/* `share`: several results put their figures into one folder, so the result's folder is named. */
static int place_figures(struct gallery *out, const struct plot_options *o, const char *path,
                         bool share, struct err *err)
{
    const char *folder = file_folder(&out->arena, path, err);

    out->result = share && folder ? file_last_parts(&out->arena, folder, 1, err) : "";
    if (!o->dir)
        out->n = 0; /* names need to be unique in one folder only */
    out->dir = o->dir ? o->dir : file_sibling(&out->arena, path, "figures", err);
    return out->result && out->dir ? 0 : err->code;
}

static int plot_path(struct gallery *out, const struct plot_options *o, const char *path,
                     bool share, struct err *err)
{
    struct result r;
    int code = result_open(&r, path, err) || place_figures(out, o, r.path, share, err) ||
               plot_file(out, &r, err);

    result_close(&r);
    return err_if(err, code);
}

int plot_results(const struct plot_options *o, const char *const *paths, size_t n, struct buf *said,
                 struct err *err)
{
    struct gallery out = {.format = o->format,
                          .width = o->width == PLOT_COLUMN ? PLOT_COLUMN_WIDTH : PAGE_WIDTH,
                          .layers_from = (int)o->layers_from,
                          .said = said};
    int code = 0;

    for (size_t i = 0; i < n && !code; i++)
        code = plot_path(&out, o, paths[i], o->dir && n > 1, err);
    if (!code)
        code = gallery_end(&out, err);
    gallery_release(&out);
    return code;
}
