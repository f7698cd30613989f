#include "campaign/output_stability.h"

#include "campaign/rows.h"
#include "statistics/stability.h"

#include <math.h>

enum { RANKED_MAX = 1 << 15 }; /* configurations: more are too many to keep the draws of */

const struct dim stability_dim = {"k", TOP_KINDS, V_I4, top_sizes, "how many are the top"};

/* Rankings are over all dimensions but these, which tell one ranking from another. */
static const char apart[] = "position from to metric";

struct rankings {
    struct output *o;
    const struct experiment *x;
    const struct field *f;
    struct slabs *values;
    struct draws draws;
    size_t elements, n; /* n rankings of each stratum */
    size_t *of;         /* (elements) which ranking */
    float *mean;        /* (configurations, strata, draws) of one ranking */
    const float **row;  /* (configurations) of one stratum */
    double *room;
    struct stability *found; /* (n, strata) */
    const char *dims;        /* "stratum position metric" */
};

static int find_rankings(struct rankings *r, struct err *err)
{
    r->of = arena_alloc(&r->o->group, r->elements, sizeof *r->of, err);
    r->dims = "stratum";
    r->n = 1;
    if (!r->of)
        return err->code;
    for (int i = 0; i < r->f->n_axes && !err->code; i++) {
        const struct dim *d = &r->x->axis[r->f->axis[i]].dim;

        if (!list_has(apart, d->name))
            continue;
        for (size_t e = 0; e < r->elements; e++)
            r->of[e] = r->of[e] * d->size + element_place(r->x, r->f, e, i);
        r->n *= d->size;
        r->dims = arena_printf(&r->o->group, err, "%s %s", r->dims, d->name);
    }
    return err->code;
}

static int rankings_open(struct rankings *r, struct err *err)
{
    const struct strata *s = &r->o->strata;
    struct arena *a = &r->o->group;
    size_t configurations;

    if (draws_open(&r->draws, s, &r->o->c->data, &r->o->c->config.statistics, a, err))
        return err->code;
    configurations = r->elements / r->n;
    r->mean = arena_alloc(a, configurations * s->n * r->draws.n, sizeof *r->mean, err);
    r->row = arena_alloc(a, configurations, sizeof *r->row, err);
    r->room = arena_alloc(a, 2 * r->draws.n, sizeof *r->room, err);
    r->found = arena_alloc(a, r->n * s->n, sizeof *r->found, err);
    return err->code;
}

/* One ranking in all strata. */
static int rank(struct rankings *r, size_t ranking, struct err *err)
{
    const struct strata *s = &r->o->strata;
    size_t stratum = r->draws.n, all = s->n * stratum, n = 0, width;
    const float *value;

    for (size_t first = 0; first < r->elements; first += width) {
        if (slabs_block(r->values, first, &value, &width, err))
            return err->code;
        for (size_t e = 0; e < width; e++)
            if (r->of[first + e] == ranking)
                drawn_means(s, &r->draws, value + e, width, r->room, r->mean + n++ * all);
    }
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < n; k++)
            r->row[k] = r->mean + k * all + i * stratum;
        if (stability_of(r->row, n, &r->draws, &r->found[ranking * s->n + i], &r->o->scratch, err))
            return err->code;
    }
    return 0;
}

static int put_found(struct rankings *r, struct h5group *g, struct err *err)
{
    size_t rows = r->o->strata.n, n = r->n * rows;
    struct arena *a = &r->o->group;
    double *top = arena_alloc(a, n * TOP_KINDS, sizeof *top, err);
    double *rank = arena_alloc(a, n, sizeof *rank, err);
    int32_t *candidates = arena_alloc(a, n, sizeof *candidates, err);
    const struct variable jaccard = {
        "top_jaccard", V_F64, arena_printf(a, err, "%s k", r->dims),
        "share of the top k that two draws of items have in common, of all that either has", "1"};
    const struct variable correlation = {"rank_correlation", V_F64, r->dims,
                                         "rank correlation of the effects in two draws of items",
                                         "1"};
    const struct variable first = {
        "first_candidates", V_I4, r->dims,
        "configurations that are the strongest in at least one of twenty draws", NULL};

    if (!top || !rank || !candidates || !jaccard.dims)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const struct stability *from = &r->found[i % r->n * rows + i / r->n];

        for (int k = 0; k < TOP_KINDS; k++)
            top[i * TOP_KINDS + (size_t)k] = from->top_jaccard[k];
        rank[i] = from->rank_correlation;
        candidates[i] = from->first_candidates;
    }
    return err_if(err, put_variable(g, &jaccard, rows, top, err) ||
                           put_variable(g, &correlation, rows, rank, err) ||
                           put_variable(g, &first, rows, candidates, err));
}

int write_stability(struct output *o, const struct experiment *x, const struct aggregate *a,
                    struct slabs *values, struct h5group *g, struct err *err)
{
    struct rankings r = {.o = o, .x = x, .f = &a->field, .values = values};

    r.elements = padded_elements(x, &a->field);
    if (o->c->config.statistics.bootstrap < 2 || find_rankings(&r, err) ||
        r.elements / r.n > RANKED_MAX || rankings_open(&r, err))
        return err->code;
    for (size_t i = 0; i < r.n; i++)
        if (rank(&r, i, err))
            return err->code;
    return put_found(&r, g, err);
}
