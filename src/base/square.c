/*
 * Eigenvalues as Golub and Van Loan describe it (Matrix Computations, 7.4 and 7.5): reflections to
 * Hessenberg form, then Francis' steps with two shifts at once, which stay real, on ever smaller
 * blocks.
 */
#include "base/square.h"

#include <float.h>
#include <math.h>

/* --- reflections --- */

/* Makes of v (m) the vector of the reflection I - b v v^T that turns v into a multiple of the first
   unit vector. Returns b; 0 = v is zero. */
static double reflection(size_t m, double *v)
{
    double square = 0, tail;

    for (size_t i = 1; i < m; i++)
        square += v[i] * v[i];
    tail = square;
    square += v[0] * v[0];
    if (square <= 0)
        return 0;
    v[0] += v[0] < 0 ? -sqrt(square) : sqrt(square);
    return 2 / (v[0] * v[0] + tail);
}

/* Rows [at, at + m) of columns [from, to). */
static void reflect_rows(size_t n, double *a, size_t at, size_t m, const double *v, double b,
                         size_t from, size_t to)
{
    for (size_t j = from; j < to; j++) {
        double sum = 0;

        for (size_t i = 0; i < m; i++)
            sum += v[i] * a[(at + i) * n + j];
        for (size_t i = 0; i < m; i++)
            a[(at + i) * n + j] -= b * sum * v[i];
    }
}

/* Columns [at, at + m) of rows [from, to). */
static void reflect_columns(size_t n, double *a, size_t at, size_t m, const double *v, double b,
                            size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        double *row = a + i * n + at, sum = 0;

        for (size_t j = 0; j < m; j++)
            sum += v[j] * row[j];
        for (size_t j = 0; j < m; j++)
            row[j] -= b * sum * v[j];
    }
}

/* v (n): scratch. */
static void to_hessenberg(size_t n, double *a, double *v)
{
    for (size_t k = 0; k + 2 < n; k++) {
        size_t m = n - k - 1;
        double b;

        for (size_t i = 0; i < m; i++)
            v[i] = a[(k + 1 + i) * n + k];
        b = reflection(m, v);
        reflect_rows(n, a, k + 1, m, v, b, k, n);
        reflect_columns(n, a, k + 1, m, v, b, 0, n);
        for (size_t i = k + 2; i < n; i++)
            a[i * n + k] = 0;
    }
}

/* --- steps --- */

/* One step on the block [lo, hi], of three rows at least, with the shifts whose sum and product
   these are. */
static void francis_step(size_t n, double *a, size_t lo, size_t hi, double sum, double product)
{
    const double *h = a + lo * n + lo;
    double v[3] = {h[0] * h[0] + h[1] * h[n] - sum * h[0] + product, h[n] * (h[0] + h[n + 1] - sum),
                   h[n] * h[2 * n + 1]};

    for (size_t k = lo; k < hi; k++) {
        size_t m = hi - k + 1 < 3 ? 2 : 3, below = k + 4 < hi + 1 ? k + 4 : hi + 1;
        double b = reflection(m, v);

        reflect_rows(n, a, k, m, v, b, k > lo ? k - 1 : lo, hi + 1);
        reflect_columns(n, a, k, m, v, b, lo, below);
        for (size_t i = 0; i < 3 && k + 1 + i <= hi; i++)
            v[i] = a[(k + 1 + i) * n + k];
    }
    for (size_t i = lo + 2; i <= hi; i++)
        for (size_t j = lo; j + 1 < i; j++)
            a[i * n + j] = 0;
}

/* Both eigenvalues of the block of rows and columns i and i + 1. */
static void of_two(size_t n, const double *a, size_t i, double *re, double *im)
{
    const double *h = a + i * n + i;
    double half = (h[0] - h[n + 1]) / 2, middle = (h[0] + h[n + 1]) / 2;
    double square = half * half + h[1] * h[n], root = sqrt(fabs(square));

    re[i] = re[i + 1] = middle;
    im[i] = im[i + 1] = 0;
    if (square < 0) {
        im[i] = root;
        im[i + 1] = -root;
    } else {
        /* the larger one first, the other from their product: no digits cancel */
        double larger = middle < 0 ? middle - root : middle + root;

        re[i] = larger;
        re[i + 1] = larger < 0 || larger > 0 ? (h[0] * h[n + 1] - h[1] * h[n]) / larger : 0;
    }
}

/* Where the block that ends at hi begins: below it is nothing but rounding. */
static size_t block_begin(size_t n, double *a, size_t hi)
{
    for (size_t l = hi; l > 0; l--) {
        double beside = fabs(a[(l - 1) * n + l - 1]) + fabs(a[l * n + l]);

        if (fabs(a[l * n + l - 1]) <= DBL_EPSILON * (beside > 0 ? beside : 1)) {
            a[l * n + l - 1] = 0;
            return l;
        }
    }
    return 0;
}

/* To a largest element of 1; returns what it was. NaN or infinity if one is not finite. */
static double scale(size_t n, double *a)
{
    double most = 0;

    for (size_t i = 0; i < n * n; i++)
        most = fabs(a[i]) > most || isnan(a[i]) ? fabs(a[i]) : most;
    for (size_t i = 0; most > 0 && i < n * n; i++)
        a[i] /= most;
    return most;
}

static bool solve(size_t n, double *a, double *re, double *im)
{
    enum { TRIES = 60, ODD = 10 }; /* of a block; now and then with shifts of another sort */
    size_t end = n;

    for (int tries = 0; end > 0 && tries < TRIES; tries++) {
        size_t hi = end - 1, lo = block_begin(n, a, hi);
        const double *last = a + hi * n + hi;

        if (lo == hi) {
            re[hi] = *last;
            im[hi] = 0;
        } else if (lo + 1 == hi)
            of_two(n, a, lo, re, im);
        else {
            double sum = last[-(ptrdiff_t)n - 1] + *last;
            double product = last[-(ptrdiff_t)n - 1] * *last - last[-1] * last[-(ptrdiff_t)n];

            if (tries % ODD == ODD - 1) {
                double off = fabs(last[-1]) + fabs(last[-(ptrdiff_t)n - 2]);

                sum = 1.5 * off;
                product = off * off;
            }
            francis_step(n, a, lo, hi, sum, product);
            continue;
        }
        end = lo;
        tries = -1;
    }
    return end == 0;
}

bool square_eigenvalues(size_t n, double *a, double *re, double *im)
{
    double most = scale(n, a);

    if (!isfinite(most))
        return false;
    to_hessenberg(n, a, re);
    if (!solve(n, a, re, im))
        return false;
    for (size_t i = 0; i < n; i++) {
        re[i] *= most;
        im[i] *= most;
    }
    return true;
}

void square_cholesky(size_t n, double *a)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = a[i * n + i] > most ? a[i * n + i] : most;
    for (size_t j = 0; j < n; j++) {
        double left = a[j * n + j];

        for (size_t k = 0; k < j; k++)
            left -= a[j * n + k] * a[j * n + k];
        left = left > FLT_EPSILON * most ? sqrt(left) : 0;
        a[j * n + j] = left;
        for (size_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];

            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = left > 0 ? sum / left : 0;
            a[j * n + i] = 0;
        }
    }
}
