/*
 * Small square matrices in double precision, row by row, by plain sums in a written order: bits do
 * not depend on the processor, and no LAPACK has a say in them.
 *
 *     // How much of a (n, n) turns the same way as it stretches; a is overwritten.
 *     double sum_of_positive(size_t n, double *a, double *re, double *im)
 *     {
 *         double sum = 0;
 *
 *         if (square_eigenvalues(n, a, re, im))
 *             for (size_t i = 0; i < n; i++)
 *                 sum += re[i] > 0 ? re[i] : 0;
 *         return sum;
 *     }
 */
#ifndef LENSWEEP_BASE_SQUARE_H
#define LENSWEEP_BASE_SQUARE_H

#include <stdbool.h>
#include <stddef.h>

/* Eigenvalues of a (n, n), which is overwritten: re (n), im (n), complex ones in pairs; in no order
   that means anything. false: they did not converge, or a is not finite. */
bool square_eigenvalues(size_t n, double *a, double *re, double *im);

/* a (n, n), symmetric and without negative eigenvalues but for rounding, becomes the lower
   triangle r with a = r r^T; above it zeros. Columns that only rounding would fill are zeros. */
void square_cholesky(size_t n, double *a);

#endif
