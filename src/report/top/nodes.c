/* The ranking of `lensweep top` for kind faithfulness: nodes by their effect in the sweep. */
#include "base/out.h"
#include "report/grid.h"
#include "report/top/top.h"

#include "base/mem.h"

struct nodes {
    char **site;
    double *layer, *head, *effect;
    size_t n;
};

static int read_nodes(struct nodes *v, struct top *t, const char *group, struct err *err)
{
    struct h5info site, layer, head, effect;

    if (h5_read_str(t->file, group, "node_site", &v->site, &site, err) ||
        h5_read_f64(t->file, group, "node_layer", &v->layer, &layer, err) ||
        h5_read_f64(t->file, group, "node_head", &v->head, &head, err) ||
        h5_read_f64(t->file, group, "node_effect", &v->effect, &effect, err))
        return err->code;
    v->n = site.rank == 1 ? site.size[0] : 0;
    if (site.rank != 1 || layer.rank != 1 || head.rank != 1 || effect.rank != 1 ||
        layer.size[0] != v->n || head.size[0] != v->n || effect.size[0] != v->n)
        return err_set(err, ERR_IO, "%s has not the same number of node_site, node_layer, ...",
                       group);
    return 0;
}

static int put_node(struct grid *g, const struct nodes *v, size_t i, struct err *err)
{
    if (grid_put(g, err, "%zu", i + 1) || grid_put(g, err, "%s", v->site[i]) ||
        grid_put(g, err, "%.0f", v->layer[i]))
        return err->code;
    return (v->head[i] < 0 ? grid_put(g, err, "-") : grid_put(g, err, "%.0f", v->head[i])) ||
                   grid_put(g, err, "%+.4f", v->effect[i])
               ? err->code
               : 0;
}

int top_nodes(struct top *t, const char *group, bool *shown, struct err *err)
{
    static const char *const headings[] = {"k", "site", "layer", "head", "effect"};
    struct nodes v = {0};
    struct grid g = {.columns = sizeof headings / sizeof *headings};
    size_t n;

    if (read_nodes(&v, t, group, err))
        goto out;
    n = v.n < t->n ? v.n : t->n;
    for (size_t i = 0; i < g.columns && !err->code; i++)
        grid_put(&g, err, "%s", headings[i]);
    for (size_t i = 0; i < n && !err->code; i++)
        put_node(&g, &v, i, err);
    if (err->code ||
        out_printf(err,
                   "\n%s: node_effect: the sweep's mean effect, of each node alone\n"
                   "the first %zu of %zu, by absolute value\n",
                   group, n, v.n) ||
        grid_print(&g, err))
        goto out;
    *shown = true;
out:
    grid_release(&g);
    mem_free(v.site);
    mem_free(v.layer);
    mem_free(v.head);
    mem_free(v.effect);
    return err->code;
}
