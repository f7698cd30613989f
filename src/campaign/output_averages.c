#include "campaign/output_averages.h"

#include "base/str.h"
#include "campaign/output_contrasts.h"
#include "campaign/output_effects.h"
#include "campaign/output_strata.h"
#include "campaign/rows.h"
#include "campaign/slabs.h"
#include "experiments/kit/field_sum.h"

#include <math.h>
#include <string.h>

struct averages {
    struct output *o;
    const struct experiment *x;
    struct slabs slabs[AGGREGATES_MAX];
    struct field_sum *sum[AGGREGATES_MAX]; /* of those that have no value() */
    float *value[AGGREGATES_MAX];          /* of one query */
};

/* What is written of an estimate, a variable each. */
enum written { MEAN, SE, LO, HI, P, N_QUERIES, N_CLUSTERS, DF, WRITTEN };

static const char *const suffixes[WRITTEN] = {"",   "_se", "_lo",         "_hi",
                                              "_p", "_n",  "_n_clusters", "_df"};

static double number_of(const struct estimate *e, enum written what)
{
    const double numbers[WRITTEN] = {e->mean, e->se, e->lo,         e->hi,
                                     e->p,    e->n,  e->n_clusters, e->df};

    return numbers[what];
}

/* NAME or one of what stands beside it, from all estimates (element, n rows). */
static int write_one(struct output *o, struct h5group *g, const struct variable *var,
                     enum written what, const struct estimate *e, size_t n, size_t elements,
                     struct err *err)
{
    struct variable v = *var;
    double *f = arena_alloc(&o->group, elements * n, sizeof *f, err);
    int32_t *count = arena_alloc(&o->group, elements * n, sizeof *count, err);
    bool is_count = what >= N_QUERIES;

    v.name = arena_printf(&o->group, err, "%s%s", var->name, suffixes[what]);
    if (!f || !count || !v.name)
        return err->code;
    if (is_count || what == P) {
        v.type = is_count ? V_I4 : V_F64;
        v.units = is_count ? NULL : "1";
    }
    for (size_t i = 0; i < elements * n; i++) {
        const struct estimate *x = &e[(i % elements) * n + i / elements];

        if (is_count)
            count[i] = (int32_t)number_of(x, what);
        else
            f[i] = number_of(x, what);
    }
    return put_variable(g, &v, n, is_count ? (void *)count : (void *)f, err);
}

int write_estimates(struct output *o, struct h5group *g, const struct variable *var,
                    const struct estimate *e, size_t rows, size_t elements, struct err *err)
{
    for (enum written i = MEAN; i < WRITTEN; i++)
        if (write_one(o, g, var, i, e, rows, elements, err))
            return err->code;
    return 0;
}

enum template_mean template_way(const struct output *o, const struct experiment *x)
{
    return o->c->config.statistics.average == AVERAGE_AUTHORS ? x->kind->authors_average
                                                              : TEMPLATES_MEAN;
}

static int write_plain(struct output *o, struct h5group *g, const struct aggregate *a,
                       const struct estimate *e, size_t elements, struct err *err)
{
    for (enum written i = MEAN; i < WRITTEN; i++)
        if (!(a->no_interval && i != MEAN && i != N_QUERIES) && (i != P || a->judged) &&
            write_one(o, g, &a->field.var, i, e, o->strata.n, elements, err))
            return err->code;
    return 0;
}

/* --- all aggregates of an experiment --- */

/* Numbers that value() makes of one query. */
static size_t columns_of(const struct experiment *x, const struct aggregate *a)
{
    return padded_elements(x, &a->field) * (a->ratio ? 2 : 1) * (a->terms ? a->terms : 1);
}

int averages_open(struct averages **v, struct output *o, const struct experiment *x,
                  struct err *err)
{
    *v = mem_alloc(1, sizeof **v, err);
    if (!*v)
        return err->code;
    memset(*v, 0, sizeof **v);
    (*v)->o = o;
    (*v)->x = x;
    for (int i = 0; i < x->n_aggregates; i++)
        (*v)->slabs[i].fd = -1; /* for averages_close, should one not be opened */
    for (int i = 0; i < x->n_aggregates; i++) {
        size_t elements = columns_of(x, &x->aggregate[i]);
        const char *path = arena_printf(&o->group, err, "%s.%s.%d", o->path, x->name, i);

        (*v)->value[i] = arena_alloc(&o->group, elements, sizeof *(*v)->value[i], err);
        if (!path || !(*v)->value[i] ||
            (!x->aggregate[i].value &&
             field_sum_open(&(*v)->sum[i], x, &x->aggregate[i], &o->group, err)) ||
            slabs_open(&(*v)->slabs[i], o->c->data.n, elements, x->settles || x->aggregate[i].ratio,
                       path, err))
            return err->code;
    }
    return 0;
}

int averages_take(struct averages *v, const struct row *row, bool usable, struct err *err)
{
    const struct experiment *x = v->x;
    size_t query = (size_t)(row->q - v->o->c->data.query);
    struct row own = *row;

    for (int i = 0; i < x->n_aggregates; i++) {
        const struct aggregate *a = &x->aggregate[i];

        own.which = a->which;
        if (usable && a->value)
            a->value(&own, v->value[i]);
        else if (usable)
            field_sum_value(v->sum[i], row, v->value[i]);
        else
            row_fill(V_F32, v->value[i], columns_of(x, a));
        if (slabs_put(&v->slabs[i], query, v->value[i], err))
            return err->code;
    }
    return 0;
}

/* a: whose elements they are; NULL: terms of them, of which nothing but the mean is read. */
static int ratios(struct averages *v, const struct aggregate *a, const float *value,
                  size_t elements, struct estimate **e, struct err *err)
{
    struct output *o = v->o;
    struct estimate_ask ask = {.way = template_way(o, v->x), .ratio = true};

    if (a)
        ask.about = strata_targets(o, v->x, a, &ask.n_about, err);
    *e = arena_alloc(&o->group, elements * o->strata.n, sizeof **e, err);
    return *e ? strata_estimate(&o->strata, &ask, value, elements, *e, &o->scratch, err)
              : err->code;
}

/* Of one query: the terms of each element with the signs that their ratios have in a stratum, and
   the denominator, which all terms share. */
static void fold_terms(const float *value, size_t elements, size_t terms, const struct estimate *of,
                       size_t strata, float *out)
{
    for (size_t i = 0; i < elements; i++) {
        double sum = 0;

        for (size_t k = i * terms; k < (i + 1) * terms; k++)
            sum += of[k * strata].mean < 0 ? -(double)value[k] : (double)value[k];
        out[i] = (float)sum;
        out[elements + i] = value[(elements + i) * terms];
    }
}

/* Have the n terms the same signs in two strata? */
static bool same_signs(const struct estimate *of, size_t n, size_t strata, size_t s, size_t t)
{
    size_t k = 0;

    while (k < n && (of[k * strata + s].mean < 0) == (of[k * strata + t].mean < 0))
        k++;
    return k == n;
}

/* Sums of sizes of ratios: in each stratum a ratio again, once the signs are known there. Strata of
   the same signs, as a rule all, are estimated together. */
static int folded_ratios(struct averages *v, const struct aggregate *a, const float *value,
                         size_t elements, struct estimate **e, struct err *err)
{
    const size_t n = v->o->c->data.n, strata = v->o->strata.n, terms = a->terms;
    float *folded = arena_alloc(&v->o->group, 2 * n * elements, sizeof *folded, err);
    bool *known = arena_alloc(&v->o->group, strata, sizeof *known, err);
    struct estimate *of, *in;

    *e = arena_alloc(&v->o->group, elements * strata, sizeof **e, err);
    if (!folded || !known || !*e || ratios(v, NULL, value, elements * terms, &of, err))
        return err->code;
    for (size_t s = 0; s < strata; s++) {
        if (known[s])
            continue;
        for (size_t q = 0; q < n; q++)
            fold_terms(value + 2 * q * elements * terms, elements, terms, of + s, strata,
                       folded + 2 * q * elements);
        if (ratios(v, a, folded, elements, &in, err))
            return err->code;
        for (size_t t = s; t < strata; t++) {
            if (known[t] || !same_signs(of, elements * terms, strata, s, t))
                continue;
            known[t] = true;
            for (size_t i = 0; i < elements; i++)
                (*e)[i * strata + t] = in[i * strata + t];
        }
    }
    return 0;
}

static int write_folded(struct averages *v, struct h5group *g, int i, struct err *err)
{
    const struct aggregate *a = &v->x->aggregate[i];
    size_t elements = padded_elements(v->x, &a->field);
    struct estimate *e;

    return err_if(err, folded_ratios(v, a, v->slabs[i].v, elements, &e, err) ||
                           write_plain(v->o, g, a, e, elements, err));
}

/* Estimates (elements, strata) of an aggregate; chance: those that its rates are compared with. */
static int estimate_all(struct averages *v, int i, const struct estimate *chance,
                        struct estimate *e, struct err *err)
{
    struct output *o = v->o;
    const struct aggregate *a = &v->x->aggregate[i];
    size_t elements = padded_elements(v->x, &a->field), rows = o->strata.n;
    struct estimate_ask ask = {.way = template_way(o, v->x),
                               .ratio = a->ratio,
                               .rate = a->rate,
                               .tested = a->judged,
                               .controls = a->controls};

    ask.about = strata_targets(o, v->x, a, &ask.n_about, err);
    for (size_t n = 0; ask.first < elements; ask.first += n) {
        const float *value;

        ask.chance = chance ? chance + ask.first * rows : NULL;
        if (err->code || slabs_block(&v->slabs[i], ask.first, &value, &n, err))
            return err->code;
        n = a->ratio ? elements : n; /* ratios are in memory as a whole */
        if (strata_estimate(&o->strata, &ask, value, n, e + ask.first * rows, &o->scratch, err))
            return err->code;
    }
    return 0;
}

static int find_aggregate(const struct experiment *x, const char *name)
{
    for (int i = 0; name && i < x->n_aggregates; i++)
        if (str_eq(x->aggregate[i].field.var.name, name))
            return i;
    return -1;
}

static int write_means(struct averages *v, struct h5group *g, int i, struct err *err)
{
    const struct aggregate *a = &v->x->aggregate[i];
    size_t elements = padded_elements(v->x, &a->field), rows = v->o->strata.n;
    struct estimate *e = mem_alloc(elements * rows, sizeof *e, err), *chance = NULL;
    int null = find_aggregate(v->x, a->chance);

    if (null >= 0)
        chance = mem_alloc(elements * rows, sizeof *chance, err);
    if (!err->code && (null < 0 || !estimate_all(v, null, NULL, chance, err)) &&
        !estimate_all(v, i, chance, e, err) && !write_plain(v->o, g, a, e, elements, err) &&
        is_contrasted(a)) {
        const char *name = arena_printf(&v->o->group, err, "%s_contrast", a->field.var.name);

        if (name)
            write_contrasts(v->o, v->x, a, name, &v->slabs[i], g, err);
    }
    mem_free(chance);
    mem_free(e);
    return err->code;
}

static int write_aggregate(struct averages *v, struct h5group *g, int i, struct err *err)
{
    const struct aggregate *a = &v->x->aggregate[i];

    return a->terms    ? write_folded(v, g, i, err)
           : a->tested ? write_effects(v->o, v->x, a, &v->slabs[i], err)
                       : write_means(v, g, i, err);
}

int averages_write(struct averages *v, struct h5group *g, struct err *err)
{
    const struct experiment *x = v->x;
    float *value[AGGREGATES_MAX];
    bool plain = false;

    for (int i = 0; i < x->n_aggregates; i++) {
        value[i] = v->slabs[i].v;
        plain |= !x->aggregate[i].tested;
    }
    if ((plain && write_strata(v->o, g, err)) ||
        (has_contrasts(v->o, x) && write_contrast_steps(v->o, g, err)))
        return err->code;
    if (x->settles)
        x->kind->settle(x, &v->o->strata, value);
    for (int i = 0; i < x->n_aggregates; i++)
        if (write_aggregate(v, g, i, err))
            return err->code;
    return 0;
}

void averages_close(struct averages *v)
{
    for (int i = 0; v && i < v->x->n_aggregates; i++)
        slabs_close(&v->slabs[i]);
    mem_free(v);
}
