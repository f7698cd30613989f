/*
 * Exact edges (docs/methods.md 6.3): one receiver reads another sender's contribution, everything
 * else reads the clean stream, and from the receiver on the network runs on.
 *
 * Cells run over (edge, position); the samples of an operation are variants of one cell, and their
 * mean is what is stored.
 */
#include "experiments/edges.h"

#include "experiments/kit/answers.h"

#include <math.h>

static const struct choice senders[] = {
    {"head", SENDER_HEAD}, {"mlp", SENDER_MLP}, {"embedding", SENDER_EMBEDDING}, {NULL, 0}};
static const struct choice receivers[] = {{"q", RECEIVER_Q},           {"k", RECEIVER_K},
                                          {"v", RECEIVER_V},           {"mlp", RECEIVER_MLP},
                                          {"logits", RECEIVER_LOGITS}, {NULL, 0}};
static const struct choice metrics[] = {{"logit", METRIC_LOGIT},
                                        {"logprob", METRIC_LOGPROB},
                                        {"logit_difference", METRIC_DIFFERENCE},
                                        {"recall_mass", METRIC_RECALL},
                                        {"repetition_mass", METRIC_REPETITION},
                                        {"kl", METRIC_KL},
                                        {NULL, 0}};

static const struct config_row rows[] = {
    CONFIG_CHOICE(struct edges_config, senders.kinds, "senders.kinds", config_choices,
                  "[head, mlp, embedding]", senders, RESULTS,
                  "whose contributions to the residual stream are replaced"),
    CONFIG_ROW(struct edges_config, senders.layers, "senders.layers", config_selector, "each", 0, 0,
               RESULTS, "their layers, one by one"),
    CONFIG_ROW(struct edges_config, senders.heads, "senders.heads", config_selector, "each", 0, 0,
               RESULTS, "their heads, one by one"),
    CONFIG_CHOICE(struct edges_config, receivers.kinds, "receivers.kinds", config_choices,
                  "[q, k, v, mlp, logits]", receivers, RESULTS,
                  "who reads the replaced contribution: a head's query, key or value, an MLP, the "
                  "logits"),
    CONFIG_ROW(struct edges_config, receivers.layers, "receivers.layers", config_selector, "each",
               0, 0, RESULTS, "their layers, one by one"),
    CONFIG_ROW(struct edges_config, receivers.heads, "receivers.heads", config_selector, "each", 0,
               0, RESULTS,
               "their heads, one by one; keys and values are of the heads that read them"),
    CONFIG_ROW(struct edges_config, positions, "positions", config_selector, "[last]", 0, 0,
               RESULTS, "tokens at which the sender's contribution is replaced"),
    OPERATION_ROWS(struct edges_config, op, NULL),
    SOURCE_ROWS(struct edges_config, op),
    CONFIG_ROW(struct edges_config, from, "from", config_path, "\"\"", 0, 0, RUNNING,
               "a finished sweep (result file or folder): only its strongest heads and MLPs send "
               "and receive, beside the embedding and the logits"),
    CONFIG_ROW(struct edges_config, groups, "groups", config_strings, "[]", 0, 0, RESULTS,
               "its groups that rank them"),
    CONFIG_CHOICE(struct edges_config, rank_by, "rank_by", config_choice, "logit", metrics, RESULTS,
                  "by the absolute mean effect on this metric"),
    CONFIG_ROW(struct edges_config, top, "top", config_int, "30", 1, INFINITY, RESULTS,
               "how many of them"),
    CONFIG_CHOICE(struct edges_config, metrics, "metrics", config_choices, "[logit, kl]", metrics,
                  RESULTS, "what is stored of each edge"),
};

/* --- opening --- */

static void check(struct experiment *x, struct problems *problems)
{
    const struct edges_config *c = x->config;

    if (c->op.kind == DO_ADD)
        problem_at(x, "operation.kind", problems,
                   "senders differ in width: add cannot be used with edges");
    if (x->scene->model->layers[0].qk_whole &&
        choice_bits(&c->receivers.kinds) & (RECEIVER_Q | RECEIVER_K))
        problem_at(x, "receivers.kinds", problems,
                   "this model norms the queries of all heads together, and the keys: none is "
                   "read by one head alone; take v, mlp and logits");
    if (*c->from && !c->groups.n)
        problem_at(x, "groups", problems,
                   "name the groups of the finished sweep that rank heads and MLPs");
}

/* The sites of the senders, for means and spreads. */
static bool *wanted_layers(struct experiment *x, const struct edges *e, struct err *err)
{
    size_t n = (size_t)x->shape->n_layers + 1;
    bool *wanted = arena_alloc(x->arena, SITE_COUNT * n, sizeof *wanted, err);

    for (size_t i = 0; wanted && i < e->n_senders; i++)
        wanted[(size_t)e->sender[i].site * n +
               (size_t)site_layer(e->sender[i].site, e->sender[i].layer)] = true;
    return wanted;
}

/* "head 3.1 > q 5.2"; and cells of receivers of one sort and layer cost the same. */
static int edge_axis(struct experiment *x, const struct edges *e, struct err *err)
{
    const char **label = arena_alloc(x->arena, e->n, sizeof *label, err);
    int32_t *alike = arena_alloc(x->arena, e->n, sizeof *alike, err);
    int32_t classes = 0;

    for (size_t i = 0; label && alike && i < e->n && !err->code; i++) {
        const struct edge_end *r = &e->receiver[e->edge[i].receiver], *before = r;

        label[i] =
            arena_printf(x->arena, err, "%s > %s", e->sender[e->edge[i].sender].name, r->name);
        if (i)
            before = &e->receiver[e->edge[i - 1].receiver];
        classes += before->site != r->site || before->layer != r->layer;
        alike[i] = classes;
    }
    if (err->code || add_named_axis(x, "edge", e->n, label, err))
        return err->code;
    x->axis[EDGE].cell = x->axis[EDGE].as_heads = true;
    x->axis[EDGE].alike = alike;
    x->axis[EDGE].n_alike = (size_t)classes + 1;
    return 0;
}

/* Layers of senders (the embedding first) or of receivers (the logits last), for the map. */
static int layer_axis(struct experiment *x, const char *name, bool from, struct err *err)
{
    int n = x->shape->n_layers, axis = x->n_axes;
    int32_t *number = arena_alloc(x->arena, (size_t)n + 1, sizeof *number, err);
    const char **label = arena_alloc(x->arena, (size_t)n + 1, sizeof *label, err);

    for (int i = 0; number && label && i <= n && !err->code; i++) {
        number[i] = from ? i - 1 : i;
        label[i] = from && i == 0    ? "emb."
                   : !from && i == n ? "logits"
                                     : arena_printf(x->arena, err, "%d", number[i]);
    }
    if (err->code || add_axis(x, name, (size_t)n + 1, err))
        return err->code;
    x->axis[axis].dim.coord = number;
    x->axis[axis].label = label;
    return 0;
}

static int open_axes(struct experiment *x, struct edges *e, struct err *err)
{
    if (edge_axis(x, e, err) ||
        add_named_axis(x, "position", e->positions.n, e->positions.label, err))
        return err->code;
    x->axis[POSITION].cell = true;
    return err_if(
        err, layer_axis(x, "from_layer", true, err) || layer_axis(x, "to_layer", false, err) ||
                 add_named_axis(x, "metric", e->effects.n, e->effects.label, err) ||
                 (e->op.kind == DO_RESAMPLE && add_axis(x, "sample", (size_t)e->op.draws, err)));
}

/* sender, receiver and where they stand: coordinates of `edge`. */
static int declare_ends(struct experiment *x, const struct edges *e, struct err *err)
{
    static const char *const text[2][3] = {
        {"sender", "sender_layer", "sender_head"},
        {"receiver", "receiver_layer", "receiver_head"},
    };
    int layers = x->shape->n_layers;

    for (int side = 0; side < 2; side++) {
        const char **name = arena_alloc(x->arena, e->n, sizeof *name, err);
        int32_t *layer = arena_alloc(x->arena, e->n, sizeof *layer, err);
        int32_t *head = arena_alloc(x->arena, e->n, sizeof *head, err);

        if (!name || !layer || !head)
            return err->code;
        for (size_t i = 0; i < e->n; i++) {
            const struct edge_end *end =
                side ? &e->receiver[e->edge[i].receiver] : &e->sender[e->edge[i].sender];

            name[i] = end->name;
            layer[i] = end->layer == layers ? -1 : end->layer;
            head[i] = end->head;
        }
        if (add_constant(x, text[side][0], V_STR, "edge", NULL,
                         side ? "who reads the replaced contribution"
                              : "whose contribution is replaced",
                         name, err) ||
            add_constant(x, text[side][1], V_I4, "edge", NULL, "its layer; -1 = it has none", layer,
                         err) ||
            add_constant(x, text[side][2], V_I4, "edge", NULL,
                         side ? "its head, of keys and values the key and value head; -1 = none"
                              : "its head; -1 = none",
                         head, err))
            return err->code;
    }
    return 0;
}

/* One query's effects as they are, but those that collisions make meaningless. */
static void effects(const struct row *row, float *out)
{
    const struct edges *e = row->x->state;
    const float *effect = row_f32(row, "effect");
    size_t cells = e->n * e->positions.n;

    for (size_t i = 0; i < cells * e->effects.n; i++)
        out[i] = e->effects.blurred[i % e->effects.n] && row->q->target_collision ? NAN : effect[i];
}

/* (position, from_layer, to_layer, metric): how much passes between two layers. */
static void layer_effects(const struct row *row, float *out)
{
    const struct edges *e = row->x->state;
    const float *effect = row_f32(row, "effect");
    size_t layers = row->x->axis[FROM_LAYER].dim.size, metrics_n = e->effects.n;
    size_t all = e->positions.n * layers * layers * metrics_n;

    for (size_t i = 0; i < all; i++)
        out[i] = NAN;
    for (size_t i = 0; i < e->n * e->positions.n; i++) {
        const struct edge *edge = &e->edge[i / e->positions.n];
        size_t from = 1 + (size_t)e->sender[edge->sender].layer; /* the embedding: -1 */
        size_t to = (size_t)e->receiver[edge->receiver].layer;
        float *at = out + ((i % e->positions.n * layers + from) * layers + to) * metrics_n;

        for (size_t m = 0; m < metrics_n; m++) {
            float v = fabsf(effect[i * metrics_n + m]);

            if (!isnan(v) && !(e->effects.blurred[m] && row->q->target_collision))
                at[m] = isnan(at[m]) ? v : at[m] + v;
        }
    }
}

static int describe(struct experiment *x, const struct edges *e, struct err *err)
{
    const char *done = operation_words(&e->op, x->arena, err);
    struct headline headline = effects_headline(
        arena_printf(x->arena, err, "what changes when one receiver reads one sender %s", done),
        "edited minus clean", e->op.kind == DO_ZERO);
    static const struct figure map = {
        .form = "map",
        .values = "mean_layer_effect",
        .row = "metric",
        .column = "position",
        .down = "from_layer",
        .along = "to_layer",
        .apart = "metric",
        .compare = "yes",
        .sequential = "*",
        .title = "Edges between layers, summed absolute effects",
        .value_label = "sum of |edited minus clean| (nat)",
        .along_label = "layer of the receiver",
        .down_label = "layer of the sender",
    };

    static const struct figure graph = {
        .name = "graph",
        .form = "graph",
        .inside = "stats",
        .values = "mean",
        .row = "metric",
        .column = "position",
        .along = "edge",
        .ends = "sender receiver",
        .apart = "metric",
        .title = "The strongest edges",
        .note =
            "Arcs lead upwards, from what writes to what reads (q, k, v: of a head). To edit a red "
            "one raises the metric, a blue one lowers it, by as much as it is thick. Heads are "
            "LAYER.HEAD, from 0",
    };

    headline.order = e->op.kind == DO_RESAMPLE ? "first" : NULL;
    return err_if(err, err->code || !headline.title || add_headline(x, &headline, err) ||
                           add_figure(x, &map, err) || add_figure(x, &graph, err));
}

static int declare(struct experiment *x, const struct edges *e, struct err *err)
{
    if (declare_ends(x, e, err) ||
        add_field(x, "effect", V_F32, "query edge position metric", "1",
                  "edited minus clean, mean over samples", err) ||
        add_aggregate(x, "effect", "stratum edge position metric", "1", "edited minus clean",
                      effects, err) ||
        (e->op.kind == DO_RESAMPLE && partners_declare(x, err)))
        return err->code;
    x->aggregate[0].tested = e->effects.sign;
    x->aggregate[0].of = e->effects.of;
    if (add_aggregate(x, "mean_layer_effect", "stratum position from_layer to_layer metric", "1",
                      "mean over queries of the sum over edges between two layers of the absolute "
                      "effect",
                      layer_effects, err))
        return err->code;
    x->aggregate[x->n_aggregates - 1].signs = e->effects.sign;
    return describe(x, e, err);
}

static int edges_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct edges_config *c = x->config;
    struct edges *e = x->state;
    struct operation_scope where = {.places = &e->positions, .site = SITE_RESID};

    x->places = &e->positions;
    x->chosen = &e->hash;
    check(x, problems);
    if (edges_list(e, x, problems, err) || (*c->from && add_input(x, "from", e->hash, err)) ||
        places_of(&e->positions, &c->positions, x, "positions", problems, err) || problems->count)
        return err->code;
    x->keep = KEEP_Z | KEEP_MLP | site_base_keep(SITE_READ_MLP);
    x->words = "{edge}, at {position}";
    where.wanted = wanted_layers(x, e, err);
    return err_if(err, !where.wanted || operation_open(&e->op, x, &c->op, &where, problems, err) ||
                           problems->count ||
                           effect_list_open(&e->effects, choice_bits(&c->metrics), "effect",
                                            x->data, x->arena, err) ||
                           open_axes(x, e, err) || declare(x, e, err));
}

/* --- variants --- */

static int one_sample(const struct experiment *x, struct cell *cell, int sample, struct variant *v,
                      struct arena *a, struct err *err)
{
    const struct edges *e = x->state;
    const struct edge *edge = &e->edge[cell->index[EDGE]];
    struct change c = cell_change(x, cell, sample, a, err);
    int position = (int)cell->index[POSITION];
    bool found;

    if (change_begin(&c, &e->positions.v[position], &found) || !found)
        return err->code;
    if (edge_push(&e->receiver[edge->receiver], x->shape, c.tok, c.n,
                  edge_operand(e, cell, position, sample, edge->sender), &c.list))
        return err->code;
    *v = (struct variant){.base = &cell->run[0],
                          .edit = c.list.v,
                          .n_edits = c.list.n,
                          .asks = metric_asks(e->effects.metrics),
                          .answer = answer_new(x->scene, c.q, false, a, err)};
    cell->n_variants++;
    return err->code;
}

static int edges_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                          struct err *err)
{
    const struct edges *e = x->state;

    cell->n_variants = 0;
    cell->variant = arena_alloc(a, (size_t)e->op.draws, sizeof *cell->variant, err);
    for (int i = 0; cell->variant && i < e->op.draws; i++)
        if (one_sample(x, cell, i, &cell->variant[cell->n_variants], a, err))
            break;
    return err->code;
}

/* --- reducing --- */

static int edges_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                      struct worker *w, struct err *err)
{
    const struct edges *e = x->state;
    const struct dataset *ds = x->data;
    float *clean = arena_alloc(w->arena, 2 * ds->n_targets, sizeof *clean, err);
    float *one = arena_alloc(w->arena, e->effects.n, sizeof *one, err);
    double *sum = arena_alloc(w->arena, e->effects.n, sizeof *sum, err);
    float *effect = row_f32(row, "effect");

    if (!clean || !one || !sum)
        return err->code;
    run_targets(&cell->run[0], row->q, ds->n_targets, clean, clean + ds->n_targets);
    for (int i = 0; i < cell->n_variants; i++) {
        effect_list_fill(&e->effects, ds, row->q, cell->variant[i].answer, clean,
                         clean + ds->n_targets, one);
        for (size_t m = 0; m < e->effects.n; m++)
            sum[m] += (double)one[m];
    }
    for (size_t m = 0; cell->n_variants && m < e->effects.n; m++)
        effect[m] = (float)(sum[m] / cell->n_variants);
    return 0;
}

const struct kind kind_edges = {
    .name = "edges",
    .summary = "exact edges: one receiver reads one sender's contribution from another run",
    .also = "path_patching; edge_patching; edge_attribution; acdc; eap",
    KIND_CONFIG(struct edges_config, rows),
    .state_size = sizeof(struct edges),
    .version = 2,
    .open = edges_open,
    .fill_late = partners_late,
    .prepare = edges_prepare,
    .prepared_bytes = edges_prepared_bytes,
    .variants = edges_variants,
    .edge_check = edges_check,
    .reduce_cell = edges_cell,
};
