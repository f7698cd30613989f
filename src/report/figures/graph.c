/* Panels of a graph: who writes and who reads, one under the other, and the strongest edges as
   arcs between them. Names stand beside the arcs and rows of their own: nothing covers them. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* An end of an edge: "head 3.1", "k 5.0", "mlp 4", "embedding", "logits". */
struct end {
    const char *name;
    int layer, head; /* the embedding stands below all layers, the logits above */
};

enum { ENDS_MAX = 2 * GRAPH_EDGES };

static struct end end_of(const struct chart *c, size_t edge, int side)
{
    const struct graph_ends *g = &c->of->ends[side];
    const size_t i = c->entry[ALONG][edge];
    const int layer = (int)g->layer[i];

    return (struct end){g->name[i], side && layer < 0 ? INT_MAX : layer, (int)g->head[i]};
}

/* In a layer first come what reads for a head, then heads, then the MLP. */
static int stage(const struct end *e)
{
    return memchr("qkv", *e->name, 3) ? 0 : e->head >= 0 ? 1 : 2;
}

/* < 0: a stands below b. */
static int compare_ends(const struct end *a, const struct end *b)
{
    if (a->layer != b->layer)
        return a->layer < b->layer ? -1 : 1;
    if (stage(a) != stage(b))
        return stage(a) - stage(b);
    if (a->head != b->head)
        return a->head - b->head;
    return strcmp(a->name, b->name);
}

/* All ends of the chart's edges, once each, from below; how many there are. */
static size_t list_ends(const struct chart *c, struct end list[ENDS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < 2 * c->n[ALONG] && i < ENDS_MAX; i++) {
        const struct end e = end_of(c, i / 2, (int)(i % 2));
        size_t k = n;

        while (k > 0 && compare_ends(&list[k - 1], &e) > 0)
            k--;
        if (k > 0 && compare_ends(&list[k - 1], &e) == 0)
            continue;
        memmove(list + k + 1, list + k, (n++ - k) * sizeof *list);
        list[k] = e;
    }
    return n;
}

static size_t row_of(const struct end *list, const struct end *e)
{
    size_t i = 0;

    while (compare_ends(&list[i], e) != 0)
        i++;
    return i;
}

/* Of an edge: the greatest of its effects in all panels. */
static double size_of(const struct chart *c, size_t edge)
{
    struct range r = {INFINITY, -INFINITY};
    size_t at[PLACES], cells = chart_cells(c);

    for (size_t i = edge; i < cells; i += c->n[ALONG]) {
        chart_cell(c, i, at);
        range_widen(&r, fabs(chart_value(c, &c->of->average[0], STAT_MEAN, at)));
    }
    return r.hi;
}

size_t graph_strongest(const struct chart *c, size_t out[GRAPH_EDGES])
{
    double size[GRAPH_EDGES];
    size_t n = 0, k;

    for (size_t i = 0; i < c->n[ALONG]; i++) {
        const double v = size_of(c, i);

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

double graph_most(const struct chart *c)
{
    double most = 0;

    if (c->whole)
        return graph_most(c->whole);
    for (size_t i = 0; i < c->n[ALONG]; i++)
        most = fmax(most, size_of(c, i));
    return most;
}

static void put_rows(struct buf *gp, const struct end *list, size_t n, bool names, struct err *err)
{
    buf_puts(gp, "set ytics (", err);
    for (size_t i = 0; i < n; i++)
        gp_tic(gp, names ? list[i].name : "", i, err);
    buf_puts(gp, ") offset 0.6,0\n", err);
}

/* Where each edge begins and ends; its arc, which reaches the further the longer it is. */
static void graph_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;
    const size_t edges = c->n[ALONG];
    struct end list[ENDS_MAX];
    const size_t n = list_ends(c, list);

    buf_printf(gp, err, "array from[%zu]\narray to[%zu]\narray effect[%zu]\n", edges, edges, edges);
    for (size_t i = 0; i < edges; i++) {
        const struct end from = end_of(c, i, 0), to = end_of(c, i, 1);

        buf_printf(gp, err, "from[%zu] = %zu; to[%zu] = %zu\n", i + 1, row_of(list, &from), i + 1,
                   row_of(list, &to));
    }
    buf_printf(gp, err,
               "x(i, t) = effect[i] == 0 ? NaN : 0.95 * (to[i] - from[i]) / %zu. * sin(pi * t)\n"
               "y(i, t) = (from[i] + to[i] - (to[i] - from[i]) * cos(pi * t)) / 2\n"
               "thick(i) = 0.3 + 2.7 * abs(effect[i]) / %.6g\n"
               "colour(i) = effect[i] > 0 ? '#b2182b' : '#5aaae0'\n"
               "set xrange [0:1]\nset yrange [-0.7:%zu.7]\nunset xtics\nset border 2\n"
               "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.5\n",
               n - 1, graph_most(c), n - 1);
}

static void graph_panel(struct buf *gp, const struct page *p, const struct panel *at,
                        struct err *err)
{
    struct end list[ENDS_MAX];
    const size_t n = list_ends(p->c, list);

    put_rows(gp, list, n, at->first, err);
    buf_printf(
        gp, err,
        "do for [i=1:|effect|] { effect[i] = 0 }\n"
        "stats data skip 1 every ::first::first+|effect|-1 using (effect[int($0)+1]=$%zu) "
        "nooutput\n"
        "plot for [i=1:|effect|] '+' using (x(i, $1)):(y(i, $1)) with lines linewidth thick(i) \\\n"
        "    linecolor rgb colour(i) notitle\n",
        field_of_value(p->c, 0));
}

static void graph_fit(struct page *p, struct err *err)
{
    struct end list[ENDS_MAX];
    const size_t n = list_ends(p->c, list);

    p->least = 100;
    p->most = 200;
    p->panel_height = GP_LINE * (double)n;
    for (size_t i = 0; i < n; i++)
        p->scale = fmax(p->scale, 8 + gp_width(list[i].name, strlen(list[i].name), GP_SMALL));
    (void)err;
}

const struct form_style graph_style = {.fit = graph_fit, .head = graph_head, .panel = graph_panel};
