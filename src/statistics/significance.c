#include "statistics/significance.h"

#include "statistics/dist.h"

#include <math.h>
#include <stdlib.h>

double sign_flip_p(const double *v, size_t n, double *work)
{
    double *a = work, *p = work + n, sum = 0, far = 0, tail;
    size_t counted = 0;

    for (size_t i = 0; i < n; i++) {
        if (v[i] == 0)
            continue;
        sum += v[i];
        far += fabs(v[i]);
        a[counted] = 2 * fabs(v[i]); /* the sum without it and with it, the least being -far */
        p[counted++] = 0.5;
    }
    if (!counted)
        return 1;
    tail = two_point_tail(a, p, counted, fabs(sum) + far);
    return tail < 0.5 ? 2 * tail : 1;
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
