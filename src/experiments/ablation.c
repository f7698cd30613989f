/*
 * Sweeps (docs/methods.md 4): one configuration after the other of a product of layers, heads and
 * positions is zeroed, set to a mean or to another run's values, noised, scaled or added to, the
 * network runs on, and its answer is measured. Which edits a configuration is, says
 * ablation_edits.c; what is measured, ablation_measure.c.
 *
 * Cells run over (layer, head or neuron, position, sample), as far as the sweep has these
 * dimensions.
 */
#include "experiments/ablation.h"

#include "base/str.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/text.h"

static const struct choice sites[] = {{"head", SITE_Z},
                                      {"edge", SITE_PATTERN},
                                      {"attn", SITE_ATTN},
                                      {"mlp", SITE_MLP},
                                      {"residual", SITE_RESID},
                                      {"q", SITE_Q},
                                      {"k", SITE_K},
                                      {"v", SITE_V},
                                      {"neurons", SITE_NEURON},
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

#define NOT_EDGE "site: head | attn | mlp | residual | q | k | v | neurons"

static const struct config_row rows[] = {
    CONFIG_CHOICE(
        struct ablation_config, site, "site", config_choice, NULL, sites, RESULTS,
        "what is changed: a head's output, its attention to a span, a module's output, "
        "the residual stream after a layer, a head's query, key or value (q and k "
        "before their norm and the rotation), the MLP's hidden units (before the down matrix)"),
    CONFIG_ROW(struct ablation_config, layers, "layers", config_selector, "each", 0, 0, RESULTS,
               "layers of a configuration"),
    CONFIG_ROW_WHEN(
        struct ablation_config, heads, "heads", config_selector, "each", 0, 0, RESULTS,
        "site: head | edge | q | k | v",
        "heads of a configuration; of site k and v key and value heads; of site head also "
        "{pairs: RESULT, top: K}"),
    CONFIG_ROW_WHEN(struct ablation_config, neurons, "neurons", config_selector, "each", 0, 0,
                    RESULTS, "site: neurons", "hidden units of a configuration"),
    CONFIG_ROW_WHEN(struct ablation_config, neuron_file, "neuron_file", config_path, "\"\"", 0, 0,
                    RESULTS, "site: neurons",
                    "sets of hidden units, a configuration each, in the place of layers and "
                    "neurons: a text file with LAYER UNIT [SET] in each line"),
    CONFIG_ROW_WHEN(struct ablation_config, positions, "positions", config_selector, "[last]", 0, 0,
                    RESULTS, NOT_EDGE, "tokens of a configuration"),
    CONFIG_ROW_WHEN(struct ablation_config, from, "from", config_selector, NULL, 0, 0, RESULTS,
                    "site: edge", "tokens that are attended to"),
    CONFIG_ROW_WHEN(struct ablation_config, to, "to", config_selector, "[last]", 0, 0, RESULTS,
                    "site: edge", "tokens whose attention is cut"),
    OPERATION_ROWS(struct ablation_config, op, NULL),
    CONFIG_ROW_WHEN(struct ablation_config, renormalise, "operation.renormalise", config_bool,
                    "false", 0, 0, RESULTS, "site: edge",
                    "mask before the softmax, so that the rest of the row sums to 1"),
    SOURCE_ROWS(struct ablation_config, op),
    CONFIG_CHOICE(struct ablation_config, metrics, "metrics", config_choices,
                  "[logit, logit_difference, recall_mass, repetition_mass, kl, argmax]", metrics,
                  RESULTS, "what is stored of each cell"),
    WHOLE_ROWS(struct ablation_config, whole,
               "an edit of the last token acts on every answer token after it, too"),
    TEXT_ROW(struct ablation_config, tokens,
             "the edit, which stands where it is of the last token"),
};

/* --- opening --- */

static void check(struct experiment *x, const struct ablation *b, struct problems *problems)
{
    const struct ablation_config *c = x->config;
    bool direct = b->site == SITE_Z || b->site == SITE_ATTN || b->site == SITE_MLP;

    if (b->site == SITE_PATTERN && c->op.kind != DO_ZERO)
        problem_at(x, "operation.kind", problems, "an edge can only be zeroed, not \"%s\"",
                   choice_word(operation_kinds, (int)c->op.kind));
    if (ablation_has_direct(b) && !direct)
        problem_at(x, "metrics", problems,
                   "direct cannot be used with site %s, only with head, attn and mlp",
                   choice_word(sites, (int)c->site));
}

/* A dimension that cells run over. */
static int selector_axis(struct experiment *x, const char *name, const struct selections *sel,
                         int *axis, struct err *err)
{
    if (add_selections_axis(x, name, sel, axis, err))
        return err->code;
    x->axis[*axis].cell = true;
    x->axis[*axis].even = !str_eq(name, "layer"); /* rows are computed whole */
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
    bool edge = b->site == SITE_PATTERN;
    const char *part = b->site == SITE_NEURON ? "neuron" : "head";

    b->part_axis = b->from_axis = b->sample_axis = -1;
    if (b->pairs ? pairs_axes(x, b, err)
                 : selector_axis(x, "layer", &b->layers, &b->layer_axis, err) ||
                       (b->parts.n && selector_axis(x, part, &b->parts, &b->part_axis, err)))
        return err->code;
    if ((edge && place_axis(x, "from", &b->from, &b->from_axis, err)) ||
        place_axis(x, edge ? "to" : "position", &b->positions, &b->position_axis, err))
        return err->code;
    if (b->site == SITE_K || b->site == SITE_V)
        x->axis[b->part_axis].key_value = true;
    if (b->site == SITE_NEURON)
        x->axis[b->part_axis].as_heads = true;
    if (b->set)
        x->axis[b->part_axis].even = false; /* sets are of different layers */
    if (b->op.drawn) {
        b->sample_axis = x->n_axes;
        if (add_axis(x, "sample", (size_t)b->op.draws, err))
            return err->code;
        x->axis[b->sample_axis].cell = true;
        x->axis[b->sample_axis].even = b->op.kind == DO_NOISE; /* partners may be too few */
    }
    return add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err);
}

/* Of which sites and layers means or spreads are needed: (SITE_COUNT, layers + 1). */
static bool *wanted_layers(struct experiment *x, const struct ablation *b, struct err *err)
{
    size_t n = (size_t)x->shape->n_layers + 1;
    bool *wanted = arena_alloc(x->arena, SITE_COUNT * n, sizeof *wanted, err);
    bool *of_site = wanted ? wanted + (size_t)b->site * n : NULL;

    for (size_t i = 0; wanted && i < b->layers.n; i++)
        for (int r = 0; r < b->layers.v[i].n; r++)
            for (int l = b->layers.v[i].range[r].lo; l < b->layers.v[i].range[r].hi; l++)
                if (l >= 0) /* else a problem of the config */
                    of_site[site_layer(b->site, l)] = true;
    return wanted;
}

static int open_operation(struct experiment *x, struct ablation *b, struct problems *problems,
                          struct err *err)
{
    const struct ablation_config *c = x->config;
    struct operation_scope where = {wanted_layers(x, b, err), &b->positions, b->site};

    return where.wanted ? operation_open(&b->op, x, &c->op, &where, problems, err) : err->code;
}

/* Layers and heads, or hidden units, by the selectors or by the file. */
static int open_parts(struct experiment *x, struct ablation *b, struct problems *problems,
                      struct err *err)
{
    const struct ablation_config *c = x->config;
    bool units = b->site == SITE_NEURON, file = units && *c->neuron_file;
    struct selector all = {.kind = SELECT_ALL};
    const char *given = !file                            ? NULL
                        : c->layers.kind != SELECT_EACH  ? "layers"
                        : c->neurons.kind != SELECT_EACH ? "neurons"
                                                         : NULL;

    if (given)
        problem_at(x, given, problems,
                   "neuron_file says which layers and hidden units: leave this key out");
    if (c->heads.kind == SELECT_PAIRS && b->site == SITE_Z)
        return pairs_open(b, x, problems, err);
    if (selections_of(&b->layers, file ? &all : &c->layers, x->shape->n_layers, x, "layers",
                      problems, err))
        return err->code;
    if (file)
        return neuron_sets_read(b, x, c->neuron_file, problems, err);
    return site_parts(x->shape, b->site) ? selections_of(&b->parts, units ? &c->neurons : &c->heads,
                                                         site_parts(x->shape, b->site), x,
                                                         units ? "neurons" : "heads", problems, err)
                                         : 0;
}

static int name_cells(struct experiment *x, struct err *err)
{
    const struct ablation *b = x->state;
    const char *site = b->site == SITE_Z         ? "output"
                       : b->site == SITE_PATTERN ? "attention"
                                                 : choice_word(sites, (int)b->site);

    x->words = arena_printf(x->arena, err,
                            "[layer {layer}][, head {head}][heads {first} and {second}][, neuron "
                            "{neuron}][, {from} to {to}][, at "
                            "{position}]: %s %s[, sample {sample}]",
                            site, operation_words(&b->op, x->arena, err));
    return err->code;
}

static int ablation_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct ablation_config *c = x->config;
    struct ablation *b = x->state;
    bool edge;

    x->places = &b->positions;
    b->site = c->site;
    b->metrics = choice_bits(&c->metrics) | (c->whole.answer_logprob ? METRIC_ANSWER : 0);
    edge = b->site == SITE_PATTERN;
    check(x, b, problems);
    if (open_parts(x, b, problems, err) ||
        places_of(&b->positions, edge ? &c->to : &c->positions, x, edge ? "to" : "positions",
                  problems, err) ||
        (edge && places_of(&b->from, &c->from, x, "from", problems, err)) || problems->count)
        return err->code;
    x->chosen = b->set || b->pairs ? &b->set_hash : NULL;
    x->keep = site_keep(b->site) | site_base_keep(b->site);
    return err_if(err, open_operation(x, b, problems, err) || open_axes(x, b, err) ||
                           ablation_open_effects(x, b, err) ||
                           ablation_declare(x, b, problems, err) || name_cells(x, err));
}

/* --- variants --- */

static void ablation_late(const struct row *row)
{
    partners_late(row);
    text_late(row);
}

static int ablation_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                             struct err *err)
{
    const struct ablation_config *c = x->config;
    const struct ablation *b = x->state;
    const struct edit *edits;
    int n;

    cell->n_variants = 0;
    cell->text.n = 0;
    if (ablation_edits(x, cell, &edits, &n, a, err) || !n)
        return err->code;
    return err_if(err, cell_ask(cell, x->scene, edits, n, metric_asks(b->metrics), false, a, err) ||
                           whole_ask(x, cell, edits, n, a, err) ||
                           text_ask(cell, edits, n, (int)c->tokens, a, err));
}

const struct kind kind_ablation = {
    .name = "ablation",
    .summary = "sweeps over layers, heads and positions: zero, mean, resample, noise, patch, ...",
    .also = "activation_patching=operation: {kind: patch}; "
            "patching=operation: {kind: patch}; "
            "interchange_intervention=operation: {kind: patch}; "
            "mean_ablation=operation: {kind: mean}; zero_ablation=operation: {kind: zero}; "
            "resample_ablation=operation: {kind: resample}; "
            "resampling=operation: {kind: resample}; "
            "steering=operation: {kind: add, vector: FILE.npy}; head_ablation=site: head; "
            "attention_ablation=site: attn; mlp_ablation=site: mlp; sweep; intervention; "
            "edge_ablation=site: edge",
    KIND_CONFIG(struct ablation_config, rows),
    .state_size = sizeof(struct ablation),
    .version = 4,
    .open = ablation_open,
    .fill_late = ablation_late,
    .variants = ablation_variants,
    .reduce_query = ablation_query,
    .reduce_cell = ablation_cell,
};
