#include "report/compare.h"

#include "base/str.h"
#include "base/wrap.h"
#include "report/grid.h"
#include "report/paired.h"

#include <math.h>

/* One average in all results, and where the entries of the first are in the others. */
struct compared {
    struct average a;
    const struct headline *h; /* that declares it there; NULL = its file says nothing of it */
    size_t dim[DIMS_MAX];     /* the first's dimension d is this one here */
    size_t *entry[DIMS_MAX];  /* (size of the first's d) its entries here; SIZE_MAX = none */
    size_t *stratum;          /* (n_strata of the first) likewise */
};

struct pair {
    struct bounded v[COMPARE_MAX], d[COMPARE_MAX]; /* d[k] = v[k] - v[0] */
    bool paired[COMPARE_MAX];
    size_t stratum, element;
    double key; /* the greatest difference from the first */
    bool equal; /* all results have the same number and interval */
};

struct comparison {
    const struct compare *c;
    const struct headline *h;
    struct compared side[COMPARE_MAX];
    size_t n; /* sides */
    bool *chosen;
    struct result *r;
    const char *group;
    struct pair *best; /* (n_best) in falling order */
    size_t n_best, n_cells, n_equal;
    size_t n_intervals;       /* of the best: those that there are, */
    size_t n_apart, n_paired; /* that exclude 0, that are of queries */
    size_t apart;             /* dimension of a table each; n_dims = none */
};

static double hypotenuse(double a, double b)
{
    return sqrt(a * a + b * b);
}

struct bounded bounded_difference(struct bounded a, struct bounded b)
{
    struct bounded d = {.mean = b.mean - a.mean};

    d.lo = d.mean - hypotenuse(b.mean - b.lo, a.hi - a.mean);
    d.hi = d.mean + hypotenuse(b.hi - b.mean, a.mean - a.lo);
    return d;
}

/* Matching --------------------------------------------------------------------------------- */

static int match_entries(struct compared *s, const struct average *first, size_t d, struct arena *a,
                         struct err *err)
{
    const struct average_dim *from = &first->dim[d], *to = &s->a.dim[s->dim[d]];

    s->entry[d] = arena_alloc(a, from->size, sizeof *s->entry[d], err);
    for (size_t i = 0; s->entry[d] && i < from->size; i++) {
        size_t k = str_index(to->label, to->size, from->label[i]);

        s->entry[d][i] = k < to->size ? k : SIZE_MAX;
    }
    return err->code;
}

static int match_strata(struct compared *s, const struct average *first, struct arena *a,
                        struct err *err)
{
    s->stratum = arena_alloc(a, first->n_strata, sizeof *s->stratum, err);
    for (size_t i = 0; s->stratum && i < first->n_strata; i++) {
        const struct stratum_info *x = &first->stratum[i], *y = s->a.stratum;
        size_t k = 0;

        while (k < s->a.n_strata && !(x->step == y[k].step && x->template == y[k].template &&
                                      str_eq(x->dataset, y[k].dataset)))
            k++;
        s->stratum[i] = k < s->a.n_strata ? k : SIZE_MAX;
    }
    return err->code;
}

/* *same = false: another set of dimensions. */
static int match(struct compared *s, const struct average *first, bool *same, struct arena *a,
                 struct err *err)
{
    *same = s->a.n_dims == first->n_dims;
    for (size_t d = 0; d < first->n_dims && *same; d++) {
        s->dim[d] = average_dim(&s->a, first->dim[d].name);
        *same = s->dim[d] < s->a.n_dims;
        if (*same && match_entries(s, first, d, a, err))
            return err->code;
    }
    return *same ? match_strata(s, first, a, err) : 0;
}

/* The first's element in a side; its `elements` where it is not there. */
static size_t element_in(const struct compared *s, const struct average *first, size_t element)
{
    size_t at[DIMS_MAX], to[DIMS_MAX] = {0};

    average_place(first, element, at);
    for (size_t d = 0; d < first->n_dims; d++) {
        if (s->entry[d][at[d]] == SIZE_MAX)
            return s->a.elements;
        to[s->dim[d]] = s->entry[d][at[d]];
    }
    return average_element(&s->a, to);
}

/* Ranking ---------------------------------------------------------------------------------- */

static struct bounded value_of(const struct average *a, size_t i)
{
    if (!(average_get(a, STAT_N, i) > 0))
        return (struct bounded){(double)NAN, (double)NAN, (double)NAN};
    return (struct bounded){average_get(a, STAT_MEAN, i), average_get(a, STAT_LO, i),
                            average_get(a, STAT_HI, i)};
}

static bool excludes_zero(struct bounded d)
{
    return d.lo > 0 || d.hi < 0;
}

/* Number for number; where both have none, too. */
static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool is_wanted(const struct comparison *t, size_t element, size_t apart_at)
{
    const struct average *a = &t->side[0].a;

    return average_is_at(a, element, t->apart, apart_at) &&
           !average_labelled(a, element, t->h->without);
}

/* Is the cell in all results? */
static bool read_pair(struct comparison *t, size_t stratum, size_t element, struct pair *p)
{
    *p = (struct pair){.stratum = stratum, .element = element, .equal = true};
    for (size_t k = 0; k < t->n; k++) {
        struct compared *s = &t->side[k];
        size_t i = k ? element_in(s, &t->side[0].a, element) : element;

        if (i == s->a.elements)
            return false;
        p->v[k] = value_of(&s->a, i);
        if (isnan(p->v[k].mean))
            return false;
        p->key = fmax(p->key, fabs(p->v[k].mean - p->v[0].mean));
        p->equal &= p->v[k].mean == p->v[0].mean && same_number(p->v[k].lo, p->v[0].lo) &&
                    same_number(p->v[k].hi, p->v[0].hi);
    }
    return true;
}

static void take(struct comparison *t, const struct pair *p)
{
    size_t i = t->n_best;

    t->n_cells++;
    t->n_equal += p->equal;
    while (i > 0 && t->best[i - 1].key < p->key)
        i--;
    if (i >= t->c->n)
        return;
    if (t->n_best < t->c->n)
        t->n_best++;
    for (size_t k = t->n_best - 1; k > i; k--)
        t->best[k] = t->best[k - 1];
    t->best[i] = *p;
}

/* *there = false: a result does not have the stratum. */
static int seek(struct comparison *t, size_t stratum, bool *there, struct err *err)
{
    *there = true;
    for (size_t k = 0; k < t->n && *there; k++) {
        size_t s = k ? t->side[k].stratum[stratum] : stratum;

        *there = s != SIZE_MAX;
        if (*there && average_seek(&t->side[k].a, s, err))
            return err->code;
    }
    return 0;
}

static int rank_cells(struct comparison *t, size_t apart_at, struct err *err)
{
    const struct average *a = &t->side[0].a;

    t->n_best = t->n_cells = t->n_equal = 0;
    for (size_t s = 0; s < a->n_strata; s++) {
        struct pair p;
        bool there;

        if (!t->chosen[s])
            continue;
        if (seek(t, s, &there, err))
            return err->code;
        for (size_t i = 0; there && i < a->elements; i++)
            if (is_wanted(t, i, apart_at) && read_pair(t, s, i, &p))
                take(t, &p);
    }
    return 0;
}

/* Differences ------------------------------------------------------------------------------ */

/* Query by query where both results have the same ones. */
static int pair_side(struct comparison *t, size_t k, const char *entry, struct arena *a,
                     struct err *err)
{
    const struct compared *b = &t->side[k];
    const struct paired_side side[2] = {{&t->r[0], &t->side[0].a, t->h}, {&t->r[k], &b->a, b->h}};
    struct paired_cell *cell = arena_alloc(a, t->n_best, sizeof *cell, err);
    struct paired p = {0};

    if (!cell)
        return err->code;
    for (size_t i = 0; i < t->n_best; i++) {
        const struct pair *x = &t->best[i];

        cell[i] =
            (struct paired_cell){.stratum = x->stratum,
                                 .element = {x->element, element_in(b, &t->side[0].a, x->element)},
                                 .difference = x->v[k].mean - x->v[0].mean};
    }
    if (!paired_open(&p, &t->r[0], &t->r[k], t->group, err) &&
        !paired_differences(&p, side, entry, cell, t->n_best, err))
        for (size_t i = 0; i < t->n_best; i++)
            if (cell[i].known) {
                t->best[i].paired[k] = true;
                t->best[i].d[k].lo = cell[i].lo;
                t->best[i].d[k].hi = cell[i].hi;
            }
    paired_close(&p);
    return err->code;
}

static int find_differences(struct comparison *t, size_t apart_at, struct err *err)
{
    const struct average *a = &t->side[0].a;
    const char *entry = t->apart < a->n_dims ? a->dim[t->apart].label[apart_at] : NULL;

    t->n_intervals = t->n_apart = t->n_paired = 0;
    for (size_t i = 0; i < t->n_best; i++)
        for (size_t k = 1; k < t->n; k++)
            t->best[i].d[k] = bounded_difference(t->best[i].v[0], t->best[i].v[k]);
    for (size_t k = 1; k < t->n; k++)
        if (pair_side(t, k, entry, &t->r[0].arena, err))
            return err->code;
    for (size_t i = 0; i < t->n_best; i++)
        for (size_t k = 1; k < t->n; k++) {
            t->n_intervals += !isnan(t->best[i].d[k].lo);
            t->n_apart += excludes_zero(t->best[i].d[k]);
            t->n_paired += t->best[i].paired[k];
        }
    return 0;
}

/* Printing --------------------------------------------------------------------------------- */

static int decimals_of(const struct comparison *t)
{
    double most = 0;
    int n = 2;

    for (size_t i = 0; i < t->n_best; i++)
        for (size_t k = 0; k < t->n; k++)
            most = fmax(most, fabs(t->best[i].v[k].mean));
    while (n < 6 && most > 0 && most * pow(10, n) < 100)
        n++;
    return n;
}

static void put_spread(struct grid *g, struct bounded v, int decimals, const char *mark,
                       struct err *err)
{
    if (isnan(v.lo))
        grid_put(g, err, "%+.*f%s", decimals, v.mean, mark);
    else
        grid_put(g, err, "%+.*f [%+.*f, %+.*f]%s", decimals, v.mean, decimals, v.lo, decimals, v.hi,
                 mark);
}

/* Is dimension d told in rows? */
static bool has_column(const struct comparison *t, size_t d)
{
    return d != t->apart && t->side[0].a.dim[d].size > 1;
}

/* NULL: the headings of all rows. */
static void put_row(const struct comparison *t, struct grid *g, const struct pair *p, int decimals,
                    struct err *err)
{
    const struct average *a = &t->side[0].a;

    if (!a->of_model)
        grid_put(g, err, p ? "%d" : "step", p ? a->stratum[p->stratum].step : 0);
    for (size_t d = 0; d < a->n_dims; d++)
        if (has_column(t, d))
            grid_put(g, err, "%s", p ? average_shown(a, d, p->element) : a->dim[d].name);
    for (size_t k = 0; k < t->n; k++)
        if (p)
            put_spread(g, p->v[k], decimals, "", err);
        else
            grid_put(g, err, "%c", (int)('A' + k));
    for (size_t k = 1; k < t->n; k++)
        if (p)
            put_spread(g, p->d[k], decimals, excludes_zero(p->d[k]) ? " *" : "", err);
        else
            grid_put(g, err, "%c - A", (int)('A' + k));
    g->columns = p ? g->columns : g->n;
}

static void put_title(const struct comparison *t, const char *group, size_t apart_at,
                      struct buf *out, struct err *err)
{
    const struct average *a = &t->side[0].a;

    buf_printf(out, err, "\n%s: %s", group, t->h->title);
    for (size_t k = 1; k < t->n; k++)
        if (t->side[k].h && !str_eq(t->side[k].h->title, t->h->title))
            buf_printf(out, err, "; %c: %s", (int)('A' + k), t->side[k].h->title);
    if (t->apart < a->n_dims)
        buf_printf(out, err, ": %s", a->dim[t->apart].shown[apart_at]);
    buf_puts(out, "\n", err);
}

static void put_differences(const struct comparison *t, struct buf *out, struct err *err)
{
    buf_printf(out, err, "the %zu largest %s of %zu %s that all have; ", t->n_best,
               str_noun(t->n_best, "difference", "differences"), t->n_cells,
               str_noun(t->n_cells, "cell", "cells"));
    if (!t->n_intervals)
        buf_printf(out, err, "%s\n",
                   average_has(&t->side[0].a, STAT_LO)
                       ? "one item, or one token for all: not tested"
                       : "without intervals");
    else
        buf_printf(out, err, "%zu of %zu %s; %s\n", t->n_apart, t->n_intervals,
                   str_noun(t->n_intervals, "interval excludes 0", "intervals exclude 0"),
                   t->n_paired == t->n_intervals ? "paired"
                   : t->n_paired                 ? "some are paired"
                                                 : "independent");
}

static int put_best(const struct comparison *t, const char *group, size_t apart_at, struct buf *out,
                    struct err *err)
{
    struct grid g = {0};
    int decimals = decimals_of(t);

    put_title(t, group, apart_at, out, err);
    if (t->n_equal == t->n_cells) /* rows of differences that are all 0 say no more */
        return buf_printf(out, err, "all %zu %s that all have %s equal\n", t->n_cells,
                          str_noun(t->n_cells, "cell", "cells"), str_noun(t->n_cells, "is", "are"));
    put_differences(t, out, err);
    put_row(t, &g, NULL, decimals, err);
    for (size_t i = 0; i < t->n_best; i++)
        put_row(t, &g, &t->best[i], decimals, err);
    grid_text(&g, out, err);
    grid_release(&g);
    return err->code;
}

/* Results ---------------------------------------------------------------------------------- */

/* What has been printed. */
struct told {
    size_t tables, rows;
};

/* The headline of the same average in another result; NULL = there is none. */
static const struct headline *headline_like(const struct headline *h, const struct result *r,
                                            const char *group)
{
    const struct result_group *g = result_find(r, group);

    for (size_t i = 0; g && i < g->headlines.n; i++) {
        const struct headline *own = &g->headlines.v[i];

        if (str_eq(own->variable, h->variable) && !own->inside == !h->inside && own->title)
            return own;
    }
    return NULL;
}

/* The headline's average in all results; *same = false: one does not have it, or another shape. */
static int open_sides(struct comparison *t, struct result *r, const char *group, bool *same,
                      struct err *err)
{
    *same = true;
    for (size_t k = 0; k < t->n && *same; k++) {
        struct compared *s = &t->side[k];

        if (average_open(&s->a, &r[k], group, t->h->inside, t->h->variable, err))
            return err->code;
        s->h = headline_like(t->h, &r[k], group);
        *same = s->a.elements > 0;
        if (*same && k && match(s, &t->side[0].a, same, &r[0].arena, err))
            return err->code;
    }
    return 0;
}

static int compare_headline(const struct compare *c, struct result *r, size_t n, const char *group,
                            const struct headline *h, struct told *told, struct buf *out,
                            struct err *err)
{
    struct comparison t = {.c = c, .h = h, .n = n, .r = r, .group = group};
    size_t parts = 1;
    bool same;

    if (open_sides(&t, r, group, &same, err) || !same)
        goto out;
    t.chosen = arena_alloc(&r[0].arena, t.side[0].a.n_strata, sizeof *t.chosen, err);
    t.best = arena_alloc(&r[0].arena, c->n, sizeof *t.best, err);
    if (!t.chosen || !t.best)
        goto out;
    strata_choose(t.side[0].a.stratum, t.side[0].a.n_strata, NULL, c->step, t.chosen);
    t.apart = h->apart ? average_dim(&t.side[0].a, h->apart) : t.side[0].a.n_dims;
    if (t.apart < t.side[0].a.n_dims)
        parts = t.side[0].a.dim[t.apart].size;
    for (size_t i = 0; i < parts && !err->code; i++) {
        if (rank_cells(&t, i, err) || !t.n_best)
            continue;
        told->tables++;
        told->rows += t.n_equal < t.n_cells ? t.n_best : 0;
        if (!find_differences(&t, i, err))
            put_best(&t, group, i, out, err);
    }
out:
    for (size_t k = 0; k < n; k++)
        average_close(&t.side[k].a);
    return err->code;
}

static bool all_have(struct result *r, size_t n, const char *group)
{
    for (size_t k = 1; k < n; k++)
        if (!result_find(&r[k], group))
            return false;
    return true;
}

/* What not all of them have, so that nothing is passed over in silence. */
static int put_missing(struct result *r, size_t n, struct buf *out, struct err *err)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < r[k].n_groups; i++) {
            const char *group = r[k].group[i].name;

            for (size_t m = 0; m < n; m++)
                if (!result_find(&r[m], group))
                    buf_printf(out, err, "%c has %s, which %c does not have\n", (int)('A' + k),
                               group, (int)('A' + m));
        }
    return err->code;
}

/* What may be compared: of another model the layers and heads are others; of other data the items.
 */
static int put_heading(struct result *r, size_t n, struct buf *out, struct err *err)
{
    const char *model[COMPARE_MAX], *data[COMPARE_MAX];
    bool models = false, others = false;

    for (size_t k = 0; k < n; k++) {
        model[k] = data[k] = NULL;
        if ((catalogue_find(&r[k].all, "provenance", "audit") &&
             (result_attr(&r[k], "provenance", "model_fingerprint", &model[k], err) ||
              result_attr(&r[k], "provenance", "data_fingerprint", &data[k], err))))
            return err->code;
        buf_printf(out, err, "%c  %s%s%s\n", (int)('A' + k), r[k].path,
                   r[k].null ? ", about nothing: " : "", r[k].null ? r[k].null : "");
        models |= model[k] && model[0] && !str_eq(model[k], model[0]);
        others |= data[k] && data[0] && !str_eq(data[k], data[0]);
    }
    return buf_printf(
        out, err, "%s, %s\n",
        models ? "different models: layers and heads are set side by side by their numbers"
               : "the same model",
        others ? "different data" : "the same data");
}

static int put_legend(struct buf *out, struct err *err)
{
    static const char text[] =
        "(mean [95 % interval]; paired: the difference is taken query by query, where the results "
        "have "
        "the same ones; independent: the interval takes them for different ones, so of the same "
        "items "
        "it is too wide rather than too narrow; *: it excludes 0, as one in twenty does by chance)";

    buf_puts(out, "\n", err);
    return wrap_text(out, text, 0, err);
}

static int compare_all(const struct compare *c, struct result *r, size_t n, struct buf *out,
                       struct err *err)
{
    struct told told = {0};

    if (c->group && !result_named(&r[0], c->group, err))
        return err_place(err, "%s", r[0].path);
    if (put_heading(r, n, out, err))
        return err->code;
    for (size_t g = 0; g < r[0].n_groups; g++) {
        const struct result_group *one = &r[0].group[g];

        if ((c->group && !str_eq(c->group, one->name)) || !all_have(r, n, one->name))
            continue;
        for (size_t i = 0; i < one->headlines.n; i++)
            if (!one->headlines.v[i].listed &&
                compare_headline(c, r, n, one->name, &one->headlines.v[i], &told, out, err))
                return err_wrap(err, "%s", one->name);
    }
    if (!told.tables)
        return err_set(
            err, ERR_CONFIG,
            "the results have no averages in common%s: experiments are matched by their names, "
            "of each the average over most (all datasets, else all templates) by what it is "
            "over and by step, numbers by the labels of layers, heads and targets; lensweep top "
            "RESULT shows what each has",
            c->step >= 0 ? " of that step" : "");
    return err_if(err, (told.rows && put_legend(out, err)) || put_missing(r, n, out, err));
}

int compare_text(const struct compare *c, const char *const *paths, size_t n, struct buf *out,
                 struct err *err)
{
    struct result r[COMPARE_MAX];
    size_t opened = 0;

    if (n < 2 || n > COMPARE_MAX)
        return err_set(err, ERR_CONFIG, "two to %d results can be compared, not %zu", COMPARE_MAX,
                       n);
    while (opened < n && !err->code) {
        if (!result_open(&r[opened], paths[opened], err))
            r[opened].layers_from = (int)c->layers_from;
        opened++;
    }
    if (!err->code)
        compare_all(c, r, n, out, err);
    for (size_t k = 0; k < opened; k++)
        result_close(&r[k]);
    return err->code;
}
