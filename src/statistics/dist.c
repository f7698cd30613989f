#include "statistics/dist.h"

#include "base/real.h"

#include <math.h>
#include <stdbool.h>

/* The continued fraction of the incomplete beta function, from its end: it converges for
   x < (a + 1) / (a + b + 2), within some sqrt(max(a, b)) terms. */
static double beta_fraction(double a, double b, double x)
{
    int terms = 40 + (int)(4 * sqrt(a > b ? a : b));
    double f = 1;

    for (int m = terms; m > 0; m--) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1));

        f = 1 + odd / (1 + even / f);
    }
    return 1 / f;
}

/* The regularised incomplete beta function I_x(a, b). */
static double beta_share(double a, double b, double x)
{
    double scale;

    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    scale = real_exp(real_lgamma(a + b) - real_lgamma(a) - real_lgamma(b) + a * real_log(x) +
                     b * real_log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return scale * beta_fraction(a, b, x) / a;
    return 1 - scale * beta_fraction(b, a, 1 - x) / b;
}

double student_tail(double t, double df)
{
    return beta_share(df / 2, 0.5, df / (df + t * t));
}

double binomial_tail(double k, double n, double p)
{
    if (k <= 0 || k > n)
        return k <= 0 ? 1 : 0;
    return beta_share(k, n - k + 1, p);
}

/* The x in (lo, hi) at which f(x, a, b), which rises, is `share`. */
static double bisect(double (*f)(double, double, double), double a, double b, double share,
                     double lo, double hi)
{
    for (int i = 0; i < 200; i++) {
        double x = lo + (hi - lo) / 2;

        if (x <= lo || x >= hi)
            break;
        *(f(x, a, b) < share ? &lo : &hi) = x;
    }
    return lo + (hi - lo) / 2;
}

static double beta_below(double x, double a, double b)
{
    return beta_share(a, b, x);
}

double beta_quantile(double share, double a, double b)
{
    return bisect(beta_below, a, b, share, 0, 1);
}

double student_quantile(double tail, double df)
{
    double x = beta_quantile(2 * tail, df / 2, 0.5); /* df / (df + t^2) */

    return sqrt(df * (1 - x) / x);
}

double normal_density(double z)
{
    return 0.3989422804014326779 * real_exp(-z * z / 2);
}

/* A power series for small z, a continued fraction beyond. */
double normal_tail(double z)
{
    double f = 0;

    if (z < 3) {
        double term = z, sum = z;

        for (int k = 1; k < 100 && term > 1e-18 * sum; k++) {
            term *= z * z / (2 * k + 1);
            sum += term;
        }
        return 0.5 - normal_density(z) * sum;
    }
    for (int k = 60; k > 0; k--)
        f = k / (z + f);
    return normal_density(z) / (z + f);
}

/* --- sums of variables of two values: all of them counted --- */

enum { HALF = 1 << (TWO_POINT_EXACT / 2) };

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

/* --- or a saddlepoint --- */

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
