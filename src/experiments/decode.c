/*
 * Early decoding (docs/methods.md 3.1): what each layer's attention and MLP add to the logits of
 * the targets at the last token, under the run's own final norm; and the residual stream after each
 * layer through the ordinary logit lens, under its own.
 */
#include "experiments/experiment.h"
#include "experiments/kit/controls.h"

#include "engine/lens.h"

#include <math.h>
#include <string.h>

struct decode_config {
    bool vocab_stats, logprob, rank;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct decode_config, vocab_stats, "vocab_stats", config_bool, "true", 0, 0, RESULTS,
               "mean and spread of each decoded vector's logits over the vocabulary"),
    CONFIG_ROW(struct decode_config, logprob, "logprob", config_bool, "false", 0, 0, RESULTS,
               "log-probability of each target in the decoded distribution"),
    CONFIG_ROW(struct decode_config, rank, "rank", config_bool, "false", 0, 0, RESULTS,
               "rank of each target in the decoded distribution"),
};

enum { ATTN, MLP, RESID, COMPONENTS };

static const char *const component_names[COMPONENTS] = {"attn", "mlp", "resid"};

/* Decoded vectors of a query, beside the embedding. */
static size_t vectors_n(const struct experiment *x)
{
    return (size_t)x->scene->model->shape.n_layers * COMPONENTS;
}

static int declare_fields(struct experiment *x, const struct decode_config *c, struct err *err)
{
    int bad = add_field(x, "logit", V_F32, "query layer component target", "1",
                        "logit that the component adds to the target at the last token", err) ||
              declare_controls(x, "query layer component", err) ||
              add_field(x, "embed_logit", V_F32, "query target", "1",
                        "logit that the last token's embedding adds to the target", err);
    const struct shape *s = &x->scene->model->shape;

    if (!bad && s->learned_positions)
        bad = add_field(x, "position_logit", V_F32, "query target", "1",
                        "logit that the last position's embedding adds to the target", err);
    if (!bad && s->has_bias)
        bad = add_field(x, "bias_logit", V_F32, "query target", "1",
                        "logit that the biases of the final norm and of the unembedding add", err);

    if (!bad && c->vocab_stats)
        bad = add_field(x, "vocab_mean", V_F32, "query layer component", "1",
                        "mean of the decoded logits over the vocabulary", err) ||
              add_field(x, "vocab_std", V_F32, "query layer component", "1",
                        "standard deviation of the decoded logits over the vocabulary", err);
    if (!bad && c->logprob)
        bad = add_field(x, "logprob", V_F32, "query layer component target", "nat",
                        "log-probability of the target in the decoded distribution", err);
    if (!bad && c->rank)
        bad = add_field(x, "rank", V_I4, "query layer component target", NULL,
                        "tokens whose decoded logit is strictly greater", err);
    return bad;
}

/* --- averages over queries --- */

static int describe(struct experiment *x, struct err *err)
{
    static const struct headline headline = {
        .variable = "mean_centred_logit",
        .instead = "mean_logit",
        .title = "logits that one layer adds to a target beyond what it adds to control tokens",
        .unit = "logit",
        .test = "t",
        .claim = "differs from what control tokens get",
        .rows = "target",
        .columns = "component",
        .without = "resid",
        .about = "target",
    };
    struct figure figure = {
        .form = "lines",
        .values = "mean_logit",
        .row = "component",
        .series = "target",
        .along = "layer",
        .title = "Early decoding: the targets' logits read from each layer at the last token",
        .value_label = "logit (nat)",
        .along_label = "layer",
    };

    x->authors =
        (struct authors_layout){.analysis = "decode", .value = "logit", .logprob = "logprob"};
    if (add_headline(x, &headline, err) || add_figure(x, &figure, err))
        return err->code;
    figure.name = "centred";
    figure.values = "mean_centred_logit";
    figure.title = "Early decoding: the targets' logits beyond those of control tokens";
    figure.note = "Logits minus their mean over control tokens";
    return add_figure(x, &figure, err);
}

static int declare_averages(struct experiment *x, struct err *err)
{
    static const char dims[] = "stratum layer component target";

    if (add_mean(x, "mean_logit", "logit", "1", "mean of logit over queries", err) ||
        add_aggregate(x, "mean_centred_logit", dims, "1",
                      "mean over queries of logit minus that of the control tokens", centre_logits,
                      err))
        return err->code;
    x->aggregate[x->n_aggregates - 1].by_token = true;
    return describe(x, err);
}

static int decode_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct decode_config *c = x->config;
    const struct dataset *ds = x->scene->data;

    (void)problems;
    x->needs |= NEED_DRAWS;
    if (c->vocab_stats)
        x->needs |= NEED_VOCAB_STATS;
    if (add_axis(x, "layer", (size_t)x->scene->model->shape.n_layers, err) ||
        add_named_axis(x, "component", COMPONENTS, component_names, err) ||
        add_named_axis(x, "target", ds->n_targets, ds->target_name, err) ||
        declare_fields(x, c, err) || declare_averages(x, err))
        return err->code;
    return 0;
}

static bool ranked(const struct decode_config *c)
{
    return c->logprob || c->rank;
}

/* What follows the components of the layers: the two terms of x_0, and the biases alone. */
enum { TOKEN, POSITION, BIAS, OTHERS };

static const char *const other_fields[OTHERS] = {"embed_logit", "position_logit", "bias_logit"};

static double decode_extra(const struct experiment *x, const struct query *q)
{
    const struct decode_config *c = x->config;
    const struct shape *s = &x->scene->model->shape;
    double vectors = OTHERS + (double)vectors_n(x), d = s->d_model;
    double ids = (double)control_ids_n(x->scene->data);

    (void)q;
    return 2 * vectors * d * (ids + (c->vocab_stats ? d : 0) + (ranked(c) ? (double)s->vocab : 0));
}

/* The vectors of a query, (layer, component) with the others last, what each is divided by, and
   which are whole residual streams. */
struct vectors {
    int n;
    const float **r;
    float *rms;
    bool *whole;
};

static int list_vectors(struct vectors *v, const struct run *run, const struct model *m,
                        struct arena *a, struct err *err)
{
    const struct shape *s = &m->shape;
    size_t d = (size_t)s->d_model;
    float *others = arena_alloc(a, OTHERS * d, sizeof *others, err);
    int last = run->n - 1, i = 0;

    v->n = s->n_layers * COMPONENTS + OTHERS;
    v->r = arena_alloc(a, (size_t)v->n, sizeof *v->r, err);
    v->rms = arena_alloc(a, (size_t)v->n, sizeof *v->rms, err);
    v->whole = arena_alloc(a, (size_t)v->n, sizeof *v->whole, err);
    if (!others || !v->r || !v->rms || !v->whole)
        return err->code;
    for (int l = 0; l < s->n_layers; l++, i += COMPONENTS) {
        v->r[i + ATTN] = run_row(run, s, SITE_ATTN, l, last);
        v->r[i + MLP] = run_row(run, s, SITE_MLP, l, last);
        v->r[i + RESID] = run_row(run, s, SITE_RESID, site_layer(SITE_RESID, l), last);
        v->rms[i + ATTN] = v->rms[i + MLP] = run->rms;
        v->rms[i + RESID] = engine_rms(m, v->r[i + RESID]);
        v->whole[i + RESID] = true;
    }
    model_embed_token(m, run->ids[last], others);
    model_embed_position(m, last, others + POSITION * d);
    v->whole[i + BIAS] = true;
    for (size_t k = 0; k < OTHERS; k++) {
        v->r[i] = others + k * d;
        v->rms[i++] = run->rms;
    }
    return 0;
}

/* Where the answers of all vectors lie, before they are sorted into fields. */
static int make_ask(struct lens_ask *ask, const struct experiment *x, const struct query *q, int n,
                    struct arena *a, struct err *err)
{
    const struct decode_config *c = x->config;
    const struct dataset *ds = x->scene->data;
    size_t targets = ds->n_targets, ids = control_ids_n(ds), rows_n = (size_t)n;

    memset(ask, 0, sizeof *ask);
    ask->id = control_ids(ds, q, a, err);
    if (!ask->id)
        return err->code;
    ask->n_ids = (int)ids;
    ask->n_ranked = ranked(c) ? (int)targets : 0;
    ask->logit = arena_alloc(a, rows_n * ids, sizeof(float), err);
    ask->mean = c->vocab_stats ? arena_alloc(a, rows_n, sizeof(float), err) : NULL;
    ask->std = c->vocab_stats ? arena_alloc(a, rows_n, sizeof(float), err) : NULL;
    ask->logprob = arena_alloc(a, rows_n * targets, sizeof(float), err);
    ask->rank = arena_alloc(a, rows_n * targets, sizeof(int32_t), err);
    if (!ask->logit || !ask->logprob || !ask->rank || (c->vocab_stats && (!ask->mean || !ask->std)))
        return err->code;
    return 0;
}

static int decode_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                         struct worker *w, struct err *err)
{
    const struct decode_config *c = x->config;
    const struct query *q = &x->scene->data->query[cell->query];
    size_t targets = x->scene->data->n_targets, vectors = vectors_n(x);
    struct lens_ask ask;
    struct vectors v;

    if (list_vectors(&v, &cell->run[0], x->scene->model, w->arena, err) ||
        make_ask(&ask, x, q, v.n, w->arena, err))
        return err->code;
    ask.whole = v.whole;
    engine_decode(w->engine, v.n, v.r, v.rms, x->scene->vocab_stats, &ask);
    put_logits(row, q, ask.logit, 0, vectors);
    for (size_t k = 0; k < OTHERS; k++) {
        float *out = row_f32(row, other_fields[k]);

        if (out)
            memcpy(out, ask.logit + (vectors + k) * (size_t)ask.n_ids, targets * sizeof *out);
    }
    if (c->vocab_stats) {
        memcpy(row_f32(row, "vocab_mean"), ask.mean, vectors * sizeof *ask.mean);
        memcpy(row_f32(row, "vocab_std"), ask.std, vectors * sizeof *ask.std);
    }
    if (c->logprob)
        memcpy(row_f32(row, "logprob"), ask.logprob, vectors * targets * sizeof *ask.logprob);
    if (c->rank)
        memcpy(row_i32(row, "rank"), ask.rank, vectors * targets * sizeof *ask.rank);
    return 0;
}

const struct kind kind_decode = {
    .name = "decode",
    .summary = "early decoding: attention and MLP outputs of every layer as logits",
    .also = "logit_lens; early_decoding; tuned_lens; direct_logit_attribution; dla; "
            "early_exit",
    KIND_CONFIG(struct decode_config, rows),
    .version = 2,
    .open = decode_open,
    .keep = KEEP_ATTN | KEEP_MLP,
    .extra = decode_extra,
    .reduce_query = decode_reduce,
};
