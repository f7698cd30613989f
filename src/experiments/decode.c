/*
 * Early decoding (docs/methods.md 3.1): what each layer's attention and MLP add to the logits of
 * the targets at the last token, under the run's own final norm; and the residual stream after each
 * layer through the ordinary logit lens, under its own. On request at other tokens, each under its
 * own row's final norm, with the strongest tokens of each vector, and how certain the lens is and
 * how far from the end (docs/methods.md 6.1).
 */
#include "experiments/experiment.h"
#include "experiments/kit/controls.h"

#include "base/kernels.h"
#include "base/str.h"
#include "engine/lens.h"
#include "experiments/kit/places.h"
#include "experiments/kit/text.h"

#include <math.h>
#include <string.h>

struct decode_config {
    bool vocab_stats, logprob, rank, entropy;
    struct selector positions;
    int64_t top;
};

struct decode {
    struct places positions; /* n = 0: the last token alone, and no dimension */
    int top;
    bool entropy;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct decode_config, vocab_stats, "vocab_stats", config_bool, "true", 0, 0, RESULTS,
               "mean and spread of each decoded vector's logits over the vocabulary"),
    CONFIG_ROW(struct decode_config, logprob, "logprob", config_bool, "false", 0, 0, RESULTS,
               "log-probability of each target in the decoded distribution"),
    CONFIG_ROW(struct decode_config, rank, "rank", config_bool, "false", 0, 0, RESULTS,
               "rank of each target in the decoded distribution"),
    CONFIG_ROW(struct decode_config, positions, "positions", config_selector, "[last]", 0, 0,
               RESULTS,
               "tokens that are read, dimension `position` unless it is [last]; of several tokens "
               "the last"),
    CONFIG_ROW(struct decode_config, top, "top", config_int, "0", 0, 1000, RESULTS,
               "so many of the strongest tokens of each decoded vector, dimension `k`"),
    CONFIG_ROW(struct decode_config, entropy, "entropy", config_bool, "false", 0, 0, RESULTS,
               "entropy of the residual stream's lens by layer, and KL(final || lens); with "
               "positions or top in any case"),
};

enum { ATTN, MLP, RESID, COMPONENTS };

static const char *const component_names[COMPONENTS] = {"attn", "mlp", "resid"};

/* Decoded vectors of a query, beside the embedding. */
static size_t vectors_n(const struct experiment *x)
{
    return (size_t)x->shape->n_layers * COMPONENTS;
}

static int declare_fields(struct experiment *x, const struct decode_config *c, struct err *err)
{
    static const char each[] = "query position? layer component";
    static const char per_target[] = "query position? layer component target";
    static const char strongest[] = "query position? layer component k";
    const struct decode *d = x->state;

    return err_if(
        err,
        add_field(x, "logit", V_F32, per_target, unit_logit,
                  "logit of the target that is read from the component", err) ||
            declare_controls(x, each, err) ||
            add_field(x, "embed_logit", V_F32, "query position? target", unit_logit,
                      "logit that the token's embedding adds to the target", err) ||
            (x->shape->learned_positions &&
             add_field(x, "position_logit", V_F32, "query position? target", unit_logit,
                       "logit that the position's embedding adds to the target", err)) ||
            (x->shape->has_bias &&
             add_field(x, "bias_logit", V_F32, "query position? target", unit_logit,
                       "logit that the biases of the final norm and of the unembedding add",
                       err)) ||
            (c->vocab_stats &&
             (add_field(x, "vocab_mean", V_F32, each, unit_logit,
                        "mean of the decoded logits over the vocabulary", err) ||
              add_field(x, "vocab_std", V_F32, each, unit_logit,
                        "standard deviation of the decoded logits over the vocabulary", err))) ||
            (c->logprob &&
             add_field(x, "logprob", V_F32, per_target, "nat",
                       "log-probability of the target in the decoded distribution", err)) ||
            (c->rank && add_field(x, "rank", V_I4, per_target, NULL,
                                  "tokens whose decoded logit is strictly greater", err)) ||
            (d->entropy &&
             (add_field(x, "entropy", V_F32, "query position? layer", "nat",
                        "entropy of the next token read from the residual stream", err) ||
              add_field(x, "kl_final", V_F32, "query position? layer", "nat",
                        "KL(final || lens): of the last layer's next token from this one's",
                        err))) ||
            (d->top &&
             (add_field(x, "top_id", V_I4, strongest, NULL,
                        "tokens with the greatest decoded logits", err) ||
              add_field(x, "top_logit", V_F32, strongest, unit_logit, "their decoded logits",
                        err) ||
              add_late_field(x, "top_token", V_STR, strongest, NULL, "the tokens as text", err))));
}

/* --- averages over queries --- */

static int declare_averages(struct experiment *x, struct err *err)
{
    static const struct headline strongest = {
        .variable = "top_id",
        .title = "tokens with the greatest decoded logits",
        .listed = "top_token",
        .common = "yes",
        .test = "none",
        .only = "top",
    };
    const struct decode *d = x->state;
    const struct headline headline = {
        .title = "logits that one layer adds to a target beyond what it adds to control tokens",
        .rows = "target",
        .columns = "component",
        .without = "resid",
    };
    const struct figure figure = {
        .row = "component",
        .column = d->positions.n ? "position" : NULL,
        .title = d->positions.n
                     ? "Early decoding: the targets' logits read from each layer, by position"
                     : "Early decoding: the targets' logits read from each layer at the last token",
    };

    if (!d->positions.n)
        x->authors =
            (struct authors_layout){.analysis = "decode", .value = "logit", .logprob = "logprob"};
    return err_if(
        err, declare_centred(x, "stratum position? layer component target", headline, figure,
                             "Early decoding: the targets' logits beyond those of control tokens",
                             err) ||
                 (d->top && add_headline(x, &strongest, err)));
}

/* By its value: the config that a run leaves behind gives every key. */
static bool is_default(const struct selector *s)
{
    return s->kind == SELECT_LIST && s->n == 1 && str_eq(s->name[0], "last");
}

static int open_wider(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct decode_config *c = x->config;
    struct decode *d = x->state;

    d->top = (int)(c->top < x->shape->vocab ? c->top : x->shape->vocab);
    if (!is_default(&c->positions)) {
        x->all_rows = true;
        x->places = &d->positions;
        if (places_of(&d->positions, &c->positions, x, "positions", problems, err) ||
            problems->count ||
            add_named_axis(x, "position", d->positions.n, d->positions.label, err))
            return err->code;
    }
    d->entropy = c->entropy || d->top || d->positions.n;
    return 0;
}

static int decode_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct decode_config *c = x->config;
    const struct decode *d = x->state;

    x->needs |= NEED_DRAWS | (c->vocab_stats ? NEED_VOCAB_STATS : 0);
    if (open_wider(x, problems, err) || problems->count)
        return err->code;
    return err_if(err,
                  add_axis(x, "layer", (size_t)x->shape->n_layers, err) ||
                      add_named_axis(x, "component", COMPONENTS, component_names, err) ||
                      add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err) ||
                      (d->top && add_axis(x, "k", (size_t)d->top, err)) ||
                      declare_fields(x, c, err) || declare_averages(x, err));
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
    const struct shape *s = x->shape;
    double vectors = OTHERS + (double)vectors_n(x), d = s->d_model;
    double ids = (double)control_ids_n(x->data);
    const struct decode *wider = x->state;
    size_t places = wider->positions.n ? wider->positions.n : 1;
    double whole = ranked(c) ? (double)s->vocab : 0;

    (void)q;
    whole += wider->top ? (double)s->vocab : wider->entropy ? (double)s->vocab / COMPONENTS : 0;
    return 2 * (double)places * vectors * d * (ids + (c->vocab_stats ? d : 0) + whole);
}

/* The vectors of a query, (layer, component) with the others last, what each is divided by, and
   which are whole residual streams. */
struct vectors {
    int n;
    const float **r;
    float *rms;
    bool *whole;
};

static int list_vectors(struct vectors *v, const struct run *run, const struct model *m, int t,
                        struct arena *a, struct err *err)
{
    const struct shape *s = &m->shape;
    size_t d = (size_t)s->d_model;
    float *others = arena_alloc(a, OTHERS * d, sizeof *others, err);
    float rms =
        t == run->n - 1 ? run->rms : engine_rms(m, run_row(run, s, SITE_RESID, s->n_layers, t));
    int i = 0;

    v->n = s->n_layers * COMPONENTS + OTHERS;
    v->r = arena_alloc(a, (size_t)v->n, sizeof *v->r, err);
    v->rms = arena_alloc(a, (size_t)v->n, sizeof *v->rms, err);
    v->whole = arena_alloc(a, (size_t)v->n, sizeof *v->whole, err);
    if (!others || !v->r || !v->rms || !v->whole)
        return err->code;
    for (int l = 0; l < s->n_layers; l++, i += COMPONENTS) {
        v->r[i + ATTN] = run_row(run, s, SITE_ATTN, l, t);
        v->r[i + MLP] = run_row(run, s, SITE_MLP, l, t);
        v->r[i + RESID] = run_row(run, s, SITE_RESID, site_layer(SITE_RESID, l), t);
        v->rms[i + ATTN] = v->rms[i + MLP] = rms;
        v->rms[i + RESID] = engine_rms(m, v->r[i + RESID]);
        v->whole[i + RESID] = true;
    }
    model_embed_token(m, run->ids[t], others);
    model_embed_position(m, t, others + POSITION * d);
    v->whole[i + BIAS] = true;
    for (size_t k = 0; k < OTHERS; k++) {
        v->r[i] = others + k * d;
        v->rms[i++] = rms;
    }
    return 0;
}

/* Where the answers of all vectors lie, before they are sorted into fields. */
static int make_ask(struct lens_ask *ask, const struct experiment *x, const struct query *q, int n,
                    struct arena *a, struct err *err)
{
    const struct decode_config *c = x->config;
    size_t targets = x->data->n_targets, ids = control_ids_n(x->data), rows_n = (size_t)n;

    memset(ask, 0, sizeof *ask);
    ask->id = control_ids(x->data, q, a, err);
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

/* Of the first n of a row of logits the d->top greatest, of equals the lowest id. */
static void put_top(const struct decode *d, int64_t n, const float *logit, int32_t *id, float *top)
{
    int found = 0;

    for (int64_t i = 0; i < n; i++) {
        int k;

        if (found == d->top && !(logit[i] > top[found - 1]))
            continue;
        k = found < d->top ? found++ : found - 1;
        for (; k > 0 && logit[i] > top[k - 1]; k--) {
            top[k] = top[k - 1];
            id[k] = id[k - 1];
        }
        top[k] = logit[i];
        id[k] = (int32_t)i;
    }
}

/* A row of logits as a distribution. */
struct read_row {
    float *logit, *prob; /* (V) after the cap */
    double log_z;
};

static void read_row(struct read_row *r, const struct shape *s, const float *logit)
{
    struct log_sum z = {-HUGE_VAL, 0};

    memcpy(r->logit, logit, (size_t)s->vocab * sizeof *logit);
    vec_cap(s->vocab, r->logit, s->logit_cap);
    log_sum_add(&z, s->vocab, r->logit);
    r->log_z = log_sum(&z);
    vec_shift(s->vocab, r->logit, r->log_z, r->prob);
    vec_exp(s->vocab, r->prob);
}

/* What needs the whole vocabulary of the vectors at one place: those of a few layers at a time, the
   last layer first, for its residual stream is what KL is from. */
struct wide {
    const struct experiment *x;
    struct worker *w;
    const struct vectors *v;
    struct row *row;
    size_t place;
    float *logit, *zero; /* (COMPONENTS, V), (V) */
    struct read_row last, own;
};

static int wide_alloc(struct wide *w, struct err *err)
{
    size_t vocab = (size_t)w->x->shape->vocab;
    float *v = arena_alloc(w->w->arena, (COMPONENTS + 5) * vocab, sizeof *v, err);

    w->logit = v;
    if (!v)
        return err->code;
    v += COMPONENTS * vocab;
    w->zero = v;
    w->last = (struct read_row){v + vocab, v + 2 * vocab, 0};
    w->own = (struct read_row){v + 3 * vocab, v + 4 * vocab, 0};
    return 0;
}

static void wide_layer(struct wide *w, size_t layer)
{
    const struct decode *d = w->x->state;
    const struct shape *s = w->x->shape;
    size_t vocab = (size_t)s->vocab, first = d->top ? 0 : RESID, n = COMPONENTS - first;
    size_t at = layer * COMPONENTS, out = w->place * (size_t)s->n_layers + layer;
    float *entropy = row_f32(w->row, "entropy"), *kl = row_f32(w->row, "kl_final");
    double sum;

    engine_decode_vocab(w->w->engine, (int)n, w->v->r + at + first, w->v->rms + at + first,
                        w->v->whole + at + first, w->logit + first * vocab);
    for (size_t c = 0; d->top && c < COMPONENTS; c++) {
        size_t k = (out * COMPONENTS + c) * (size_t)d->top;

        put_top(d, s->vocab, w->logit + c * vocab, row_i32(w->row, "top_id") + k,
                row_f32(w->row, "top_logit") + k);
    }
    read_row(&w->own, s, w->logit + RESID * vocab);
    if (layer == (size_t)s->n_layers - 1) {
        memcpy(w->last.logit, w->own.logit, vocab * sizeof *w->own.logit);
        memcpy(w->last.prob, w->own.prob, vocab * sizeof *w->own.prob);
        w->last.log_z = w->own.log_z;
    }
    entropy[out] =
        (float)(w->own.log_z - weighted_difference(s->vocab, w->own.prob, w->own.logit, w->zero));
    sum = w->own.log_z - w->last.log_z +
          weighted_difference(s->vocab, w->last.prob, w->last.logit, w->own.logit);
    kl[out] = sum < 0 ? 0 : (float)sum; /* rounding */
}

static int put_wide(const struct experiment *x, const struct vectors *v, struct row *row,
                    struct worker *w, size_t place, struct err *err)
{
    struct wide wide = {.x = x, .w = w, .v = v, .row = row, .place = place};

    if (wide_alloc(&wide, err))
        return err->code;
    for (size_t l = (size_t)x->shape->n_layers; l-- > 0;)
        wide_layer(&wide, l);
    return 0;
}

/* What is decoded at token t: the place-th of the positions. */
static int reduce_place(const struct experiment *x, const struct cell *cell, struct row *row,
                        struct worker *w, size_t place, int t, struct err *err)
{
    const struct decode_config *c = x->config;
    const struct decode *d = x->state;
    size_t targets = x->data->n_targets, vectors = vectors_n(x), at = place * vectors;
    struct lens_ask ask;
    struct vectors v;

    if (list_vectors(&v, &cell->run[0], x->scene->model, t, w->arena, err) ||
        make_ask(&ask, x, row->q, v.n, w->arena, err))
        return err->code;
    ask.whole = v.whole;
    engine_decode(w->engine, v.n, v.r, v.rms, x->scene->vocab_stats, &ask);
    put_logits(row, ask.logit, at, vectors);
    for (size_t k = 0; k < OTHERS; k++) {
        float *out = row_f32(row, other_fields[k]);

        if (out)
            memcpy(out + place * targets, ask.logit + (vectors + k) * (size_t)ask.n_ids,
                   targets * sizeof *out);
    }
    if (c->vocab_stats) {
        memcpy(row_f32(row, "vocab_mean") + at, ask.mean, vectors * sizeof *ask.mean);
        memcpy(row_f32(row, "vocab_std") + at, ask.std, vectors * sizeof *ask.std);
    }
    if (c->logprob)
        memcpy(row_f32(row, "logprob") + at * targets, ask.logprob,
               vectors * targets * sizeof *ask.logprob);
    if (c->rank)
        memcpy(row_i32(row, "rank") + at * targets, ask.rank, vectors * targets * sizeof *ask.rank);
    return d->entropy ? put_wide(x, &v, row, w, place, err) : 0;
}

static int decode_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                         struct worker *w, struct err *err)
{
    const struct decode *d = x->state;
    int *tok = arena_alloc(w->arena, 2 * (size_t)row->q->n, sizeof *tok, err);
    struct arena_mark place = arena_mark(w->arena);

    if (!tok)
        return err->code;
    if (!d->positions.n)
        return reduce_place(x, cell, row, w, 0, row->q->n - 1, err);
    for (size_t p = 0; p < d->positions.n; p++, arena_back(w->arena, place)) {
        int n = place_tokens(&d->positions.v[p], x->scene, row->q, tok);

        if (n && reduce_place(x, cell, row, w, p, tok[n - 1], err))
            return err->code;
    }
    return 0;
}

/* The strongest tokens as text. */
static void decode_late(const struct row *row)
{
    const struct experiment *x = row->x;
    const struct field *f = field_named(x, "top_token");
    const int32_t *id = row_i32(row, "top_id");
    const char **text = row_str(row, "top_token");
    struct err ignored = ERR_CLEAR;

    for (size_t i = 0; text && i < field_elements(x, f, row->q->n); i++) {
        const char *own = token_text(x->scene, id[i], x->arena, &ignored);

        text[i] = own ? own : "";
    }
}

const struct kind kind_decode = {
    .name = "decode",
    .summary = "early decoding: attention and MLP outputs of every layer as logits",
    .also = "logit_lens; early_decoding; tuned_lens; direct_logit_attribution; dla; "
            "early_exit",
    KIND_CONFIG(struct decode_config, rows),
    .state_size = sizeof(struct decode),
    .version = 3,
    .open = decode_open,
    .fill_late = decode_late,
    .keep = KEEP_ATTN | KEEP_MLP,
    .extra = decode_extra,
    .reduce_query = decode_reduce,
};
