/* Decoded vectors by their strongest tokens: which token the queries of a step have in common. */
#include "report/top.h"

#include "base/str.h"
#include "report/grid.h"
#include "report/web/html.h"

#include <math.h>
#include <stdlib.h>

enum { SHOWN = 3 /* tokens of a row */, AT_ONCE = 1 << 22 /* tokens in memory */ };

struct favoured {
    int64_t id;
    const char *text; /* "" = the model has no tokenizer */
};

struct top_token {
    int64_t id;
    const char *text;
    size_t queries; /* that have it among their strongest */
};

/* A vector: a place on the dimensions between the queries and the tokens. */
struct vector {
    size_t at, queries, n;        /* queries that have it, their tokens */
    struct top_token best[SHOWN]; /* in falling order */
};

struct favourites {
    const struct top *top;
    struct result *r;
    const struct h5info *v; /* (query, ..., k) */
    struct column id, text;
    size_t vectors, k;
    const char **label[DIMS_MAX], **status, **step, **dataset;
    struct favoured *found; /* (block, all queries x k) */
    size_t block;           /* vectors that are counted in one pass over the queries */
    struct vector *line;    /* (vectors) */
};

static int open_tokens(struct favourites *t, const char *text, struct err *err)
{
    const struct h5info *v = t->v;
    struct arena *a = &t->r->arena;

    if (column_open(&t->id, t->r->file, v, err) ||
        column_open(&t->text, t->r->file, catalogue_find(&t->r->all, v->group, text), err))
        return err->code;
    t->k = v->size[v->rank - 1];
    t->vectors = t->id.entry / t->k;
    for (size_t d = 1; d + 1 < v->rank; d++)
        if (result_text(t->r, v->group, v->dim[d], v->size[d], &t->label[d], err))
            return err->code;
    t->block = 1 + AT_ONCE / (t->id.n * t->k);
    t->block = t->block < t->vectors ? t->block : t->vectors;
    t->found = arena_alloc(a, t->block * t->id.n * t->k, sizeof *t->found, err);
    t->line = arena_alloc(a, t->vectors, sizeof *t->line, err);
    return err_if(err, err->code ||
                           result_text(t->r, v->group, "status", t->id.n, &t->status, err) ||
                           result_text(t->r, v->group, "step", t->id.n, &t->step, err) ||
                           result_text(t->r, v->group, "dataset", t->id.n, &t->dataset, err));
}

static bool is_of(const struct favourites *t, size_t q, const char *step)
{
    return str_eq(t->status[q], "ok") && str_eq(t->step[q], step) &&
           (!t->top->dataset || str_eq(t->dataset[q], t->top->dataset));
}

static int by_id(const void *a, const void *b)
{
    const struct favoured *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static void take(struct vector *v, struct top_token c)
{
    for (size_t i = 0; i < SHOWN; i++)
        if (c.queries > v->best[i].queries) {
            struct top_token other = v->best[i];

            v->best[i] = c;
            c = other;
        }
}

/* The tokens of one query for n vectors. */
static void collect(struct favourites *t, struct vector *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct favoured *found = t->found + i * t->id.n * t->k;

        v[i].queries += t->id.whole[v[i].at * t->k] >= 0; /* else it does not have the position */
        for (size_t k = v[i].at * t->k; k < (v[i].at + 1) * t->k; k++)
            if (t->id.whole[k] >= 0)
                found[v[i].n++] = (struct favoured){t->id.whole[k], t->text.text[k]};
    }
}

/* How many queries have each token among the strongest of a vector. */
static void count(struct vector *v, struct favoured *found)
{
    qsort(found, v->n, sizeof *found, by_id);
    for (size_t i = 0, next; i < v->n; i = next) {
        next = i + 1;
        while (next < v->n && found[next].id == found[i].id)
            next++;
        take(v, (struct top_token){found[i].id, found[i].text, next - i});
    }
}

/* Where many agree, the later layers say more. */
static int by_agreement(const void *a, const void *b)
{
    const struct vector *x = a, *y = b;

    if (x->best[0].queries != y->best[0].queries)
        return x->best[0].queries > y->best[0].queries ? -1 : 1;
    return x->at > y->at ? -1 : 1;
}

/* Of each vector of a step the tokens, in order; *queries: how many the step has at most. */
static int count_all(struct favourites *t, const char *step, size_t *queries, struct err *err)
{
    *queries = 0;
    for (size_t first = 0; first < t->vectors; first += t->block) {
        size_t n = t->vectors - first < t->block ? t->vectors - first : t->block;

        for (size_t i = first; i < first + n; i++)
            t->line[i] = (struct vector){.at = i};
        for (size_t q = 0; q < t->id.n; q++) {
            if (!is_of(t, q, step))
                continue;
            if (column_seek(&t->id, q, err) || column_seek(&t->text, q, err))
                return err->code;
            collect(t, t->line + first, n);
        }
        for (size_t i = 0; i < n; i++)
            count(&t->line[first + i], t->found + i * t->id.n * t->k);
    }
    for (size_t i = 0; i < t->vectors; i++)
        *queries = t->line[i].queries > *queries ? t->line[i].queries : *queries;
    if (!t->top->page)
        qsort(t->line, t->vectors, sizeof *t->line, by_agreement);
    return 0;
}

/* Where a vector stands on dimension d, in words. */
static const char *place_of(const struct favourites *t, size_t d, size_t at, struct err *err)
{
    long raised = str_eq(t->v->dim[d], "layer") ? t->r->layers_from : 0;
    const char *label;

    for (size_t e = t->v->rank - 1; --e > d;)
        at /= t->v->size[e];
    label = t->label[d][at % t->v->size[d]];
    return raised ? arena_printf(&t->r->arena, err, "%ld", strtol(label, NULL, 10) + raised)
                  : label;
}

static void put_token(const struct top_token *c, struct buf *b, struct err *err)
{
    if (c->queries && !*c->text)
        buf_printf(b, err, "%lld %zu", (long long)c->id, c->queries);
    if (!c->queries || !*c->text)
        return;
    buf_puts(b, "\"", err);
    buf_escaped(b, c->text, err);
    buf_printf(b, err, "\" %zu", c->queries);
}

/* As text ---------------------------------------------------------------------------------- */

static void put_vector(const struct favourites *t, const struct vector *line, struct grid *g,
                       struct err *err)
{
    for (size_t d = 1; d + 1 < t->v->rank; d++) {
        const char *place = place_of(t, d, line->at, err);

        if (place)
            grid_put(g, err, "%s", place);
    }
    for (size_t i = 0; i < SHOWN; i++) {
        struct buf b = {0};

        put_token(&line->best[i], &b, err);
        grid_put(g, err, "%s", buf_str(&b, err) ? b.data : "");
        buf_release(&b);
    }
}

static int put_text(const struct favourites *t, const char *step, size_t queries, size_t rows,
                    struct buf *out, struct err *err)
{
    struct grid g = {.columns = t->v->rank - 2 + SHOWN};

    for (size_t d = 1; d + 1 < t->v->rank; d++)
        grid_put(&g, err, "%s", t->v->dim[d]);
    for (size_t i = 0; i < SHOWN; i++)
        grid_put(&g, err, "%s", i ? "" : "tokens");
    for (size_t i = 0; i < rows; i++)
        put_vector(t, &t->line[i], &g, err);
    buf_printf(out, err,
               "\n%s: %s: tokens that most of %zu queries of step %s have among the %zu strongest\n"
               "the first %zu of %zu, by queries\n",
               t->v->group, t->v->name, queries, step, t->k, rows, t->vectors);
    grid_text(&g, out, err);
    grid_release(&g);
    return err->code;
}

/* For programs ----------------------------------------------------------------------------- */

static void put_json_row(const struct favourites *t, const char *step, const struct vector *line,
                         struct err *err)
{
    struct json_out *j = t->top->json;
    const double none = (double)NAN;

    top_json_row(j, t->top->dataset ? t->top->dataset : "", -1, (int)strtol(step, NULL, 10), err);
    for (size_t d = 1; d + 1 < t->v->rank; d++)
        json_str(j, t->v->dim[d], place_of(t, d, line->at, err), err);
    top_json_numbers(j, (double[]){none, none, none, none, none, none}, (int64_t)line->queries,
                     err);
    for (size_t i = 0; i < SHOWN && line->best[i].queries; i++) {
        json_begin(j, NULL, '{', err);
        json_int(j, "id", line->best[i].id, err);
        json_str(j, "text", line->best[i].text, err);
        json_int(j, "n", (int64_t)line->best[i].queries, err);
        json_end(j, '}', err);
    }
    json_end(j, ']', err);
    json_end(j, '}', err);
}

static int put_json(const struct favourites *t, const char *step, size_t rows, struct err *err)
{
    struct json_out *j = t->top->json;
    const char *title = arena_printf(&t->r->arena, err,
                                     "tokens that most queries have among the %zu strongest", t->k);

    top_json_table(j, t->v->group, t->v->name, title, "1", NULL, t->vectors, err);
    for (size_t i = 0; i < rows; i++)
        put_json_row(t, step, &t->line[i], err);
    json_end(j, ']', err);
    return json_end(j, '}', err);
}

/* On a page: the last dimension runs along, all others down -------------------------------- */

static void put_page_row(const struct favourites *t, const struct vector *line, size_t along,
                         struct buf *out, struct err *err)
{
    struct buf b = {0};

    buf_puts(out, "<tr>", err);
    for (size_t d = 1; d + 2 < t->v->rank && !err->code; d++)
        html_printf(out, err, "<th scope=\"row\">%s</th>\n", place_of(t, d, line->at, err));
    for (size_t c = 0; c < along && !err->code; c++) {
        buf_clear(&b);
        for (size_t i = 0; i < SHOWN; i++) {
            buf_puts(&b, i && line[c].best[i].queries ? ", " : "", err);
            put_token(&line[c].best[i], &b, err);
        }
        html_printf(out, err, "<td>%.*s</td>\n", (int)b.len, b.data);
    }
    buf_release(&b);
    buf_puts(out, "</tr>\n", err);
}

static int put_page(const struct favourites *t, const char *step, size_t queries, struct buf *out,
                    struct err *err)
{
    size_t last = t->v->rank - 2, along = t->v->size[last];

    buf_printf(out, err,
               "<details><summary>Step %s: tokens that most of %zu %s have among their %zu "
               "strongest, and how many have them</summary>\n<table class=\"tokens\">\n<tr>",
               step, queries, str_noun(queries, "query", "queries"), t->k);
    for (size_t d = 1; d < last; d++)
        html_printf(out, err, "<th>%s</th>\n", t->v->dim[d]);
    for (size_t c = 0; c < along && !err->code; c++)
        html_printf(out, err, "<th>%s</th>\n", place_of(t, last, c, err));
    buf_puts(out, "</tr>\n", err);
    for (size_t i = 0; i < t->vectors; i += along)
        put_page_row(t, &t->line[i], along, out, err);
    return buf_puts(out, "</table></details>\n", err);
}

static int put_step(struct favourites *t, const char *step, struct buf *out, struct err *err)
{
    size_t rows = t->vectors < t->top->n ? t->vectors : t->top->n, queries;

    if (count_all(t, step, &queries, err))
        return err->code;
    return t->top->page   ? put_page(t, step, queries, out, err)
           : t->top->json ? put_json(t, step, rows, err)
                          : put_text(t, step, queries, rows, out, err);
}

/* The headline that lists tokens by query; NULL = the group has none. */
static const struct headline *list_of(const struct result *r, const char *group)
{
    const struct result_group *g = result_find(r, group);

    for (size_t i = 0; g && i < g->headlines.n; i++)
        if (g->headlines.v[i].common && g->headlines.v[i].listed)
            return &g->headlines.v[i];
    return NULL;
}

int top_tokens(const struct top *top, struct result *r, const char *group, struct buf *out,
               bool *shown, struct err *err)
{
    const struct headline *h = list_of(r, group);
    struct favourites t = {.top = top, .r = r};

    if (h)
        t.v = catalogue_find(&r->all, group, h->variable);
    if (!t.v || t.v->rank < 3 || !catalogue_find(&r->all, group, h->listed) ||
        open_tokens(&t, h->listed, err))
        goto out;
    for (size_t q = 0; q < t.id.n && !err->code; q++) {
        bool first = is_of(&t, q, t.step[q]) &&
                     (top->step < 0 || strtol(t.step[q], NULL, 10) == (long)top->step);

        for (size_t k = 0; k < q && first; k++)
            first = !is_of(&t, k, t.step[q]);
        if (first && !put_step(&t, t.step[q], out, err))
            *shown = true;
    }
out:
    column_close(&t.id);
    column_close(&t.text);
    return err->code;
}
