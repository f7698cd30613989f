/* What a line of each analysis holds in the authors' files. */
#include "report/export/authors.h"

#include "base/mem.h"
#include "base/str.h"
#include "results/h5read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One file: the lines of each of its queries, by a callback. */
static int write_queries(const struct analysis *x, size_t place, struct writer *w, void *ctx,
                         int (*put)(const struct analysis *x, void *ctx, size_t q, struct writer *w,
                                    struct err *err),
                         struct err *err)
{
    for (size_t q = 0; q < x->a->n; q++)
        if (author_has(x, place, q) && put(x, ctx, q, w, err))
            return err->code;
    return writer_finish(w, err);
}

static bool all_nan(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            return false;
    return true;
}

/* Early decoding ---------------------------------------------------------------------------- */

struct decode {
    struct column logit, logprob; /* (query, layer, component, target) */
    int component;
    double *prob; /* (target) */
};

static int put_probs(const struct analysis *x, struct decode *d, struct buf *b, size_t at,
                     struct err *err)
{
    if (!d->logprob.n)
        return author_logits(x, b, NULL, "prob", err);
    for (size_t i = 0; i < d->logit.info.size[3]; i++)
        d->prob[i] = exp(d->logprob.f[at + i]);
    return author_logits(x, b, d->prob, "prob", err);
}

/* The tokens stand in a line twice, as in theirs. */
static int decode_line(const struct analysis *x, struct decode *d, size_t q, size_t layer,
                       struct buf *b, struct err *err)
{
    const size_t *size = d->logit.info.size;
    size_t at = (layer * size[2] + (size_t)d->component) * size[3];

    return author_query(x->a, b, q, false, err) ||
                   buf_printf(b, err, "\"layer_idx\": %zu, ", layer) ||
                   buf_puts(b, "\"subject_first_token\": ", err) ||
                   author_id(x->a, b, q, SUBJECT, err) ||
                   buf_puts(b, ", \"three_answer_first_token\": ", err) ||
                   author_answer_ids(x->a, b, q, err) || buf_puts(b, ", ", err) ||
                   put_probs(x, d, b, at, err) || buf_puts(b, ", ", err) ||
                   author_logits(x, b, d->logit.f + at, "logit", err) || buf_puts(b, "}\n", err)
               ? err->code
               : 0;
}

static int decode_query(const struct analysis *x, void *ctx, size_t q, struct writer *w,
                        struct err *err)
{
    struct decode *d = ctx;

    if (column_seek(&d->logit, q, err) || (d->logprob.n && column_seek(&d->logprob, q, err)))
        return err->code;
    for (size_t l = 0; l < d->logit.info.size[1]; l++)
        if (decode_line(x, d, q, l, &w->buf, err) || writer_turn(w, err))
            return err->code;
    return 0;
}

static int decode_files(struct analysis *x, struct decode *d, const char *component,
                        struct err *err)
{
    for (size_t p = 0; p < x->a->n_places; p++) {
        struct writer *w;

        if (authors_file(x, "outputs/decode_attn_mlp_outputs", p, &w, err, "%s_output.jsonl",
                         component) ||
            (w && write_queries(x, p, w, d, decode_query, err)))
            return err->code;
    }
    return 0;
}

int authors_decode(struct analysis *x, struct err *err)
{
    static const char dims[] = "query layer component target";
    static const char *const components[] = {"attn", "mlp"};
    struct decode d = {0};
    int at[2], code;

    code = author_labels(x->a, x->group, "component", components, 2, at, err) ||
           author_cells(x, x->layout.value, dims, true, &d.logit, err) ||
           (x->layout.logprob && author_cells(x, x->layout.logprob, dims, false, &d.logprob, err));
    if (!code && d.logprob.n && d.logprob.entry != d.logit.entry)
        code = err_set(err, ERR_IO, "%s: logit and logprob differ in shape", x->group);
    if (!code) {
        author_below(at, 2, d.logit.info.size[2]);
        author_below(x->target_at, TARGETS, d.logit.info.size[3]);
        d.prob = arena_alloc(&x->a->s.arena, d.logit.info.size[3], sizeof *d.prob, err);
        code = d.prob ? 0 : err->code;
    }
    for (size_t c = 0; c < 2 && !code; c++) {
        d.component = at[c];
        if (at[c] >= 0)
            code = decode_files(x, &d, components[c], err);
    }
    column_close(&d.logit);
    column_close(&d.logprob);
    return code ? err->code : 0;
}

/* Token Lens and knockout ------------------------------------------------------------------- */

/* Their token types, ours, and the step from which they are in the prompt. */
static const struct {
    const char *name, *set;
    int since;
} token_types[] = {
    {"subject", "subject", 1},
    {"answer_1", "answer_1", 2},
    {"answer_2", "answer_2", 3},
    {"last_token", "last", 1},
};

enum { TYPES = sizeof token_types / sizeof *token_types };

struct sets {
    struct column logit, clean; /* (query, layer, token_set, target), (query, layer, target) */
    int set;
};

static const double *cell(const struct sets *s, size_t layer)
{
    const size_t *size = s->logit.info.size;

    return s->logit.f + (layer * size[2] + (size_t)s->set) * size[3];
}

static int set_line(const struct analysis *x, const struct sets *s, size_t q, size_t layer,
                    struct buf *b, struct err *err)
{
    size_t targets = s->logit.info.size[3];

    if (author_query(x->a, b, q, true, err) || buf_printf(b, err, "\"layer_idx\": %zu, ", layer))
        return err->code;
    if (!s->clean.n)
        return author_logits(x, b, cell(s, layer), "logit", err) || buf_puts(b, "}\n", err)
                   ? err->code
                   : 0;
    return author_logits(x, b, s->clean.f + layer * targets, "full_mlp_logit", err) ||
                   buf_puts(b, ", ", err) ||
                   author_logits(x, b, cell(s, layer), "attn_knockout_mlp_logit", err) ||
                   buf_puts(b, "}\n", err)
               ? err->code
               : 0;
}

/* Nothing of a query that lacks the set. */
static int set_query(const struct analysis *x, void *ctx, size_t q, struct writer *w,
                     struct err *err)
{
    struct sets *s = ctx;
    bool none = true;

    if (column_seek(&s->logit, q, err) || (s->clean.n && column_seek(&s->clean, q, err)))
        return err->code;
    for (size_t l = 0; l < s->logit.info.size[1] && none; l++)
        none = all_nan(cell(s, l), s->logit.info.size[3]);
    for (size_t l = 0; l < s->logit.info.size[1] && !none; l++)
        if (set_line(x, s, q, l, &w->buf, err) || writer_turn(w, err))
            return err->code;
    return 0;
}

static int set_files(struct analysis *x, struct sets *s, const char *prefix, struct err *err)
{
    const char *ours[TYPES];
    int at[TYPES];

    for (size_t i = 0; i < TYPES; i++)
        ours[i] = token_types[i].set;
    if (author_labels(x->a, x->group, "token_set", ours, TYPES, at, err))
        return err->code;
    author_below(at, TYPES, s->logit.info.size[2]);
    author_below(x->target_at, TARGETS, s->logit.info.size[3]);
    for (size_t p = 0; p < x->a->n_places; p++)
        for (size_t i = 0; i < TYPES; i++) {
            struct writer *w;

            s->set = at[i];
            if (at[i] < 0 || x->a->place[p].step < token_types[i].since)
                continue;
            if (authors_file(x, "outputs/analyze_critical_tokens", p, &w, err,
                             "%s_%s_results.jsonl", prefix, token_types[i].name) ||
                (w && write_queries(x, p, w, s, set_query, err)))
                return err->code;
        }
    return 0;
}

int authors_token_lens(struct analysis *x, struct err *err)
{
    struct sets s = {0};
    int code =
        author_cells(x, x->layout.value, "query layer token_set target", true, &s.logit, err) ||
        set_files(x, &s, "token_lens", err);

    column_close(&s.logit);
    return code ? err->code : 0;
}

int authors_knockout(struct analysis *x, struct err *err)
{
    struct sets s = {0};
    int code =
        author_cells(x, x->layout.value, "query layer token_set target", true, &s.logit, err) ||
        author_cells(x, x->layout.clean, "query layer target", true, &s.clean, err);

    if (!code && s.clean.entry != s.logit.info.size[1] * s.logit.info.size[3])
        code = err_set(err, ERR_IO, "%s: %s and %s differ in shape", x->group, x->layout.value,
                       x->layout.clean);
    if (!code)
        code = set_files(x, &s, "attn_knockout", err);
    column_close(&s.logit);
    column_close(&s.clean);
    return code ? err->code : 0;
}

/* Heads ------------------------------------------------------------------------------------- */

struct moments {
    double n, sum, square;
};

struct heads {
    struct column logit;     /* (query, layer, head, target) */
    struct writer **w;       /* (layer) of the place at hand; NULL = written before */
    struct moments *moments; /* (place, layer) of all logits */
};

static int head_line(const struct analysis *x, const struct heads *h, size_t q, size_t layer,
                     struct buf *b, struct err *err)
{
    const size_t *size = h->logit.info.size;

    if (author_query(x->a, b, q, true, err))
        return err->code;
    for (size_t i = 0; i < size[2]; i++) {
        const double *v = h->logit.f + (layer * size[2] + i) * size[3];

        if (buf_printf(b, err, "%s\"head_%zu\": {", i ? ", " : "", i) ||
            author_logits(x, b, v, "logit", err) || buf_puts(b, "}", err))
            return err->code;
    }
    return buf_puts(b, "}\n", err);
}

static void add_moments(const struct analysis *x, const struct heads *h, size_t layer,
                        struct moments *m)
{
    const size_t *size = h->logit.info.size;

    for (size_t i = 0; i < size[2] * TARGETS; i++) {
        int at = x->target_at[i % TARGETS];
        double v = at < 0 ? (double)NAN
                          : h->logit.f[(layer * size[2] + i / TARGETS) * size[3] + (size_t)at];

        if (isnan(v))
            continue;
        m->n++;
        m->sum += v;
        m->square += v * v;
    }
}

static int head_files(struct analysis *x, struct heads *h, size_t place, struct err *err)
{
    size_t layers = h->logit.info.size[1];

    for (size_t l = 0; l < layers; l++)
        if (authors_file(x, "outputs/examine_finegrained_attention_head", place, &h->w[l], err,
                         "layer_%zu_output.jsonl", l))
            return err->code;
    for (size_t q = 0; q < x->a->n; q++) {
        if (!author_has(x, place, q))
            continue;
        if (column_seek(&h->logit, q, err))
            return err->code;
        for (size_t l = 0; l < layers; l++) {
            add_moments(x, h, l, &h->moments[place * layers + l]);
            if (h->w[l] && (head_line(x, h, q, l, &h->w[l]->buf, err) || writer_turn(h->w[l], err)))
                return err->code;
        }
    }
    for (size_t l = 0; l < layers; l++)
        if (h->w[l] && writer_finish(h->w[l], err))
            return err->code;
    return 0;
}

/* Their table has no template: it is made of a dataset's first one. */
static bool first_template(const struct authors *a, size_t place)
{
    for (size_t i = 0; i < a->n_places; i++)
        if (str_eq(a->place[i].dataset, a->place[place].dataset) &&
            a->place[i].template <a->place[place].template)
            return false;
    return true;
}

/* Mean and standard deviation (n) over a layer's heads and targets and the queries of a place. */
static int put_threshold(const struct moments *m, size_t layer, struct buf *b, struct err *err)
{
    double mean = m->sum / m->n, var = m->square / m->n - mean * mean;

    return buf_printf(b, err, "%s\"%zu\": {\"mean\": ", layer ? ", " : "", layer) ||
                   author_f64(b, mean, err) || buf_puts(b, ", \"std\": ", err) ||
                   author_f64(b, var < 0 ? 0 : sqrt(var), err) || buf_puts(b, "}", err)
               ? err->code
               : 0;
}

static int put_dataset(const struct analysis *x, const struct heads *h, const char *dataset,
                       bool first, struct buf *b, struct err *err)
{
    const struct authors *a = x->a;
    size_t layers = h->logit.info.size[1], n = 0;
    int code = buf_puts(b, first ? "{" : ", ", err) || export_json_text(b, dataset, err) ||
               buf_puts(b, ": {", err) || export_json_text(b, a->model, err) ||
               buf_puts(b, ": {", err);

    for (size_t p = 0; p < a->n_places && !code; p++) {
        if (!str_eq(a->place[p].dataset, dataset) || !first_template(a, p) ||
            !(h->moments[p * layers].n > 0))
            continue;
        code = buf_printf(b, err, "%s\"%d\": {", n++ ? ", " : "", a->place[p].step);
        for (size_t l = 0; l < layers && !code; l++)
            code = put_threshold(&h->moments[p * layers + l], l, b, err);
        code = code || buf_puts(b, "}", err);
    }
    return code || buf_puts(b, "}}", err) ? err->code : 0;
}

/* The table that their plotting script of heads reads. */
static int threshold_file(struct analysis *x, struct heads *h, struct err *err)
{
    static const char name[] = "datasets/dataset_to_model_to_answer_idx_to_layer_mean_std.json";
    const struct authors *a = x->a;
    struct writer *w;
    int code;

    if (outputs_has(a->out, name) || !a->n_places)
        return 0;
    code = outputs_add(a->out, &w, err, "%s", name);
    for (size_t p = 0; p < a->n_places && !code; p++) {
        bool seen = false;

        for (size_t i = 0; i < p; i++)
            seen |= str_eq(a->place[i].dataset, a->place[p].dataset);
        if (!seen)
            code = put_dataset(x, h, a->place[p].dataset, p == 0, &w->buf, err);
    }
    return code || buf_puts(&w->buf, "}\n", err) || writer_finish(w, err) ? err->code : 0;
}

int authors_heads(struct analysis *x, struct err *err)
{
    struct arena *arena = &x->a->s.arena;
    struct heads h = {0};
    size_t layers;
    int code = author_cells(x, x->layout.value, "query layer head target", true, &h.logit, err);

    if (!code) {
        layers = h.logit.info.size[1];
        author_below(x->target_at, TARGETS, h.logit.info.size[3]);
        h.w = arena_alloc(arena, layers, sizeof(struct writer *), err);
        h.moments = arena_alloc(arena, x->a->n_places * layers, sizeof *h.moments, err);
        code = h.w && h.moments ? 0 : err->code;
    }
    for (size_t p = 0; p < x->a->n_places && !code; p++)
        code = head_files(x, &h, p, err);
    if (!code)
        code = threshold_file(x, &h, err);
    column_close(&h.logit);
    return code ? err->code : 0;
}

/* Causal tracing ---------------------------------------------------------------------------- */

enum { WINDOW = 10 }; /* of their traces */

struct trace {
    struct column score, high, low; /* score: query corruption site window token layer */
    size_t at[3];                   /* corruption, site, window */
    double window;
    const char *site, *name; /* name: of the folder, for the line's own name */
    int span;                /* that is corrupted */
};

static int put_scores(const struct trace *t, double n_tokens, struct buf *b, struct err *err)
{
    const size_t *size = t->score.info.size;
    size_t first = ((t->at[0] * size[2] + t->at[1]) * size[3] + t->at[2]) * size[4] * size[5];
    int code = buf_puts(b, "[", err);

    for (size_t i = 0; i < size[4] && (double)i < n_tokens && !code; i++) {
        code = buf_puts(b, i ? ", [" : "[", err);
        for (size_t l = 0; l < size[5] && !code; l++)
            code = buf_puts(b, l ? ", " : "", err) ||
                   author_f32(b, t->score.f[first + i * size[5] + l], err);
        code = code || buf_puts(b, "]", err);
    }
    return code || buf_puts(b, "]", err) ? err->code : 0;
}

/* What they copy from the line of the data. */
static int put_data(struct authors *a, size_t q, struct buf *b, struct err *err)
{
    int code =
        buf_puts(b, ", \"query_input_ids\": ", err) ||
        author_ids(a, b, q, 0, (size_t)a->n_tokens[q], err) ||
        buf_puts(b, ", \"three_answers_label_list\": null, \"three_answers_token_list\": [", err);

    for (int i = 0; i < ANSWERS && !code; i++)
        code = buf_puts(b, i ? ", " : "", err) || author_tokens(a, b, q, i, err);
    return code || buf_puts(b, "], \"three_answers_start_end_idx\": ", err) ||
                   author_answer_spans(a, b, q, err) || buf_puts(b, ", \"subject\": ", err) ||
                   export_json_text(b, a->subject[q], err) ||
                   buf_puts(b, ", \"subject_token_list\": ", err) ||
                   author_tokens(a, b, q, SUBJECT, err) ||
                   buf_puts(b, ", \"subject_start_end_idx\": ", err) ||
                   author_span(a, b, q, SPAN_SUBJECT, err) ||
                   buf_puts(b, ", \"relation_start_end_idx\": ", err) ||
                   author_span(a, b, q, SPAN_RELATION, err) || buf_puts(b, "}\n", err)
               ? err->code
               : 0;
}

static int put_facts(const struct trace *t, struct authors *a, size_t q, struct buf *b,
                     struct err *err)
{
    return buf_puts(b, ", \"low_score\": ", err) || author_f32(b, t->low.f[t->at[0]], err) ||
                   buf_puts(b, ", \"high_score\": ", err) || author_f32(b, t->high.f[0], err) ||
                   buf_puts(b, ", \"input_ids\": ", err) ||
                   author_ids(a, b, q, 0, (size_t)a->n_tokens[q], err) ||
                   buf_puts(b, ", \"input_tokens\": null, \"subject_range\": ", err) ||
                   author_span(a, b, q, t->span, err) ||
                   buf_printf(b, err, ", \"answer\": null, \"window\": %.0f, \"kind\": \"%s\"",
                              t->window, t->site) ||
                   buf_printf(b, err, ", \"name\": \"%s/query_%zu\"", t->name, q)
               ? err->code
               : 0;
}

/* Nothing of a query that lacks the corrupted span. */
static int trace_query(const struct analysis *x, void *ctx, size_t q, struct writer *w,
                       struct err *err)
{
    struct trace *t = ctx;
    struct buf *b = &w->buf;

    if (column_seek(&t->score, q, err) || column_seek(&t->high, q, err) ||
        column_seek(&t->low, q, err))
        return err->code;
    if (isnan(t->low.f[t->at[0]]))
        return 0;
    return author_query(x->a, b, q, true, err) || buf_puts(b, "\"scores\": ", err) ||
                   put_scores(t, x->a->n_tokens[q], b, err) || put_facts(t, x->a, q, b, err) ||
                   put_data(x->a, q, b, err) || writer_turn(w, err)
               ? err->code
               : 0;
}

static int trace_file(struct analysis *x, struct trace *t, size_t place, int corrupted,
                      struct err *err)
{
    int step = x->a->place[place].step;
    struct writer *w;
    char name[64];

    if (corrupted == 0)
        snprintf(name, sizeof name, "causal_tracing_noise_subject/noise_subject_step_%d", step);
    else
        snprintf(name, sizeof name, "causal_tracing_noise_prev_ans/pred_%d_noise_%d", step,
                 corrupted);
    t->name = name;
    if (authors_file(x, "datasets", place, &w, err, "%s/%s_result.jsonl", name, t->site) || !w)
        return err->code;
    return write_queries(x, place, w, t, trace_query, err);
}

static int trace_files(struct analysis *x, struct trace *t, struct err *err)
{
    static const char *const corrupt[] = {"subject", "answer_1", "answer_2"};
    static const int spans[] = {SPAN_SUBJECT, SPAN_ANSWER_1, SPAN_ANSWER_2};
    static const char *const sites[] = {"attn", "mlp"};
    int corruption[3], site[2];

    if (author_labels(x->a, x->group, "corruption", corrupt, 3, corruption, err) ||
        author_labels(x->a, x->group, "site", sites, 2, site, err))
        return err->code;
    author_below(corruption, 3, t->score.info.size[1]);
    author_below(site, 2, t->score.info.size[2]);
    for (size_t p = 0; p < x->a->n_places; p++)
        for (int c = 0; c < 3; c++)
            for (int s = 0; s < 2; s++) {
                if (corruption[c] < 0 || site[s] < 0 || (c && x->a->place[p].step <= c))
                    continue;
                t->at[0] = (size_t)corruption[c];
                t->at[1] = (size_t)site[s];
                t->site = sites[s];
                t->span = spans[c];
                if (trace_file(x, t, p, c, err))
                    return err->code;
            }
    return 0;
}

/* Their window if the group has it, else its first. */
static int pick_window(const struct analysis *x, struct trace *t, struct err *err)
{
    struct h5info info;
    double *window;

    if (h5_read_f64(x->a->s.file, x->group, "window", &window, &info, err))
        return err->code;
    if (info.rank != 1 || !info.size[0] || info.size[0] != t->score.info.size[3])
        err_set(err, ERR_IO, "%s/window has not an entry for each window", x->group);
    for (size_t i = 0; i < info.size[0] && !err->code; i++)
        if (!i || window[i] == WINDOW) {
            t->at[2] = i;
            t->window = window[i];
        }
    mem_free(window);
    if (!err->code && t->window != WINDOW)
        return buf_printf(x->a->notes, err, "%s: its window is %.0f, theirs %d\n", x->group,
                          t->window, WINDOW);
    return err->code;
}

int authors_trace(struct analysis *x, struct err *err)
{
    struct trace t = {0};
    int code = author_cells(x, x->layout.value, "query corruption site window token layer", true,
                            &t.score, err) ||
               author_cells(x, x->layout.high, "query", true, &t.high, err) ||
               author_cells(x, x->layout.low, "query corruption", true, &t.low, err);

    if (!code && t.low.entry != t.score.info.size[1])
        code = err_set(err, ERR_IO, "%s: the scores and those of the corrupted run differ in shape",
                       x->group);
    if (!code)
        code = pick_window(x, &t, err) || trace_files(x, &t, err);
    column_close(&t.score);
    column_close(&t.high);
    column_close(&t.low);
    return code ? err->code : 0;
}
