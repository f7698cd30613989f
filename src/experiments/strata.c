#include "experiments/strata.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int find_or_add(struct strata *s, struct stratum row)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->v[i].dataset, row.dataset) && s->v[i].template == row.template &&
            s->v[i].step == row.step)
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

/* A macro row for every dataset of several templates, and for every step of several datasets. */
static void add_macros(struct strata *s)
{
    for (size_t i = 0; i < s->n_base; i++)
        for (size_t k = 0; k < i; k++) {
            struct stratum a = s->v[i], b = s->v[k];

            if (a.step == b.step && str_eq(a.dataset, b.dataset))
                find_or_add(s, (struct stratum){a.dataset, -1, a.step});
        }
    for (size_t i = 0; i < s->n_base; i++)
        for (size_t k = 0; k < i; k++)
            if (s->v[i].step == s->v[k].step && !str_eq(s->v[i].dataset, s->v[k].dataset))
                find_or_add(s, (struct stratum){"", -1, s->v[i].step});
}

int strata_open(struct strata *s, const struct dataset *ds, const struct statistics_config *c,
                struct arena *a, struct err *err)
{
    size_t cells;

    memset(s, 0, sizeof *s);
    s->n_queries = ds->n;
    s->draws = (int)c->bootstrap;
    s->v = arena_alloc(a, 3 * ds->n, sizeof *s->v, err);
    s->of_query = arena_alloc(a, ds->n, sizeof *s->of_query, err);
    s->cluster_of = arena_alloc(a, ds->n, sizeof *s->cluster_of, err);
    if (!s->v || !s->of_query || !s->cluster_of)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];

        s->of_query[q] =
            query->status
                ? -1
                : find_or_add(s, (struct stratum){query->dataset, query->template, query->step});
    }
    s->n_base = s->n;
    add_macros(s);
    if (number_clusters(s, ds, str_eq(c->cluster, "item"), a, err) ||
        draw(s, ds, (uint64_t)c->seed, a, err))
        return err->code;
    cells = s->n_base * s->n_clusters;
    s->replicate = arena_alloc(a, s->n * (size_t)s->draws, sizeof *s->replicate, err);
    s->sum = arena_alloc(a, cells, sizeof *s->sum, err);
    s->count = arena_alloc(a, cells, sizeof *s->count, err);
    return s->replicate && s->sum && s->count ? 0 : err->code;
}

/* Mean of base row b when each cluster counts `times` times; NULL = once. */
static double base_mean(const struct strata *s, size_t b, const unsigned short *times)
{
    const double *sum = s->sum + b * s->n_clusters;
    const int *count = s->count + b * s->n_clusters;
    double total = 0, n = 0;

    for (size_t c = 0; c < s->n_clusters; c++) {
        double w = times ? times[c] : 1;

        total += w * sum[c];
        n += w * count[c];
    }
    return n > 0 ? total / n : (double)NAN;
}

/* Mean over the rows below a macro row; rows without a value are left out. */
static double macro_mean(const struct strata *s, size_t row, const double *at, size_t stride)
{
    const struct stratum *m = &s->v[row];
    double total = 0;
    int n = 0;

    for (size_t i = 0; i < row; i++) {
        const struct stratum *v = &s->v[i];
        bool whole = i >= s->n_base, below;

        if (*m->dataset)
            below = !whole && str_eq(v->dataset, m->dataset);
        else if (whole)
            below = *v->dataset != '\0';
        else /* a dataset of one template stands for itself */
            below = true;
        for (size_t k = s->n_base; below && !*m->dataset && !whole && k < row; k++)
            if (str_eq(s->v[k].dataset, v->dataset) && s->v[k].step == v->step)
                below = false;
        if (!below || v->step != m->step || isnan(at[i * stride]))
            continue;
        total += at[i * stride];
        n++;
    }
    return n ? total / n : (double)NAN;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double p)
{
    double at = p * (n - 1);
    int i = (int)at;

    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void interval(double *r, int n, struct estimate *out)
{
    double mean = 0, square = 0;
    int kept = 0;

    for (int i = 0; i < n; i++)
        if (!isnan(r[i]))
            r[kept++] = r[i];
    if (kept < 2)
        return;
    qsort(r, (size_t)kept, sizeof *r, rising);
    for (int i = 0; i < kept; i++)
        mean += r[i] / kept;
    for (int i = 0; i < kept; i++)
        square += (r[i] - mean) * (r[i] - mean);
    out->se = sqrt(square / (kept - 1));
    out->lo = quantile(r, kept, 0.025);
    out->hi = quantile(r, kept, 0.975);
}

void strata_estimate(struct strata *s, const float *value, size_t step, struct estimate *out)
{
    size_t cells = s->n_base * s->n_clusters, draws = (size_t)s->draws;

    memset(s->sum, 0, cells * sizeof *s->sum);
    memset(s->count, 0, cells * sizeof *s->count);
    for (size_t i = 0; i < s->n; i++)
        out[i] = (struct estimate){(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0};
    for (size_t q = 0; q < s->n_queries; q++) {
        float v = value[q * step];
        size_t at;

        if (s->of_query[q] < 0 || isnan(v))
            continue;
        at = (size_t)s->of_query[q] * s->n_clusters + (size_t)s->cluster_of[q];
        s->sum[at] += (double)v;
        s->count[at]++;
        out[s->of_query[q]].n++;
    }
    for (size_t i = 0; i < s->n; i++)
        out[i].mean = i < s->n_base ? base_mean(s, i, NULL)
                                    : macro_mean(s, i, &out[0].mean, sizeof *out / sizeof(double));
    for (size_t d = 0; d < draws; d++)
        for (size_t i = 0; i < s->n; i++)
            s->replicate[i * draws + d] = i < s->n_base
                                              ? base_mean(s, i, s->times + d * s->n_clusters)
                                              : macro_mean(s, i, s->replicate + d, draws);
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; i >= s->n_base && k < s->n_base; k++)
            if (s->v[k].step == s->v[i].step &&
                (!*s->v[i].dataset || str_eq(s->v[i].dataset, s->v[k].dataset)))
                out[i].n += out[k].n;
        interval(s->replicate + i * draws, s->draws, &out[i]);
    }
}
