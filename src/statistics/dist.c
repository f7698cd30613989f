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
