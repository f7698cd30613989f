/*
 * The layout of the authors' result files (docs/export.md): folders by analysis, dataset, model,
 * template and step, JSON Lines of a few keys each. What a result file does not know, the words of
 * an answer or of a token, is null.
 */
#include "report/export/authors.h"

#include "base/mem.h"
#include "base/str.h"
#include "results/h5read.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const authors_targets[TARGETS] = {"answer_1", "answer_2", "answer_3", "subject"};
static const char *const span_names[SPANS] = {"subject", "relation", "answer_1", "answer_2"};

/* The queries ------------------------------------------------------------------------------- */

static int check_entries(const struct h5info *v, size_t n, size_t rank, struct err *err)
{
    if (v->rank == rank && v->size[0] == n)
        return 0;
    return err_set(err, ERR_IO, "%s/%s has %zu dimensions and %zu entries, expected %zu and %zu",
                   v->group, v->name, v->rank, v->rank ? v->size[0] : 1, rank, n);
}

static int read_text(const struct authors *a, const char *group, const char *name, char ***v,
                     struct err *err)
{
    struct h5info info;

    if (h5_read_str(a->s.file, group, name, v, &info, err))
        return err->code;
    return check_entries(&info, a->n, 1, err);
}

static int read_numbers(const struct authors *a, const char *name, size_t rank, double **v,
                        struct h5info *info, struct err *err)
{
    if (h5_read_f64(a->s.file, "queries", name, v, info, err))
        return err->code;
    return check_entries(info, a->n, rank, err);
}

int author_labels(const struct authors *a, const char *group, const char *dim,
                  const char *const *name, size_t n, int *at, struct err *err)
{
    struct h5info info;
    char **label;

    if (h5_read_str(a->s.file, group, dim, &label, &info, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        at[i] = -1;
        for (size_t k = 0; k < info.size[0] && info.rank == 1; k++)
            if (str_eq(label[k], name[i]))
                at[i] = (int)k;
    }
    mem_free(label);
    return 0;
}

void author_below(int *at, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] >= 0 && (size_t)at[i] >= size)
            at[i] = -1;
}

static int read_queries(struct authors *a, struct err *err)
{
    const struct h5info *query = catalogue_find(&a->s.all, "queries", "query");
    const struct h5info *ids = catalogue_find(&a->s.all, "queries", "ids");
    struct h5info info, spans, targets;

    if (!query || query->rank != 1 || !ids || ids->rank != 2 || ids->type == V_STR)
        return err_set(err, ERR_IO,
                       "it has no group queries with query (query) and ids (query, "
                       "token)");
    a->n = query->size[0];
    if (check_entries(ids, a->n, 2, err) || read_text(a, "queries", "text", &a->text, err) ||
        read_text(a, "queries", "subject", &a->subject, err) ||
        read_text(a, "queries", "dataset", &a->dataset, err) ||
        read_numbers(a, "template", 1, &a->template, &info, err) ||
        read_numbers(a, "step", 1, &a->step, &info, err) ||
        read_numbers(a, "n_tokens", 1, &a->n_tokens, &info, err) ||
        read_numbers(a, "span", 3, &a->span, &spans, err) ||
        read_numbers(a, "target_id", 2, &a->target, &targets, err) ||
        author_labels(a, "queries", "span_name", span_names, SPANS, a->span_at, err) ||
        author_labels(a, "queries", "target", authors_targets, TARGETS, a->target_at, err))
        return err->code;
    a->n_spans = spans.size[1];
    a->n_targets = targets.size[1];
    if (spans.size[2] != 2)
        return err_set(err, ERR_IO, "queries/span has %zu bounds, expected 2", spans.size[2]);
    author_below(a->span_at, SPANS, a->n_spans);
    author_below(a->target_at, TARGETS, a->n_targets);
    for (size_t q = 0; q < a->n; q++)
        if (!(a->n_tokens[q] >= 0 && a->n_tokens[q] <= (double)ids->size[1]))
            a->n_tokens[q] = 0;
    return column_open(&a->ids, a->s.file, ids, err);
}

/* Queries by dataset, template and step; a template that is not known counts as the first. */
static int find_places(struct authors *a, struct err *err)
{
    a->place = arena_alloc(&a->s.arena, a->n, sizeof *a->place, err);
    a->place_of = arena_alloc(&a->s.arena, a->n, sizeof *a->place_of, err);
    if (!a->place || !a->place_of)
        return err->code;
    for (size_t q = 0; q < a->n; q++) {
        double template = a->template[q];
        struct place p = {NULL, template >= 1 && template <INT_MAX ? (int)template : 1, 0};
        const char *dataset = export_name(&a->s, a->dataset[q], "", err);
        size_t i = 0;

        if (!dataset)
            return err->code;
        p.dataset = *dataset ? dataset : "dataset";
        a->place_of[q] = -1;
        if (!(a->step[q] >= 1 && a->step[q] <= ANSWERS))
            continue;
        p.step = (int)a->step[q];
        while (i < a->n_places &&
               !(str_eq(a->place[i].dataset, p.dataset) && a->place[i].template == p.template &&
                 a->place[i].step == p.step))
            i++;
        if (i == a->n_places)
            a->place[a->n_places++] = p;
        a->place_of[q] = (int)i;
    }
    return 0;
}

static void close_queries(struct authors *a)
{
    mem_free(a->text);
    mem_free(a->subject);
    mem_free(a->dataset);
    mem_free(a->template);
    mem_free(a->step);
    mem_free(a->n_tokens);
    mem_free(a->span);
    mem_free(a->target);
    column_close(&a->ids);
    source_close(&a->s);
}

/* Groups and files -------------------------------------------------------------------------- */

bool author_has(const struct analysis *x, size_t place, size_t q)
{
    return x->a->place_of[q] == (int)place && str_eq(x->status[q], "ok");
}

static bool has_any(const struct analysis *x, size_t place)
{
    for (size_t q = 0; q < x->a->n; q++)
        if (author_has(x, place, q))
            return true;
    return false;
}

int author_cells(const struct analysis *x, const char *name, const char *dims, bool need,
                 struct column *c, struct err *err)
{
    const struct h5info *v = name ? catalogue_find(&x->a->s.all, x->group, name) : NULL;
    struct buf is = {0};
    const char *text = NULL;
    int code = 0;

    *c = (struct column){0};
    if (!v && !need)
        return 0;
    if (!v)
        return err_set(err, ERR_IO, "group %s has no variable %s", x->group,
                       name ? name : "for the authors' files");
    for (size_t i = 0; i < v->rank && !code; i++)
        code = buf_printf(&is, err, "%s%s", i ? " " : "", v->dim[i]);
    if (!code)
        text = buf_str(&is, err);
    if (text &&
        (!str_eq(text, dims) || v->size[0] != x->a->n || (v->type != V_F32 && v->type != V_F64)))
        err_set(err, ERR_IO, "%s/%s is (%s), expected numbers (%s) of %zu queries", x->group, name,
                text, dims, x->a->n);
    buf_release(&is);
    return err->code ? err->code : column_open(c, x->a->s.file, v, err);
}

int author_leave_out(const struct analysis *x, struct err *err, const char *why)
{
    return buf_printf(x->a->notes, err, "%s: left out: %s\n", x->group, why);
}

int authors_file(struct analysis *x, const char *root, size_t place, struct writer **w,
                 struct err *err, const char *fmt, ...)
{
    struct authors *a = x->a;
    const struct place *p = &a->place[place];
    char file[128], step[16];
    const char *name;
    va_list ap;

    *w = NULL;
    if (!has_any(x, place))
        return 0;
    snprintf(step, sizeof step, "%d", p->step);
    va_start(ap, fmt);
    vsnprintf(file, sizeof file, fmt, ap);
    va_end(ap);
    name = arena_printf(&a->s.arena, err,
                        strncmp(root, "outputs/", 8) ? "%s/%s/%s/prompt_template_%d/%.0s%s"
                                                     : "%s/%s/%s/prompt_template_%d/%s/%s",
                        root, p->dataset, a->model, p->template, step, file);
    if (!name)
        return err->code;
    if (outputs_has(a->out, name)) {
        bool told = x->told;

        x->told = true;
        return told ? 0
                    : buf_printf(a->notes, err,
                                 "%s: left out where an earlier group has written the file: %s\n",
                                 x->group, name);
    }
    return outputs_add(a->out, w, err, "%s", name);
}

/* Parts of a line --------------------------------------------------------------------------- */

static int put_as(struct buf *b, double v, enum vtype type, struct err *err)
{
    static const struct not_finite words = {"NaN", "Infinity", "-Infinity"};
    struct column c = {.info = {.type = type}, .f = &v};

    return export_number(b, &c, 0, &words, err);
}

int author_f32(struct buf *b, double v, struct err *err)
{
    return put_as(b, v, V_F32, err);
}

int author_f64(struct buf *b, double v, struct err *err)
{
    return put_as(b, v, V_F64, err);
}

int author_id(const struct authors *a, struct buf *b, size_t q, int target, struct err *err)
{
    int at = a->target_at[target];
    double id = at < 0 ? -1 : a->target[q * a->n_targets + (size_t)at];

    return id < 0 ? buf_puts(b, "null", err) : buf_printf(b, err, "%.0f", id);
}

int author_answer_ids(const struct authors *a, struct buf *b, size_t q, struct err *err)
{
    int code = buf_puts(b, "[", err);

    for (int i = 0; i < ANSWERS && !code; i++)
        code = buf_puts(b, i ? ", " : "", err) || author_id(a, b, q, i, err);
    return code || buf_puts(b, "]", err) ? err->code : 0;
}

int author_query(const struct authors *a, struct buf *b, size_t q, bool step, struct err *err)
{
    int code = buf_puts(b, "{\"query\": ", err) || export_json_text(b, a->text[q], err);

    if (!code && step)
        code = buf_printf(b, err, ", \"target_answer_idx\": %.0f", a->step[q]);
    return code ||
                   buf_puts(b, ", \"target_answer_name\": null, \"target_answer_tokens\": [",
                            err) ||
                   author_id(a, b, q, (int)a->step[q] - 1, err) ||
                   buf_puts(b, "], \"three_answers_first_token_list\": ", err) ||
                   author_answer_ids(a, b, q, err) ||
                   buf_puts(b, ", \"subject_first_token_id\": ", err) ||
                   author_id(a, b, q, SUBJECT, err) || buf_puts(b, ", ", err)
               ? err->code
               : 0;
}

/* [begin, end) of a span; false = the query has none. */
static bool span_of(const struct authors *a, size_t q, int which, double bound[2])
{
    int at = a->span_at[which];
    const double *v = a->span + (q * a->n_spans + (size_t)(at < 0 ? 0 : at)) * 2;

    bound[0] = at < 0 ? -1 : v[0];
    bound[1] = at < 0 ? -1 : v[1];
    return bound[0] >= 0 && bound[1] > bound[0] && bound[1] <= (double)a->ids.entry;
}

int author_span(const struct authors *a, struct buf *b, size_t q, int which, struct err *err)
{
    double v[2];

    return span_of(a, q, which, v) ? buf_printf(b, err, "[%.0f, %.0f]", v[0], v[1])
                                   : buf_puts(b, "null", err);
}

/* An answer in the prompt has a span. The one that is due begins where the prompt ends; how long
   it is nobody knows here, so its first token alone is named. */
int author_answer_spans(const struct authors *a, struct buf *b, size_t q, struct err *err)
{
    int step = (int)a->step[q], code = buf_puts(b, "[", err);

    for (int i = 1; i <= ANSWERS && !code; i++) {
        code = buf_puts(b, i > 1 ? ", " : "", err);
        if (code)
            break;
        if (i < step)
            code = author_span(a, b, q, SPAN_ANSWER_1 + i - 1, err);
        else if (i == step)
            code = buf_printf(b, err, "[%.0f, %.0f]", a->n_tokens[q], a->n_tokens[q] + 1);
        else
            code = buf_puts(b, "null", err);
    }
    return code ? code : buf_puts(b, "]", err);
}

int author_ids(struct authors *a, struct buf *b, size_t q, size_t first, size_t end,
               struct err *err)
{
    int code = column_seek(&a->ids, q, err) || buf_puts(b, "[", err);

    for (size_t i = first; i < end && i < a->ids.entry && !code; i++)
        code = buf_printf(b, err, "%s%lld", i > first ? ", " : "", (long long)a->ids.whole[i]);
    return code || buf_puts(b, "]", err) ? err->code : 0;
}

int author_tokens(struct authors *a, struct buf *b, size_t q, int target, struct err *err)
{
    static const int spans[TARGETS] = {SPAN_ANSWER_1, SPAN_ANSWER_2, -1, SPAN_SUBJECT};
    int at = a->target_at[target];
    double v[2], id = at < 0 ? -1 : a->target[q * a->n_targets + (size_t)at];

    if (column_seek(&a->ids, q, err))
        return err->code;
    if (spans[target] >= 0 && span_of(a, q, spans[target], v) && v[0] < (double)a->ids.entry &&
        (double)a->ids.whole[(size_t)v[0]] == id)
        return author_ids(a, b, q, (size_t)v[0], (size_t)v[1], err);
    return buf_puts(b, "[", err) || author_id(a, b, q, target, err) || buf_puts(b, "]", err)
               ? err->code
               : 0;
}

int author_logits(const struct analysis *x, struct buf *b, const double *v, const char *what,
                  struct err *err)
{
    int code = buf_printf(b, err, "\"three_answer_first_token_%s\": [", what);
    const int *at = x->target_at;

    for (int i = 0; i < ANSWERS && !code; i++)
        code = buf_puts(b, i ? ", " : "", err) ||
               author_f32(b, v && at[i] >= 0 ? v[at[i]] : (double)NAN, err);
    return code || buf_printf(b, err, "], \"subject_first_token_%s\": ", what) ||
                   author_f32(b, v && at[SUBJECT] >= 0 ? v[at[SUBJECT]] : (double)NAN, err)
               ? err->code
               : 0;
}

/* The file ---------------------------------------------------------------------------------- */

static const struct {
    const char *analysis;
    int (*write)(struct analysis *x, struct err *err);
} analyses[] = {
    {"decode", authors_decode},
    {"token_lens", authors_token_lens},
    {"attn_knockout", authors_knockout},
    {"heads", authors_heads},
    {"trace", authors_trace},
};

static int write_analysis(struct analysis *x, struct err *err)
{
    const char *analysis = x->layout.analysis;

    if (x->layout.left_out)
        return author_leave_out(x, err, x->layout.left_out);
    for (size_t i = 0; analysis && i < sizeof analyses / sizeof *analyses; i++)
        if (str_eq(analysis, analyses[i].analysis))
            return read_text(x->a, x->group, "status", &x->status, err) ||
                           author_labels(x->a, x->group, "target", authors_targets, TARGETS,
                                         x->target_at, err) ||
                           analyses[i].write(x, err)
                       ? err->code
                       : 0;
    return 0;
}

static int write_group(struct authors *a, const char *group, struct err *err)
{
    struct analysis x = {.a = a, .group = group};

    if (!authors_layout_read(&x.layout, a->s.file, group, &a->s.arena, err))
        write_analysis(&x, err);
    mem_free(x.status);
    return err->code;
}

/* Its parts become names of folders. */
static int check_model(const char *model, struct err *err)
{
    for (const char *s = model;; s++) {
        size_t n = strcspn(s, "/");
        char *part = NULL;
        struct arena arena = {0};
        bool safe;

        part = arena_strndup(&arena, s, n, err);
        if (!part)
            return err->code;
        str_safe_name(part);
        safe = n && strncmp(part, s, n) == 0;
        arena_release(&arena);
        if (!safe)
            return err_set(err, ERR_CONFIG,
                           "--model is \"%s\", expected names of letters, digits, \".\", \"_\" and "
                           "\"-\" with \"/\" between them",
                           model);
        s += n;
        if (!*s)
            return 0;
    }
}

int export_authors(struct h5file *f, const char *model, struct outputs *o, struct buf *notes,
                   struct err *err)
{
    struct authors a = {.out = o, .notes = notes, .model = model ? model : "model"};
    struct section g = {0};
    int code = check_model(a.model, err) || source_open(&a.s, f, err) || read_queries(&a, err) ||
               find_places(&a, err);

    while (!code && next_section(&a.s, &g))
        code = write_group(&a, a.s.all.v[g.first].group, err);
    if (!code && !o->n)
        code =
            err_set(err, ERR_CONFIG,
                    "nothing of it has a place in the authors' layout: expected one of the paper's "
                    "analyses with queries of steps 1 to 3 (docs/export.md), in a file of this "
                    "version");
    close_queries(&a);
    return code ? err->code : 0;
}
