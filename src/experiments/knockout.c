/*
 * Attention knockout (docs/methods.md 3.4): the last row's attention to a token set is cut, at all
 * layers and heads or at those of a selector, and the rest of the network runs on. By default after
 * the softmax and without renormalising, as in the paper.
 */
#include "base/str.h"
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/controls.h"
#include "experiments/kit/edit_list.h"
#include "experiments/kit/select.h"
#include "experiments/kit/text.h"
#include "experiments/kit/whole.h"

#include <math.h>
#include <string.h>

struct knockout_config {
    struct string_list sets;
    struct selector layers, heads;
    bool renormalise, mlp_logit;
    struct whole_config whole;
    int64_t tokens;
};

static const struct config_row rows[] = {
    CONFIG_ROW(
        struct knockout_config, sets, "sets", config_strings, "[subject, answer_1, answer_2, last]",
        0, 0, RESULTS,
        "token sets to cut, one at a time: spans, first, last, other, random_SPAN (further draws: "
        "random_SPAN_2 ...)"),
    CONFIG_ROW(struct knockout_config, layers, "layers", config_selector, "all", 0, 0, RESULTS,
               "layers in which the last row is cut; not all = dimension cut_layer"),
    CONFIG_ROW(struct knockout_config, heads, "heads", config_selector, "all", 0, 0, RESULTS,
               "heads that are cut; not all = dimension cut_head"),
    CONFIG_ROW(struct knockout_config, renormalise, "renormalise", config_bool, "false", 0, 0,
               RESULTS, "mask before the softmax, so that the rest of the row sums to 1"),
    CONFIG_ROW(struct knockout_config, mlp_logit, "mlp_logit", config_bool, "false", 0, 0, RESULTS,
               "decode every layer's MLP output also where layers or heads are not all"),
    WHOLE_ROWS(struct knockout_config, whole,
               "the cut of the last token is one of every answer token after it, too"),
    TEXT_ROW(struct knockout_config, tokens,
             "the cut, which stands (the set \"none\": without a cut)"),
};

struct knockout {
    struct selections layers, heads;
    int layer_axis, head_axis, set_axis; /* -1 = no such axis */
    bool mlp_logit;
    const bool
        *draws;  /* (set, other): is `other` drawn for it, "random_subject_2" for "subject"? */
    bool random; /* one is */
};

/* A dimension for the configurations of a selector, unless it is just `all`. */
static int cut_axis(struct experiment *x, const char *name, const struct selector *s,
                    const struct selections *sel, int *axis, struct err *err)
{
    *axis = -1;
    if (s->kind == SELECT_ALL)
        return 0;
    if (add_selections_axis(x, name, sel, axis, err))
        return err->code;
    x->axis[*axis].cell = true;
    return 0;
}

/* --- averages over queries: clean minus cut --- */

/* Configurations of layers and heads. */
static size_t cuts_n(const struct knockout *k)
{
    return (k->layer_axis < 0 ? 1 : k->layers.n) * (k->head_axis < 0 ? 1 : k->heads.n);
}

static int find_draws(struct experiment *x, struct knockout *k, struct err *err)
{
    const struct knockout_config *c = x->config;
    bool *draws = arena_alloc(x->arena, c->sets.n * c->sets.n, sizeof *draws, err);
    char room[DRAWN_NAME];

    for (size_t i = 0; draws && i < c->sets.n * c->sets.n; i++) {
        const char *span = token_set_drawn(x->scene, c->sets.v[i % c->sets.n], room);

        draws[i] = span && str_eq(span, c->sets.v[i / c->sets.n]);
        k->random |= draws[i];
    }
    k->draws = draws;
    return err->code;
}

/* The log-probability's drop minus its mean over the random sets of this set's size; NaN for sets
   that have none, and where the query lacks one. */
static void drop_beyond_random(const struct row *row, float *out)
{
    const struct knockout_config *c = row->x->config;
    const struct knockout *k = row->x->state;
    const float *cut = row_f32(row, "out_logprob");
    size_t sets = c->sets.n, targets = row->x->data->n_targets;

    for (size_t i = 0; i < cuts_n(k) * sets * targets; i++) {
        size_t s = i / targets % sets, t = i % targets, first = i / targets / sets * sets;
        double sum = 0;
        int n = 0;

        for (size_t o = 0; o < sets; o++)
            if (k->draws[s * sets + o]) {
                sum += (double)cut[(first + o) * targets + t];
                n++;
            }
        out[i] = n ? (float)(sum / n - (double)cut[i]) : NAN;
    }
}

/* What the targets lose, in the order in which a reader should ask: beyond other tokens, in
   probability, beyond other places of the prompt, and as it is. */
static int describe_drops(struct experiment *x, bool whole, struct err *err)
{
    struct headline drop = {
        .variable = "mean_out_centred_drop",
        .title = "logits that the targets lose beyond what control tokens lose when the last token "
                 "cannot attend to a set",
        .unit = "logit",
        .test = "t",
        .claim = "differs from what control tokens lose",
        .needs = controls_needed,
        .rows = "token_set",
        .columns = "target",
        .beside = whole ? "mean_kl" : NULL,
        .about = "target",
    };
    const struct knockout_config *c = x->config;
    const struct knockout *k = x->state;

    if (add_headline(x, &drop, err))
        return err->code;
    drop.variable = "mean_out_logprob_drop";
    drop.title = "log-probability that the targets lose when the last token cannot attend to a set";
    drop.unit = "nat";
    drop.claim = "differs from zero";
    drop.needs = NULL;
    if (add_headline(x, &drop, err))
        return err->code;
    drop.variable = "mean_answer_logprob_drop";
    drop.title = "log-probability that whole answers lose when the last token cannot attend to a "
                 "set";
    if (c->whole.answer_logprob && add_headline(x, &drop, err))
        return err->code;
    drop.variable = "mean_drop_beyond_random";
    drop.title = "log-probability that the targets lose beyond what they lose when the last token "
                 "cannot attend to as many random tokens";
    drop.claim = "differs from what random tokens cost";
    if (k->random && add_headline(x, &drop, err))
        return err->code;
    drop.variable = "mean_out_logit_drop";
    drop.title = "logits that the targets lose when the last token cannot attend to a set";
    drop.warning = "a shift of all logits counts as well";
    drop.only = "top";
    drop.unit = "logit";
    drop.claim = "differs from zero";
    return add_headline(x, &drop, err);
}

/* Of the cut of all layers and heads: what the targets lose beyond control tokens, which may have
   the other sign than the logits as they are, drawn behind it. */
static int describe_losses(struct experiment *x, const struct knockout *k, struct err *err)
{
    struct figure logits = {
        .name = "centred",
        .form = "intervals",
        .values = "mean_out_centred_drop",
        .series = "target",
        .along = "token_set",
        .control = "random_",
        .title = "Attention knockout: logits lost beyond those of control tokens when the last "
                 "token cannot attend to a set",
        .value_label = "logit lost beyond control tokens (nat)",
        .note = k->random ? "Output at the last token, clean minus cut, minus the mean of the same "
                            "over control tokens. Grey: as many random tokens in its place"
                          : "Output at the last token, clean minus cut, minus the mean of the same "
                            "over control tokens",
    };

    if (add_figure(x, &logits, err))
        return err->code;
    logits.name = "logit";
    logits.values = "mean_out_logit_drop";
    logits.title = "Attention knockout: raw logits lost, control tokens not subtracted, when the "
                   "last token cannot attend to a set";
    logits.value_label = "raw logit lost (nat)";
    logits.note = k->random ? "Output at the last token, clean minus cut. A shift of all logits "
                              "counts as well. Grey: as many random tokens in its place"
                            : "Output at the last token, clean minus cut. A shift of all logits "
                              "counts as well";
    return add_figure(x, &logits, err);
}

/* What is drawn of the cut of all layers and heads. */
static int describe_whole(struct experiment *x, const struct knockout *k, struct err *err)
{
    const struct figure kl = {
        .name = "kl",
        .form = "intervals",
        .values = "mean_kl",
        .along = "token_set",
        .control = "random_",
        .title = "Attention knockout: how far the next token's distribution moves when the last "
                 "token cannot attend to a set",
        .value_label = "KL(clean || cut) (nat)",
        .note = k->random ? "Grey: as many random tokens in its place" : NULL,
    };
    static const struct figure mlps = {
        .name = "mlp",
        .form = "lines",
        .values = "mean_mlp_logit_drop",
        .row = "token_set",
        .series = "target",
        .along = "layer",
        .title = "Attention knockout: what the MLPs lose when the last token cannot attend to a "
                 "set",
        .value_label = "logit lost (nat)",
        .along_label = "layer",
        .compare = "yes",
        .note = "MLP output decoded at the last token, clean minus cut",
    };

    return err_if(err, describe_losses(x, k, err) || add_figure(x, &kl, err) ||
                           (k->mlp_logit && add_figure(x, &mlps, err)));
}

/* What is drawn of cuts of some layers, of some heads, or of some heads of some layers. */
static int describe_parts(struct experiment *x, const struct knockout *k, struct err *err)
{
    bool map = k->layer_axis >= 0 && k->head_axis >= 0;
    const struct figure figure = {
        .name = "centred",
        .form = map ? "map" : "lines",
        .values = "mean_out_centred_drop",
        .row = "target",
        .series = map ? NULL : "token_set",
        .down = map ? "cut_layer" : NULL,
        .along = k->head_axis >= 0 ? "cut_head" : "cut_layer",
        .compare = "yes",
        .title = arena_printf(x->arena, err,
                              "Attention knockout: logits lost beyond those of control tokens when "
                              "the last token cannot attend to a set in %s",
                              map                 ? "some heads of some layers"
                              : k->head_axis >= 0 ? "some heads"
                                                  : "some layers"),
        .value_label = map ? "logit lost (nat)" : "logit lost beyond control tokens (nat)",
        .along_label = k->head_axis >= 0 ? "heads cut" : "layers cut",
        .down_label = map ? "layers cut" : NULL,
        .note = map ? "Output at the last token, clean minus cut, minus the mean of the same over "
                      "control tokens"
                    : "Output at the last token, clean minus cut, minus the mean of the same over "
                      "control tokens. Rows are targets, colours the sets that are cut",
    };

    return figure.title ? add_figure(x, &figure, err) : err->code;
}

static int describe(struct experiment *x, const struct knockout *k, struct err *err)
{
    bool whole = k->layer_axis < 0 && k->head_axis < 0;
    const struct headline divergence = {
        .variable = "mean_kl",
        .only = whole ? "top" : NULL,
        .title = "how far the next token's distribution moves when the last token cannot attend to "
                 "a set: KL(clean || cut)",
        .unit = "nat",
        .test = "none",
        .rows = "token_set",
    };

    x->authors = whole && k->mlp_logit
                     ? (struct authors_layout){.analysis = "attn_knockout",
                                               .value = "mlp_logit",
                                               .clean = "mlp_logit_clean"}
                     : (struct authors_layout){.left_out = "they cut all layers and heads at once, "
                                                           "and decode the MLPs"};
    return err_if(err, describe_drops(x, whole, err) || add_headline(x, &divergence, err) ||
                           (whole ? describe_whole(x, k, err) : describe_parts(x, k, err)));
}

static int declare_averages(struct experiment *x, const struct knockout *k, struct err *err)
{
    static const char per_target[] = "stratum cut_layer? cut_head? token_set target";
    const struct knockout_config *c = x->config;

    if (add_sum(x, "mean_out_logit_drop", per_target, unit_logit,
                "mean over queries of the target's logit, clean minus cut",
                "out_logit_clean -out_logit", err) ||
        add_sum(x, "mean_out_logprob_drop", per_target, "nat",
                "mean over queries of its log-probability, clean minus cut",
                "out_logprob_clean -out_logprob", err) ||
        add_mean(x, "mean_kl", "kl", "nat", "mean of kl over queries", err) ||
        add_sum(x, "mean_out_centred_drop", per_target, unit_logit,
                "mean over queries of the logit's drop minus that of the control tokens",
                "out_logit_clean -out_logit"
                " -control_logit_clean[target!=subject] control_logit[target!=subject]"
                " -subject_control_logit_clean[target=subject]"
                " subject_control_logit[target=subject]",
                err))
        return err->code;
    if (c->whole.answer_logprob &&
        add_sum(x, "mean_answer_logprob_drop", per_target, "nat",
                "mean over queries of the whole answer's log-probability, clean minus cut",
                "clean_answer_logprob -answer_logprob", err))
        return err->code;
    if (k->random &&
        add_aggregate(
            x, "mean_drop_beyond_random", per_target, "nat",
            "mean over queries of the log-probability's drop minus that of as many random "
            "tokens",
            drop_beyond_random, err))
        return err->code;
    /* for each cut, each layer: too many to hold for all queries at once */
    if (k->mlp_logit && k->layer_axis < 0 && k->head_axis < 0 &&
        add_sum(x, "mean_mlp_logit_drop", "stratum layer token_set target", unit_logit,
                "mean over queries of the MLP's logit, clean minus cut",
                "mlp_logit_clean -mlp_logit", err))
        return err->code;
    return describe(x, k, err);
}

static int declare(struct experiment *x, const struct knockout *k, struct problems *problems,
                   struct err *err)
{
    static const char cell[] = "query cut_layer? cut_head? token_set";
    static const char per_target[] = "query cut_layer? cut_head? token_set target";
    static const char per_layer[] = "query cut_layer? cut_head? layer token_set target";
    const struct knockout_config *c = x->config;

    if (add_field(x, "out_logit", V_F32, per_target, unit_logit, "logit of the target, cut", err) ||
        add_field(x, "out_logit_clean", V_F32, "query target", unit_logit,
                  "logit of the target, clean", err) ||
        add_field(x, "out_logprob_clean", V_F32, "query target", "nat", "log-probability, clean",
                  err) ||
        add_field(x, "out_logprob", V_F32, per_target, "nat", "log-probability, cut", err) ||
        add_field(x, "out_rank", V_I4, per_target, NULL, "rank of the target, cut", err) ||
        add_field(x, "kl", V_F32, cell, "nat", "KL(clean || cut) of the next token", err) ||
        add_field(x, "final_rms", V_F32, cell, "1",
                  "root mean square of the last token's final residual, cut", err) ||
        add_field(x, "argmax", V_I4, cell, NULL, "most probable next token, cut", err) ||
        declare_controls(x, cell, err) ||
        add_field(x, "control_logit_clean", V_F32, "query", unit_logit,
                  "mean of the logit over first tokens of other items' answers, clean", err) ||
        add_field(x, "subject_control_logit_clean", V_F32, "query", unit_logit,
                  "mean of the logit over first tokens of other subjects, clean", err))
        return err->code;
    if (whole_declare(x, &c->whole, cell, 0, problems, err) ||
        text_declare(x, (int)c->tokens, cell, "stratum cut_layer? cut_head? token_set", "token_set",
                     err))
        return err->code;
    if (k->mlp_logit && (add_field(x, "mlp_logit", V_F32, per_layer, unit_logit,
                                   "logit that the layer's MLP adds to the target, cut", err) ||
                         add_field(x, "mlp_logit_clean", V_F32, "query layer target", unit_logit,
                                   "logit that the layer's MLP adds to the target, clean", err)))
        return err->code;
    return declare_averages(x, k, err);
}

static int knockout_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct knockout_config *c = x->config;
    struct knockout *k = x->state;

    x->words = "the last token's attention to {token_set} is cut[, layers {cut_layer}]"
               "[, heads {cut_head}]";
    for (size_t i = 0; i < c->sets.n; i++)
        if (!c->tokens || !str_eq(c->sets.v[i], "none"))
            token_set_check(x, "sets", c->sets.v[i], problems);
    x->needs |= NEED_DRAWS;
    if (find_draws(x, k, err))
        return err->code;
    k->mlp_logit = c->mlp_logit || (c->layers.kind == SELECT_ALL && c->heads.kind == SELECT_ALL);
    x->keep = k->mlp_logit ? KEEP_MLP : 0;
    if (selections_of(&k->layers, &c->layers, x->shape->n_layers, x, "layers", problems, err) ||
        selections_of(&k->heads, &c->heads, x->shape->n_heads, x, "heads", problems, err) ||
        cut_axis(x, "cut_layer", &c->layers, &k->layers, &k->layer_axis, err) ||
        cut_axis(x, "cut_head", &c->heads, &k->heads, &k->head_axis, err))
        return err->code;
    k->set_axis = x->n_axes;
    if (add_named_axis(x, "token_set", c->sets.n, c->sets.v, err) ||
        add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err) ||
        add_axis(x, "layer", (size_t)x->shape->n_layers, err))
        return err->code;
    x->axis[k->set_axis].cell = true;
    if (k->head_axis >= 0)
        x->axis[k->head_axis].even = true;
    return declare(x, k, problems, err);
}

/* The product of layer ranges, head ranges and runs of neighbouring key tokens. */
static int make_edits(struct edit_list *list, const struct experiment *x,
                      const struct selection *layers, const struct selection *heads, int n,
                      const int *key, int n_keys)
{
    const struct knockout_config *c = x->config;
    int last = n - 1;

    for (int l = 0; l < layers->n; l++)
        for (int h = 0; h < heads->n; h++)
            if (edit_list_push_cut(list, layers->range[l], heads->range[h], c->renormalise, &last,
                                   1, key, n_keys))
                return list->err->code;
    return 0;
}

static int knockout_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                             struct err *err)
{
    const struct knockout_config *c = x->config;
    const struct knockout *k = x->state;
    const struct selection *layers =
        &k->layers.v[k->layer_axis < 0 ? 0 : cell->index[k->layer_axis]];
    const struct selection *heads = &k->heads.v[k->head_axis < 0 ? 0 : cell->index[k->head_axis]];
    int *tok = arena_alloc(a, (size_t)cell->q->n, sizeof *tok, err), n_tok;
    struct edit_list edits = {.a = a, .err = err};
    const char *set = c->sets.v[cell->index[k->set_axis]];

    if (!tok)
        return err->code;
    cell->n_variants = 0;
    cell->text.n = 0;
    if (str_eq(set, "none"))
        return text_ask(cell, NULL, 0, (int)c->tokens, a, err);
    n_tok = token_set(x->scene, cell->q, set, tok);
    if (!n_tok)
        return 0; /* the query has no such set: NaN */
    return err_if(err,
                  make_edits(&edits, x, layers, heads, cell->q->n, tok, n_tok) ||
                      cell_ask(cell, x->scene, edits.v, edits.n, ASK_VOCAB, k->mlp_logit, a, err) ||
                      ask_controls(cell->variant, x->scene, cell->q, a, err) ||
                      whole_ask(x, cell, edits.v, edits.n, a, err) ||
                      text_ask(cell, edits.v, edits.n, (int)c->tokens, a, err));
}

static int clean_controls(const struct run *r, struct row *row, struct worker *w, struct err *err)
{
    const int32_t *id = control_ids(row->x->data, row->q, w->arena, err);
    float *logit = arena_alloc(w->arena, control_ids_n(row->x->data), sizeof *logit, err);

    if (!id || !logit)
        return err->code;
    for (size_t i = 0; i < control_ids_n(row->x->data); i++)
        logit[i] = id[i] < 0 ? NAN : r->logits[id[i]];
    control_means(row, logit, row_f32(row, "control_logit_clean"),
                  row_f32(row, "subject_control_logit_clean"));
    return 0;
}

static int knockout_query(const struct experiment *x, const struct cell *cell, struct row *row,
                          struct worker *w, struct err *err)
{
    const struct run *r = &cell->run[0];

    run_targets(r, row->q, x->data->n_targets, row_f32(row, "out_logit_clean"),
                row_f32(row, "out_logprob_clean"));
    if (clean_controls(r, row, w, err))
        return err->code;
    if (!((const struct knockout *)x->state)->mlp_logit)
        return 0;
    return decode_layers(w, row, "mlp_logit_clean", run_row(r, x->shape, SITE_MLP, 0, r->n - 1),
                         (int64_t)r->n * x->shape->d_model, r->rms, err);
}

static int knockout_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                         struct worker *w, struct err *err)
{
    size_t targets = x->data->n_targets;
    const struct answer *a;

    if (!cell->n_variants)
        return 0;
    a = cell->variant[0].answer;
    memcpy(row_f32(row, "out_logit"), a->logit, targets * sizeof *a->logit);
    memcpy(row_f32(row, "out_logprob"), a->logprob, targets * sizeof *a->logprob);
    memcpy(row_i32(row, "out_rank"), a->rank, targets * sizeof *a->rank);
    *row_f32(row, "kl") = a->kl;
    *row_f32(row, "final_rms") = a->rms;
    *row_i32(row, "argmax") = a->argmax;
    control_means(row, a->logit, row_f32(row, "control_logit"),
                  row_f32(row, "subject_control_logit"));
    if (!a->m)
        return 0;
    return decode_layers(w, row, "mlp_logit", a->m, x->shape->d_model, a->rms, err);
}

const struct kind kind_knockout = {
    .name = "knockout",
    .summary = "attention knockout: the last token's attention to a token set is cut",
    .also = "attention_knockout; attention_masking; attention_blocking",
    KIND_CONFIG(struct knockout_config, rows),
    .state_size = sizeof(struct knockout),
    .version = 3,
    .open = knockout_open,
    .variants = knockout_variants,
    .fill_late = text_late,
    .authors_average = TEMPLATES_FIRST_TWICE,
    .reduce_query = knockout_query,
    .reduce_cell = knockout_cell,
};
