#include "statistics/contrast.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Queries of the same item, dataset and template at two steps. */
struct query_pair {
    size_t plus, minus;
};

/* A usable query, and what puts those side by side that may be a pair. */
struct stepped {
    const struct query *q;
    size_t index;
    uint64_t key;
};

static int by_item(const void *a, const void *b)
{
    const struct stepped *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->q->step != y->q->step)
        return x->q->step < y->q->step ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool same_item(const struct query *a, const struct query *b)
{
    return a->template == b->template && str_eq(a->dataset, b->dataset) && str_eq(a->item, b->item);
}

static uint64_t key_of(const struct query *q)
{
    return hash_u64(q->item, strlen(q->item)) ^
           (hash_u64(q->dataset, strlen(q->dataset)) + (uint64_t)q->template) * 0x9e3779b97f4a7c15u;
}

static int by_number(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* All steps in rising order, as contrasts: each with the one before, the first without any. */
static void list_steps(struct contrasts *c, const struct stepped *v, size_t n)
{
    for (size_t i = 0, k; i < n; i++) {
        for (k = 0; k < c->n && c->step[k] != v[i].q->step; k++)
            ;
        if (k == c->n)
            c->step[c->n++] = v[i].q->step;
    }
    if (c->n)
        qsort(c->step, c->n, sizeof *c->step, by_number);
    for (size_t k = 1; k < c->n; k++)
        c->minus[k - 1] = c->step[k - 1];
    for (size_t k = 1; k < c->n; k++)
        c->step[k - 1] = c->step[k];
    c->n -= c->n > 0;
}

/* The contrast that a step is minus another in; c->n = none. */
static size_t contrast_of(const struct contrasts *c, int step)
{
    size_t i = 0;

    while (i < c->n && c->step[i] != step)
        i++;
    return i;
}

/* Of an item's queries [0, n), in the order of their steps: each with the first one of the step
   before that stands alone yet. */
static void pair_up(struct contrasts *c, const struct stepped *v, size_t n)
{
    size_t from = 0;

    for (size_t i = 1; i < n; i++) {
        size_t contrast = contrast_of(c, v[i].q->step);

        while (contrast < c->n && from < i && v[from].q->step < c->minus[contrast])
            from++;
        if (contrast == c->n || from == i || v[from].q->step != c->minus[contrast])
            continue;
        c->pair[c->data.n] = (struct query_pair){v[i].index, v[from++].index};
        c->data.query[c->data.n] = *v[i].q;
        c->data.query[c->data.n++].step = (int)contrast;
    }
}

static int find_pairs(struct contrasts *c, const struct dataset *ds, struct err *err)
{
    struct stepped *v = mem_alloc(ds->n, sizeof *v, err);
    size_t n = 0;

    for (size_t q = 0; v && q < ds->n; q++)
        if (!ds->query[q].status)
            v[n++] = (struct stepped){&ds->query[q], q, key_of(&ds->query[q])};
    if (v && n)
        qsort(v, n, sizeof *v, by_item);
    list_steps(c, v, n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && same_item(v[i].q, v[end].q); end++)
            ;
        pair_up(c, v + i, end - i);
    }
    mem_free(v);
    return err->code;
}

/* Contrasts that have pairs, and the widest row of each: strata of a step rise to it. */
static void find_rows(struct contrasts *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        size_t above = c->strata.n;

        while (above && c->strata.v[above - 1].step != (int)i)
            above--;
        if (!above)
            continue;
        c->step[n] = c->step[i];
        c->minus[n] = c->minus[i];
        c->row[n++] = above - 1;
    }
    c->n = n;
}

int contrasts_open(struct contrasts *c, const struct dataset *ds,
                   const struct statistics_config *statistics, struct arena *a, struct err *err)
{
    *c = (struct contrasts){.n = 0};
    c->data.n_targets = ds->n_targets;
    c->data.query = arena_alloc(a, ds->n, sizeof *c->data.query, err);
    c->pair = arena_alloc(a, ds->n, sizeof *c->pair, err);
    c->step = arena_alloc(a, ds->n, sizeof *c->step, err);
    c->minus = arena_alloc(a, ds->n, sizeof *c->minus, err);
    c->row = arena_alloc(a, ds->n, sizeof *c->row, err);
    if (!c->data.query || !c->pair || !c->step || !c->minus || !c->row || find_pairs(c, ds, err) ||
        !c->n || strata_open(&c->strata, &c->data, statistics, a, err))
        return err->code;
    find_rows(c);
    return 0;
}

int contrasts_estimate(const struct contrasts *c, const struct estimate_ask *ask,
                       const float *value, size_t elements, struct estimate *out,
                       struct arena *scratch, struct err *err)
{
    float *difference = mem_alloc(c->data.n * elements, sizeof *difference, err);
    struct estimate *e = mem_alloc(c->strata.n * elements, sizeof *e, err);

    for (size_t p = 0; difference && e && p < c->data.n; p++)
        for (size_t i = 0; i < elements; i++)
            difference[p * elements + i] =
                value[c->pair[p].plus * elements + i] - value[c->pair[p].minus * elements + i];
    if (difference && e && !strata_estimate(&c->strata, ask, difference, elements, e, scratch, err))
        for (size_t i = 0; i < elements * c->n; i++)
            out[i] = e[i / c->n * c->strata.n + c->row[i % c->n]];
    mem_free(e);
    mem_free(difference);
    return err->code;
}
