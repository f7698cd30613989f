/*
 * Sweeps (docs/methods.md 4): one configuration after the other of a product of layers, heads and
 * positions is zeroed, set to a mean or to another run's values, noised, scaled or added to, the
 * network runs on, and its answer is measured. Which edits a configuration is, says
 * ablation_edits.c; what is measured, ablation_measure.c.
 *
 * Cells run over (layer, head, position, sample), as far as the sweep has these dimensions.
 */
#include "experiments/ablation.h"

#include "base/npy.h"
#include "base/str.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/corrupt.h"
#include "experiments/kit/metrics.h"

#include <string.h>

static const struct choice sites[] = {{"head", SITE_Z},         {"edge", SITE_PATTERN},
                                      {"attn", SITE_ATTN},      {"mlp", SITE_MLP},
                                      {"residual", SITE_RESID}, {NULL, 0}};
static const struct choice operations[] = {
    {"zero", DO_ZERO},   {"mean", DO_MEAN}, {"resample", DO_RESAMPLE}, {"noise", DO_NOISE},
    {"patch", DO_PATCH}, {"add", DO_ADD},   {"scale", DO_SCALE},       {NULL, 0}};
static const struct choice sources[] = {{"clean", FROM_CLEAN},
                                        {"corrupted", FROM_CORRUPTED},
                                        {"counterfactual", FROM_COUNTERFACTUAL},
                                        {"step_1", FROM_STEP_1},
                                        {"step_2", FROM_STEP_2},
                                        {"step_3", FROM_STEP_3},
                                        {NULL, 0}};
static const struct choice metrics[] = {{"logit", METRIC_LOGIT},
                                        {"logprob", METRIC_LOGPROB},
                                        {"rank", METRIC_RANK},
                                        {"logit_difference", METRIC_DIFFERENCE},
                                        {"recall_mass", METRIC_RECALL},
                                        {"repetition_mass", METRIC_REPETITION},
                                        {"kl", METRIC_KL},
                                        {"argmax", METRIC_ARGMAX},
                                        {"direct", METRIC_DIRECT},
                                        {NULL, 0}};

#define NOT_EDGE "site: head | attn | mlp | residual"

static const struct config_row rows[] = {
    CONFIG_CHOICE(struct ablation_config, site, "site", config_choice, NULL, sites, RESULTS,
                  "what is changed: a head's output, its attention to a span, a module's output, "
                  "the residual stream after a layer"),
    CONFIG_ROW(struct ablation_config, layers, "layers", config_selector, "each", 0, 0, RESULTS,
               "layers of a configuration"),
    CONFIG_ROW_WHEN(struct ablation_config, heads, "heads", config_selector, "each", 0, 0, RESULTS,
                    "site: head | edge", "heads of a configuration"),
    CONFIG_ROW_WHEN(struct ablation_config, positions, "positions", config_selector, "[last]", 0, 0,
                    RESULTS, NOT_EDGE, "tokens of a configuration"),
    CONFIG_ROW_WHEN(struct ablation_config, from, "from", config_selector, NULL, 0, 0, RESULTS,
                    "site: edge", "tokens that are attended to"),
    CONFIG_ROW_WHEN(struct ablation_config, to, "to", config_selector, "[last]", 0, 0, RESULTS,
                    "site: edge", "tokens whose attention is cut"),
    CONFIG_CHOICE(struct ablation_config, operation, "operation.kind", config_choice, NULL,
                  operations, RESULTS,
                  "what is done; zero is off-distribution, resample the default for claims"),
    CONFIG_ROW_WHEN(struct ablation_config, draws, "operation.draws", config_int, "4", 1, DRAWS_MAX,
                    RESULTS, "operation.kind: resample | noise",
                    "samples of each configuration, dimension `sample`"),
    CONFIG_CHOICE_WHEN(struct ablation_config, match, "operation.match", config_choices,
                       "[template, step]", match_choices, RESULTS, "operation.kind: resample",
                       "what the other item's query has in common, beside the dataset"),
    CONFIG_ROW_WHEN(struct ablation_config, scale, "operation.scale", config_real, "1", 0, 1e6,
                    RESULTS, "operation.kind: noise",
                    "times the standard deviation of the site and layer over the dataset"),
    CONFIG_ROW_WHEN(struct ablation_config, vector, "operation.vector", config_path, NULL, 0, 0,
                    RESULTS, "operation.kind: add",
                    ".npy, float32 or float64: (width) or (layers, width) of the site; of a head "
                    "its own width or that of all heads"),
    CONFIG_ROW_WHEN(struct ablation_config, factor, "operation.factor", config_real, "1", -1e6, 1e6,
                    RESULTS, "operation.kind: add | scale", "times the vector, or the value"),
    CONFIG_ROW_WHEN(struct ablation_config, renormalise, "operation.renormalise", config_bool,
                    "false", 0, 0, RESULTS, "site: edge",
                    "mask before the softmax, so that the rest of the row sums to 1"),
    CONFIG_CHOICE_WHEN(struct ablation_config, run, "source.run", config_choice, NULL, sources,
                       RESULTS, "operation.kind: patch", "where a patch comes from"),
    CONFIG_ROW_WHEN(struct ablation_config, source_position, "source.position", config_string,
                    "\"\"", 0, 0, RESULTS, "operation.kind: patch",
                    "span of the source; empty = the same place, matched by role"),
    CONFIG_ROW_WHEN(struct ablation_config, source_span, "source.span", config_string, NULL, 0, 0,
                    RESULTS, "operation.kind: patch; source.run: corrupted",
                    "span whose embeddings are noised"),
    CONFIG_ROW_WHEN(struct ablation_config, source_noise, "source.noise", config_real, NULL, 0, 1e6,
                    RESULTS, "operation.kind: patch; source.run: corrupted",
                    "factor of the normal deviates"),
    CONFIG_ROW_WHEN(struct ablation_config, source_sample, "source.sample", config_int, "0", 0, 999,
                    RESULTS, "operation.kind: patch; source.run: corrupted",
                    "which noise sample, as causal_trace draws them"),
    CONFIG_CHOICE(struct ablation_config, metrics, "metrics", config_choices,
                  "[logit, logit_difference, recall_mass, repetition_mass, kl, argmax]", metrics,
                  RESULTS, "what is stored of each cell"),
};

/* --- opening --- */

static void choose(struct ablation *b, const struct ablation_config *c)
{
    b->operation = c->operation;
    b->site = c->site;
    b->metrics = choice_bits(&c->metrics);
    if (b->operation != DO_PATCH)
        return;
    b->source = c->run;
    if (b->source >= FROM_STEP_1)
        b->step = 1 + (int)(b->source - FROM_STEP_1);
}

static void check(struct experiment *x, const struct ablation *b, struct problems *problems)
{
    const struct ablation_config *c = x->config;
    const struct config *config = x->scene->config;

    if (b->site == SITE_PATTERN && b->operation != DO_ZERO)
        config_problem(config, x->entry, "operation.kind", problems,
                       "an edge can only be zeroed, not \"%s\"",
                       choice_word(operations, (int)c->operation));
    if (!c->metrics.n)
        config_problem(config, x->entry, "metrics", problems,
                       "the list is empty: expected at least one metric");
    if (b->operation == DO_SCALE && !config_given(x->entry, "operation.factor"))
        config_problem(config, x->entry, "operation", problems,
                       "{kind: scale} needs a factor, such as factor: 0.5");
    if (ablation_has_direct(b) && (b->site == SITE_PATTERN || b->site == SITE_RESID))
        config_problem(config, x->entry, "metrics", problems,
                       "direct cannot be used with site %s, only with head, attn and mlp",
                       choice_word(sites, (int)c->site));
}

static int open_vector(struct experiment *x, struct ablation *b, struct problems *problems,
                       struct err *err)
{
    const struct ablation_config *c = x->config;
    const struct shape *s = &x->scene->model->shape;
    size_t width = (size_t)site_width(s, b->site), layers;
    struct npy npy;
    struct err bad;

    err_clear(&bad);
    if (npy_read(&npy, c->vector, x->arena, &bad)) {
        config_problem(x->scene->config, x->entry, "operation.vector", problems, "%s", bad.msg);
        return bad.code == ERR_MEMORY ? (*err = bad, err->code) : 0;
    }
    layers = npy.rank == 2 ? npy.size[0] : 1;
    b->vector = npy.v;
    b->vector_layers = layers;
    b->vector_width = npy.size[npy.rank - 1];
    b->vector_hash = hash_bytes(npy.v, layers * b->vector_width * sizeof *npy.v);
    if ((b->vector_width != width && (b->site != SITE_Z || b->vector_width != (size_t)s->d_head)) ||
        (npy.rank == 2 && layers != (size_t)s->n_layers))
        config_problem(x->scene->config, x->entry, "operation.vector", problems,
                       "%s has %s%zu numbers, expected %zu%s", c->vector,
                       npy.rank == 2 ? "rows of " : "", b->vector_width, width,
                       npy.rank == 2 ? " for each layer" : "");
    return 0;
}

/* A dimension that cells run over. */
static int selector_axis(struct experiment *x, const char *name, const struct selections *sel,
                         int *axis, struct err *err)
{
    if (add_selections_axis(x, name, sel, axis, err))
        return err->code;
    x->axis[*axis].cell = true;
    x->axis[*axis].even = str_eq(name, "head"); /* rows are computed whole */
    return 0;
}

static int place_axis(struct experiment *x, const char *name, const struct places *p, int *axis,
                      struct err *err)
{
    *axis = x->n_axes;
    if (add_named_axis(x, name, p->n, p->label, err))
        return err->code;
    x->axis[*axis].cell = true;
    return 0;
}

static int open_axes(struct experiment *x, struct ablation *b, struct err *err)
{
    const struct dataset *ds = x->scene->data;
    bool edge = b->site == SITE_PATTERN;

    b->head_axis = b->from_axis = b->sample_axis = -1;
    if (selector_axis(x, "layer", &b->layers, &b->layer_axis, err) ||
        (b->heads.n && selector_axis(x, "head", &b->heads, &b->head_axis, err)) ||
        (edge && place_axis(x, "from", &b->from, &b->from_axis, err)) ||
        place_axis(x, edge ? "to" : "position", &b->positions, &b->position_axis, err))
        return err->code;
    if (b->operation == DO_RESAMPLE || b->operation == DO_NOISE) {
        b->sample_axis = x->n_axes;
        if (add_axis(x, "sample", (size_t)b->draws, err))
            return err->code;
        x->axis[b->sample_axis].cell = true;
        x->axis[b->sample_axis].even = b->operation == DO_NOISE; /* partners may be too few */
    }
    return add_named_axis(x, "target", ds->n_targets, ds->target_name, err);
}

static int open_source(struct experiment *x, struct ablation *b, struct problems *problems,
                       struct err *err)
{
    const struct ablation_config *c = x->config;
    const struct dataset *ds = x->scene->data;
    struct selector one = {.kind = SELECT_LIST, .n = 1, .name = (const char **)&c->source_position};
    struct places place;

    if (b->source == FROM_COUNTERFACTUAL)
        x->needs |= NEED_DRAWS;
    if (b->step && partners_at_step(&b->partners, x, b->step, err))
        return err->code;
    if (b->source == FROM_CORRUPTED && dataset_span(ds, c->source_span) < 0)
        config_problem(x->scene->config, x->entry, "source.span", problems,
                       "the data has no span \"%s\"", c->source_span);
    if (!*c->source_position)
        return 0;
    if (places_of(&place, &one, x, "source.position", problems, err))
        return err->code;
    b->source_place = place.v;
    /* The patch may put another row than the last into the last row of the last layer. */
    x->all_rows = b->source == FROM_CLEAN;
    return 0;
}

static int open_survey(struct experiment *x, struct ablation *b, struct err *err)
{
    size_t n = (size_t)x->scene->model->shape.n_layers + 1;
    bool *wanted = arena_alloc(x->arena, n, sizeof *wanted, err);

    if (!wanted)
        return err->code;
    for (size_t i = 0; i < b->layers.n; i++)
        for (int r = 0; r < b->layers.v[i].n; r++)
            for (int l = b->layers.v[i].range[r].lo; l < b->layers.v[i].range[r].hi; l++)
                if (l >= 0) /* else a problem of the config */
                    wanted[site_layer(b->site, l)] = true;
    return survey_open(x, b->site, b->operation == DO_MEAN, wanted, &b->positions, err);
}

static int open_operation(struct experiment *x, struct ablation *b, struct problems *problems,
                          struct err *err)
{
    const struct ablation_config *c = x->config;

    b->draws = 1;
    switch (b->operation) {
    case DO_RESAMPLE:
        b->draws = (int)c->draws;
        return partners_open(&b->partners, x, &b->positions, b->draws, choice_bits(&c->match), err);
    case DO_NOISE:
        b->draws = (int)c->draws;
        return open_survey(x, b, err);
    case DO_MEAN:
        return open_survey(x, b, err);
    case DO_PATCH:
        return open_source(x, b, problems, err);
    case DO_ADD:
        return open_vector(x, b, problems, err);
    case DO_ZERO:
    case DO_SCALE:
        break;
    }
    return 0;
}

static int name_cells(struct experiment *x, struct err *err)
{
    static const char *const done[] = {
        [DO_ZERO] = "set to zero",
        [DO_MEAN] = "set to the mean of its role",
        [DO_RESAMPLE] = "set to that of another item's query",
        [DO_NOISE] = "noised",
        [DO_PATCH] = "set to that of the run",
        [DO_ADD] = "with the vector added",
        [DO_SCALE] = "scaled",
    };
    const struct ablation *b = x->state;
    const char *site = b->site == SITE_Z         ? "output"
                       : b->site == SITE_PATTERN ? "attention"
                                                 : choice_word(sites, (int)b->site);

    x->words = arena_printf(x->arena, err,
                            "layer {layer}[, head {head}][, {from} to {to}][, at "
                            "{position}]: %s %s%s%s[, sample {sample}]",
                            site, done[b->operation], b->operation == DO_PATCH ? " " : "",
                            b->operation == DO_PATCH ? choice_word(sources, (int)b->source) : "");
    return x->words ? 0 : err->code;
}

static int ablation_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct ablation_config *c = x->config;
    const struct shape *s = &x->scene->model->shape;
    struct ablation *b = arena_alloc(x->arena, 1, sizeof *b, err);
    bool edge;

    if (!b)
        return err->code;
    x->state = b;
    b->order = span_order_in(x->scene->data, x->arena, err);
    if (!b->order)
        return err->code;
    choose(b, c);
    edge = b->site == SITE_PATTERN;
    check(x, b, problems);
    if (selections_of(&b->layers, &c->layers, s->n_layers, x, "layers", problems, err) ||
        ((edge || b->site == SITE_Z) &&
         selections_of(&b->heads, &c->heads, s->n_heads, x, "heads", problems, err)) ||
        places_of(&b->positions, edge ? &c->to : &c->positions, x, edge ? "to" : "positions",
                  problems, err) ||
        (edge && places_of(&b->from, &c->from, x, "from", problems, err)) || problems->count)
        return err->code;
    x->keep = site_keep(b->site) | site_base_keep(b->site);
    return open_operation(x, b, problems, err) || open_axes(x, b, err) ||
                   ablation_open_effects(x, b, err) || ablation_declare(x, b, err) ||
                   name_cells(x, err)
               ? err->code
               : 0;
}

/* --- queries, runs and variants --- */

static const char *ablation_skip(const struct experiment *x, const struct query *q)
{
    const struct ablation *b = x->state;
    const struct ablation_config *c = x->config;

    if (!places_any(&b->positions, x->scene, q))
        return "it does not have any of the positions";
    if (b->operation == DO_RESAMPLE && !source_query(x, q, 0))
        return "no other item's query to resample from";
    if (b->operation != DO_PATCH)
        return NULL;
    if (b->step && !source_query(x, q, 0))
        return "no query of the source's step";
    if (b->source == FROM_COUNTERFACTUAL && !q->cf_ids)
        return "no counterfactual of equal spans";
    if (b->source == FROM_CORRUPTED &&
        span_empty(q->span[dataset_span(x->scene->data, c->source_span)]))
        return "it does not have the span to corrupt";
    return NULL;
}

/* Means and spreads, a vector's content, the queries that are resampled from. */
static struct hash ablation_derived(const struct experiment *x, const struct query *q)
{
    const struct ablation *b = x->state;
    const struct dataset *ds = x->scene->data;
    struct hash h =
        x->survey ? x->survey->key[x->survey->stratum_of[q - ds->query]] : b->vector_hash;

    return partners_hash(&b->partners, ds, q, h);
}

/* Where the tokens lie, how long the other runs are, and where their spans lie: one may lack what
   another of this length has. */
static uint64_t ablation_cost_of(const struct experiment *x, const struct query *q)
{
    const struct ablation *b = x->state;
    const struct dataset *ds = x->scene->data;
    uint64_t cost =
        31 * places_cost(&b->positions, x->scene, q) + partners_cost(&b->partners, ds, q);
    const struct query *step = b->step ? source_query(x, q, 0) : NULL;

    return step ? 31 * cost + hash_u64(step->span, ds->n_spans * sizeof *step->span) : cost;
}

static void ablation_late(const struct row *row)
{
    const struct ablation *b = row->x->state;
    int64_t *partner = row_i64(row, "partner");

    if (partner)
        partners_put(&b->partners, row->x->scene->data, row->q, partner);
}

static int noised_run(const struct experiment *x, const struct query *q, struct run_spec *spec,
                      struct arena *a, struct err *err)
{
    const struct ablation_config *c = x->config;
    struct span span = q->span[dataset_span(x->scene->data, c->source_span)];
    int d = x->scene->model->shape.d_model, sample = (int)c->source_sample;
    float *v =
        noised_embeddings(x->scene->model, q->ids, span, c->source_noise, 1, sample + 1, a, err);

    if (!v)
        return err->code;
    return corrupted_run(spec, x->keep, span, v + (int64_t)sample * span_len(span) * d, d, a, err);
}

static int ablation_runs(const struct experiment *x, const struct query *q, struct run_spec *spec,
                         struct arena *a, struct err *err)
{
    const struct ablation *b = x->state;

    if (b->partners.of)
        return partners_runs(&b->partners, x->scene->data, q, x->keep, spec);
    if (b->operation != DO_PATCH || b->source == FROM_CLEAN)
        return 0;
    spec[0] = (struct run_spec){.keep = x->keep, .base = -1, .ids = q->cf_ids, .n = q->n};
    if (b->source == FROM_CORRUPTED && noised_run(x, q, spec, a, err))
        return 0;
    spec[0].all_rows = true;
    return 1;
}

static int ablation_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                             struct err *err)
{
    const struct ablation *b = x->state;
    const struct edit *edits;
    int n;

    cell->n_variants = 0;
    if (ablation_edits(x, cell, &edits, &n, a, err) || !n)
        return err->code;
    return cell_ask(cell, x->scene, edits, n, metric_asks(b->metrics), false, a, err);
}

const struct kind kind_ablation = {
    .name = "ablation",
    .summary = "sweeps over layers, heads and positions: zero, mean, resample, noise, patch, ...",
    KIND_CONFIG(struct ablation_config, rows),
    .version = 1,
    .open = ablation_open,
    .skip = ablation_skip,
    .derived = ablation_derived,
    .cost_of = ablation_cost_of,
    .fill_late = ablation_late,
    .runs = ablation_runs,
    .variants = ablation_variants,
    .reduce_query = ablation_query,
    .reduce_cell = ablation_cell,
};
