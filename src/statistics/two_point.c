/* Tails of sums of variables of two values: all of them counted, or a saddlepoint. */
#include "statistics/dist.h"

#include "base/real.h"

#include <math.h>
#include <stdbool.h>

enum { HALF = 1 << (TWO_POINT_EXACT / 2) };

/* --- all sums --- */

/* Sums in rising order, with their chances. */
struct sums {
    double at[HALF], chance[HALF];
    size_t n;
};

/* Each sum without and with one more variable, merged in order. */
static void add_variable(struct sums *s, double a, double p)
{
    double at[HALF], chance[HALF];
    size_t with = 0, without = 0, n = 0;

    while (with < s->n) {
        if (without < s->n && s->at[without] <= s->at[with] + a) {
            at[n] = s->at[without];
            chance[n++] = s->chance[without++] * (1 - p);
        } else {
            at[n] = s->at[with] + a;
            chance[n++] = s->chance[with++] * p;
        }
    }
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->at[i] = at[i];
        s->chance[i] = chance[i];
    }
}

static void list_sums(struct sums *s, const double *a, const double *p, size_t n)
{
    s->n = 1;
    s->at[0] = 0;
    s->chance[0] = 1;
    for (size_t i = 0; i < n; i++)
        add_variable(s, a[i], p[i]);
}

/* Every sum of one half meets those of the other that lift it to x. */
static double count_all(const double *a, const double *p, size_t n, double x)
{
    struct sums one, other;
    size_t half = n / 2, k;
    double above = 0, out = 0;

    list_sums(&one, a, p, half);
    list_sums(&other, a + half, p + half, n - half);
    k = other.n;
    for (size_t i = 0; i < one.n; i++) {
        while (k > 0 && other.at[k - 1] >= x - one.at[i])
            above += other.chance[--k];
        out += one.chance[i] * above;
    }
    return out < 1 ? out : 1;
}

/* --- the saddlepoint --- */

struct cumulants {
    double k, mean, var; /* of the tilted sum: log E exp(t sum), and its derivatives */
};

static struct cumulants tilt(const double *a, const double *p, size_t n, double t, bool log_too)
{
    struct cumulants out = {0, 0, 0};

    for (size_t i = 0; i < n; i++) {
        double e = real_exp(-t * a[i]), rest = (1 - p[i]) * e, m = p[i] / (p[i] + rest);

        out.mean += a[i] * m;
        out.var += a[i] * a[i] * m * (1 - m);
        if (log_too)
            out.k += t * a[i] + real_log(p[i] + rest);
    }
    return out;
}

/* The t at which the tilted mean is x: Newton's steps, kept between bounds. */
static double find_tilt(const double *a, const double *p, size_t n, double x, double t)
{
    double lo = 0, hi = (double)INFINITY;

    for (int i = 0; i < 60; i++) {
        struct cumulants c = tilt(a, p, n, t, false);
        double next = t + (x - c.mean) / c.var;

        *(c.mean < x ? &lo : &hi) = t;
        if (!(next > lo && next < hi))
            next = isinf(hi) ? 2 * t : lo + (hi - lo) / 2;
        if (fabs(next - t) < 1e-7 * t)
            return next;
        t = next;
    }
    return t;
}

static double saddlepoint(const double *a, const double *p, size_t n, double x, double t)
{
    struct cumulants c;
    double w, u, bound, step = a[0], tail;

    for (size_t i = 1; i < n; i++)
        step = a[i] < step ? a[i] : step;
    t = find_tilt(a, p, n, x, t);
    c = tilt(a, p, n, t, true);
    bound = c.k - t * x < 0 ? real_exp(c.k - t * x) : 1; /* Chernoff's */
    w = sqrt(2 * fmax(t * x - c.k, 0));
    if (w < 0.1)
        return 1;
    u = (1 - real_exp(-t * step)) / step * sqrt(c.var);
    tail = normal_tail(w) + normal_density(w) * (1 / u - 1 / w);
    return tail > 0 && 2 * tail < bound ? 2 * tail : bound;
}

double two_point_tail(const double *a, const double *p, size_t n, double x)
{
    double all = 0, mean = 0, var = 0, together = 1;
    bool equal = true;

    for (size_t i = 0; i < n; i++) {
        all += a[i];
        mean += a[i] * p[i];
        var += a[i] * a[i] * p[i] * (1 - p[i]);
        together *= p[i];
        equal &= fabs(a[i] - a[0]) <= 1e-12 * a[0] && fabs(p[i] - p[0]) <= 1e-12;
    }
    x -= 1e-9 * all;
    if (x <= 0 || x > all)
        return x <= 0 ? 1 : 0;
    if (equal)
        return binomial_tail(ceil(x / a[0]), (double)n, p[0]);
    if (n <= TWO_POINT_EXACT)
        return count_all(a, p, n, x);
    if (x >= all * (1 - 2e-9))
        return together;
    if (x <= mean || !(var > 0))
        return 1;
    return saddlepoint(a, p, n, x, (x - mean) / var);
}
