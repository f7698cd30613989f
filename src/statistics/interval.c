#include "statistics/interval.h"

#include "base/real.h"
#include "statistics/dist.h"

#include <math.h>

static double cube_root(double x)
{
    double root = x == 0 ? 0 : real_pow(fabs(x), 1.0 / 3);

    return x < 0 ? -root : root;
}

/* g(T), for skewness a. */
static double straighten(double t, double a)
{
    return t + a * (t * t / 3 + 1.0 / 6) + a * a * t * t * t / 27;
}

/* The T with g(T) = y. */
static double bend(double y, double a)
{
    if (fabs(a) < 1e-6)
        return y;
    return 3 / a * (cube_root(1 + a * (y - a / 6)) - 1);
}

void mean_interval(const struct mean_spread *s, double t, double *lo, double *hi)
{
    double se = sqrt(s->var);

    *lo = s->mean - fmax(t, bend(t, s->skew)) * se;
    *hi = s->mean - fmin(-t, bend(-t, s->skew)) * se;
}

double mean_p(const struct mean_spread *s, double least)
{
    double far = fabs(s->mean) - least, t, straight;

    if (!(far > 0))
        return 1;
    if (!(s->var > 0))
        return 0;
    t = far / sqrt(s->var);
    straight = straighten(t, s->mean > 0 ? s->skew : -s->skew);
    return straight > 0 ? student_tail(fmin(t, straight), s->df) : 1;
}

void rate_interval(double k, double n, double tail, double *lo, double *hi)
{
    const double least = 1e-9; /* k is a product: of whole numbers it is nearly whole */

    *lo = k < least ? 0 : beta_quantile(tail, k, n - k + 1);
    *hi = k > n - least ? 1 : beta_quantile(1 - tail, k + 1, n - k);
}
