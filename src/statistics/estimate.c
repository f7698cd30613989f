/*
 * An element's numbers by base row and cluster first; then each row of the strata is a weighted sum
 * of base rows, and all that is said of it follows from what its clusters add to that sum.
 */
#include "statistics/estimate.h"

#include "base/real.h"
#include "base/str.h"
#include "statistics/dist.h"
#include "statistics/interval.h"
#include "statistics/significance.h"

#include <math.h>
#include <string.h>

enum { CACHED = 1024 };

/* A base row of one element, by one clustering. */
struct base_mean {
    double mean, n;       /* over queries */
    double n_eff;         /* clusters of equal size that would tell as much */
    double second, third; /* what makes deviations' squares, and cubes, those of a sample */
    size_t clusters;      /* with a value */
};

/* A cluster in a base row, or in a row that is summed up of base rows. */
struct share {
    int cluster;
    double size;  /* share of the mean's weight */
    double given; /* share of the mean */
    double dev;   /* what it adds beyond the mean */
};

struct sum {
    double size, given, square, cube, chance;
    bool seen;
};

struct quantile {
    double key[2], lo, hi;
};

/* Room for one element. */
struct estimation {
    const struct strata *s;
    const struct estimate_ask *ask;
    struct base_mean *part, *under; /* (n_base) of the values; of a ratio's denominators */
    struct share *share, *below;    /* (queries) likewise; those of a base row stand together */
    size_t *at;                     /* (n_base) where */
    double *mean, *mean_below;      /* (n) of all rows */
    double *weight;                 /* (n_base) of the row that is being summed up */
    struct sum *sum;                /* (clusters) */
    int *touched;                   /* (clusters) */
    double *v, *room;               /* (clusters), (2 clusters) */
    double *t;              /* (queries + 1) quantiles by degrees of freedom; 0 = not known */
    struct quantile *rate;  /* (CACHED) intervals of rates */
    struct estimate *other; /* (n) by the other clustering */
};

static size_t most_clusters(const struct strata *s)
{
    size_t n = s->items.n;

    for (size_t t = 0; t <= s->n_targets; t++)
        n = s->tokens[t].n > n ? s->tokens[t].n : n;
    return n;
}

static int work_open(struct estimation *w, const struct strata *s, const struct estimate_ask *ask,
                     struct arena *a, struct err *err)
{
    size_t clusters = most_clusters(s), at = 0;

    memset(w, 0, sizeof *w);
    w->s = s;
    w->ask = ask;
    w->part = arena_alloc(a, s->n_base, sizeof *w->part, err);
    w->under = arena_alloc(a, s->n_base, sizeof *w->under, err);
    w->share = arena_alloc(a, s->n_queries, sizeof *w->share, err);
    w->below = arena_alloc(a, s->n_queries, sizeof *w->below, err);
    w->at = arena_alloc(a, s->n_base, sizeof *w->at, err);
    w->mean = arena_alloc(a, s->n, sizeof *w->mean, err);
    w->mean_below = arena_alloc(a, s->n, sizeof *w->mean_below, err);
    w->weight = arena_alloc(a, s->n_base, sizeof *w->weight, err);
    w->sum = arena_alloc(a, clusters, sizeof *w->sum, err);
    w->touched = arena_alloc(a, clusters, sizeof *w->touched, err);
    w->v = arena_alloc(a, clusters, sizeof *w->v, err);
    w->room = arena_alloc(a, 2 * clusters, sizeof *w->room, err);
    w->t = arena_alloc(a, s->n_queries + 1, sizeof *w->t, err);
    w->rate = arena_alloc(a, CACHED, sizeof *w->rate, err);
    w->other = arena_alloc(a, s->n, sizeof *w->other, err);
    for (size_t i = 0; !err->code && i < s->n_base; at += s->v[i++].n_parts)
        w->at[i] = at;
    return err->code;
}

/* --- base rows --- */

/* Factors that make up for deviations being taken from the row's own mean. Squares: exactly, also
   for clusters of unequal size, if a cluster's values are alike; cubes: as for equal ones. */
static void set_factors(struct base_mean *p, double second, double third)
{
    double n = p->n_eff = 1 / second, lost = 1 - 2 * third / second + second;

    p->second = p->clusters > 1 ? sqrt(1 / lost) : (double)NAN;
    p->third = n > 2.001 ? real_pow(n * n / ((n - 1) * (n - 2)), 1.0 / 3) : 0;
}

static void fill_part(const struct estimation *w, const struct clusters *c, size_t row,
                      const float *value, size_t stride, struct base_mean *p, struct share *share)
{
    const struct stratum *v = &w->s->v[row];
    double sum = 0, second = 0, third = 0;

    *p = (struct base_mean){.n = 0};
    memset(share, 0, c->in_row[row] * sizeof *share);
    for (size_t i = 0; i < v->n_parts; i++) {
        double x = (double)value[(size_t)v->part[i] * stride];
        struct share *mine = &share[c->slot[v->part[i]]];

        if (isnan(x))
            continue;
        mine->cluster = c->of_query[v->part[i]];
        mine->size++;
        mine->given += x;
        p->n++;
        sum += x;
    }
    p->mean = sum / p->n; /* 0 / 0 = NaN */
    for (size_t i = 0; i < c->in_row[row]; i++) {
        struct share *mine = &share[i];

        if (!(mine->size > 0))
            continue;
        mine->dev = (mine->given - p->mean * mine->size) / p->n;
        mine->size /= p->n;
        mine->given /= p->n;
        second += mine->size * mine->size;
        third += mine->size * mine->size * mine->size;
        p->clusters++;
    }
    if (p->clusters)
        set_factors(p, second, third);
}

/* --- rows as weighted sums of base rows --- */

/* What part k of a macro-average row adds to its sum; every part that has a number counts once. */
static double times_added(enum template_mean way, const struct stratum *row, size_t k)
{
    if (row->over != OVER_TEMPLATES || k)
        return row->over == OVER_TEMPLATES && way == TEMPLATES_FIRST_ONLY ? 0 : 1;
    return way == TEMPLATES_FIRST_TWICE ? 2 : 1;
}

static double parts_counted(const struct estimation *w, const struct stratum *row,
                            const double *mean)
{
    double n = 0;

    for (size_t k = 0; k < row->n_parts; k++)
        n += times_added(w->ask->way, row, k) > 0 && !isnan(mean[row->part[k]]);
    return n;
}

/* Means of all rows; parts without a number are left out. */
static void row_means(const struct estimation *w, const struct base_mean *part, double *mean)
{
    for (size_t r = 0; r < w->s->n; r++) {
        const struct stratum *row = &w->s->v[r];
        double sum = 0;

        if (r < w->s->n_base) {
            mean[r] = part[r].mean;
            continue;
        }
        for (size_t k = 0; k < row->n_parts; k++) {
            double times = times_added(w->ask->way, row, k), v = mean[row->part[k]];

            sum += times > 0 && !isnan(v) ? times * v : 0;
        }
        mean[r] = sum / parts_counted(w, row, mean);
    }
}

/* Adds the weights that base rows have in a row that has this one itself. */
static void add_weights(struct estimation *w, size_t r, double weight)
{
    const struct stratum *row = &w->s->v[r];

    if (r < w->s->n_base) {
        w->weight[r] += weight;
        return;
    }
    for (size_t k = 0; k < row->n_parts; k++) {
        double times = times_added(w->ask->way, row, k);

        if (times > 0 && !isnan(w->mean[row->part[k]])) /* so deep go macro-averages: two */
            add_weights(w, (size_t)row->part[k], weight * times / parts_counted(w, row, w->mean));
    }
}

/* The chance of a success that exchangeable tokens have in a base row, the target itself, which is
   one of them, counted in: so it is not 0 where a target has one. */
static double pooled_chance(const struct estimation *w, size_t element, size_t base)
{
    double chance = w->ask->chance ? w->ask->chance[element * w->s->n + base].mean : 0;
    double m = (double)w->ask->controls;

    return (m * chance + w->part[base].mean) / (m + 1);
}

static struct sum *touch(struct estimation *w, int cluster, size_t *n)
{
    struct sum *s = &w->sum[cluster];

    if (!s->seen) {
        *s = (struct sum){.seen = true};
        w->touched[(*n)++] = cluster;
    }
    return s;
}

static void add_part(struct estimation *w, const struct clusters *c, size_t base, double ratio,
                     double mean_below, double chance, size_t *n)
{
    const struct base_mean *p = &w->part[base];
    double weight = w->weight[base];

    for (size_t i = 0; i < c->in_row[base]; i++) {
        const struct share *mine = &w->share[w->at[base] + i];
        double dev = mine->dev;
        struct sum *s;

        if (!(mine->size > 0))
            continue;
        s = touch(w, mine->cluster, n);
        if (!isnan(mean_below))
            dev = (dev - ratio * w->below[w->at[base] + i].dev) / mean_below;
        s->size += weight * mine->size;
        s->given += weight * mine->given;
        s->square += weight * p->second * dev;
        s->cube += weight * p->third * dev;
        s->chance += weight * mine->size * chance;
    }
}

/* --- what is said of a row --- */

static double quantile_of(struct estimation *w, int df)
{
    double *t = &w->t[df];

    if (!(*t > 0))
        *t = student_quantile(df + 1 < CLUSTERS_ENOUGH ? 0.02 : 0.025, df);
    return *t;
}

static const struct quantile *rate_of(struct estimation *w, double k, double n)
{
    double h = k * 7919 + n * 104729;
    struct quantile *q = &w->rate[(size_t)(h * 16) % CACHED];

    if (q->key[0] != k || q->key[1] != n) {
        *q = (struct quantile){.key = {k, n}};
        rate_interval(k, n, 0.025, &q->lo, &q->hi);
    }
    return q;
}

/* Of a rate: the parts' intervals, those of different datasets independent, those of the templates
   of a dataset as far off together (Zou and Donner's way to sum up intervals). */
static void rate_limits(struct estimation *w, size_t row, struct estimate *out)
{
    const struct strata *s = w->s;
    double down = 0, up = 0;

    for (size_t i = 0; i < s->n_base; i++) {
        double low = 0, high = 0;

        if (!(w->weight[i] > 0)) /* the row of one step has no part in another's */
            continue;
        for (size_t k = 0; k < s->n_base; k++) {
            const struct base_mean *p = &w->part[k];
            const struct quantile *q;

            if (!(w->weight[k] > 0) || !str_eq(s->v[i].dataset, s->v[k].dataset))
                continue;
            if (k < i)
                break; /* the dataset has been summed up */
            q = rate_of(w, p->mean * p->n_eff, p->n_eff);
            low += w->weight[k] * (p->mean - q->lo);
            high += w->weight[k] * (q->hi - p->mean);
        }
        down += low * low;
        up += high * high;
    }
    out->lo = w->mean[row] - sqrt(down);
    out->hi = w->mean[row] + sqrt(up);
}

/* More successes than chance? A cluster has all of its share or nothing: the worst case. */
static double rate_p(struct estimation *w, size_t row, size_t n)
{
    double *a = w->room, *p = w->room + n;

    for (size_t i = 0; i < n; i++) {
        const struct sum *s = &w->sum[w->touched[i]];

        a[i] = s->size;
        p[i] = s->chance / s->size;
        if (isnan(p[i]))
            return (double)NAN;
    }
    return two_point_tail(a, p, n, w->mean[row]);
}

/* The larger p of both tests: signs flipped, and Student's with the skewness taken out. */
static double mean_test(struct estimation *w, const struct mean_spread *spread, size_t n,
                        double least)
{
    double sign = spread->mean < 0 ? -1 : 1;
    double flipped, t = mean_p(spread, least);

    if (!(fabs(spread->mean) > least))
        return 1;
    for (size_t i = 0; i < n; i++) {
        const struct sum *s = &w->sum[w->touched[i]];
        bool tie = fabs(s->given) <= w->ask->tie * s->size;

        w->v[i] = (tie ? 0 : s->given) - sign * least * s->size;
    }
    flipped = sign_flip_p(w->v, n, w->room);
    return flipped > t ? flipped : t;
}

/* Interval and tests, of what its clusters add up to. */
static void judge(struct estimation *w, size_t row, size_t n, const struct mean_spread *spread,
                  struct estimate *out)
{
    out->se = sqrt(spread->var);
    if (w->ask->rate)
        rate_limits(w, row, out);
    else
        mean_interval(spread, quantile_of(w, out->df), &out->lo, &out->hi);
    if (w->ask->tested)
        out->p = w->ask->rate ? rate_p(w, row, n) : mean_test(w, spread, n, 0);
    if (w->ask->min_tested)
        out->p_min = mean_test(w, spread, n, w->ask->min_effect);
}

static const struct estimate nothing_known = {
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, 0, 0, -1};

/* Variance and skewness of the row from its n clusters. */
static struct mean_spread sum_up(struct estimation *w, size_t n, double mean, double df)
{
    struct mean_spread out = {mean, 0, 0, df};
    double cube = 0;

    for (size_t i = 0; i < n; i++) {
        struct sum *s = &w->sum[w->touched[i]];

        out.var += s->square * s->square;
        cube += s->cube * s->cube * s->cube;
        s->seen = false;
    }
    if (out.var > 0)
        out.skew = cube / (out.var * sqrt(out.var));
    return out;
}

static struct estimate row_estimate(struct estimation *w, const struct clusters *c, size_t element,
                                    size_t row, bool is_ratio)
{
    double below = is_ratio ? w->mean_below[row] : (double)NAN, fewest = (double)INFINITY;
    struct estimate out = nothing_known;
    struct mean_spread spread;
    size_t n = 0;

    if (is_ratio && below == 0) /* of nothing there are no shares */
        return out;
    memset(w->weight, 0, w->s->n_base * sizeof *w->weight);
    add_weights(w, row, 1);
    out.mean = is_ratio ? w->mean[row] / below : w->mean[row];
    for (size_t i = 0; i < w->s->n_base; i++) {
        if (!(w->weight[i] > 0) || !w->part[i].clusters)
            continue;
        add_part(w, c, i, out.mean, below, pooled_chance(w, element, i), &n);
        fewest = fmin(fewest, w->part[i].n_eff);
        out.n += (int)w->part[i].n;
    }
    out.n_clusters = (int)n;
    out.df = n ? (int)floor(fewest + 1e-9) - 1 : -1;
    spread = sum_up(w, n, out.mean, out.df);
    if (out.df > 0)
        judge(w, row, n, &spread, &out);
    return out;
}

/* --- elements --- */

static double larger(double a, double b)
{
    return isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}

/* Of two clusterings what claims less. */
static void be_cautious(struct estimate *e, const struct estimate *other)
{
    e->se = larger(e->se, other->se);
    e->lo = -larger(-e->lo, -other->lo);
    e->hi = larger(e->hi, other->hi);
    e->p = larger(e->p, other->p);
    e->p_min = larger(e->p_min, other->p_min);
    e->df = e->df < other->df ? e->df : other->df;
    e->n_clusters = e->n_clusters < other->n_clusters ? e->n_clusters : other->n_clusters;
}

/* Element `element` stands at value, (queries, stride) apart. */
static void by_clusters(struct estimation *w, const struct clusters *c, const float *value,
                        size_t stride, size_t element, const float *below, struct estimate *out)
{
    for (size_t i = 0; i < w->s->n_base; i++) {
        fill_part(w, c, i, value, stride, &w->part[i], w->share + w->at[i]);
        if (below)
            fill_part(w, c, i, below, stride, &w->under[i], w->below + w->at[i]);
    }
    row_means(w, w->part, w->mean);
    if (below)
        row_means(w, w->under, w->mean_below);
    for (size_t r = 0; r < w->s->n; r++)
        out[r] = row_estimate(w, c, element, r, below);
}

static void one_element(struct estimation *w, const float *value, size_t stride, size_t element,
                        const float *below, struct estimate *out)
{
    const struct strata *s = w->s;
    const struct clusters *tokens;
    int about = w->ask->about ? w->ask->about[(w->ask->first + element) % w->ask->n_about] : -1;

    by_clusters(w, &s->items, value, stride, element, below, out);
    if (about < 0)
        return;
    tokens = &s->tokens[about];
    if (tokens->as_items)
        return;
    by_clusters(w, tokens, value, stride, element, below, w->other);
    for (size_t r = 0; r < s->n; r++)
        be_cautious(&out[r], &w->other[r]);
}

int strata_estimate(const struct strata *s, const struct estimate_ask *ask, const float *value,
                    size_t elements, struct estimate *out, struct arena *scratch, struct err *err)
{
    size_t stride = ask->ratio ? 2 * elements : elements;
    struct estimation w;

    arena_reset(scratch);
    if (!work_open(&w, s, ask, scratch, err))
        for (size_t e = 0; e < elements; e++)
            one_element(&w, value + e, stride, e, ask->ratio ? value + elements + e : NULL,
                        out + e * s->n);
    arena_reset(scratch);
    return err->code;
}
