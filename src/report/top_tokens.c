/* Decoded vectors by their strongest tokens: which token the queries of a step have in common. */
#include "report/top.h"

#include "base/str.h"
#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 3 }; /* tokens of a row */

struct favoured {
    int64_t id;
    const char *text; /* "" = the model has no tokenizer */
};

struct common {
    struct favoured token;
    size_t queries;
};

/* A vector: a place on the dimensions between the queries and the tokens. */
struct vector {
    size_t at;
    struct common best[SHOWN]; /* in falling order */
};

struct favourites {
    const struct top *top;
    struct result *r;
    const struct h5info *v; /* (query, ..., k) */
    struct column id, text;
    size_t vectors, k, queries; /* queries: of the step at hand */
    const char **label[DIMS_MAX], **status, **step, **dataset;
    struct favoured *found; /* (all queries, k) of one vector */
    struct vector *line;    /* (vectors) */
};

static int open_tokens(struct favourites *t, struct err *err)
{
    const struct h5info *v = t->v;
    struct arena *a = &t->r->arena;

    if (column_open(&t->id, t->r->file, v, err) ||
        column_open(&t->text, t->r->file, catalogue_find(&t->r->all, v->group, "top_token"), err))
        return err->code;
    t->k = v->size[v->rank - 1];
    t->vectors = t->id.entry / t->k;
    for (size_t d = 1; d + 1 < v->rank; d++)
        if (result_text(t->r, v->group, v->dim[d], v->size[d], &t->label[d], err))
            return err->code;
    t->found = arena_alloc(a, t->id.n * t->k, sizeof *t->found, err);
    t->line = arena_alloc(a, t->vectors, sizeof *t->line, err);
    return err->code || result_text(t->r, v->group, "status", t->id.n, &t->status, err) ||
                   result_text(t->r, v->group, "step", t->id.n, &t->step, err) ||
                   result_text(t->r, v->group, "dataset", t->id.n, &t->dataset, err)
               ? err->code
               : 0;
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

static void take(struct vector *v, struct common c)
{
    for (size_t i = 0; i < SHOWN; i++)
        if (c.queries > v->best[i].queries) {
            struct common other = v->best[i];

            v->best[i] = c;
            c = other;
        }
}

/* How many queries of the step have each token among the strongest of a vector. */
static int count(struct favourites *t, const char *step, struct vector *v, struct err *err)
{
    size_t n = 0;

    t->queries = 0;
    for (size_t q = 0; q < t->id.n; q++) {
        if (!is_of(t, q, step))
            continue;
        if (column_seek(&t->id, q, err) || column_seek(&t->text, q, err))
            return err->code;
        t->queries += t->id.whole[v->at * t->k] >= 0; /* else it does not have the position */
        for (size_t i = v->at * t->k; i < (v->at + 1) * t->k; i++)
            if (t->id.whole[i] >= 0)
                t->found[n++] = (struct favoured){t->id.whole[i], t->text.text[i]};
    }
    qsort(t->found, n, sizeof *t->found, by_id);
    for (size_t i = 0, next; i < n; i = next) {
        next = i + 1;
        while (next < n && t->found[next].id == t->found[i].id)
            next++;
        take(v, (struct common){t->found[i], next - i});
    }
    return 0;
}

static int by_agreement(const void *a, const void *b)
{
    const struct vector *x = a, *y = b;

    if (x->best[0].queries != y->best[0].queries)
        return x->best[0].queries > y->best[0].queries ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static int put_token(const struct common *c, struct grid *g, struct err *err)
{
    struct buf b = {0};

    if (!c->queries || buf_escaped(&b, c->token.text, err))
        grid_put(g, err, "%s", "");
    else if (!*c->token.text)
        grid_put(g, err, "%lld %zu", (long long)c->token.id, c->queries);
    else
        grid_put(g, err, "\"%s\" %zu", buf_str(&b, err) ? b.data : "", c->queries);
    buf_release(&b);
    return err->code;
}

static int put_vector(const struct favourites *t, const struct vector *line, struct grid *g,
                      struct err *err)
{
    size_t at[DIMS_MAX], rest = line->at;

    for (size_t d = t->v->rank - 1; d-- > 1; rest /= t->v->size[d])
        at[d] = rest % t->v->size[d];
    for (size_t d = 1; d + 1 < t->v->rank && !err->code; d++) {
        long raised = str_eq(t->v->dim[d], "layer") ? t->r->layers_from : 0;

        if (raised)
            grid_put(g, err, "%ld", strtol(t->label[d][at[d]], NULL, 10) + raised);
        else
            grid_put(g, err, "%s", t->label[d][at[d]]);
    }
    for (size_t i = 0; i < SHOWN && !err->code; i++)
        put_token(&line->best[i], g, err);
    return err->code;
}

static int put_step(struct favourites *t, const char *step, struct buf *out, struct err *err)
{
    size_t rows = t->vectors < t->top->n ? t->vectors : t->top->n, queries = 0;
    struct grid g = {.columns = t->v->rank - 2 + SHOWN};

    for (size_t i = 0; i < t->vectors; i++) {
        t->line[i] = (struct vector){.at = i};
        if (count(t, step, &t->line[i], err))
            return err->code;
        queries = t->queries > queries ? t->queries : queries;
    }
    qsort(t->line, t->vectors, sizeof *t->line, by_agreement);
    for (size_t d = 1; d + 1 < t->v->rank && !err->code; d++)
        grid_put(&g, err, "%s", t->v->dim[d]);
    for (size_t i = 0; i < SHOWN && !err->code; i++)
        grid_put(&g, err, "%s", i ? "" : "tokens");
    for (size_t i = 0; i < rows && !err->code; i++)
        put_vector(t, &t->line[i], &g, err);
    if (!err->code &&
        !buf_printf(out, err,
                    "\n%s: %s: tokens that most of %zu queries of step %s have among the %zu "
                    "strongest\nthe first %zu of %zu, by queries\n",
                    t->v->group, t->v->name, queries, step, t->k, rows, t->vectors))
        grid_text(&g, out, err);
    grid_release(&g);
    return err->code;
}

int top_tokens(const struct top *top, struct result *r, const char *group, struct buf *out,
               bool *shown, struct err *err)
{
    struct favourites t = {.top = top, .r = r, .v = catalogue_find(&r->all, group, "top_id")};

    if (!t.v || t.v->rank < 3 || !catalogue_find(&r->all, group, "top_token") ||
        open_tokens(&t, err))
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
