/*
 * `lensweep top --classes`: heads that promote or suppress, and other scores of heads, beside what
 * ablating them changes.
 */
#include "report/top.h"

#include "base/str.h"
#include "report/grid.h"
#include "statistics/stability.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASSES_MAX = 2,
    RATES_MAX = CLASSES_MAX + 6,
    SWEEPS_MAX = (GRID_COLUMNS_MAX - 1 - CLASSES_MAX - RATES_MAX) / 3
};

/* How often heads do something: a headline with `join: class`. Or a number of each head by itself:
   `join: score`. */
struct rate {
    const struct headline *h;
    struct average value, null; /* (layer, head, target), or without target: of any */
};

/* What ablating the same heads at the last token changes: one with `join: effect`. */
struct class_effect {
    const char *group;
    const struct headline *h;
    struct average value; /* (layer, head, position, metric) */
};

struct classes {
    const struct top *top;
    struct result *r;
    const char *group;
    struct rate rate[RATES_MAX];
    size_t n_rates, n_classes; /* those of the group come first */
    struct class_effect effect[SWEEPS_MAX];
    size_t n_effects, n_sweeps;
    size_t layers, heads;
};

/* Reading ---------------------------------------------------------------------------------- */

/* Those of the group that are joined as what, up to so many in all. */
static int open_rates(struct classes *c, const struct result_group *g, enum headline_join as,
                      size_t most, struct err *err)
{
    for (size_t i = 0; i < g->headlines.n && c->n_rates < most; i++) {
        struct rate *rate = &c->rate[c->n_rates];

        rate->h = &g->headlines.v[i];
        if (rate->h->joined != as)
            continue;
        if (average_open(&rate->value, c->r, g->name, NULL, rate->h->variable, err) ||
            (rate->h->null && average_open(&rate->null, c->r, g->name, NULL, rate->h->null, err)))
            return err->code;
        c->n_rates += rate->value.elements > 0;
    }
    return 0;
}

/* The classes of a group (NULL = none), and the scores of all. */
static int open_columns(struct classes *c, const struct result_group *g, struct err *err)
{
    if (g && open_rates(c, g, JOIN_CLASS, CLASSES_MAX, err))
        return err->code;
    c->group = g ? g->name : NULL;
    c->n_classes = c->n_rates;
    for (size_t i = 0; i < c->r->n_groups && (c->n_classes || !g); i++)
        if (open_rates(c, &c->r->group[i], JOIN_SCORE, RATES_MAX, err))
            return err->code;
    if (c->n_rates) {
        c->layers = c->rate[0].value.dim[0].size;
        c->heads = c->rate[0].value.dim[1].size;
    }
    return 0;
}

/* Has it all layers and heads one by one, and the position `last`? */
static bool is_alike(const struct classes *c, const struct average *a)
{
    size_t position = average_dim(a, "position");

    if (average_dim(a, "layer") != 0 || average_dim(a, "head") != 1 || position != 2 ||
        a->n_dims != 4 || a->dim[0].size != c->layers || a->dim[1].size != c->heads)
        return false;
    return average_entry(&a->dim[position], "", "last") < a->dim[position].size;
}

static int open_effect(struct classes *c, const char *group, const struct headline *h,
                       struct err *err)
{
    struct class_effect e = {.group = group, .h = h};

    if (average_open(&e.value, c->r, group, h->inside, h->variable, err) || !e.value.elements ||
        !is_alike(c, &e.value) || ++c->n_sweeps > SWEEPS_MAX) {
        average_close(&e.value);
        return err->code;
    }
    c->effect[c->n_effects++] = e;
    return 0;
}

static int open_effects(struct classes *c, struct err *err)
{
    for (size_t i = 0; i < c->r->n_groups; i++)
        for (size_t k = 0; k < c->r->group[i].headlines.n; k++) {
            const struct headline *h = &c->r->group[i].headlines.v[k];

            if (h->joined == JOIN_EFFECT && open_effect(c, c->r->group[i].name, h, err))
                return err->code;
        }
    return 0;
}

static void close_all(struct classes *c)
{
    for (size_t i = 0; i < c->n_rates; i++) {
        average_close(&c->rate[i].value);
        average_close(&c->rate[i].null);
    }
    for (size_t k = 0; k < c->n_effects; k++)
        average_close(&c->effect[k].value);
}

/* Of one step ------------------------------------------------------------------------------ */

static const char *whole_of(const struct class_effect *e)
{
    return e->h->whole ? e->h->whole : "";
}

/* Where no class has targets: the name, if the first sweep has its metric, or else the first that
   has one. */
static const char *target_of_effects(const struct classes *c, const char *name)
{
    const struct class_effect *e = &c->effect[0];
    const struct average_dim *d = &e->value.dim[3];
    size_t n = strlen(whole_of(e));

    if (average_entry(d, whole_of(e), name) < d->size)
        return name;
    for (size_t i = 0; i < d->size; i++)
        if (!strncmp(d->label[i], whole_of(e), n))
            return d->label[i] + n;
    return name;
}

/* The step's target: answer_STEP, or the first that there is. */
static const char *target_of(struct classes *c, int step, struct err *err)
{
    const struct average *a = &c->rate[0].value;
    size_t d = average_dim(a, c->rate[0].h->about ? c->rate[0].h->about : "target");
    const char *name = arena_printf(&c->r->arena, err, "answer_%d", step);

    if (name && d < a->n_dims && average_entry(&a->dim[d], "", name) < a->dim[d].size)
        return name;
    if (name && d == a->n_dims)
        return target_of_effects(c, name);
    return name && a->dim[d].size ? a->dim[d].label[0] : name;
}

/* The element of a head's effect on the target; SIZE_MAX if the sweep does not have the metric. */
static size_t effect_at(const struct class_effect *e, const char *target, size_t head, size_t heads)
{
    const struct average *a = &e->value;
    size_t metric = average_entry(&a->dim[3], whole_of(e), target);
    size_t at[DIMS_MAX] = {head / heads, head % heads, average_entry(&a->dim[2], "", "last"),
                           metric};

    return metric == a->dim[3].size ? SIZE_MAX : average_element(a, at);
}

/* The element of a head's rate, of the target where it has one. */
static size_t rate_at(const struct average *a, const char *target, size_t head, size_t heads)
{
    size_t at[DIMS_MAX] = {head / heads, head % heads};

    if (a->n_dims > 2)
        at[2] = average_entry(&a->dim[2], "", target) % a->dim[2].size;
    return average_element(a, at);
}

static int seek(struct classes *c, size_t stratum, struct err *err)
{
    for (size_t i = 0; i < c->n_rates; i++)
        if (average_seek(&c->rate[i].value, c->rate[i].value.of_model ? 0 : stratum, err) ||
            (c->rate[i].null.elements && average_seek(&c->rate[i].null, stratum, err)))
            return err->code;
    for (size_t k = 0; k < c->n_effects; k++)
        if (average_seek(&c->effect[k].value, stratum, err))
            return err->code;
    return 0;
}

struct class_line {
    size_t head; /* layer * heads + head */
    double key;
};

static int by_key(const void *a, const void *b)
{
    const struct class_line *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return (x->head > y->head) - (x->head < y->head);
}

/* Which sweep orders the heads: one that says so, else the first; n_effects = none of them has the
   target's metric. */
static size_t leader(const struct classes *c, const char *target)
{
    size_t best = c->n_effects;

    for (size_t k = 0; k < c->n_effects; k++)
        if (effect_at(&c->effect[k], target, 0, c->heads) != SIZE_MAX &&
            (best == c->n_effects || (c->effect[k].h->order && !c->effect[best].h->order)))
            best = k;
    return best;
}

static size_t sort_heads(const struct classes *c, size_t by, const char *target,
                         struct class_line *line)
{
    size_t n = 0;

    for (size_t h = 0; h < c->layers * c->heads; h++) {
        double v = average_get(&c->effect[by].value, STAT_MEAN,
                               effect_at(&c->effect[by], target, h, c->heads));

        if (!isnan(v))
            line[n++] = (struct class_line){h, fabs(v)};
    }
    if (n)
        qsort(line, n, sizeof *line, by_key);
    return n;
}

/* Printing --------------------------------------------------------------------------------- */

static void put_title(const struct classes *c, size_t stratum, const char *target, size_t by,
                      size_t n, struct buf *out, struct err *err)
{
    const struct average *a = &c->effect[0].value;
    char name[STR_NAME];

    target = str_name(name, target);
    if (c->n_classes)
        buf_printf(out, err, "\n%s: how often each head promotes and suppresses %s", c->group,
                   c->rate[0].value.n_dims > 2 ? target : "any target");
    else
        buf_puts(out, "\nscores of each head", err);
    buf_printf(out, err,
               ", and what ablating it at the last token changes of the logit of %s; step %d",
               target, a->stratum[stratum].step);
    stratum_words(&a->stratum[stratum], out, err);
    buf_printf(out, err, "\nthe %zu largest of %zu, by absolute effect in %s",
               n < c->top->n ? n : c->top->n, n, c->effect[by].group);
    if (c->n_sweeps > c->n_effects)
        buf_printf(out, err, "; the first %zu of %zu sweeps", c->n_effects, c->n_sweeps);
    buf_puts(out, "\n", err);
}

static void put_headings(const struct classes *c, const char *target, struct grid *g,
                         struct err *err)
{
    grid_put(g, err, "head");
    for (size_t i = 0; i < c->n_rates; i++) {
        grid_put(g, err, "%s", c->rate[i].h->class_words);
        if (c->rate[i].null.elements)
            grid_put(g, err, "%s", c->rate[i].h->null_words);
    }
    for (size_t k = 0; k < c->n_effects; k++)
        if (effect_at(&c->effect[k], target, 0, c->heads) != SIZE_MAX) {
            grid_put(g, err, "%s", c->effect[k].group);
            grid_put(g, err, "95 %%");
            grid_put(g, err, "q");
        }
    g->columns = g->n;
}

static void put_effect(const struct average *a, size_t at, struct grid *g, struct err *err)
{
    double lo = average_get(a, STAT_LO, at), q = average_get(a, STAT_Q, at);

    grid_number(g, average_get(a, STAT_MEAN, at), 3, true, err);
    grid_put(g, err, isnan(lo) ? "-" : "[%+.3f, %+.3f]", lo, average_get(a, STAT_HI, at));
    grid_put(g, err, isnan(q) ? "-" : "%.2g", q);
}

static void put_line(const struct classes *c, size_t head, const char *target, struct grid *g,
                     struct err *err)
{
    grid_put(g, err, "%zu.%zu", head / c->heads + (size_t)c->r->layers_from, head % c->heads);
    for (size_t i = 0; i < c->n_rates; i++) {
        const struct rate *rate = &c->rate[i];
        size_t at = rate_at(&rate->value, target, head, c->heads);

        grid_number(g, average_get(&rate->value, STAT_MEAN, at), 2, false, err);
        if (rate->null.elements)
            grid_number(g, average_get(&rate->null, STAT_MEAN, at), 2, false, err);
    }
    for (size_t k = 0; k < c->n_effects; k++) {
        size_t at = effect_at(&c->effect[k], target, head, c->heads);

        if (at != SIZE_MAX)
            put_effect(&c->effect[k].value, at, g, err);
    }
}

/* Does a score say which heads have an effect? line (n) has the absolute ones. */
static int put_correlations(const struct classes *c, size_t by, const char *target,
                            const struct class_line *line, size_t n, struct buf *out,
                            struct err *err)
{
    float(*pair)[2] = arena_alloc(&c->r->arena, n, sizeof *pair, err);
    const float **of = arena_alloc(&c->r->arena, n, sizeof *of, err);
    struct arena scratch = {0};
    struct stability s;

    buf_printf(out, err,
               "rank correlation with the absolute effect in %s, %zu %s:", c->effect[by].group, n,
               str_noun(n, "head", "heads"));
    for (size_t i = c->n_classes; i < c->n_rates && !err->code; i++) {
        const struct rate *rate = &c->rate[i];

        for (size_t k = 0; k < n; k++) {
            pair[k][0] = (float)line[k].key;
            pair[k][1] = (float)average_get(&rate->value, STAT_MEAN,
                                            rate_at(&rate->value, target, line[k].head, c->heads));
            of[k] = pair[k];
        }
        if (stability_of(of, n, &(struct draws){.n = 2}, &s, &scratch, err))
            continue;
        buf_printf(out, err, "%s %s ", i > c->n_classes ? "," : "", rate->h->class_words);
        if (isnan(s.rank_correlation))
            buf_puts(out, "-", err);
        else
            buf_printf(out, err, "%+.2f", s.rank_correlation);
    }
    arena_release(&scratch);
    return buf_puts(out, "\n", err);
}

static int put_step(struct classes *c, size_t stratum, struct buf *out, bool *shown,
                    struct err *err)
{
    const char *target = target_of(c, c->effect[0].value.stratum[stratum].step, err);
    struct class_line *line = arena_alloc(&c->r->arena, c->layers * c->heads, sizeof *line, err);
    struct grid g = {0};
    size_t by, n;

    if (!target || !line || seek(c, stratum, err))
        return err->code;
    by = leader(c, target);
    n = by < c->n_effects ? sort_heads(c, by, target, line) : 0;
    if (!n)
        return 0;
    *shown = true;
    put_title(c, stratum, target, by, n, out, err);
    put_headings(c, target, &g, err);
    for (size_t i = 0; i < n && i < c->top->n; i++)
        put_line(c, line[i].head, target, &g, err);
    if (!grid_text(&g, out, err) && c->n_rates > c->n_classes)
        put_correlations(c, by, target, line, n, out, err);
    grid_release(&g);
    return err->code;
}

static int put_class(const struct top *top, struct result *r, const struct result_group *g,
                     struct buf *out, bool *shown, struct err *err)
{
    struct classes c = {.top = top, .r = r};
    bool *chosen;

    if (!open_columns(&c, g, err) && c.n_rates && !open_effects(&c, err) && c.n_effects &&
        (chosen = top_strata(top, r, &c.effect[0].value, err)))
        for (size_t s = 0; s < c.effect[0].value.n_strata && !err->code; s++)
            if (chosen[s])
                put_step(&c, s, out, shown, err);
    close_all(&c);
    return err->code;
}

int top_classes(const struct top *t, struct result *r, struct buf *out, bool *shown,
                struct err *err)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (put_class(t, r, &r->group[i], out, shown, err))
            return err->code;
    return *shown ? 0 : put_class(t, r, NULL, out, shown, err); /* of no class: scores alone */
}
