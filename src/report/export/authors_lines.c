/* What a line of each analysis holds in the authors' files. */
#include "report/export/authors.h"

#include "base/real.h"
#include "base/span.h"
#include "base/str.h"
#include "base/writer.h"

#include <math.h>
#include <string.h>

struct authors_line {
    const struct analysis *x;
    const struct part *part;
    size_t q, at[DIMS_MAX]; /* places on the dimensions of the values */
};

/* Numbers ----------------------------------------------------------------------------------- */

/* As Python's json writes it. */
static int put_real(struct buf *b, double v, enum vtype type, struct err *err)
{
    static const struct not_finite words = {"NaN", "Infinity", "-Infinity"};
    struct column c = {.info = {.type = type}, .f = &v};

    return export_number(b, &c, 0, &words, err);
}

size_t author_dim(const struct h5info *v, const char *name)
{
    size_t i = 0;

    while (i < v->rank && !str_eq(v->dim[i], name))
        i++;
    return i;
}

/* Where the line's numbers begin in a column: the dimensions are those of the values, or some. */
static const double *cells(const struct authors_line *l, int column)
{
    const struct column *c = &l->x->column[column];
    size_t element = 0;

    for (size_t i = 1; i < c->info.rank; i++)
        element = element * c->info.size[i] +
                  l->at[author_dim(&l->x->column[VALUE].info, c->info.dim[i])];
    return c->f + element;
}

/* Of a target; NaN where it is not known. */
static double number_of(const struct authors_line *l, int column, int target)
{
    const struct h5info *v = &l->x->column[column].info;
    size_t at = l->x->target_at[target];

    return l->x->column[column].n && at < v->size[v->rank - 1] ? cells(l, column)[at] : (double)NAN;
}

static int put_logit(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    return put_real(b, number_of(l, VALUE, target), V_F32, err);
}

static int put_clean(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    return put_real(b, number_of(l, CLEAN, target), V_F32, err);
}

static int put_prob(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    return put_real(b, real_exp(number_of(l, LOGPROB, target)), V_F32, err);
}

static int put_cell(const struct authors_line *l, int column, struct buf *b, struct err *err)
{
    return put_real(b, *cells(l, column), V_F32, err);
}

/* A list for each token, of a number for each layer. */
static int put_scores(const struct authors_line *l, int unused, struct buf *b, struct err *err)
{
    const size_t *size = l->x->column[VALUE].info.size;
    const double *v = cells(l, VALUE);
    int code = buf_puts(b, "[", err);

    (void)unused;
    for (size_t i = 0; i < size[4] && (double)i < l->x->a->n_tokens[l->q] && !code; i++) {
        code = buf_puts(b, i ? ", [" : "[", err);
        for (size_t k = 0; k < size[5] && !code; k++)
            code = buf_puts(b, k ? ", " : "", err) || put_real(b, *v++, V_F32, err);
        code = code || buf_puts(b, "]", err);
    }
    return err_if(err, code || buf_puts(b, "]", err));
}

/* The query --------------------------------------------------------------------------------- */

/* Of a target's first token; -1 = none. */
static double id_of(const struct authors_line *l, int target)
{
    const struct authors *a = l->x->a;
    size_t at = a->target_at[target];

    return at < a->target.entry ? (double)a->target.whole[at] : -1;
}

static int put_id(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    double id = id_of(l, target);

    return id < 0 ? buf_puts(b, "null", err) : buf_printf(b, err, "%.0f", id);
}

static int put_first(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    return err_if(err, buf_puts(b, "[", err) || put_id(l, target, b, err) || buf_puts(b, "]", err));
}

/* [begin, end) of a span; false = the query has none. */
static bool span_of(const struct authors_line *l, int which, struct span *s)
{
    const struct authors *a = l->x->a;
    size_t at = a->span_at[which];

    if (at >= a->span.info.size[1])
        return false;
    *s = (struct span){(int)a->span.whole[2 * at], (int)a->span.whole[2 * at + 1]};
    return s->lo >= 0 && !span_empty(*s) && (size_t)s->hi <= a->ids.entry;
}

static int put_span(const struct authors_line *l, int which, struct buf *b, struct err *err)
{
    struct span s;

    return span_of(l, which, &s) ? buf_printf(b, err, "[%d, %d]", s.lo, s.hi)
                                 : buf_puts(b, "null", err);
}

/* An answer in the prompt has a span. The one that is due begins where the prompt ends; how long
   it is nobody knows here, so its first token alone is named. */
static int put_answer_span(const struct authors_line *l, int answer, struct buf *b, struct err *err)
{
    double n = l->x->a->n_tokens[l->q];
    int due = (int)l->x->a->step[l->q] - 1;

    if (answer < due)
        return put_span(l, SPAN_ANSWER_1 + answer, b, err);
    return answer == due ? buf_printf(b, err, "[%.0f, %.0f]", n, n + 1) : buf_puts(b, "null", err);
}

static int put_ids(const struct authors_line *l, size_t first, size_t end, struct buf *b,
                   struct err *err)
{
    const struct column *ids = &l->x->a->ids;
    int code = buf_puts(b, "[", err);

    for (size_t i = first; i < end && i < ids->entry && !code; i++)
        code = buf_printf(b, err, "%s%lld", i > first ? ", " : "", (long long)ids->whole[i]);
    return err_if(err, code || buf_puts(b, "]", err));
}

/* The tokens of a target: all of them where it stands in the prompt, else the first alone. */
static int put_tokens(const struct authors_line *l, int target, struct buf *b, struct err *err)
{
    static const int spans[TARGETS] = {SPAN_ANSWER_1, SPAN_ANSWER_2, SPANS, SPAN_SUBJECT};
    struct span s;

    if (spans[target] < SPANS && span_of(l, spans[target], &s) &&
        (double)l->x->a->ids.whole[s.lo] == id_of(l, target))
        return put_ids(l, (size_t)s.lo, (size_t)s.hi, b, err);
    return put_first(l, target, b, err);
}

enum fact { NOTHING, QUERY, STEP, DUE, LAYER, PROMPT, SUBJECT_TEXT, CORRUPTED, WINDOW, SITE, NAME };

static int put_fact(const struct authors_line *l, int which, struct buf *b, struct err *err)
{
    const struct authors *a = l->x->a;

    switch ((enum fact)which) {
    case NOTHING:
        break;
    case QUERY:
        return json_quoted(b, a->text[l->q], err);
    case STEP:
        return buf_printf(b, err, "%.0f", a->step[l->q]);
    case DUE:
        return put_first(l, (int)a->step[l->q] - 1, b, err);
    case LAYER:
        return buf_printf(b, err, "%zu", l->at[1]);
    case PROMPT:
        return put_ids(l, 0, (size_t)a->n_tokens[l->q], b, err);
    case SUBJECT_TEXT:
        return json_quoted(b, a->subject[l->q], err);
    case CORRUPTED:
        return put_span(l, l->part->span, b, err);
    case WINDOW:
        return buf_printf(b, err, "%.0f", l->x->window);
    case SITE:
        return buf_printf(b, err, "\"%s\"", l->part->name);
    case NAME:
        return buf_printf(b, err, "\"%s/query_%zu\"", l->part->folder, l->q);
    }
    return buf_puts(b, "null", err);
}

/* Lines ------------------------------------------------------------------------------------- */

static int put_heads(const struct authors_line *l, int unused, struct buf *b, struct err *err);

enum { EACH_ANSWER = -1 };

/* The keys in their order: which analyses have one, what stands there, and of which target, span,
   column or fact; EACH_ANSWER: a list, of each. */
static const struct their_key {
    int lines;
    const char *key; /* NULL: the function writes the keys, too */
    int (*put)(const struct authors_line *l, int of, struct buf *b, struct err *err);
    int of;
} fields[] = {
    {EVERY, "query", put_fact, QUERY},
    {EVERY & ~DECODE, "target_answer_idx", put_fact, STEP},
    {EVERY, "target_answer_name", put_fact, NOTHING},
    {EVERY, "target_answer_tokens", put_fact, DUE},
    {EVERY, "three_answers_first_token_list", put_id, EACH_ANSWER},
    {EVERY, "subject_first_token_id", put_id, SUBJECT},
    {DECODE | LENS | KNOCKOUT, "layer_idx", put_fact, LAYER},
    {DECODE, "subject_first_token", put_id, SUBJECT}, /* twice, as in theirs */
    {DECODE, "three_answer_first_token", put_id, EACH_ANSWER},
    {DECODE, "three_answer_first_token_prob", put_prob, EACH_ANSWER},
    {DECODE, "subject_first_token_prob", put_prob, SUBJECT},
    {DECODE | LENS | HEAD, "three_answer_first_token_logit", put_logit, EACH_ANSWER},
    {DECODE | LENS | HEAD, "subject_first_token_logit", put_logit, SUBJECT},
    {KNOCKOUT, "three_answer_first_token_full_mlp_logit", put_clean, EACH_ANSWER},
    {KNOCKOUT, "subject_first_token_full_mlp_logit", put_clean, SUBJECT},
    {KNOCKOUT, "three_answer_first_token_attn_knockout_mlp_logit", put_logit, EACH_ANSWER},
    {KNOCKOUT, "subject_first_token_attn_knockout_mlp_logit", put_logit, SUBJECT},
    {HEADS, NULL, put_heads, 0},
    {TRACE, "scores", put_scores, 0},
    {TRACE, "low_score", put_cell, LOW},
    {TRACE, "high_score", put_cell, HIGH},
    {TRACE, "input_ids", put_fact, PROMPT},
    {TRACE, "input_tokens", put_fact, NOTHING},
    {TRACE, "subject_range", put_fact, CORRUPTED},
    {TRACE, "answer", put_fact, NOTHING},
    {TRACE, "window", put_fact, WINDOW},
    {TRACE, "kind", put_fact, SITE},
    {TRACE, "name", put_fact, NAME},
    {TRACE, "query_input_ids", put_fact, PROMPT},
    {TRACE, "three_answers_label_list", put_fact, NOTHING},
    {TRACE, "three_answers_token_list", put_tokens, EACH_ANSWER},
    {TRACE, "three_answers_start_end_idx", put_answer_span, EACH_ANSWER},
    {TRACE, "subject", put_fact, SUBJECT_TEXT},
    {TRACE, "subject_token_list", put_tokens, SUBJECT},
    {TRACE, "subject_start_end_idx", put_span, SPAN_SUBJECT},
    {TRACE, "relation_start_end_idx", put_span, SPAN_RELATION},
};

static int put_field(const struct authors_line *l, const struct their_key *f, struct buf *b,
                     struct err *err)
{
    if (f->key && buf_printf(b, err, "\"%s\": ", f->key))
        return err->code;
    if (f->of != EACH_ANSWER)
        return f->put(l, f->of, b, err);
    for (int i = 0; i < ANSWERS; i++)
        if (buf_puts(b, i ? ", " : "[", err) || f->put(l, i, b, err))
            return err->code;
    return buf_puts(b, "]", err);
}

static int put_object(const struct authors_line *l, int lines, struct buf *b, struct err *err)
{
    const char *before = "{";

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!(fields[i].lines & lines))
            continue;
        if (buf_puts(b, before, err) || put_field(l, &fields[i], b, err))
            return err->code;
        before = ", ";
    }
    return buf_puts(b, "}", err);
}

static int put_heads(const struct authors_line *l, int unused, struct buf *b, struct err *err)
{
    const struct h5info *v = &l->x->column[VALUE].info;
    size_t dim = author_dim(v, "head");
    struct authors_line head = *l;

    (void)unused;
    for (size_t i = 0; i < v->size[dim]; i++) {
        head.at[dim] = i;
        if (buf_printf(b, err, "%s\"head_%zu\": ", i ? ", " : "", i) ||
            put_object(&head, HEAD, b, err))
            return err->code;
    }
    return 0;
}

/* A query that lacks the set has NaN in all its layers; one that lacks the corrupted span, in what
   the corrupted run gives. */
static bool is_lacking(const struct authors_line *l)
{
    const struct h5info *v = &l->x->column[VALUE].info;
    struct authors_line layer = *l;

    if (l->x->lines == TRACE)
        return isnan(*cells(l, LOW));
    if (!(l->x->lines & (LENS | KNOCKOUT)))
        return false;
    for (layer.at[1] = 0; layer.at[1] < v->size[1]; layer.at[1]++)
        for (size_t i = 0; i < v->size[3]; i++)
            if (!isnan(cells(&layer, VALUE)[i]))
                return false;
    return true;
}

static void add_moments(struct authors_line *l, struct moments *m)
{
    for (l->at[2] = 0; l->at[2] < l->x->column[VALUE].info.size[2]; l->at[2]++)
        for (int t = 0; t < TARGETS; t++) {
            double v = number_of(l, VALUE, t);

            if (isnan(v))
                continue;
            m->n++;
            m->sum += v;
            m->square += v * v;
        }
}

int author_lines(const struct analysis *x, const struct part *f, size_t q, struct moments *m,
                 struct err *err)
{
    bool layers = x->lines & (DECODE | LENS | KNOCKOUT); /* a line each */
    size_t n = layers ? x->column[VALUE].info.size[1] : 1;
    struct authors_line l = {.x = x, .part = f, .q = q};

    memcpy(l.at, f->at, sizeof l.at);
    if (is_lacking(&l))
        return 0;
    for (size_t i = 0; i < n; i++) {
        l.at[1] = layers ? i : f->at[1];
        if (put_object(&l, x->lines, &f->w->buf, err) || buf_puts(&f->w->buf, "\n", err) ||
            writer_turn(f->w, err))
            return err->code;
    }
    if (x->lines == HEADS)
        add_moments(&l, m);
    return 0;
}

/* Thresholds of heads ----------------------------------------------------------------------- */

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

    return err_if(err, buf_printf(b, err, "%s\"%zu\": {\"mean\": ", layer ? ", " : "", layer) ||
                           put_real(b, mean, V_F64, err) || buf_puts(b, ", \"std\": ", err) ||
                           put_real(b, var < 0 ? 0 : sqrt(var), V_F64, err) ||
                           buf_puts(b, "}", err));
}

static int put_dataset(const struct analysis *x, const char *dataset, bool first, struct buf *b,
                       struct err *err)
{
    const struct authors *a = x->a;
    size_t layers = x->n_parts, n = 0;
    int code = buf_puts(b, first ? "{" : ", ", err) || json_quoted(b, dataset, err) ||
               buf_puts(b, ": {", err) || json_quoted(b, a->model, err) || buf_puts(b, ": {", err);

    for (size_t p = 0; p < a->n_places && !code; p++) {
        const struct moments *m = &x->moments[p * layers];

        if (!str_eq(a->place[p].dataset, dataset) || !first_template(a, p) || !(m->n > 0))
            continue;
        code = buf_printf(b, err, "%s\"%d\": {", n++ ? ", " : "", a->place[p].step);
        for (size_t l = 0; l < layers && !code; l++)
            code = put_threshold(&m[l], l, b, err);
        code = code || buf_puts(b, "}", err);
    }
    return err_if(err, code || buf_puts(b, "}}", err));
}

int author_thresholds(const struct analysis *x, struct err *err)
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
            code = put_dataset(x, a->place[p].dataset, p == 0, &w->buf, err);
    }
    return err_if(err, code || buf_puts(&w->buf, "}\n", err) || writer_finish(w, err));
}
