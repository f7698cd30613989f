#include "statistics/strata.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static int find_or_add(struct strata *s, struct stratum row)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->v[i].dataset, row.dataset) && s->v[i].template == row.template &&
            s->v[i].step == row.step && s->v[i].over == row.over)
            return (int)i;
    s->v[s->n] = row;
    return (int)s->n++;
}

static bool same_cluster(const struct query *a, const struct query *b, bool by_item)
{
    return a == b || (by_item && str_eq(a->dataset, b->dataset) && str_eq(a->item, b->item));
}

struct keyed {
    const struct query *query;
    size_t index;
    uint64_t key;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Clusters are numbered by the first query that has them, whatever the order of the sort. */
static int number_clusters(struct strata *s, const struct dataset *ds, bool by_item,
                           struct arena *a, struct err *err)
{
    struct keyed *k = arena_alloc(a, ds->n, sizeof *k, err);
    int *first = arena_alloc(a, ds->n, sizeof *first, err), *number;

    number = arena_alloc(a, ds->n, sizeof *number, err);
    if (!k || !first || !number)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        uint64_t item = hash_u64(ds->query[q].item, strlen(ds->query[q].item));

        k[q] = (struct keyed){&ds->query[q], q, by_item ? item : q};
    }
    qsort(k, ds->n, sizeof *k, by_key);
    for (size_t i = 0; i < ds->n; i++) {
        first[k[i].index] = (int)k[i].index;
        for (size_t j = i; j-- > 0 && k[j].key == k[i].key;)
            if (same_cluster(k[j].query, k[i].query, by_item))
                first[k[i].index] = first[k[j].index];
    }
    for (size_t q = 0; q < ds->n; q++) {
        if (ds->query[q].status)
            continue;
        if (!number[first[q]])
            number[first[q]] = (int)++s->n_clusters;
        s->cluster_of[q] = number[first[q]] - 1;
    }
    return 0;
}

/* Each draw takes as many clusters of a dataset as it has, with replacement. */
static int draw(struct strata *s, const struct dataset *ds, uint64_t seed, struct arena *a,
                struct err *err)
{
    size_t *owner = arena_alloc(a, s->n_clusters, sizeof *owner, err);
    int *member = arena_alloc(a, s->n_clusters, sizeof *member, err);

    s->times = arena_alloc(a, (size_t)s->draws * s->n_clusters, sizeof *s->times, err);
    if (!owner || !member || !s->times)
        return err->code;
    for (size_t q = ds->n; q-- > 0;)
        if (!ds->query[q].status)
            owner[s->cluster_of[q]] = q;
    for (size_t c = 0; c < s->n_clusters; c++) {
        const char *dataset = ds->query[owner[c]].dataset;
        struct rng rng = rng_for(seed, hash_u64(dataset, strlen(dataset)), "bootstrap");
        size_t n = 0;

        for (size_t k = 0; k < s->n_clusters; k++)
            if (str_eq(ds->query[owner[k]].dataset, dataset))
                member[n++] = (int)k;
        if (member[0] != (int)c)
            continue; /* its dataset has been drawn */
        for (int d = 0; d < s->draws; d++)
            for (size_t k = 0; k < n; k++)
                s->times[(size_t)d * s->n_clusters + (size_t)member[rng_below(&rng, n)]]++;
    }
    return 0;
}

/* --- rows and what they are the mean of --- */

/* A macro-average row for every dataset of several templates, and for every step of several
   datasets. */
static void add_macro_averages(struct strata *s)
{
    for (size_t i = 0; i < s->n_base; i++)
        for (size_t k = 0; k < i; k++) {
            struct stratum a = s->v[i], b = s->v[k];

            if (a.step == b.step && str_eq(a.dataset, b.dataset))
                find_or_add(s, (struct stratum){OVER_TEMPLATES, a.dataset, -1, a.step, NULL, 0});
        }
    for (size_t i = 0; i < s->n_base; i++)
        for (size_t k = 0; k < i; k++)
            if (s->v[i].step == s->v[k].step && !str_eq(s->v[i].dataset, s->v[k].dataset))
                find_or_add(s, (struct stratum){OVER_DATASETS, "", -1, s->v[i].step, NULL, 0});
}

/* Does the dataset of a base row have a macro-average row of its own at this step? */
static bool has_macro_average(const struct strata *s, const struct stratum *base)
{
    for (size_t i = s->n_base; i < s->n; i++)
        if (s->v[i].over == OVER_TEMPLATES && str_eq(s->v[i].dataset, base->dataset) &&
            s->v[i].step == base->step)
            return true;
    return false;
}

static bool is_part(const struct strata *s, const struct stratum *whole, const struct stratum *v)
{
    if (v->step != whole->step || v->over >= whole->over)
        return false;
    if (whole->over == OVER_TEMPLATES)
        return str_eq(v->dataset, whole->dataset);
    return v->over == OVER_TEMPLATES || !has_macro_average(s, v); /* one of one template: itself */
}

/* The parts of each macro-average row; templates in rising order, so that the first is the
   first. */
static int list_parts(struct strata *s, struct arena *a, struct err *err)
{
    for (size_t m = s->n_base; m < s->n; m++) {
        struct stratum *whole = &s->v[m];

        whole->part = arena_alloc(a, m, sizeof *whole->part, err);
        if (!whole->part)
            return err->code;
        for (size_t i = 0; i < m; i++) {
            size_t k = whole->n_parts;

            if (!is_part(s, whole, &s->v[i]))
                continue;
            for (; k && s->v[whole->part[k - 1]].template > s->v[i].template; k--)
                whole->part[k] = whole->part[k - 1];
            whole->part[k] = (int)i;
            whole->n_parts++;
        }
    }
    return 0;
}

/* The clusters of each base row, in order of their first query there. */
static int list_clusters(struct strata *s, struct arena *a, struct err *err)
{
    int *seen = arena_alloc(a, s->n_base * s->n_clusters, sizeof *seen, err);

    if (!seen)
        return err->code;
    for (size_t i = 0; i < s->n_base; i++) {
        s->v[i].part = arena_alloc(a, s->n_clusters, sizeof *s->v[i].part, err);
        if (!s->v[i].part)
            return err->code;
    }
    for (size_t q = 0; q < s->n_queries; q++) {
        struct stratum *row = s->of_query[q] < 0 ? NULL : &s->v[s->of_query[q]];
        int *at =
            row ? &seen[(size_t)s->of_query[q] * s->n_clusters + (size_t)s->cluster_of[q]] : NULL;

        if (!row)
            continue;
        if (!*at) {
            row->part[row->n_parts++] = s->cluster_of[q];
            *at = (int)row->n_parts;
        }
        s->slot[q] = *at - 1;
    }
    return 0;
}

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err)
{
    memset(s, 0, sizeof *s);
    s->n_queries = ds->n;
    s->draws = (int)c->bootstrap;
    s->v = arena_alloc(a, 3 * ds->n, sizeof *s->v, err);
    s->of_query = arena_alloc(a, ds->n, sizeof *s->of_query, err);
    s->slot = arena_alloc(a, ds->n, sizeof *s->slot, err);
    s->cluster_of = arena_alloc(a, ds->n, sizeof *s->cluster_of, err);
    if (!s->v || !s->of_query || !s->slot || !s->cluster_of)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];
        struct stratum row = {OVER_QUERIES, query->dataset, query->template, query->step, NULL, 0};

        s->of_query[q] = query->status ? -1 : find_or_add(s, row);
    }
    s->n_base = s->n;
    add_macro_averages(s);
    return list_parts(s, a, err) || number_clusters(s, ds, c->cluster == CLUSTER_ITEM, a, err) ||
                   list_clusters(s, a, err) || draw(s, ds, (uint64_t)c->seed, a, err)
               ? err->code
               : 0;
}
