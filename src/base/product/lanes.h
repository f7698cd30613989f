/*
 * The sixteen lanes of a sum, as the registers of one instruction set hold them.
 *
 * A sum over k runs in LANES partial sums, element k in lane k % LANES. Registers that are narrower
 * than LANES floats take them in PASSES passes over k; a `vec` holds the WIDE lanes of one pass.
 * lanes_sums adds the lanes of a sum in the order that product.h says.
 *
 * Which lanes a pass takes is free: it shows in no result.
 */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_H
#define LENSWEEP_BASE_PRODUCT_LANES_H

#include "base/product/way.h"

#include <string.h>

#if defined(__GNUC__)
#define IN_LANES static inline __attribute__((always_inline))
#else
#define IN_LANES static inline
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 32")
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

#if defined(__AVX512BW__) && !defined(ISA_IS_PORTABLE)
#include "base/product/lanes_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__) && !defined(ISA_IS_PORTABLE)
#include "base/product/lanes_avx2.h"
#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(ISA_IS_PORTABLE)
#include "base/product/lanes_neon.h"
#else
#include "base/product/lanes_portable.h"
#endif

#endif
