/*
 * Attention, described (docs/methods.md 6.5): how spread each head's pattern is and where it lies,
 * over named rows of the clean run; and what heads do on repeated random tokens: induction, the
 * previous token, the duplicate. With `weights` what their weights say (attention_weights.c).
 */
#include "experiments/attention_weights.h"
#include "experiments/kit/places.h"
#include "experiments/kit/select.h"

#include "base/kernels.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

struct attention_config {
    struct selector positions;
    int64_t repeated;
    bool weights;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct attention_config, positions, "positions", config_selector, "all", 0, 0,
               RESULTS, "rows of the pattern: tokens that attend; of several the mean"),
    CONFIG_ROW(struct attention_config, repeated, "repeated", config_int, "25", 0, 4096, RESULTS,
               "random tokens that stand twice in a sequence drawn for each query: scores of "
               "induction, previous and duplicate token; 0 = none"),
    CONFIG_ROW(struct attention_config, weights, "weights", config_bool, "false", 0, 0, RESULTS,
               "scores of all heads from the weights alone, instead: of OV and QK circuits, and of "
               "heads composed with heads; belong to no query"),
};

/* Keys that have a name of their own, before the spans. */
enum { FIRST, SELF, PREVIOUS, NAMED };
static const char *const named_keys[NAMED] = {"first", "self", "previous"};

struct attention {
    struct places positions;
    const int *order; /* (n_spans) spans as keys, in the order of token sets */
    size_t n_spans;
    int repeated;
};

/* --- opening --- */

static int key_axis(struct experiment *x, struct attention *t, struct err *err)
{
    int *order = arena_alloc(x->arena, x->data->n_spans, sizeof *order, err);
    const char **label = arena_alloc(x->arena, NAMED + x->data->n_spans, sizeof *label, err);

    if (!order || !label)
        return err->code;
    t->n_spans = span_order(x->data, order);
    t->order = order;
    memcpy(label, named_keys, sizeof named_keys);
    for (size_t i = 0; i < t->n_spans; i++)
        label[NAMED + i] = x->data->span_name[order[i]];
    return add_named_axis(x, "key", NAMED + t->n_spans, label, err);
}

static const struct score {
    const char *name, *mean, *text;
} scores[] = {
    {"induction", "mean_induction",
     "attention to the token after the earlier copy of the row's token"},
    {"previous_token", "mean_previous_token", "attention to the token before the row"},
    {"duplicate_token", "mean_duplicate_token", "attention to the earlier copy of the row's token"},
};
enum { INDUCTION, PREVIOUS_TOKEN, DUPLICATE, SCORES };

static int declare(struct experiment *x, const struct attention *t, struct err *err)
{
    if (add_field(x, "entropy", V_F32, "query layer head position", "nat",
                  "entropy of the pattern, mean over rows", err) ||
        add_field(x, "mass", V_F32, "query layer head position key", "1",
                  "share of attention, mean over the rows that see the key", err) ||
        add_mean(x, "mean_entropy", "entropy", "nat", "mean of entropy over queries", err) ||
        add_mean(x, "mean_mass", "mass", "1", "mean of mass over queries", err))
        return err->code;
    if (t->repeated && add_field(x, "sequence_id", V_I4, "query sequence", NULL,
                                 "the sequence of repeated random tokens", err))
        return err->code;
    for (size_t i = 0; t->repeated && i < SCORES; i++)
        if (add_field(x, scores[i].name, V_F32, "query layer head", "1", scores[i].text, err) ||
            add_mean(x, scores[i].mean, scores[i].name, "1", "its mean over queries", err))
            return err->code;
    return 0;
}

static int describe(struct experiment *x, const struct attention *t, struct err *err)
{
    static const struct headline mass = {
        .variable = "mean_mass",
        .title = "where heads attend",
        .unit = "share of attention",
        .test = "none",
        .rows = "key",
        .apart = "key",
    };
    static const struct figure map = {
        .form = "map",
        .values = "mean_mass",
        .row = "key",
        .column = "position",
        .down = "layer",
        .along = "head",
        .compare = "yes",
        .sequential = "*",
        .title = "Where heads attend",
        .value_label = "share of attention",
        .along_label = "head",
        .down_label = "layer",
    };

    if (add_headline(x, &mass, err) || add_figure(x, &map, err))
        return err->code;
    for (size_t i = 0; t->repeated && i < SCORES; i++) {
        struct headline h = {
            .variable = scores[i].mean,
            .title = arena_printf(x->arena, err, "on repeated random tokens: %s", scores[i].text),
            .unit = "share of attention",
            .test = "none",
            .join = "score",
            .class_words = scores[i].name};

        if (!h.title || add_headline(x, &h, err))
            return err->code;
    }
    return 0;
}

/* What belongs to queries has no place where there are none. */
static int open_weights(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct attention_config *c = x->config;
    const char *key = x->entry->head.limit              ? "limit"
                      : x->entry->head.where.n          ? "where"
                      : c->positions.kind != SELECT_ALL ? "positions"
                                                        : NULL;

    if (key)
        problem_at(x, key, problems,
                   "does not go with weights: true, whose scores belong to no query");
    return key ? 0 : weights_open(x, err);
}

static int attention_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct attention_config *c = x->config;
    struct attention *t = x->state;

    if (c->weights)
        return open_weights(x, problems, err);
    x->all_rows = true;
    x->places = &t->positions;
    t->repeated = (int)c->repeated;
    if (1 + 2 * c->repeated > x->shape->max_positions)
        problem_at(x, "repeated", problems,
                   "twice %d tokens are more than the %d that the model was made for", t->repeated,
                   x->shape->max_positions);
    x->longest = t->repeated ? 1 + 2 * t->repeated : 0;
    if (places_of(&t->positions, &c->positions, x, "positions", problems, err) || problems->count)
        return err->code;
    return err_if(err, add_axis(x, "layer", (size_t)x->shape->n_layers, err) ||
                           add_axis(x, "head", (size_t)x->shape->n_heads, err) ||
                           add_named_axis(x, "position", t->positions.n, t->positions.label, err) ||
                           key_axis(x, t, err) ||
                           (t->repeated && add_axis(x, "sequence", (size_t)x->longest, err)) ||
                           declare(x, t, err) || describe(x, t, err));
}

/* --- runs --- */

/* The query's first token, then random ones twice. */
static int attention_runs(const struct experiment *x, const struct query *q, struct run_spec *spec,
                          struct arena *a, struct err *err)
{
    const struct attention *t = x->state;
    struct rng r =
        rng_for((uint64_t)x->scene->config->data.seed, q->fingerprint.lo, "repeated tokens");
    int32_t *ids;

    if (!t->repeated)
        return 0;
    ids = arena_alloc(a, 1 + 2 * (size_t)t->repeated, sizeof *ids, err);
    if (!ids)
        return 0;
    ids[0] = q->ids[0];
    for (int i = 1; i <= t->repeated; i++)
        ids[i] = ids[i + t->repeated] = (int32_t)rng_below(&r, (uint64_t)x->shape->vocab);
    spec[0] = (struct run_spec){
        .keep = KEEP_ATTENTION, .base = -1, .ids = ids, .n = 1 + 2 * t->repeated, .all_rows = true};
    return 1;
}

/* --- reducing --- */

/* A head's pattern, (n, n): row t over keys [0, t]. */
static const float *pattern_of(const struct run *run, const struct shape *s, int layer, int head)
{
    return run->attention + ((int64_t)layer * s->n_heads + head) * run->n * run->n;
}

/* Attention of row t to a key or span; -1 = the row sees none of it. */
static double mass_of(const struct attention *a, const struct query *q, size_t key, const float *p,
                      int t)
{
    struct span span = key == FIRST      ? (struct span){0, 1}
                       : key == SELF     ? (struct span){t, t + 1}
                       : key == PREVIOUS ? (struct span){t - 1, t}
                                         : q->span[a->order[key - NAMED]];
    double sum = 0;

    if (span_empty(span) || span.lo < 0 || span.lo > t)
        return -1;
    for (int i = span.lo; i < span.hi && i <= t; i++)
        sum += (double)p[i];
    return sum;
}

/* One head at one place. */
static void put_place(const struct attention *a, const struct query *q, const float *pattern,
                      const int *tok, int n, float *entropy, float *mass)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += vec_entropy(tok[i] + 1, pattern + (int64_t)tok[i] * q->n);
    *entropy = (float)(sum / n);
    for (size_t key = 0; key < NAMED + a->n_spans; key++) {
        int seen = 0;

        sum = 0;
        for (int i = 0; i < n; i++) {
            double m = mass_of(a, q, key, pattern + (int64_t)tok[i] * q->n, tok[i]);

            sum += m < 0 ? 0 : m;
            seen += m >= 0;
        }
        mass[key] = seen ? (float)(sum / seen) : NAN;
    }
}

/* Mean over rows t of [from, n) of the pattern at t - back. */
static float score_of(const float *pattern, int n, int from, int back)
{
    double sum = 0;

    for (int t = from; t < n; t++)
        sum += (double)pattern[(int64_t)t * n + t - back];
    return (float)(sum / (n - from));
}

static void put_scores(const struct attention *a, const float *pattern, size_t at, struct row *row)
{
    int n = 1 + 2 * a->repeated, second = 1 + a->repeated;

    row_f32(row, "induction")[at] = score_of(pattern, n, second, a->repeated - 1);
    row_f32(row, "previous_token")[at] = score_of(pattern, n, 1, 1);
    row_f32(row, "duplicate_token")[at] = score_of(pattern, n, second, a->repeated);
}

static int attention_query(const struct experiment *x, const struct cell *cell, struct row *row,
                           struct worker *w, struct err *err)
{
    const struct attention *a = x->state;
    const struct shape *s = x->shape;
    size_t keys = NAMED + a->n_spans, heads = (size_t)s->n_layers * (size_t)s->n_heads;
    int *tok = arena_alloc(w->arena, 2 * (size_t)row->q->n, sizeof *tok, err);

    for (size_t p = 0; tok && p < a->positions.n; p++) {
        int n = place_tokens(&a->positions.v[p], x->scene, row->q, tok);

        for (size_t h = 0; n && h < heads; h++) {
            size_t at = h * a->positions.n + p;

            put_place(a, row->q, pattern_of(&cell->run[0], s, 0, (int)h), tok, n,
                      row_f32(row, "entropy") + at, row_f32(row, "mass") + at * keys);
        }
    }
    if (a->repeated)
        memcpy(row_i32(row, "sequence_id"), cell->run[1].ids,
               (size_t)cell->run[1].n * sizeof(int32_t));
    for (size_t h = 0; tok && a->repeated && h < heads; h++)
        put_scores(a, pattern_of(&cell->run[1], s, 0, (int)h), h, row);
    return tok ? 0 : err->code;
}

const struct kind kind_attention = {
    .name = "attention",
    .summary = "each head's attention: its spread, where it lies, and induction on random tokens",
    KIND_CONFIG(struct attention_config, rows),
    .version = 1,
    .no_data = true,
    .state_size = sizeof(struct attention),
    .open = attention_open,
    .keep = KEEP_ATTENTION,
    .runs = attention_runs,
    .reduce_query = attention_query,
};
