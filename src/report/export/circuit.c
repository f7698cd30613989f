/*
 * Circuits in the JSON of the Mechanistic Interpretability Benchmark: a file for each group with a
 * figure of form graph, for each metric, position and step. Nodes are called input, a3.h1, m4 and
 * logits, edges a3.h1->a5.h2<q>. A key or value head's edge is that of each query head that reads
 * it. The score of an edge is its mean effect; that of a node the effect with the largest size
 * among its edges to others.
 */
#include "report/export/export.h"
#include "results/average.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

struct circuit {
    struct result *r;
    struct average a; /* mean in NAME/stats: (edge, position, metric) */
    const char *group;
    struct graph_ends sender, receiver;
    size_t edges;
    int layers, heads, kv_heads, width;
    bool parallel;
    struct writer *w;
};

static int shape_of(struct circuit *c, struct err *err)
{
    int *to[] = {&c->layers, &c->heads, &c->kv_heads, &c->width};
    static const char *const name[] = {"model_layers", "model_heads", "model_kv_heads",
                                       "model_width"};
    const char *text;
    double value;

    for (int i = 0; i < 4; i++) {
        if (result_attr(c->r, "provenance", name[i], &text, err))
            return err->code;
        if (!text)
            return err_set(err, ERR_CONFIG,
                           "the file does not say how many heads the model has: it is of an "
                           "earlier lensweep");
        value = strtod(text, NULL);
        if (!(value >= 1 && value <= INT_MAX))
            return err_set(err, ERR_IO, "provenance@%s must be a number above 0", name[i]);
        *to[i] = (int)value;
    }
    if (c->kv_heads > c->heads)
        return err_set(err, ERR_IO, "provenance@model_kv_heads is above model_heads");
    if (result_attr(c->r, "provenance", "model_parallel", &text, err))
        return err->code;
    c->parallel = text && strtod(text, NULL) > 0;
    return 0;
}

/* Of queries each key or value head is that of so many; all else stands for itself. */
static int share_of(const struct circuit *c, size_t edge)
{
    char input = c->receiver.head[edge] < 0 ? 0 : c->receiver.name[edge][0];

    return input == 'k' || input == 'v' ? c->heads / c->kv_heads : 1;
}

static bool is_place(double v, int n)
{
    return v >= -1 && v < n && v == floor(v);
}

/* The file may say anything: does the model have all ends? */
static int check_ends(const struct circuit *c, struct err *err)
{
    for (size_t e = 0; e < c->edges; e++)
        if (!is_place(c->sender.layer[e], c->layers) || !is_place(c->sender.head[e], c->heads) ||
            !is_place(c->receiver.layer[e], c->layers) ||
            !is_place(c->receiver.head[e], c->heads / share_of(c, e)))
            return err_set(err, ERR_IO,
                           "%s: edge %zu has a layer or head that the model does not have",
                           c->group, e);
    return 0;
}

static int open_circuit(struct circuit *c, const struct figure *graph, struct err *err)
{
    if (shape_of(c, err) || result_ends(c->r, c->group, graph, 0, &c->sender, err) ||
        result_ends(c->r, c->group, graph, 1, &c->receiver, err))
        return err->code;
    if (!c->sender.name || !c->receiver.name)
        return err_set(err, ERR_IO, "%s: its graph has no ends", c->group);
    c->edges = c->sender.n;
    if (average_open(&c->a, c->r, c->group, graph->inside, graph->values, err))
        return err->code;
    if (c->a.n_dims != 3)
        return err_set(err, ERR_IO, "%s/%s has other dimensions than edge, position and metric",
                       c->group, graph->values);
    if (c->a.dim[0].size != c->edges || c->receiver.n != c->edges)
        return err_set(err, ERR_IO, "%s: its edges do not have an effect and two ends each",
                       c->group);
    return check_ends(c, err);
}

/* input, a3.h1, m4, logits: a place among the nodes in this order. */
static size_t node_of(const struct circuit *c, double layer, double head, bool receives)
{
    size_t per_layer = (size_t)c->heads + 1;

    if (layer < 0)
        return receives ? 1 + (size_t)c->layers * per_layer : 0;
    return 1 + (size_t)layer * per_layer + (head < 0 ? (size_t)c->heads : (size_t)head);
}

static int put_node_name(const struct circuit *c, size_t node, struct err *err)
{
    size_t per_layer = (size_t)c->heads + 1, layer = (node - 1) / per_layer;
    size_t head = (node - 1) % per_layer;
    struct buf *b = &c->w->buf;

    if (!node)
        return buf_puts(b, "input", err);
    if (layer == (size_t)c->layers)
        return buf_puts(b, "logits", err);
    return head == (size_t)c->heads ? buf_printf(b, err, "m%zu", layer)
                                    : buf_printf(b, err, "a%zu.h%zu", layer, head);
}

/* The mean effect of an edge; 0 where there is none: JSON has no NaN. */
static double score_of(const struct circuit *c, size_t edge, size_t position, size_t metric)
{
    double v = average_get(&c->a, STAT_MEAN,
                           (edge * c->a.dim[1].size + position) * c->a.dim[2].size + metric);

    return isnan(v) ? 0 : v;
}

static int put_nodes(struct circuit *c, size_t position, size_t metric, struct err *err)
{
    size_t n = 2 + (size_t)c->layers * ((size_t)c->heads + 1);
    double *score = arena_alloc(&c->r->arena, n, sizeof *score, err);
    bool *in = arena_alloc(&c->r->arena, n, sizeof *in, err);

    if (!score || !in)
        return err->code;
    for (size_t e = 0; e < c->edges; e++) {
        size_t node = node_of(c, c->sender.layer[e], c->sender.head[e], false);
        double v = score_of(c, e, position, metric);

        in[node] = true;
        if (fabs(v) > fabs(score[node]))
            score[node] = v;
    }
    for (size_t k = 0; k < n; k++) {
        bool logits = k == n - 1;

        if (buf_puts(&c->w->buf, k ? ", \"" : "\"", err) || put_node_name(c, k, err) ||
            buf_printf(&c->w->buf, err, "\": {\"in_graph\": %s",
                       in[k] || logits ? "true" : "false") ||
            (!logits && buf_printf(&c->w->buf, err, ", \"score\": %.9g", score[k])) ||
            buf_puts(&c->w->buf, "}", err) || writer_turn(c->w, err))
            return err->code;
    }
    return 0;
}

static int put_edge(struct circuit *c, size_t e, size_t receiver, char input, double score,
                    bool *first, struct err *err)
{
    struct buf *b = &c->w->buf;

    if (buf_puts(b, *first ? "\"" : ", \"", err) ||
        put_node_name(c, node_of(c, c->sender.layer[e], c->sender.head[e], false), err) ||
        buf_puts(b, "->", err) || put_node_name(c, receiver, err) ||
        (input && buf_printf(b, err, "<%c>", input)) ||
        buf_printf(b, err, "\": {\"score\": %.9g, \"in_graph\": true}", score))
        return err->code;
    *first = false;
    return writer_turn(c->w, err);
}

/* Of one edge those of the benchmark's graph: as many as heads read the key or value. */
static int put_edges(struct circuit *c, size_t position, size_t metric, struct err *err)
{
    bool first = true;

    for (size_t e = 0; e < c->edges; e++) {
        char input = c->receiver.head[e] < 0 ? 0 : c->receiver.name[e][0];
        int share = share_of(c, e);
        double score = score_of(c, e, position, metric);

        for (int i = 0; i < share; i++) {
            double head = c->receiver.head[e] < 0 ? -1 : c->receiver.head[e] * share + i;

            if (put_edge(c, e, node_of(c, c->receiver.layer[e], head, true), input, score, &first,
                         err))
                return err->code;
        }
    }
    return 0;
}

static int write_circuit(struct circuit *c, size_t position, size_t metric, struct err *err)
{
    struct buf *b = &c->w->buf;

    if (buf_printf(b, err,
                   "{\"cfg\": {\"n_layers\": %d, \"n_heads\": %d, \"parallel_attn_mlp\": %s, "
                   "\"d_model\": %d}, \"nodes\": {",
                   c->layers, c->heads, c->parallel ? "true" : "false", c->width) ||
        put_nodes(c, position, metric, err) || buf_puts(b, "}, \"edges\": {", err) ||
        put_edges(c, position, metric, err) || buf_puts(b, "}}\n", err))
        return err->code;
    return writer_finish(c->w, err);
}

/* One step's circuits: of the stratum that averages over most. */
static int write_stratum(struct circuit *c, size_t stratum, struct outputs *o, struct err *err)
{
    const struct average *a = &c->a;

    if (average_seek(&c->a, stratum, err))
        return err->code;
    for (size_t p = 0; p < a->dim[1].size; p++)
        for (size_t m = 0; m < a->dim[2].size; m++) {
            const char *label = a->dim[2].label[m], *at = a->dim[1].label[p];

            if (outputs_add(o, &c->w, err, "%s.%s%s%s.step_%d.json", c->group, label,
                            a->dim[1].size > 1 ? "." : "", a->dim[1].size > 1 ? at : "",
                            a->stratum[stratum].step) ||
                write_circuit(c, p, m, err))
                return err->code;
        }
    return 0;
}

static int write_group(struct result *r, const struct result_group *g, const struct figure *graph,
                       struct outputs *o, struct err *err)
{
    struct circuit c = {.r = r, .group = g->name};

    open_circuit(&c, graph, err);
    for (size_t s = 0; !err->code && s < c.a.n_strata; s++)
        if (c.a.stratum[s].widest)
            write_stratum(&c, s, o, err);
    average_close(&c.a);
    return err->code;
}

int export_circuits(struct result *r, struct outputs *o, struct err *err)
{
    bool any = false;

    for (size_t i = 0; i < r->n_groups; i++) {
        const struct figure *graph = result_graph(&r->group[i]);

        if (!graph || err->code)
            continue;
        any = true;
        write_group(r, &r->group[i], graph, o, err);
    }
    if (!any && !err->code)
        err_set(err, ERR_CONFIG, "no group has a graph of edges, which is what mib writes");
    return err->code;
}
