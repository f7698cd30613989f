/*
 * Functions of double precision whose bits do not depend on the C library: its own differ in their
 * last bits between versions, and between processors that it has other code for. For what is done a
 * few times a query; rows of floats go to kernels.h.
 *
 * Fixed polynomials in additions, multiplications, divisions and fma. Errors in units in the last
 * place, which tests/unit/test_real.c checks.
 */
#ifndef LENSWEEP_BASE_REAL_H
#define LENSWEEP_BASE_REAL_H

double real_exp(double x);           /* within 0.65; 0.8 where it is a denormal */
double real_log(double x);           /* within 0.6; of 0 -infinity, of less NaN */
double real_log1p(double x);         /* log(1 + x), within 1.1 */
double real_pow(double x, double y); /* x > 0 and finite, y finite; within 1 */

/* Within 0.75 for |x| up to 2^27; NaN beyond. */
double real_sin(double x);
double real_cos(double x);

/* log(gamma(x)) for x > 0, to 2e-14 times the larger of 1 and x log x. */
double real_lgamma(double x);

#endif
