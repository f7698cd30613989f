/* What a file has of a curve: the ranking, the metric by share, and averages over queries. */
#include "experiments/faithfulness.h"

#include "experiments/kit/edge_ends.h"

#include <math.h>

static const char *const order_names[ORDERS] = {"strongest", "random"};

/* --- axes and fields --- */

static int open_axes(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    const struct faithfulness_config *c = x->config;
    bool edges = f->ranking.edges;

    if (add_named_axis(x, "order", ORDERS, order_names, err) ||
        add_axis(x, "kept", f->n_kept, err) || add_axis(x, "sample", (size_t)f->op.draws, err) ||
        add_axis(x, "share", c->shares.n, err) ||
        add_axis(x, edges ? "edge" : "node", f->ranking.n, err))
        return err->code;
    x->axis[ORDER].cell = x->axis[KEPT].cell = x->axis[SAMPLE].cell = true;
    x->axis[KEPT].hidden = true;
    x->axis[KEPT].dim.coord = f->kept;
    x->axis[SHARE].dim.type = V_F64;
    x->axis[SHARE].dim.coord = c->shares.v;
    x->axis[SHARE].dim.long_name =
        edges ? "share of the edges that are kept" : "share of the nodes that are kept";
    x->axis[NODE].dim.long_name = "place in the ranking";
    return 0;
}

static int declare_edges(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    size_t n = f->ranking.n;
    const char **name = arena_alloc(x->arena, 2 * n, sizeof *name, err);

    for (size_t i = 0; name && i < n && !err->code; i++) {
        const struct node *e = &f->ranking.v[i];

        name[i] = edge_name(x, e->site, e->layer, e->head, false, err);
        name[n + i] = edge_name(x, e->to.site, e->to.layer, e->to.head, true, err);
    }
    return err_if(err, err->code ||
                           add_constant(x, "edge_sender", V_STR, "edge", NULL,
                                        "whose contribution is replaced", name, err) ||
                           add_constant(x, "edge_receiver", V_STR, "edge", NULL,
                                        "who reads the replaced contribution", name + n, err));
}

static int declare_nodes(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    size_t n = f->ranking.n;
    const char **site = arena_alloc(x->arena, n, sizeof *site, err);
    int32_t *layer = arena_alloc(x->arena, 2 * n, sizeof *layer, err);

    if (!site || !layer)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const struct node *node = &f->ranking.v[i];

        site[i] = node->site == SITE_MLP ? "mlp" : "head";
        layer[i] = node->layer;
        layer[n + i] = node->head;
    }
    return err_if(
        err, add_constant(x, "node_site", V_STR, "node", NULL, "what the node is", site, err) ||
                 add_constant(x, "node_layer", V_I4, "node", NULL, "its layer", layer, err) ||
                 add_constant(x, "node_head", V_I4, "node", NULL, "its head; -1 = it is an MLP",
                              layer + n, err));
}

static int declare_ranking(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    bool edges = f->ranking.edges;
    size_t n = f->ranking.n;
    double *effect = arena_alloc(x->arena, n, sizeof *effect, err);

    if (!effect)
        return err->code;
    for (size_t i = 0; i < n; i++)
        effect[i] = f->ranking.v[i].effect;
    if (add_constant(x, "random_order", V_I4, "sample", NULL,
                     "places in the ranking, in the order of chance", f->random, err))
        return err->code;
    x->constant[x->n_constants - 1].var.dims = edges ? "sample edge" : "sample node";
    return err_if(
        err,
        add_constant(x, "k", V_I4, "share", NULL,
                     edges ? "edges that are kept" : "nodes that are kept", f->k, err) ||
            (edges ? declare_edges : declare_nodes)(x, f, err) ||
            add_constant(x, edges ? "edge_effect" : "node_effect", V_F64, edges ? "edge" : "node",
                         "1", "its mean effect in the sweep, which it is ranked by", effect, err));
}

static int declare_metric(struct experiment *x, const struct faithfulness *f, const char *units,
                          struct err *err)
{
    if (add_field(x, "metric_kept", V_F32, "query order kept sample", units, "the metric, by k",
                  err))
        return err->code;
    x->field[x->n_fields - 1].hidden = true;
    return err_if(
        err,
        add_late_field(x, "metric", V_F32, "query order share sample", units,
                       "the metric with the first k of the order kept, all others replaced", err) ||
            add_late_field(x, "metric_none", V_F32, "query sample", units,
                           "the metric with nothing kept", err) ||
            add_field(x, "metric_clean", V_F32, "query", units, "the metric, clean", err) ||
            (f->op.kind == DO_RESAMPLE && partners_declare(x, err)));
}

/* --- averages over queries --- */

static double mean_of(const float *v, size_t n)
{
    double sum = 0;
    int count = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i])) {
            sum += (double)v[i];
            count++;
        }
    return sum / count; /* 0 / 0 = NaN */
}

static double sample_mean(const struct row *row, const char *field, size_t i)
{
    const struct faithfulness *f = row->x->state;
    const float *v = row_f32(row, field);
    size_t draws = row->x->axis[SAMPLE].dim.size;

    return f->blurred && row->q->target_collision ? (double)NAN : mean_of(v + i * draws, draws);
}

static double clean_metric(const struct row *row)
{
    const struct faithfulness *f = row->x->state;

    return f->blurred && row->q->target_collision ? (double)NAN
                                                  : (double)*row_f32(row, "metric_clean");
}

/* m(k) - m(none), and as often m(all) - m(none). */
static void recovered(const struct row *row, float *out)
{
    size_t n = ORDERS * row->x->axis[SHARE].dim.size;
    double none = sample_mean(row, "metric_none", 0);
    double all = clean_metric(row) - none;

    for (size_t i = 0; i < n; i++) {
        double some = sample_mean(row, "metric", i) - none;

        out[i] = isnan(all) ? NAN : (float)some;
        out[n + i] = isnan(some) ? NAN : (float)all;
    }
}

/* What share i counts for in an area under the curve, by the trapezoidal rule. */
static double width_of(const struct row *row, size_t i)
{
    const double *share = row->x->axis[SHARE].dim.coord;
    size_t n = row->x->axis[SHARE].dim.size;

    return (share[i + 1 < n ? i + 1 : i] - share[i > 0 ? i - 1 : 0]) / 2;
}

/* The area under m(k) - m(none) of each order, and as often m(all) - m(none). */
static void area_under(const struct row *row, float *out)
{
    size_t n = row->x->axis[SHARE].dim.size;
    double none = sample_mean(row, "metric_none", 0), all = clean_metric(row) - none;

    for (size_t o = 0; o < ORDERS; o++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += width_of(row, i) * (sample_mean(row, "metric", o * n + i) - none);
        out[o] = isnan(all) ? NAN : (float)sum;
        out[ORDERS + o] = isnan(sum) ? NAN : (float)all;
    }
}

/* What each share adds to the area between the curve and 1: the distances of the averages. */
static void area_terms(const struct row *row, float *out)
{
    size_t n = row->x->axis[SHARE].dim.size;
    double none = sample_mean(row, "metric_none", 0), all = clean_metric(row);

    for (size_t o = 0; o < ORDERS; o++)
        for (size_t i = 0; i < n; i++) {
            size_t at = o * n + i;
            double left = width_of(row, i) * (all - sample_mean(row, "metric", at));

            out[at] = isnan(all - none) ? NAN : (float)left;
            out[ORDERS * n + at] = isnan(left) ? NAN : (float)(all - none);
        }
}

static void mean_metric(const struct row *row, float *out)
{
    for (size_t i = 0; i < ORDERS * row->x->axis[SHARE].dim.size; i++)
        out[i] = (float)sample_mean(row, "metric", i);
}

static void mean_none(const struct row *row, float *out)
{
    *out = (float)sample_mean(row, "metric_none", 0);
}

static void mean_clean(const struct row *row, float *out)
{
    *out = (float)clean_metric(row);
}

/* --- what a reader is shown --- */

static int describe(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    bool edges = f->ranking.edges;
    const char *which = edges ? "edges" : "nodes";
    const char *done =
        f->op.kind == DO_RESAMPLE ? "resampled" : operation_words(&f->op, x->arena, err);
    struct headline ranked = {
        .variable = edges ? "edge_effect" : "node_effect",
        .title = arena_printf(
            x->arena, err, "%s, the strongest first: the sweep's mean effect of each alone", which),
        .listed = edges ? "edge_sender edge_receiver" : "node_site node_layer node_head",
        .test = "none",
    };
    struct headline curve = {
        .variable = "recovered",
        .title = arena_printf(x->arena, err,
                              "share of the metric that so many %s recover, the strongest or as "
                              "many at random, when all others are %s together",
                              which, done),
        .unit = arena_printf(x->arena, err, "0 = no %s kept, 1 = the clean run",
                             edges ? "edge" : "node"),
        .test = "none",
        .rows = "order share",
        .only = "summary",
    };
    struct figure figure = {
        .form = "lines",
        .values = "recovered",
        .series = "order",
        .along = "share",
        .along_values = "k",
        .title = arena_printf(x->arena, err,
                              "Faithfulness: the strongest %s alone, or as many at random, all "
                              "others %s",
                              which, done),
        .value_label = arena_printf(x->arena, err, "recovered share (%s)", f->metric),
        .along_label = edges ? "edges kept" : "nodes kept",
        .note = arena_printf(x->arena, err, "0 = no %s kept, 1 = the clean run: a ratio of means",
                             edges ? "edge" : "node"),
    };

    return err_if(err, err->code || add_headline(x, &curve, err) || add_headline(x, &ranked, err) ||
                           add_figure(x, &figure, err));
}

/* The areas of the Mechanistic Interpretability Benchmark; one share has none. */
static int declare_areas(struct experiment *x, struct err *err)
{
    const struct real_list *share = &((const struct faithfulness_config *)x->config)->shares;
    const size_t shares = share->n;
    const struct headline areas[] = {
        {.variable = "cpr",
         .title = "area under that curve over the shares (CPR)",
         .unit = arena_printf(x->arena, err, "%.3g = all of the metric at every share",
                              shares ? share->v[shares - 1] - share->v[0] : 0),
         .test = "none",
         .rows = "order",
         .only = "summary"},
        {.variable = "cmd",
         .title = "area between that curve and 1 (CMD)",
         .unit = "0 = all of the metric at every share",
         .test = "none",
         .rows = "order",
         .only = "summary"},
    };

    if (shares < 2)
        return 0;
    if (add_aggregate(x, "cpr", "stratum order", "1",
                      "area under recovered over the shares, by the trapezoidal rule", area_under,
                      err) ||
        add_aggregate(x, "cmd", "stratum order", "1",
                      "area between recovered and 1 over the shares, likewise", area_terms, err))
        return err->code;
    x->aggregate[x->n_aggregates - 2].ratio = x->aggregate[x->n_aggregates - 1].ratio = true;
    x->aggregate[x->n_aggregates - 1].terms = shares;
    return err_if(err, add_headline(x, &areas[0], err) || add_headline(x, &areas[1], err));
}

static int declare_averages(struct experiment *x, const char *units, struct err *err)
{
    if (add_aggregate(x, "recovered", "stratum order share", "1",
                      "share of the metric that what is kept recovers: ratio of means", recovered,
                      err))
        return err->code;
    x->aggregate[0].ratio = true;
    return err_if(err, add_aggregate(x, "mean_metric", "stratum order share", units,
                                     "mean of metric over queries", mean_metric, err) ||
                           add_aggregate(x, "mean_metric_none", "stratum", units,
                                         "mean of metric_none over queries", mean_none, err) ||
                           add_aggregate(x, "mean_metric_clean", "stratum", units,
                                         "mean of metric_clean over queries", mean_clean, err));
}

int faithfulness_declare(struct experiment *x, const struct faithfulness *f, const char *units,
                         struct err *err)
{
    return err_if(err, open_axes(x, f, err) || declare_ranking(x, f, err) ||
                           declare_metric(x, f, units, err) || declare_averages(x, units, err) ||
                           describe(x, f, err) || declare_areas(x, err));
}
