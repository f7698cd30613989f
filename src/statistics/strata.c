#include "statistics/strata.h"

#include "base/hash.h"
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

static bool same_item(const struct query *a, const struct query *b)
{
    return str_eq(a->dataset, b->dataset) && str_eq(a->item, b->item);
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

/* Clusters are queries of one key that are the `same` (NULL: all are); they are numbered by the
   first usable query that they have, whatever the order of the sort. */
static int number_keyed(struct clusters *c, const struct dataset *ds, struct keyed *k,
                        bool (*same)(const struct query *a, const struct query *b), struct arena *a,
                        struct err *err)
{
    int *first = arena_alloc(a, ds->n, sizeof *first, err);
    int *number = arena_alloc(a, ds->n, sizeof *number, err);

    if (!first || !number)
        return err->code;
    qsort(k, ds->n, sizeof *k, by_key);
    for (size_t i = 0; i < ds->n; i++) {
        int *own = &first[k[i].index];

        *own = (int)k[i].index;
        for (size_t j = i; j-- > 0 && k[j].key == k[i].key && *own == (int)k[i].index;)
            if (!same || same(k[j].query, k[i].query))
                *own = first[k[j].index];
    }
    for (size_t q = 0; q < ds->n; q++) {
        if (ds->query[q].status)
            continue;
        if (!number[first[q]])
            number[first[q]] = (int)++c->n;
        c->of_query[q] = number[first[q]] - 1;
    }
    return 0;
}

static int number_items(struct clusters *c, const struct dataset *ds, bool by_item, struct arena *a,
                        struct err *err)
{
    struct keyed *k = arena_alloc(a, ds->n, sizeof *k, err);

    for (size_t q = 0; k && q < ds->n; q++) {
        uint64_t item = hash_u64(ds->query[q].item, strlen(ds->query[q].item));

        k[q] = (struct keyed){&ds->query[q], q, by_item ? item : q};
    }
    return k ? number_keyed(c, ds, k, same_item, a, err) : err->code;
}

/* Its token of a target, or (target n_targets) of the right one; -1 = it has none. */
static int32_t token_of(const struct dataset *ds, size_t query, size_t target)
{
    const struct query *q = &ds->query[query];

    if (q->status || !ds->n_targets || (target == ds->n_targets && q->right < 0))
        return -1;
    return q->target[target < ds->n_targets ? target : (size_t)q->right];
}

/* Queries of one dataset with one token; those without the target stay alone. */
static int number_tokens(struct clusters *c, const struct strata *s, const struct dataset *ds,
                         size_t target, struct arena *a, struct err *err)
{
    struct keyed *k = arena_alloc(a, ds->n, sizeof *k, err);

    for (size_t q = 0; k && q < ds->n; q++) {
        const struct query *query = &ds->query[q];
        int32_t token = token_of(ds, q, target);
        size_t row = 0;

        while (token >= 0 && !str_eq(s->v[row].dataset, query->dataset))
            row++;
        k[q] = (struct keyed){query, q,
                              token < 0 ? UINT64_MAX - q : (uint64_t)row << 32 | (uint32_t)token};
    }
    return k ? number_keyed(c, ds, k, NULL, a, err) : err->code;
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

/* The queries of each base row. */
static int list_queries(struct strata *s, struct arena *a, struct err *err)
{
    for (size_t q = 0; q < s->n_queries; q++)
        if (s->of_query[q] >= 0)
            s->v[s->of_query[q]].n_parts++;
    for (size_t i = 0; i < s->n_base; i++) {
        s->v[i].part = arena_alloc(a, s->v[i].n_parts, sizeof *s->v[i].part, err);
        if (!s->v[i].part)
            return err->code;
        s->v[i].n_parts = 0;
    }
    for (size_t q = 0; q < s->n_queries; q++)
        if (s->of_query[q] >= 0) {
            struct stratum *row = &s->v[s->of_query[q]];

            row->part[row->n_parts++] = (int)q;
        }
    return 0;
}

/* The place of each query's cluster in its row: in order of their first query there. */
static int place_clusters(struct clusters *c, const struct strata *s, struct arena *a,
                          struct err *err)
{
    int *at = arena_alloc(a, c->n, sizeof *at, err); /* place in the row + 1 */

    if (!at)
        return err->code;
    for (size_t i = 0; i < s->n_base; i++) {
        memset(at, 0, c->n * sizeof *at);
        for (size_t k = 0; k < s->v[i].n_parts; k++) {
            int q = s->v[i].part[k], *place = &at[c->of_query[q]];

            if (!*place)
                *place = (int)++c->in_row[i];
            c->slot[q] = *place - 1;
        }
    }
    return 0;
}

static int clusters_open(struct clusters *c, const struct strata *s, struct arena *a,
                         struct err *err)
{
    c->of_query = arena_alloc(a, s->n_queries, sizeof *c->of_query, err);
    c->slot = arena_alloc(a, s->n_queries, sizeof *c->slot, err);
    c->in_row = arena_alloc(a, s->n_base, sizeof *c->in_row, err);
    return !c->of_query || !c->slot || !c->in_row ? err->code : 0;
}

/* token (items), item (clusters): what was seen so far of one dataset and step, + 1. */
static void compare_row(struct clusters *c, const struct strata *s, const struct dataset *ds,
                        size_t target, size_t row, int *token, int *item)
{
    for (size_t k = 0; k < s->v[row].n_parts; k++) {
        size_t q = (size_t)s->v[row].part[k];
        int *has = &token[s->items.of_query[q]], *of = &item[c->of_query[q]];

        if (token_of(ds, q, target) < 0)
            continue;
        c->as_items &=
            (!*has || *has == c->of_query[q] + 1) && (!*of || *of == s->items.of_query[q] + 1);
        *has = c->of_query[q] + 1;
        *of = s->items.of_query[q] + 1;
    }
}

/* Has each item one token, and each token one item, where there is the target? In each step: no
   average is over several. */
static int compare_items(struct clusters *c, const struct strata *s, const struct dataset *ds,
                         size_t target, struct arena *a, struct err *err)
{
    int *token = arena_alloc(a, s->items.n, sizeof *token, err);
    int *item = arena_alloc(a, c->n, sizeof *item, err);

    c->as_items = true;
    for (size_t i = 0; !err->code && i < s->n_base && c->as_items; i++) {
        memset(token, 0, s->items.n * sizeof *token);
        memset(item, 0, c->n * sizeof *item);
        for (size_t k = 0; k < s->n_base; k++)
            if (s->v[k].step == s->v[i].step && str_eq(s->v[k].dataset, s->v[i].dataset))
                compare_row(c, s, ds, target, k, token, item);
    }
    return err->code;
}

static int cluster(struct strata *s, const struct dataset *ds, bool by_item, struct arena *a,
                   struct err *err)
{
    s->tokens = arena_alloc(a, s->n_targets + 1, sizeof *s->tokens, err);
    if (!s->tokens || clusters_open(&s->items, s, a, err) ||
        number_items(&s->items, ds, by_item, a, err) || place_clusters(&s->items, s, a, err))
        return err->code;
    for (size_t t = 0; t <= s->n_targets; t++)
        if (clusters_open(&s->tokens[t], s, a, err) ||
            number_tokens(&s->tokens[t], s, ds, t, a, err) ||
            place_clusters(&s->tokens[t], s, a, err) ||
            compare_items(&s->tokens[t], s, ds, t, a, err))
            return err->code;
    return 0;
}

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err)
{
    memset(s, 0, sizeof *s);
    s->n_queries = ds->n;
    s->n_targets = ds->n_targets;
    s->v = arena_alloc(a, 3 * ds->n, sizeof *s->v, err);
    s->of_query = arena_alloc(a, ds->n, sizeof *s->of_query, err);
    if (!s->v || !s->of_query)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];
        struct stratum row = {OVER_QUERIES, query->dataset, query->template, query->step, NULL, 0};

        s->of_query[q] = query->status ? -1 : find_or_add(s, row);
    }
    s->n_base = s->n;
    add_macro_averages(s);
    return err_if(err, list_queries(s, a, err) || list_parts(s, a, err) ||
                           cluster(s, ds, c->cluster == CLUSTER_ITEM, a, err));
}
