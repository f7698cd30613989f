/* The BLAS library itself; its products: base/gemm.h. */
#ifndef LENSWEEP_BASE_BLAS_H
#define LENSWEEP_BASE_BLAS_H

/* Bytes that BLAS maps while so many threads multiply: where it does not get them it asks again for
   ever, so they have to be there before. */
double blas_bytes(int threads);

/* Makes BLAS work on the thread that calls it; team_init does this. */
void blas_one_thread(void);

/* What BLAS is at work: "OpenBLAS 0.3.21 Zen"; bits of its products can be compared only where it
   is the same. */
const char *blas_library(void);

#endif
