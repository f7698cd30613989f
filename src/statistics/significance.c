#include "statistics/significance.h"

#include "statistics/dist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Is base row `base` in stratum `row`: itself, or a part of a part? */
static bool holds(const struct strata *s, size_t row, size_t base)
{
    if (row < s->n_base)
        return row == base;
    for (size_t k = 0; k < s->v[row].n_parts; k++)
        if (holds(s, (size_t)s->v[row].part[k], base))
            return true;
    return false;
}

struct items {
    double *sum; /* (clusters) */
    int *count;
};

static double two_sided(double a, double b, double n)
{
    double p = 2 * binomial_tail(a > b ? a : b, n, 0.5);

    return p < 1 ? p : 1;
}

static struct significance test_items(const struct items *t, size_t n, double min_effect)
{
    double up = 0, down = 0, above = 0, below = 0;
    struct significance out = {(double)NAN, (double)NAN, 0};

    for (size_t c = 0; c < n; c++) {
        double effect = t->sum[c] / t->count[c];

        if (!t->count[c])
            continue;
        out.n_clusters++;
        up += effect > SIGN_TOLERANCE;
        down += effect < -SIGN_TOLERANCE;
        above += effect > min_effect;
        below += effect < -min_effect;
    }
    if (!out.n_clusters)
        return out;
    out.p = up + down > 0 ? two_sided(up, down, up + down) : 1;
    out.p_min = two_sided(above, below, out.n_clusters);
    return out;
}

static void test_element(const struct strata *s, const unsigned char *inside, const float *value,
                         size_t elements, struct items *t, double min_effect,
                         struct significance *out)
{
    for (size_t row = 0; row < s->n; row++) {
        memset(t->sum, 0, s->n_clusters * sizeof *t->sum);
        memset(t->count, 0, s->n_clusters * sizeof *t->count);
        for (size_t q = 0; q < s->n_queries; q++) {
            double v;

            if (s->of_query[q] < 0 || !inside[row * s->n_base + (size_t)s->of_query[q]])
                continue;
            v = (double)value[q * elements];
            if (isnan(v))
                continue;
            t->sum[s->cluster_of[q]] += v;
            t->count[s->cluster_of[q]]++;
        }
        out[row] = test_items(t, s->n_clusters, min_effect);
    }
}

int significance_of(const struct strata *s, const float *value, size_t elements, double min_effect,
                    struct significance *out, struct err *err)
{
    struct arena a = {0};
    unsigned char *inside = arena_alloc(&a, s->n * s->n_base, 1, err);
    struct items t = {arena_alloc(&a, s->n_clusters, sizeof *t.sum, err),
                      arena_alloc(&a, s->n_clusters, sizeof *t.count, err)};

    if (inside && t.sum && t.count) {
        for (size_t row = 0; row < s->n; row++)
            for (size_t base = 0; base < s->n_base; base++)
                inside[row * s->n_base + base] = holds(s, row, base);
        for (size_t e = 0; e < elements; e++)
            test_element(s, inside, value + e, elements, &t, min_effect, out + e * s->n);
    }
    arena_release(&a);
    return err->code;
}

/* By family, then p, the untested last. */
static int by_p(const void *a, const void *b)
{
    const struct test *x = a, *y = b;

    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    if (isnan(x->p) != isnan(y->p))
        return isnan(x->p) ? 1 : -1;
    if (x->p < y->p || x->p > y->p)
        return x->p < y->p ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

void adjust(struct test *test, size_t n, double *q)
{
    qsort(test, n, sizeof *test, by_p);
    for (size_t first = 0, end; first < n; first = end) {
        size_t tested = 0;
        double least = 1;

        for (end = first; end < n && test[end].family == test[first].family; end++)
            tested += !isnan(test[end].p);
        for (size_t i = end; i-- > first;) {
            double p = test[i].p, scaled = p * (double)tested / (double)(i - first + 1);

            least = scaled < least ? scaled : least;
            q[test[i].index] = isnan(p) ? (double)NAN : least;
        }
    }
}
