/*
 * Token Lens (docs/methods.md 3.3): what the last token's attention takes from each set of tokens,
 * through the values, heads and output matrix of a layer, as logits of the targets. The sets
 * partition the prompt, so that their parts sum up to the layer's decoded attention output.
 */
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/controls.h"
#include "experiments/kit/select.h"

#include <math.h>
#include <string.h>

struct lens_config {
    bool head_logit;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct lens_config, head_logit, "head_logit", config_bool, "false", 0, 0, RESULTS,
               "also what each single head takes from each set"),
};

enum lens_axis { LAYER, HEAD, SET, TARGET };

struct lens {
    const char **name; /* (n) sets: a token belongs to the first that has it */
    size_t n;
};

/* The data's spans, then last, first and other. */
static int name_sets(struct lens *t, const struct dataset *ds, struct arena *a, struct err *err)
{
    int *order = arena_alloc(a, ds->n_spans, sizeof *order, err);

    t->name = arena_alloc(a, ds->n_spans + 1, sizeof *t->name, err);
    if (!order || !t->name)
        return err->code;
    t->n = span_order(ds, order);
    for (size_t i = 0; i < t->n; i++)
        t->name[i] = ds->span_name[order[i]];
    t->name[t->n++] = "last";
    t->name[t->n++] = "first";
    t->name[t->n++] = "other";
    return 0;
}

/* --- averages over queries --- */

static int declare_averages(struct experiment *x, struct err *err)
{
    static const struct headline headline = {
        .title = "logits that one layer's attention to a token set adds to a target beyond what it "
                 "adds to control tokens",
        .rows = "token_set",
        .columns = "target",
    };
    static const struct figure figure = {
        .row = "token_set",
        .title = "Token Lens: logits that attention takes from each token set to the last token",
        .compare = "yes",
    };

    x->authors = (struct authors_layout){.analysis = "token_lens", .value = "logit"};
    return err_if(
        err,
        declare_centred(x, "stratum layer token_set target", headline, figure,
                        "Token Lens: the same logits beyond those of control tokens", err) ||
            add_mean(x, "mean_attention", "attention", "1", "mean of attention over queries", err));
}

static int lens_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct lens_config *c = x->config;
    const struct shape *s = x->shape;
    struct lens *t = x->state;

    (void)problems;
    if (name_sets(t, x->data, x->arena, err))
        return err->code;
    x->needs |= NEED_DRAWS;
    if (add_axis(x, "layer", (size_t)s->n_layers, err) ||
        add_axis(x, "head", (size_t)s->n_heads, err) ||
        add_named_axis(x, "token_set", t->n, t->name, err) ||
        add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err) ||
        add_field(x, "logit", V_F32, "query layer token_set target", unit_logit,
                  "logit that the layer's attention to the set adds to the target", err) ||
        declare_controls(x, "query layer token_set", err) ||
        add_field(x, "attention", V_F32, "query layer head token_set", "1",
                  "the last token's attention to the set", err))
        return err->code;
    if (c->head_logit &&
        add_field(x, "head_logit", V_F32, "query layer head token_set target", unit_logit,
                  "logit that one head's attention to the set adds", err))
        return err->code;
    return declare_averages(x, err);
}

static double lens_extra(const struct experiment *x, const struct query *q)
{
    const struct lens_config *c = x->config;
    const struct lens *t = x->state;
    const struct shape *s = x->shape;
    double d = s->d_model, width = (double)s->n_heads * s->d_head, sets = (double)t->n;
    double whole = sets * (width + (double)control_ids_n(x->data));
    double heads = sets * s->n_heads * (width + (double)x->data->n_targets);

    (void)q;
    return 2 * s->n_layers * d * (whole + (c->head_logit ? heads : 0));
}

/* The set of each token: the first, in the order of the names, that has it. */
static int assign(const struct experiment *x, const struct query *q, int *set, struct arena *a,
                  struct err *err)
{
    const struct lens *t = x->state;
    int *tok = arena_alloc(a, (size_t)q->n, sizeof *tok, err);

    if (!tok)
        return err->code;
    for (int i = 0; i < q->n; i++)
        set[i] = (int)t->n - 1; /* other */
    for (size_t k = t->n - 1; k-- > 0;) {
        int n = token_set(x->scene, q, t->name[k], tok);

        for (int i = 0; i < n; i++)
            set[tok[i]] = (int)k;
    }
    return 0;
}

/* What one layer's heads take from each set: attention (head, set) and z (set, H dh). */
static void split_layer(const struct experiment *x, const struct run *run, int l, const int *set,
                        float *attention, float *z)
{
    const struct lens *t = x->state;
    const struct shape *s = x->shape;
    int64_t dh = s->d_head, width = s->n_heads * dh, kv = s->n_kv_heads * dh;

    memset(z, 0, t->n * (size_t)width * sizeof *z);
    memset(attention, 0, (size_t)s->n_heads * t->n * sizeof *attention);
    for (int h = 0; h < s->n_heads; h++) {
        const float *p = run->p + ((int64_t)l * s->n_heads + h) * run->n;
        int64_t group = shape_group(s, h);

        for (int i = 0; i < run->n; i++) {
            const float *v = run->v + ((int64_t)l * run->n + i) * kv + group * dh;
            float *out = z + set[i] * width + h * dh;

            attention[(size_t)h * t->n + (size_t)set[i]] += p[i];
            for (int64_t j = 0; j < dh; j++)
                out[j] += p[i] * v[j];
        }
    }
}

/* A set that the query does not have says nothing: NaN, in every array that ends in (set, inner).
 */
static void blank_absent(const struct lens *t, const bool *present, float *v, size_t outer,
                         size_t inner)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t k = 0; k < t->n; k++)
            for (size_t i = 0; !present[k] && i < inner; i++)
                v[(o * t->n + k) * inner + i] = NAN;
}

/* Rows of z (n, H dh) through the layer's output matrix, decoded for the ids: out (n, n_ids). */
static int decode_heads(struct worker *w, const struct experiment *x, const struct lens_ask *ids,
                        const struct run *run, int l, int64_t n, const float *z, float *out,
                        struct err *err)
{
    int64_t d = x->shape->d_model;
    float *a = arena_alloc(w->arena, (size_t)(n * d), sizeof *a, err);
    struct lens_ask ask = {.id = ids->id, .n_ids = ids->n_ids, .logit = out};

    if (!a)
        return err->code;
    engine_share(w->engine, run, l, (int)n, z, a);
    return decode_rows(w, (size_t)n, a, d, run->rms, NULL, &ask, err);
}

/* Row (head, set) of the result has that head's part of the set's z and zeros elsewhere. */
static void spread_heads(const struct shape *s, size_t sets, const float *z, float *out)
{
    size_t dh = (size_t)s->d_head, heads = (size_t)s->n_heads, width = heads * dh;

    memset(out, 0, heads * sets * width * sizeof *out);
    for (size_t h = 0; h < heads; h++)
        for (size_t k = 0; k < sets; k++)
            memcpy(out + (h * sets + k) * width + h * dh, z + k * width + h * dh, dh * sizeof *out);
}

static int lens_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                       struct worker *w, struct err *err)
{
    const struct lens_config *c = x->config;
    const struct lens *t = x->state;
    const struct shape *s = x->shape;
    size_t sets = t->n, heads = (size_t)s->n_heads, targets = x->data->n_targets;
    size_t width = heads * (size_t)s->d_head;
    struct lens_ask all = {.id = control_ids(x->data, row->q, w->arena, err),
                           .n_ids = (int)control_ids_n(x->data)};
    struct lens_ask own = {.id = row->q->target, .n_ids = (int)targets};
    float *logit = arena_alloc(w->arena, sets * (size_t)all.n_ids, sizeof *logit, err);
    int *set = arena_alloc(w->arena, (size_t)row->q->n, sizeof *set, err);
    float *z = arena_alloc(w->arena, sets * width, sizeof *z, err);
    float *per_head =
        arena_alloc(w->arena, c->head_logit ? heads * sets * width : 0, sizeof *z, err);
    bool *present = arena_alloc(w->arena, sets, sizeof *present, err);
    struct arena_mark layer;

    if (!all.id || !logit || !set || !z || !per_head || !present ||
        assign(x, row->q, set, w->arena, err))
        return err->code;
    for (int i = 0; i < row->q->n; i++)
        present[set[i]] = true;
    layer = arena_mark(w->arena);
    for (size_t l = 0; l < (size_t)s->n_layers; l++, arena_back(w->arena, layer)) {
        split_layer(x, cell->run, (int)l, set, row_f32(row, "attention") + l * heads * sets, z);
        if (decode_heads(w, x, &all, cell->run, (int)l, (int64_t)sets, z, logit, err))
            return err->code;
        put_logits(row, logit, l * sets, sets);
        if (c->head_logit)
            spread_heads(s, sets, z, per_head);
        if (c->head_logit &&
            decode_heads(w, x, &own, cell->run, (int)l, (int64_t)(heads * sets), per_head,
                         row_f32(row, "head_logit") + l * heads * sets * targets, err))
            return err->code;
    }
    blank_absent(t, present, row_f32(row, "logit"), (size_t)s->n_layers, targets);
    blank_absent(t, present, row_f32(row, "control_logit"), (size_t)s->n_layers, 1);
    blank_absent(t, present, row_f32(row, "subject_control_logit"), (size_t)s->n_layers, 1);
    blank_absent(t, present, row_f32(row, "attention"), (size_t)s->n_layers * heads, 1);
    if (c->head_logit)
        blank_absent(t, present, row_f32(row, "head_logit"), (size_t)s->n_layers * heads, targets);
    return 0;
}

const struct kind kind_token_lens = {
    .name = "token_lens",
    .summary = "Token Lens: what attention to each token set adds to the logits",
    .also = "tokenlens; attention_lens",
    KIND_CONFIG(struct lens_config, rows),
    .state_size = sizeof(struct lens),
    .version = 2,
    .open = lens_open,
    .keep = KEEP_ATTN | KEEP_MLP | KEEP_PATTERN,
    .extra = lens_extra,
    .authors_average = TEMPLATES_FIRST_TWICE,
    .reduce_query = lens_reduce,
};
