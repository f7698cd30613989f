/*
 * Sixteen floats at once, for the files that are compiled once for each instruction set (isa.h).
 *
 * Every operation here is one IEEE operation on each lane, or a sum in one written tree (lane j +
 * lane j + 8, then 4, 2, 1), so what is written with them has the same bits on every processor. The
 * three versions differ in how they hold the lanes: one register, two, or an array.
 *
 * v16 holds sixteen floats and w16 sixteen doubles. They are typedefs because one version's v16 is
 * a register and not a struct. v16_min(a, b) is a < b ? a : b and v16_max(a, b) is a > b ? a : b,
 * so b where either is NaN.
 */
#ifndef LENSWEEP_BASE_V16_H
#define LENSWEEP_BASE_V16_H

#include <stdint.h>

enum { LANES = 16 };

#if defined(__GNUC__)
#define V16_INLINE static inline __attribute__((always_inline, unused))
#else
#define V16_INLINE static inline
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__) && !defined(ISA_IS_PORTABLE)
#include "base/v16_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__) && !defined(ISA_IS_PORTABLE)
#include "base/v16_avx2.h"
#else
#include "base/v16_portable.h"
#endif

V16_INLINE v16 v16_zero(void)
{
    return v16_set(0);
}

#endif
