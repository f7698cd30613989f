/*
 * How much of a metric the strongest nodes of a sweep carry (docs/methods.md 4): the top k heads
 * and MLPs stay as they are, all others are set together to those of another item's query, at the
 * position of the sweep, and the network runs on.
 * recovered = (m(k) - m(none)) / (m(all) - m(none)), where all is the clean run and none has every
 * node resampled. As a baseline the same for k nodes at random, others for each sample.
 *
 * Several shares may be the same k, and none is k = 0, so cells run over the distinct k; what the
 * file has by share is filled in from them.
 */
#include "experiments/kit/answers.h"
#include "experiments/kit/edit_list.h"
#include "experiments/kit/metrics.h"
#include "experiments/kit/partners.h"
#include "experiments/kit/ranking.h"
#include "experiments/kit/select.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"
#include "experiments/kit/match.h"

#include <math.h>
#include <string.h>

static const struct choice metrics[] = {{"logit", METRIC_LOGIT},
                                        {"logit_difference", METRIC_DIFFERENCE},
                                        {"recall_mass", METRIC_RECALL},
                                        {"repetition_mass", METRIC_REPETITION},
                                        {"kl", METRIC_KL},
                                        {NULL, 0}};

struct faithfulness_config {
    const char *from;
    struct string_list groups;
    enum metric metric;
    struct real_list shares;
    int64_t draws;
    struct choice_list match; /* of enum match */
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct faithfulness_config, from, "from", config_path, NULL, 0, 0, RUNNING,
               "folder or result file of a finished run with sweeps of the same model"),
    CONFIG_ROW(struct faithfulness_config, groups, "groups", config_strings, NULL, 0, 0, RESULTS,
               "sweeps in it, of site head or mlp: their layers and heads are the nodes"),
    CONFIG_CHOICE(struct faithfulness_config, metric, "metric", config_choice, "logit", metrics,
                  RESULTS,
                  "what nodes are ranked by, and what is recovered; logit is the target's"),
    CONFIG_ROW(struct faithfulness_config, shares, "shares", config_reals,
               "[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]", 1e-6, 1, RESULTS,
               "rising shares of the nodes that are kept, the strongest first; at least one node"),
    CONFIG_ROW(struct faithfulness_config, draws, "draws", config_int, "4", 1, DRAWS_MAX, RESULTS,
               "queries that the others are resampled from, dimension `sample`"),
    CONFIG_CHOICE(struct faithfulness_config, match, "match", config_choices, "[template, step]",
                  match_choices, RESULTS,
                  "what the other item's query has in common, beside the dataset"),
};

enum faithfulness_axis { ORDER, KEPT, SAMPLE, SHARE, NODE };

/* The strongest nodes first; as a baseline an order of chance, another for each sample. */
enum { STRONGEST, RANDOM, ORDERS };
static const char *const order_names[ORDERS] = {"strongest", "random"};

struct faithfulness {
    struct ranking ranking;
    struct hash hash; /* of its order */
    struct places place;
    struct partners partners;
    const int *order; /* span_order */
    int32_t *k;       /* (shares) */
    int32_t *kept;    /* (n_kept) distinct k, rising, from 0 on */
    size_t *at_kept;  /* (shares) where k is among them */
    size_t n_kept;
    uint32_t *random; /* (draws, nodes) places in the ranking, in an order of chance */
    bool blurred;     /* answers that begin with the same token spoil the metric */
};

/* --- opening --- */

static int32_t nodes_kept(double share, size_t n)
{
    double k = floor(share * (double)n + 0.5);

    return k < 1 ? 1 : (int32_t)k;
}

/* k of each share, which rise, and the distinct ones. */
static int count_kept(struct faithfulness *f, const struct real_list *shares, struct arena *a,
                      struct err *err)
{
    f->k = arena_alloc(a, shares->n, sizeof *f->k, err);
    f->kept = arena_alloc(a, shares->n + 1, sizeof *f->kept, err);
    f->at_kept = arena_alloc(a, shares->n, sizeof *f->at_kept, err);
    if (!f->k || !f->kept || !f->at_kept)
        return err->code;
    f->n_kept = 1; /* none */
    for (size_t i = 0; i < shares->n; i++) {
        f->k[i] = nodes_kept(shares->v[i], f->ranking.n);
        if (f->kept[f->n_kept - 1] != f->k[i])
            f->kept[f->n_kept++] = f->k[i];
        f->at_kept[i] = f->n_kept - 1;
    }
    return 0;
}

static int draw_orders(struct experiment *x, struct faithfulness *f, struct err *err)
{
    const struct faithfulness_config *c = x->config;
    const size_t n = f->ranking.n;

    f->random = arena_alloc(x->arena, (size_t)c->draws * n, sizeof *f->random, err);
    for (size_t s = 0; f->random && s < (size_t)c->draws; s++) {
        struct rng r = rng_for((uint64_t)x->scene->config->data.seed, s, "nodes");

        for (size_t i = 0; i < n; i++)
            f->random[s * n + i] = (uint32_t)i;
        rng_shuffle(&r, f->random + s * n, n);
    }
    return err->code;
}

static void check_shares(struct experiment *x, struct problems *problems)
{
    const struct faithfulness_config *c = x->config;

    for (size_t i = 1; i < c->shares.n; i++)
        if (c->shares.v[i] <= c->shares.v[i - 1])
            config_problem(x->scene->config, x->entry, "shares", problems,
                           "shares must rise: %g stands after %g", c->shares.v[i],
                           c->shares.v[i - 1]);
    if (!c->shares.n)
        config_problem(x->scene->config, x->entry, "shares", problems, "no share is listed");
}

static int open_axes(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    const struct faithfulness_config *c = x->config;

    if (add_named_axis(x, "order", ORDERS, order_names, err) ||
        add_axis(x, "kept", f->n_kept, err) || add_axis(x, "sample", (size_t)c->draws, err) ||
        add_axis(x, "share", c->shares.n, err) || add_axis(x, "node", f->ranking.n, err))
        return err->code;
    x->axis[ORDER].cell = x->axis[KEPT].cell = x->axis[SAMPLE].cell = true;
    x->axis[KEPT].hidden = true;
    x->axis[KEPT].dim.coord = f->kept;
    x->axis[SHARE].dim.type = V_F64;
    x->axis[SHARE].dim.coord = c->shares.v;
    x->axis[SHARE].dim.long_name = "share of the nodes that are kept";
    x->axis[NODE].dim.long_name = "place in the ranking";
    return 0;
}

static int declare_nodes(struct experiment *x, const struct faithfulness *f, struct err *err)
{
    size_t n = f->ranking.n;
    const char **site = arena_alloc(x->arena, n, sizeof *site, err);
    int32_t *layer = arena_alloc(x->arena, 2 * n, sizeof *layer, err);
    double *effect = arena_alloc(x->arena, n, sizeof *effect, err);

    if (!site || !layer || !effect)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const struct node *node = &f->ranking.v[i];

        site[i] = node->site == SITE_MLP ? "mlp" : "head";
        layer[i] = node->layer;
        layer[n + i] = node->head;
        effect[i] = node->effect;
    }
    if (add_constant(x, "random_order", V_I4, "sample", NULL,
                     "places in the ranking of the nodes, in the order of chance", f->random, err))
        return err->code;
    x->constant[x->n_constants - 1].var.dims = "sample node";
    return add_constant(x, "k", V_I4, "share", NULL, "nodes that are kept", f->k, err) ||
                   add_constant(x, "node_site", V_STR, "node", NULL, "what the node is", site,
                                err) ||
                   add_constant(x, "node_layer", V_I4, "node", NULL, "its layer", layer, err) ||
                   add_constant(x, "node_head", V_I4, "node", NULL, "its head; -1 = it is an MLP",
                                layer + n, err) ||
                   add_constant(x, "node_effect", V_F64, "node", "1",
                                "its mean effect in the sweep, which it is ranked by", effect, err)
               ? err->code
               : 0;
}

static int declare(struct experiment *x, const char *units, struct err *err)
{
    if (add_field(x, "metric_kept", V_F32, "query order kept sample", units, "the metric, by k",
                  err))
        return err->code;
    x->field[x->n_fields - 1].hidden = true;
    return add_late_field(x, "metric", V_F32, "query order share sample", units,
                          "the metric with all but the first k nodes of the order resampled",
                          err) ||
                   add_late_field(x, "metric_none", V_F32, "query sample", units,
                                  "the metric with every node resampled", err) ||
                   add_field(x, "metric_clean", V_F32, "query", units, "the metric, clean", err) ||
                   partners_declare(x, err)
               ? err->code
               : 0;
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

    for (size_t i = 0; i < ORDERS * n; i++) {
        double left = width_of(row, i % n) * (all - sample_mean(row, "metric", i));

        out[i] = isnan(all - none) ? NAN : (float)left;
        out[ORDERS * n + i] = isnan(left) ? NAN : (float)(all - none);
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

static int describe(struct experiment *x, struct err *err)
{
    static const struct headline nodes = {
        .variable = "node_effect",
        .title = "nodes, the strongest first: the sweep's mean effect of each alone",
        .listed = "node_site node_layer node_head",
        .test = "none",
    };
    static const struct headline curve = {
        .variable = "recovered",
        .title =
            "share of the metric that so many nodes recover, the strongest or as many at random, "
            "when all others are resampled together",
        .unit = "0 = every node resampled, 1 = the clean run",
        .test = "none",
        .rows = "order share",
        .only = "summary",
    };
    static const struct figure figure = {
        .form = "lines",
        .values = "recovered",
        .series = "order",
        .along = "share",
        .along_values = "k",
        .title =
            "Faithfulness: the strongest nodes alone, or as many at random, all others resampled",
        .value_label = "recovered share of the metric",
        .along_label = "nodes kept",
        .note = "0 = every node resampled, 1 = the clean run: a ratio of means",
    };

    return add_headline(x, &curve, err) || add_headline(x, &nodes, err) ||
                   add_figure(x, &figure, err)
               ? err->code
               : 0;
}

/* The areas of the Mechanistic Interpretability Benchmark; one share has none. */
static int declare_areas(struct experiment *x, struct err *err)
{
    static const struct headline areas[] = {
        {.variable = "cpr",
         .title = "area under that curve over the shares (CPR)",
         .unit = "1 = all of the metric at every share",
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
    size_t shares = x->axis[SHARE].dim.size;

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
    return add_headline(x, &areas[0], err) || add_headline(x, &areas[1], err) ? err->code : 0;
}

static int declare_averages(struct experiment *x, const char *units, struct err *err)
{
    if (add_aggregate(x, "recovered", "stratum order share", "1",
                      "share of the metric that the kept nodes recover: ratio of means", recovered,
                      err))
        return err->code;
    x->aggregate[0].ratio = true;
    if (add_aggregate(x, "mean_metric", "stratum order share", units, "mean of metric over queries",
                      mean_metric, err) ||
        add_aggregate(x, "mean_metric_none", "stratum", units, "mean of metric_none over queries",
                      mean_none, err) ||
        add_aggregate(x, "mean_metric_clean", "stratum", units, "mean of metric_clean over queries",
                      mean_clean, err))
        return err->code;
    return describe(x, err) || declare_areas(x, err) ? err->code : 0;
}

/* --- opening, as a whole --- */

/* The nodes and their position; what the file lacks is a mistake of the config. */
static int open_ranking(struct experiment *x, struct faithfulness *f, struct problems *problems,
                        struct err *err)
{
    const struct faithfulness_config *c = x->config;
    struct err bad;

    err_clear(&bad);
    if (!ranking_read(&f->ranking, x, c->from, &c->groups, choice_word(metrics, (int)c->metric),
                      &bad))
        place_of_label(&f->place, f->ranking.position, x, &bad);
    if (bad.code == ERR_MEMORY)
        return *err = bad, err->code;
    if (bad.code)
        config_problem(x->scene->config, x->entry, "from", problems, "%s", bad.msg);
    return 0;
}

static int faithfulness_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct faithfulness_config *c = x->config;
    struct faithfulness *f = arena_alloc(x->arena, 1, sizeof *f, err);
    bool logits = c->metric == METRIC_LOGIT || c->metric == METRIC_DIFFERENCE;
    const char *units = logits ? unit_logit : "nat";

    if (!f)
        return err->code;
    x->state = f;
    f->order = span_order_in(x->scene->data, x->arena, err);
    if (!f->order)
        return err->code;
    f->blurred = c->metric == METRIC_DIFFERENCE || c->metric == METRIC_REPETITION;
    check_shares(x, problems);
    if (open_ranking(x, f, problems, err) || problems->count)
        return err->code;
    f->hash = ranking_hash(&f->ranking, x->arena, err);
    x->words = arena_printf(x->arena, err,
                            "all but {kept} of %zu nodes, by the order {order}, set to those of "
                            "another item's query, at %s, sample {sample}",
                            f->ranking.n, f->ranking.position);
    return err->code ||
                   partners_open(&f->partners, x, &f->place, (int)c->draws, choice_bits(&c->match),
                                 err) ||
                   count_kept(f, &c->shares, x->arena, err) || draw_orders(x, f, err) ||
                   open_axes(x, f, err) || declare_nodes(x, f, err) || declare(x, units, err) ||
                   declare_averages(x, units, err)
               ? err->code
               : 0;
}

/* --- queries, runs and variants --- */

static const struct query *partner(const struct experiment *x, const struct query *q, int sample)
{
    const struct faithfulness *f = x->state;

    return partner_of(&f->partners, x->scene->data, q, sample);
}

static const char *faithfulness_skip(const struct experiment *x, const struct query *q)
{
    const struct faithfulness *f = x->state;

    if (!places_any(&f->place, x->scene, q))
        return "it does not have any of the positions";
    return partner(x, q, 0) ? NULL : "no other item's query to resample from";
}

static struct hash faithfulness_derived(const struct experiment *x, const struct query *q)
{
    const struct faithfulness *f = x->state;

    return partners_hash(&f->partners, x->scene->data, q, f->hash);
}

/* Where the tokens lie, and how long the other runs are. */
static uint64_t faithfulness_cost_of(const struct experiment *x, const struct query *q)
{
    const struct faithfulness *f = x->state;

    return 31 * places_cost(&f->place, x->scene, q) +
           partners_cost(&f->partners, x->scene->data, q);
}

static int faithfulness_runs(const struct experiment *x, const struct query *q,
                             struct run_spec *spec, struct arena *a, struct err *err)
{
    const struct faithfulness *f = x->state;

    (void)a;
    (void)err;
    return partners_runs(&f->partners, x->scene->data, q, x->keep, spec);
}

/* The rows of the position and their source. */
struct rows_of {
    int *tok, *src, n;
    const struct run *from;
};

static int find_rows(const struct experiment *x, const struct cell *cell, struct rows_of *r,
                     struct arena *a, struct err *err)
{
    const struct faithfulness *f = x->state;
    const struct query *q = &x->scene->data->query[cell->query];
    int sample = (int)cell->index[SAMPLE];

    r->tok = arena_alloc(a, 2 * (size_t)q->n, sizeof *r->tok, err);
    r->src = arena_alloc(a, (size_t)q->n, sizeof *r->src, err);
    if (!r->tok || !r->src)
        return err->code;
    r->n = place_tokens(f->place.v, x->scene, q, r->tok);
    r->from = &cell->run[1 + sample];
    return match_tokens(x->scene->data, f->order, prompt_of(q), prompt_of(partner(x, q, sample)),
                        r->tok, r->n, r->src, a, err);
}

/* One layer's nodes that are not kept: neighbouring heads in one edit. resampled (heads + 1): the
   last is the MLP. */
static int push_layer(struct edit_list *l, int layer, const bool *resampled, int n_heads,
                      const struct rows_of *r)
{
    struct edit e = {.site = SITE_Z, .op = OP_SET, .layer = {layer, layer + 1}, .from = r->from};

    for (int h = 0; h < n_heads; h++) {
        int first = h;

        while (h < n_heads && resampled[h])
            h++;
        e.head = (struct span){first, h};
        if (h > first && edit_list_push_tokens(l, e, r->tok, r->src, r->n))
            return l->err->code;
    }
    e.site = SITE_MLP;
    e.head = (struct span){0, 0};
    return resampled[n_heads] ? edit_list_push_tokens(l, e, r->tok, r->src, r->n) : 0;
}

/* Without an order (NULL) the strongest are kept. */
static int push_all(struct edit_list *l, const struct experiment *x, int32_t kept,
                    const uint32_t *order, const struct rows_of *r)
{
    const struct faithfulness *f = x->state;
    const struct shape *s = &x->scene->model->shape;
    size_t wide = (size_t)s->n_heads + 1;
    bool *resampled = arena_alloc(l->a, (size_t)s->n_layers * wide, sizeof *resampled, l->err);

    if (!resampled)
        return l->err->code;
    for (size_t i = (size_t)kept; i < f->ranking.n; i++) {
        const struct node *node = &f->ranking.v[order ? order[i] : i];

        resampled[(size_t)node->layer * wide +
                  (node->site == SITE_MLP ? wide - 1 : (size_t)node->head)] = true;
    }
    for (int layer = 0; layer < s->n_layers; layer++)
        if (push_layer(l, layer, resampled + (size_t)layer * wide, s->n_heads, r))
            return l->err->code;
    return 0;
}

static int faithfulness_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                                 struct err *err)
{
    const struct faithfulness_config *c = x->config;
    const struct faithfulness *f = x->state;
    const struct query *q = &x->scene->data->query[cell->query];
    int32_t kept = f->kept[cell->index[KEPT]];
    const bool random = cell->index[ORDER] == RANDOM;
    const uint32_t *order = f->random + (size_t)cell->index[SAMPLE] * f->ranking.n;
    struct edit_list l = {.a = a, .err = err};
    struct rows_of r;

    cell->n_variants = 0;
    if (random && !kept)
        return 0; /* none is kept in either order */
    if (kept == (int32_t)f->ranking.n || !partner(x, q, (int)cell->index[SAMPLE]))
        return 0; /* the clean run; no such sample */
    if (find_rows(x, cell, &r, a, err) || push_all(&l, x, kept, random ? order : NULL, &r))
        return err->code;
    return cell_ask(cell, x->scene, l.v, l.n, metric_asks(c->metric), false, a, err);
}

/* --- reducing --- */

static float metric_of(const struct experiment *x, const struct query *q, const float *logit,
                       const float *logprob, float kl)
{
    const struct faithfulness_config *c = x->config;
    const struct dataset *ds = x->scene->data;

    if (c->metric == METRIC_LOGIT)
        return q->right < 0 ? NAN : logit[q->right];
    if (c->metric == METRIC_DIFFERENCE)
        return logit_difference(ds, q, logit);
    if (c->metric == METRIC_KL)
        return kl;
    return answer_mass(ds, q, logprob, c->metric == METRIC_REPETITION);
}

static int metric_of_run(const struct experiment *x, const struct cell *cell, struct worker *w,
                         float *out, struct err *err)
{
    const struct query *q = &x->scene->data->query[cell->query];
    size_t n = x->scene->data->n_targets;
    float *logit = arena_alloc(w->arena, 2 * n, sizeof *logit, err);

    if (!logit)
        return err->code;
    run_targets(&cell->run[0], q, n, logit, logit + n);
    *out = metric_of(x, q, logit, logit + n, 0);
    return 0;
}

static int faithfulness_query(const struct experiment *x, const struct cell *cell, struct row *row,
                              struct worker *w, struct err *err)
{
    return metric_of_run(x, cell, w, row_f32(row, "metric_clean"), err);
}

static int faithfulness_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                             struct worker *w, struct err *err)
{
    const struct query *q = &x->scene->data->query[cell->query];
    float *out = row_f32(row, "metric_kept");
    const struct answer *a;

    const struct faithfulness *f = x->state;

    if (!partner(x, q, (int)cell->index[SAMPLE]) ||
        (cell->index[ORDER] == RANDOM && !f->kept[cell->index[KEPT]]))
        return 0;
    if (!cell->n_variants)
        return metric_of_run(x, cell, w, out, err);
    a = cell->variant[0].answer;
    *out = metric_of(x, q, a->logit, a->logprob, a->kl);
    return 0;
}

/* From the distinct k to shares. */
static void faithfulness_late(const struct row *row)
{
    const struct experiment *x = row->x;
    const struct faithfulness *f = x->state;
    size_t draws = x->axis[SAMPLE].dim.size, size = draws * sizeof(float);
    const float *by_k = row_f32(row, "metric_kept");
    float *by_share = row_f32(row, "metric");

    for (size_t o = 0; o < ORDERS; o++)
        for (size_t i = 0; i < x->axis[SHARE].dim.size; i++)
            memcpy(by_share + (o * x->axis[SHARE].dim.size + i) * draws,
                   by_k + (o * f->n_kept + f->at_kept[i]) * draws, size);
    memcpy(row_f32(row, "metric_none"), by_k, size);
    partners_late(&f->partners, row);
}

const struct kind kind_faithfulness = {
    .name = "faithfulness",
    .summary = "what of a metric the strongest heads and MLPs of a finished sweep carry",
    .also = "circuit; completeness; circuit_evaluation",
    KIND_CONFIG(struct faithfulness_config, rows),
    .version = 2,
    .open = faithfulness_open,
    .skip = faithfulness_skip,
    .derived = faithfulness_derived,
    .cost_of = faithfulness_cost_of,
    .fill_late = faithfulness_late,
    .keep = KEEP_Z | KEEP_ATTN | KEEP_MLP,
    .runs = faithfulness_runs,
    .variants = faithfulness_variants,
    .reduce_query = faithfulness_query,
    .reduce_cell = faithfulness_cell,
};
