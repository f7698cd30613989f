#include "statistics/stability.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int32_t top_sizes[TOP_KINDS] = {5, 10, 20};

/* --- draws of items --- */

/* Draws of the clusters of one dataset, those of which `member` (n) are. */
static void draw_dataset(struct draws *d, const char *dataset, uint64_t seed, const int *member,
                         size_t n)
{
    struct rng rng = rng_for(seed, hash_u64(dataset, strlen(dataset)), "bootstrap");

    for (size_t k = 0; k < d->n; k++)
        for (size_t i = 0; i < n; i++)
            d->times[(size_t)member[rng_below(&rng, n)] * d->n + k]++;
}

int draws_open(struct draws *d, const struct strata *s, const struct dataset *ds,
               const struct statistics_config *c, struct arena *a, struct err *err)
{
    const char **of = arena_alloc(a, s->items.n, sizeof *of, err); /* their datasets */
    int *member = arena_alloc(a, s->items.n, sizeof *member, err);

    d->n = c->bootstrap < BOOTSTRAP_MAX ? (size_t)c->bootstrap / 2 * 2 : BOOTSTRAP_MAX;
    d->times = arena_alloc(a, s->items.n * d->n, sizeof *d->times, err);
    if (!of || !member || !d->times)
        return err->code;
    for (size_t q = 0; q < ds->n; q++)
        if (s->of_query[q] >= 0)
            of[s->items.of_query[q]] = ds->query[q].dataset;
    for (size_t i = 0; i < s->items.n; i++) {
        size_t n = 0;

        for (size_t k = 0; k < s->items.n; k++)
            if (str_eq(of[k], of[i]))
                member[n++] = (int)k;
        if (member[0] == (int)i) /* else its dataset has been drawn */
            draw_dataset(d, of[i], (uint64_t)c->seed, member, n);
    }
    return 0;
}

/* --- means of the draws --- */

/* Of a base row of one element, into out (draws); sum, n: (draws) room. */
static void base_draws(const struct strata *s, const struct draws *d, size_t row,
                       const float *value, size_t stride, double *sum, double *n, float *out)
{
    memset(sum, 0, d->n * sizeof *sum);
    memset(n, 0, d->n * sizeof *n);
    for (size_t i = 0; i < s->v[row].n_parts; i++) {
        size_t q = (size_t)s->v[row].part[i];
        double x = (double)value[q * stride];
        const double *times = d->times + (size_t)s->items.of_query[q] * d->n;

        for (size_t k = 0; !isnan(x) && k < d->n; k++) {
            sum[k] += times[k] * x;
            n[k] += times[k];
        }
    }
    for (size_t k = 0; k < d->n; k++)
        out[k] = (float)(sum[k] / n[k]); /* 0 / 0 = NaN */
}

/* Of a macro-average row, whose parts stand before it in all (rows, draws). */
static void macro_draws(const struct strata *s, const struct draws *d, size_t row, float *all)
{
    for (size_t k = 0; k < d->n; k++) {
        double sum = 0, n = 0;

        for (size_t i = 0; i < s->v[row].n_parts; i++) {
            double x = (double)all[(size_t)s->v[row].part[i] * d->n + k];

            sum += isnan(x) ? 0 : x;
            n += !isnan(x);
        }
        all[row * d->n + k] = (float)(sum / n);
    }
}

void drawn_means(const struct strata *s, const struct draws *d, const float *value, size_t stride,
                 double *room, float *out)
{
    for (size_t r = 0; r < s->n; r++)
        if (r < s->n_base)
            base_draws(s, d, r, value, stride, room, room + d->n, out + r * d->n);
        else
            macro_draws(s, d, r, out);
}

/* --- rankings --- */

struct placed {
    float value;
    size_t of;
};

static int by_value(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->value < y->value || x->value > y->value)
        return x->value < y->value ? -1 : 1;
    return (x->of > y->of) - (x->of < y->of);
}

/* One draw's ranking. */
struct drawn_ranking {
    struct placed *rising; /* (n) */
    size_t n;
    double *rank;       /* (all configurations) mean rank among equal ones; NaN = has none */
    unsigned char *top; /* (all configurations) is among the top[k] first: bit k */
    size_t first;
};

static int ranking_open(struct drawn_ranking *r, size_t n, struct arena *a, struct err *err)
{
    r->rising = arena_alloc(a, n, sizeof *r->rising, err);
    r->rank = arena_alloc(a, n, sizeof *r->rank, err);
    r->top = arena_alloc(a, n, sizeof *r->top, err);
    return err_if(err, !r->rising || !r->rank || !r->top);
}

static void set_ranks(struct drawn_ranking *r)
{
    for (size_t i = 0, end; i < r->n; i = end) {
        for (end = i; end < r->n && !(r->rising[end].value > r->rising[i].value); end++)
            ;
        for (size_t k = i; k < end; k++)
            r->rank[r->rising[k].of] = (double)(i + end - 1) / 2;
    }
}

/* The strongest by absolute value stand at the two ends. */
static void set_top(struct drawn_ranking *r)
{
    size_t lo = 0, hi = r->n;

    for (size_t taken = 0; lo < hi && taken < (size_t)top_sizes[TOP_KINDS - 1]; taken++) {
        bool low = -r->rising[lo].value > r->rising[hi - 1].value;
        size_t of = low ? r->rising[lo++].of : r->rising[--hi].of;

        if (!taken)
            r->first = of;
        for (int k = 0; k < TOP_KINDS; k++)
            r->top[of] |= (unsigned char)((taken < (size_t)top_sizes[k]) << k);
    }
}

static void rank_draw(struct drawn_ranking *r, const float *const *mean, size_t n, size_t draw)
{
    r->n = 0;
    memset(r->top, 0, n);
    for (size_t i = 0; i < n; i++) {
        r->rank[i] = (double)NAN;
        if (!isnan(mean[i][draw]))
            r->rising[r->n++] = (struct placed){mean[i][draw], i};
    }
    qsort(r->rising, r->n, sizeof *r->rising, by_value);
    set_ranks(r);
    set_top(r);
}

/* Spearman's: of the ranks of those that both have. */
static double correlation(const struct drawn_ranking *a, const struct drawn_ranking *b, size_t n)
{
    double m = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(a->rank[i]) || isnan(b->rank[i]))
            continue;
        m++;
        x += a->rank[i];
        y += b->rank[i];
        xx += a->rank[i] * a->rank[i];
        yy += b->rank[i] * b->rank[i];
        xy += a->rank[i] * b->rank[i];
    }
    return (xy - x * y / m) / sqrt((xx - x * x / m) * (yy - y * y / m));
}

static double jaccard(const struct drawn_ranking *a, const struct drawn_ranking *b, size_t n, int k)
{
    double both = 0, either = 0;

    for (size_t i = 0; i < n; i++) {
        both += a->top[i] & b->top[i] & 1 << k ? 1 : 0;
        either += (a->top[i] | b->top[i]) & 1 << k ? 1 : 0;
    }
    return both / either;
}

int stability_of(const float *const *mean, size_t n, const struct draws *d, struct stability *out,
                 struct arena *scratch, struct err *err)
{
    struct drawn_ranking r[2];
    size_t *first, pairs = d->n / 2, counted = 0;

    arena_reset(scratch);
    first = arena_alloc(scratch, n, sizeof *first, err);
    *out = (struct stability){.first_candidates = 0};
    if (!first || ranking_open(&r[0], n, scratch, err) || ranking_open(&r[1], n, scratch, err))
        goto end;
    for (size_t p = 0; p < pairs; p++) {
        for (size_t i = 0; i < 2; i++) {
            rank_draw(&r[i], mean, n, 2 * p + i);
            if (r[i].n)
                first[r[i].first]++;
        }
        if (!r[0].n || !r[1].n)
            continue;
        counted++;
        out->rank_correlation += correlation(&r[0], &r[1], n);
        for (int k = 0; k < TOP_KINDS; k++)
            out->top_jaccard[k] += jaccard(&r[0], &r[1], n, k);
    }
    out->rank_correlation /= (double)counted; /* 0 / 0 = NaN */
    for (int k = 0; k < TOP_KINDS; k++)
        out->top_jaccard[k] =
            n > (size_t)top_sizes[k] ? out->top_jaccard[k] / (double)counted : (double)NAN;
    for (size_t i = 0; i < n; i++)
        out->first_candidates += first[i] > 0 && first[i] * 20 >= d->n;
end:
    arena_reset(scratch);
    return err->code;
}
