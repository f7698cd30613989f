#include "results/result.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/outdir.h"
#include "base/str.h"
#include "results/h5read.h"
#include "results/h5visit.h"

#include <string.h>

/* Groups ----------------------------------------------------------------------------------- */

/* "[random_weights]" without its brackets; "none" is NULL. */
static int read_null(struct result *r, struct err *err)
{
    const char *null;

    if (!catalogue_find(&r->all, "queries", "status") ||
        result_attr(r, "queries", "data.null", &null, err) || !null)
        return err->code;
    null += strspn(null, "[");
    r->null = arena_strndup(&r->arena, null, strcspn(null, "]"), err);
    if (r->null && (!*r->null || str_eq(r->null, "none")))
        r->null = NULL;
    return err->code;
}

/* Whoever shows a number of a result about nothing says so. */
static int mark_titles(const struct result *r, struct arena *a, const struct result_group *g,
                       struct err *err)
{
    for (size_t i = 0; r->null && i < g->headlines.n + g->figures.n; i++) {
        const char **title =
            i < g->headlines.n ? &g->headlines.v[i].title : &g->figures.v[i - g->headlines.n].title;

        *title = arena_printf(a, err, "about nothing (%s): %s", r->null, *title ? *title : "");
        if (!*title)
            return err->code;
    }
    return 0;
}

static int take_group(struct result *r, const char *name, struct err *err)
{
    struct result_group *g;
    const char *kind;

    if (!*name || strchr(name, '/') || str_eq(name, "queries") ||
        result_attr(r, name, "kind", &kind, err) || !kind)
        return err->code;
    if (arena_grow(&r->arena, &r->group, r->n_groups, &r->max_groups, sizeof *r->group, err))
        return err->code;
    g = &r->group[r->n_groups];
    *g = (struct result_group){.name = name, .kind = kind};
    if (headlines_read(&g->headlines, r->file, name, &r->arena, err) ||
        figures_read(&g->figures, r->file, name, &r->arena, err) ||
        mark_titles(r, &r->arena, g, err))
        return err->code;
    r->n_groups++;
    return 0;
}

int result_open(struct result *r, const char *path, struct err *err)
{
    *r = (struct result){0};
    r->path = h5_find(&r->arena, path, err);
    if (!r->path || h5_open(&r->file, r->path, err))
        return err->code;
    if (!catalogue_read(&r->all, r->file, &r->arena, err))
        read_null(r, err);
    for (size_t i = 0; i < r->all.n_groups && !err->code; i++)
        take_group(r, r->all.group[i], err);
    return err->code ? err_place(err, "%s", r->path) : 0;
}

void result_close(struct result *r)
{
    for (size_t i = 0; i < r->n_beside; i++)
        result_close(&r->beside[i]);
    h5_close(r->file);
    arena_release(&r->arena);
    *r = (struct result){0};
}

/* About nothing ---------------------------------------------------------------------------- */

static int read_origin(struct result *r, const char **origin, struct err *err)
{
    *origin = NULL;
    return catalogue_find(&r->all, "provenance", "audit")
               ? result_attr(r, "provenance", "origin", origin, err)
               : 0;
}

static int take_null(struct result *r, const char *folder, struct err *err)
{
    const char *path = file_join(&r->arena, folder, OUTDIR_RESULT, err), *own, *its;
    struct result one;
    struct err e = ERR_CLEAR;

    if (!path || !file_exists(path) || read_origin(r, &own, err) ||
        arena_grow(&r->arena, &r->beside, r->n_beside, &r->max_beside, sizeof *r->beside, err))
        return err->code;
    if (!result_open(&one, path, &e) && !read_origin(&one, &its, &e) && one.null && own && its &&
        str_eq(own, its)) {
        one.layers_from = r->layers_from;
        r->beside[r->n_beside++] = one;
        return 0;
    }
    result_close(&one);
    if (e.code == ERR_MEMORY)
        *err = e;
    else if (e.code)
        r->unread = str_last_part(folder);
    return err->code;
}

int result_nulls(struct result *r, struct err *err)
{
    const char *folder = file_sibling(&r->arena, r->path, "", err);
    char **name;
    size_t n = 0;

    if (r->looked || r->null || !folder ||
        file_list(*folder ? folder : ".", &r->arena, &name, &n, err))
        return err->code;
    r->looked = true;
    for (size_t i = 0; i < n && !err->code; i++)
        if (str_begins(name[i], NULL_FOLDER))
            take_null(r, file_sibling(&r->arena, r->path, name[i], err), err);
    return err->code;
}

const struct result_group *result_find(const struct result *r, const char *group)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (str_eq(r->group[i].name, group))
            return &r->group[i];
    return NULL;
}

const struct figure *result_graph(const struct result_group *g)
{
    for (size_t i = 0; i < g->figures.n; i++)
        if (g->figures.v[i].form && str_eq(g->figures.v[i].form, "graph"))
            return &g->figures.v[i];
    return NULL;
}

const struct result_group *result_named(const struct result *r, const char *group, struct err *err)
{
    const struct result_group *found = result_find(r, group);
    struct buf known = {0};

    for (size_t i = 0; !found && i < r->n_groups; i++)
        if (buf_printf(&known, err, "%s%s", i ? ", " : "", r->group[i].name))
            break;
    if (!found && !err->code)
        err_set(err, ERR_CONFIG, "there is no group \"%s\" (there are: %s)", group,
                buf_str(&known, err) ? known.data : "none");
    buf_release(&known);
    return found;
}

/* Values ----------------------------------------------------------------------------------- */

int result_attr(struct result *r, const char *group, const char *name, const char **value,
                struct err *err)
{
    return h5_read_attr(r->file, group, name, value, &r->arena, err);
}

int result_by_query(struct result *r, const char *group, bool *by_query, struct err *err)
{
    const char *cluster;
    int code = result_attr(r, group, "statistics.cluster", &cluster, err);

    *by_query = !code && cluster && str_eq(cluster, "query");
    return code;
}

static int wrong_shape(const char *group, const char *name, size_t n, struct err *err)
{
    return err_set(err, ERR_IO, "%s/%s does not have one entry for each of %zu", group, name, n);
}

static int text_of_numbers(struct result *r, const double *number, size_t n, const char **v,
                           struct err *err)
{
    for (size_t i = 0; i < n && !err->code; i++)
        v[i] = arena_printf(&r->arena, err, "%.9g", number[i]);
    return err->code;
}

int result_text(struct result *r, const char *group, const char *name, size_t n, const char ***v,
                struct err *err)
{
    const struct h5info *info = catalogue_find(&r->all, group, name);
    double *number;
    char **text;

    *v = arena_alloc(&r->arena, n, sizeof **v, err);
    if (!*v)
        return err->code;
    if (!info || info->rank != 1 || info->size[0] != n)
        return wrong_shape(group, name, n, err);
    if (info->type != V_STR)
        return err_if(err, result_numbers(r, group, name, n, &number, err) ||
                               text_of_numbers(r, number, n, *v, err));
    if (h5_read_str(r->file, info, &text, err))
        return err->code;
    for (size_t i = 0; i < n && !err->code; i++)
        (*v)[i] = arena_strdup(&r->arena, text[i], err);
    mem_free(text);
    return err->code;
}

int result_numbers(struct result *r, const char *group, const char *name, size_t n, double **v,
                   struct err *err)
{
    const struct h5info *info = catalogue_find(&r->all, group, name);

    *v = arena_alloc(&r->arena, n, sizeof **v, err);
    if (!*v)
        return err->code;
    if (!info || info->type == V_STR || info->rank != 1 || info->size[0] != n)
        return wrong_shape(group, name, n, err);
    return n ? h5_read_part(r->file, info, V_F64, 0, n, *v, err) : 0;
}

size_t result_size(const struct result *r, const char *group, const char *name)
{
    const struct h5info *v = catalogue_find(&r->all, group, name);

    return v && v->rank ? v->size[0] : 0;
}

int result_ends(struct result *r, const char *group, const struct figure *graph, size_t i,
                struct graph_ends *end, struct err *err)
{
    struct arena *a = &r->arena;
    const char *name = list_word(graph->ends, i, a, err), *layer, *head;

    *end = (struct graph_ends){.n = name ? result_size(r, group, name) : 0};
    if (!name)
        return err->code;
    layer = arena_printf(a, err, "%s_layer", name);
    head = arena_printf(a, err, "%s_head", name);
    return err_if(err, !layer || !head || result_text(r, group, name, end->n, &end->name, err) ||
                           result_numbers(r, group, layer, end->n, &end->layer, err) ||
                           result_numbers(r, group, head, end->n, &end->head, err));
}
