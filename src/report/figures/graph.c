/* Panels of a graph: the strongest edges between a model's modules, layer above layer. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An end of an edge, read from its name: "head 3.1", "k 5.0", "mlp 4", "embedding", "logits". */
struct end {
    char kind; /* the first letter */
    int layer, head;
};

/* How many there are of each, by the names of all edges; the lowest layer that is drawn. */
struct extent {
    int layers, heads, groups, lowest;
};

static struct end read_end(const char *s)
{
    struct end e = {.kind = *s, .layer = -1, .head = -1};
    char *dot = NULL;

    s += strcspn(s, " >");
    if (*s == ' ' && s[1] != '>')
        e.layer = (int)strtol(s + 1, &dot, 10);
    if (dot && *dot == '.')
        e.head = (int)strtol(dot + 1, NULL, 10);
    return e;
}

static void read_ends(const char *name, struct end end[2])
{
    const char *to = strstr(name, " > ");

    end[0] = read_end(name);
    end[1] = read_end(to ? to + 3 : "");
}

static bool is_group(const struct end *e)
{
    return e->kind == 'k' || e->kind == 'v';
}

static int greater(int a, int b)
{
    return a > b ? a : b;
}

static struct extent extent_of(const struct chart *c)
{
    const struct average_dim *d = &c->of->dim[c->of->at[ALONG]];
    struct extent x = {0, 0, 0, 0};

    for (size_t i = 0; i < d->size; i++) {
        struct end end[2];

        read_ends(d->label[i], end);
        for (int k = 0; k < 2; k++) {
            bool group = is_group(&end[k]);

            x.layers = greater(x.layers, end[k].layer + 1);
            *(group ? &x.groups : &x.heads) = greater(group ? x.groups : x.heads, end[k].head + 1);
        }
    }
    x.heads = greater(x.heads, x.groups);
    x.lowest = x.layers;
    for (size_t i = 0; i < c->n[ALONG]; i++) {
        struct end end[2];

        read_ends(chart_label(c, ALONG, i), end);
        x.lowest = end[0].layer < x.lowest ? end[0].layer : x.lowest;
    }
    return x;
}

/* Heads side by side, the MLPs right of them and a little higher; a key and value head between the
   heads that read it, a little lower. */
static double across(const struct extent *x, const struct end *e)
{
    if (e->kind == 'm')
        return x->heads + 0.5;
    if (is_group(e))
        return (e->head + 0.5) * x->heads / x->groups - 0.5;
    return e->head < 0 ? (x->heads - 1) / 2.0 : e->head;
}

static double up(const struct extent *x, const struct end *e)
{
    return e->kind == 'l'   ? x->layers
           : e->kind == 'm' ? e->layer + 0.4
           : is_group(e)    ? e->layer - 0.3
                            : e->layer;
}

size_t graph_strongest(const struct chart *c, size_t row, size_t column, size_t out[GRAPH_EDGES])
{
    double size[GRAPH_EDGES];
    size_t n = 0, at[PLACES];

    for (size_t i = 0; i < panel_cells(c); i++) {
        double v;
        size_t k;

        panel_cell(c, row, column, i, at);
        v = fabs(chart_value(c, &c->of->average[0], STAT_MEAN, at));
        if (!(v > 0) || (n == GRAPH_EDGES && v <= size[n - 1]))
            continue;
        for (k = n < GRAPH_EDGES ? n++ : n - 1; k > 0 && size[k - 1] < v; k--) {
            size[k] = size[k - 1];
            out[k] = out[k - 1];
        }
        size[k] = v;
        out[k] = i;
    }
    return n;
}

static int put_node(struct buf *gp, const struct extent *x, const struct end *e, struct err *err)
{
    char name[48] = "logits";

    if (e->kind == 'e')
        snprintf(name, sizeof name, "embedding");
    else if (e->kind == 'm')
        snprintf(name, sizeof name, "mlp %d", e->layer);
    else if (e->head >= 0)
        snprintf(name, sizeof name, "%s%d.%d", is_group(e) ? "kv " : "", e->layer, e->head);
    return buf_puts(gp, "set label ", err) || gp_text(gp, name, err) ||
                   buf_printf(gp, err,
                              " at %.3f,%.3f left offset 0.4,0.4 front point pointtype 7 pointsize "
                              "0.35 linecolor '#404040'\n",
                              across(x, e), up(x, e))
               ? err->code
               : 0;
}

/* An arrow as thick as the effect is large, and at its head what reads: q, k or v. */
static int put_edge(struct buf *gp, const struct extent *x, const struct end end[2], double v,
                    double most, struct err *err)
{
    double ax = across(x, &end[0]), ay = up(x, &end[0]);
    double bx = across(x, &end[1]), by = up(x, &end[1]);
    const char *colour = v > 0 ? "#b2182b" : "#2166ac";

    if (buf_printf(gp, err,
                   "set arrow from %.3f,%.3f to %.3f,%.3f head filled size graph 0.012,18 "
                   "linecolor rgb '%s' linewidth %.2f\n",
                   ax, ay, bx, by, colour, 0.4 + 2.6 * fabs(v) / most))
        return err->code;
    if (!memchr("qkv", end[1].kind, 3))
        return 0;
    return buf_printf(gp, err, "set label '%c' at %.3f,%.3f center textcolor rgb '%s'\n",
                      end[1].kind, ax + 0.85 * (bx - ax), ay + 0.85 * (by - ay), colour);
}

static int graph_head(struct buf *gp, const struct page *p, struct err *err)
{
    struct extent x = extent_of(p->c);

    return buf_printf(gp, err,
                      "set xrange [-0.7:%g]\nset yrange [%g:%g]\nunset xtics\n"
                      "set ytics 0,%d offset 0.6,0\n",
                      x.heads + 2.4, x.lowest - 0.7, x.layers + 0.7,
                      x.layers - x.lowest > 12 ? 5 : 1);
}

/* The weakest first; ends that several share are named once. */
static int graph_panel(struct buf *gp, const struct page *p, const struct panel *at,
                       struct err *err)
{
    const struct chart *c = p->c;
    struct extent x = extent_of(c);
    size_t edge[GRAPH_EDGES], n = graph_strongest(c, at->row, at->column, edge), cell[PLACES];
    struct end seen[2 * GRAPH_EDGES];
    double most = 1;
    size_t nodes = 0;

    for (size_t i = n; i-- > 0;) {
        struct end end[2];
        double v;

        panel_cell(c, at->row, at->column, edge[0], cell);
        most = fabs(chart_value(c, &c->of->average[0], STAT_MEAN, cell));
        panel_cell(c, at->row, at->column, edge[i], cell);
        v = chart_value(c, &c->of->average[0], STAT_MEAN, cell);
        read_ends(chart_label(c, ALONG, cell[ALONG]), end);
        if (put_edge(gp, &x, end, v, most, err))
            return err->code;
        for (int k = 0; k < 2; k++) {
            size_t j = 0;

            while (j < nodes && !(across(&x, &seen[j]) == across(&x, &end[k]) &&
                                  up(&x, &seen[j]) == up(&x, &end[k])))
                j++;
            if (j == nodes) {
                seen[nodes++] = end[k];
                if (put_node(gp, &x, &end[k], err))
                    return err->code;
            }
        }
    }
    return buf_puts(gp, "plot NaN notitle\n", err);
}

static int graph_fit(struct page *p, struct err *err)
{
    struct extent x = extent_of(p->c);

    p->least = p->width > 400 ? 280 : 200;
    p->most = 640;
    p->panel_height = fmin(480, fmax(200, 24.0 * (x.layers - x.lowest + 2)));
    p->scale = 24;
    p->side = p->c->of->figure.down_label;
    (void)err;
    return 0;
}

const struct form_style graph_style = {.fit = graph_fit, .head = graph_head, .panel = graph_panel};
