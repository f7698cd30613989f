/* One table of `lensweep top`: the largest averages of a headline, with their intervals. */
#include "report/top.h"

#include "base/str.h"
#include "report/grid.h"

#include <math.h>
#include <string.h>

struct ranked {
    double mean, lo, hi, beside, part, n, key;
    size_t stratum, element;
};

struct largest {
    const struct top *top;
    const struct headline *h;
    struct average a, null;
    bool *chosen;
    struct ranked *best; /* (n_best) in falling order */
    size_t n_best, n_cells;
    size_t apart; /* dimension of a table each; n_dims = none */
    size_t part;  /* of total effects: where on it the direct ones are; SIZE_MAX = nowhere */
    bool mixed;   /* its rows are of several datasets or templates */
    bool sign;    /* some are negative */
    int decimals;
};

/* Ranking ---------------------------------------------------------------------------------- */

/* Has it a place in the table, that of an entry of `apart`? */
static bool is_wanted(const struct largest *t, size_t element, size_t apart_at)
{
    return average_is_at(&t->a, element, t->apart, apart_at) &&
           !average_labelled(&t->a, element, t->h->without);
}

/* The direct part of a total effect. */
static double part_of(const struct largest *t, size_t element)
{
    size_t at[DIMS_MAX];

    if (t->part == SIZE_MAX)
        return (double)NAN;
    average_place(&t->a, element, at);
    at[t->apart] = t->part;
    return average_get(&t->a, STAT_MEAN, average_element(&t->a, at));
}

static bool against(const struct largest *t)
{
    return t->null.elements > 0;
}

static struct ranked value_at(const struct largest *t, size_t stratum, size_t i)
{
    struct ranked v = {.mean = average_get(&t->a, STAT_MEAN, i),
                       .lo = average_get(&t->a, STAT_LO, i),
                       .hi = average_get(&t->a, STAT_HI, i),
                       .beside = against(t) ? average_get(&t->null, STAT_MEAN, i)
                                            : average_get(&t->a, STAT_Q, i),
                       .part = part_of(t, i),
                       .n = average_get(&t->a, STAT_N, i),
                       .stratum = stratum,
                       .element = i};

    v.key = fabs(against(t) ? v.mean - v.beside : v.mean);
    return v;
}

/* Keeps the largest; of equal ones the first. */
static void take(struct largest *t, const struct ranked *v)
{
    size_t i = t->n_best;

    while (i > 0 && t->best[i - 1].key < v->key)
        i--;
    if (i >= t->top->n)
        return;
    if (t->n_best < t->top->n)
        t->n_best++;
    for (size_t k = t->n_best - 1; k > i; k--)
        t->best[k] = t->best[k - 1];
    t->best[i] = *v;
}

static int rank_cells(struct largest *t, size_t apart_at, struct err *err)
{
    t->n_best = t->n_cells = 0;
    for (size_t s = 0; s < t->a.n_strata; s++) {
        if (!t->chosen[s])
            continue;
        if (average_seek(&t->a, s, err) || (against(t) && average_seek(&t->null, s, err)))
            return err->code;
        for (size_t i = 0; i < t->a.elements; i++) {
            struct ranked v = value_at(t, s, i);

            if (isnan(v.key) || !(v.n >= 1) || !is_wanted(t, i, apart_at))
                continue;
            t->n_cells++;
            take(t, &v);
        }
    }
    return 0;
}

/* Printing --------------------------------------------------------------------------------- */

/* Enough places for three digits of the largest value. */
static int places(const struct largest *t)
{
    double most = 0;
    int n = 3;

    for (size_t i = 0; i < t->n_best; i++)
        most = fmax(most, fabs(t->best[i].mean));
    while (n < 9 && most > 0 && most < 1 && most * pow(10, n) < 100)
        n++;
    return n;
}

static const struct stratum_info *stratum_of(const struct largest *t, const struct ranked *v)
{
    return &t->a.stratum[v->stratum];
}

static bool is_mixed(const struct largest *t)
{
    const struct stratum_info *first = stratum_of(t, &t->best[0]);

    for (size_t i = 1; i < t->n_best; i++) {
        const struct stratum_info *s = stratum_of(t, &t->best[i]);

        if (!str_eq(s->dataset, first->dataset) || s->template != first->template)
            return true;
    }
    return false;
}

static void put_title(const struct largest *t, size_t apart_at, struct buf *out, struct err *err)
{
    const struct average *a = &t->a;

    buf_printf(out, err, "\n%s: %s: %s", a->group, a->name, a->long_name);
    if (*a->units && !str_eq(a->units, "1"))
        buf_printf(out, err, " [%s]", a->units);
    if (t->apart < a->n_dims)
        buf_printf(out, err, ": %s", a->dim[t->apart].shown[apart_at]);
    if (!t->mixed)
        stratum_words(stratum_of(t, &t->best[0]), out, err);
    buf_printf(out, err, "\nthe %zu largest of %zu, %s%s%s\n", t->n_best, t->n_cells,
               against(t) ? "by the difference from " : "by absolute value",
               against(t) ? t->h->null_words : "",
               t->n_cells > t->n_best && !a->of_model ? "; each interval is that cell's own" : "");
}

static void put_number(const struct largest *t, struct grid *g, const char *heading, double v,
                       struct err *err)
{
    if (heading)
        grid_put(g, err, "%s", heading);
    else
        grid_number(g, v, t->decimals, t->sign, err);
}

static void put_stratum(const struct largest *t, struct grid *g, const struct stratum_info *s,
                        bool heading, struct err *err)
{
    if (t->mixed) {
        grid_put(g, err, "%s", heading ? "dataset" : *s->dataset ? s->dataset : "all");
        grid_put(g, err, heading ? "template" : s->template <0 ? "all" : "%d", s->template);
    }
    if (!t->a.of_model)
        grid_put(g, err, heading ? "step" : "%d", s->step);
}

/* A row, or the headings of all. */
static void put_row(const struct largest *t, struct grid *g, const struct ranked *v, bool heading,
                    struct err *err)
{
    bool total = t->part != SIZE_MAX, averages = !t->a.of_model;
    const char *of = total ? "total" : t->h->rate ? "rate" : "mean";

    put_stratum(t, g, stratum_of(t, v), heading, err);
    for (size_t d = 0; d < t->a.n_dims; d++)
        if (d != t->apart)
            grid_put(g, err, "%s",
                     heading ? t->a.dim[d].name : average_shown(&t->a, d, v->element));
    put_number(t, g, heading ? of : NULL, v->mean, err);
    if (averages) {
        put_number(t, g, heading ? "95 % low" : NULL, v->lo, err);
        put_number(t, g, heading ? "95 % high" : NULL, v->hi, err);
    }
    if (!heading && !against(t) && !isnan(v->beside)) /* a q may be far below all decimals */
        grid_put(g, err, "%.2g", v->beside);
    else if (against(t) || average_has(&t->a, STAT_Q))
        put_number(t, g, !heading ? NULL : against(t) ? t->h->null_words : "q", v->beside, err);
    if (total) {
        put_number(t, g, heading ? "direct" : NULL, v->part, err);
        put_number(t, g, heading ? "indirect" : NULL, v->mean - v->part, err);
    }
    if (averages)
        grid_put(g, err, heading ? "n" : "%.0f", v->n);
    if (heading)
        g->columns = g->n;
}

static int put_best(struct largest *t, size_t apart_at, struct buf *out, struct err *err)
{
    struct grid g = {0};

    t->mixed = is_mixed(t);
    t->sign = t->part != SIZE_MAX;
    t->decimals = places(t);
    for (size_t i = 0; i < t->n_best; i++)
        t->sign |= t->best[i].mean < 0 || t->best[i].lo < 0;
    put_title(t, apart_at, out, err);
    put_row(t, &g, &t->best[0], true, err);
    for (size_t i = 0; i < t->n_best; i++)
        put_row(t, &g, &t->best[i], false, err);
    grid_text(&g, out, err);
    grid_release(&g);
    return err->code;
}

/* The same for programs. */
static void put_json_row(const struct largest *t, const struct ranked *v, struct err *err)
{
    const struct stratum_info *s = stratum_of(t, v);
    const double none = (double)NAN, chance = against(t) ? v->beside : none,
                 q = against(t) ? none : v->beside;
    struct json_out *j = t->top->json;

    top_json_row(j, s->dataset, s->template, s->step, err);
    for (size_t d = 0; d < t->a.n_dims; d++)
        json_str(j, t->a.dim[d].name, average_label(&t->a, d, v->element), err);
    top_json_numbers(j, (double[]){v->mean, v->lo, v->hi, chance, q, v->part}, (int64_t)v->n, err);
    json_end(j, ']', err);
    json_end(j, '}', err);
}

static int put_json(const struct largest *t, size_t apart_at, struct err *err)
{
    struct json_out *j = t->top->json;
    const char *of = t->apart < t->a.n_dims ? t->a.dim[t->apart].label[apart_at] : NULL;

    top_json_table(j, t->a.group, t->a.name, t->h->title, t->h->unit ? t->h->unit : t->a.units, of,
                   t->n_cells, err);
    for (size_t i = 0; i < t->n_best; i++)
        put_json_row(t, &t->best[i], err);
    json_end(j, ']', err);
    return json_end(j, '}', err);
}

/* Where the direct parts are that belong to the total effects of a table. */
static size_t find_part(const struct largest *t, size_t apart_at)
{
    const struct average_dim *d = &t->a.dim[t->apart];
    const char *whole = t->h->whole, *part = t->h->part, *label = d->label[apart_at];
    size_t i;

    if (!whole || !part || strncmp(label, whole, strlen(whole)) != 0)
        return SIZE_MAX;
    i = average_entry(d, part, label + strlen(whole));
    return i < d->size ? i : SIZE_MAX;
}

/* The largest of one variable; nothing if it has no values. */
static int show(const struct top *top, struct result *r, const char *group,
                const struct headline *h, const char *name, struct buf *out, bool *shown,
                struct err *err)
{
    struct largest t = {.top = top, .h = h, .part = SIZE_MAX};
    size_t tables = 1;

    if (average_open(&t.a, r, group, h->inside, name, err) || !t.a.elements)
        goto out;
    if (h->null && average_open(&t.null, r, group, h->inside, h->null, err))
        goto out;
    t.chosen = top_strata(top, r, &t.a, err);
    t.best = arena_alloc(&r->arena, top->n, sizeof *t.best, err);
    t.apart = h->apart ? average_dim(&t.a, h->apart) : t.a.n_dims;
    if (t.apart < t.a.n_dims)
        tables = t.a.dim[t.apart].size;
    for (size_t i = 0; i < tables && !err->code; i++) {
        t.part = t.apart < t.a.n_dims ? find_part(&t, i) : SIZE_MAX;
        if (rank_cells(&t, i, err) || !t.n_best)
            continue;
        *shown = true;
        if (top->json)
            put_json(&t, i, err);
        else
            put_best(&t, i, out, err);
    }
out:
    average_close(&t.a);
    average_close(&t.null);
    return err->code;
}

int top_table(const struct top *t, struct result *r, const char *group, const struct headline *h,
              struct buf *out, bool *shown, struct err *err)
{
    bool first = false;

    if (show(t, r, group, h, h->variable, out, &first, err) ||
        (!first && h->instead && show(t, r, group, h, h->instead, out, &first, err)))
        return err->code;
    *shown |= first;
    return 0;
}
