#include "statistics/dist.h"

#include "base/real.h"

#include <math.h>

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
