/*
 * The lanes of sums, as the registers of one instruction set hold them.
 *
 * A sum over k runs in LANES partial sums, element k in lane k % LANES. A register (`vec`) is WIDE
 * floats: lanes of ROWS rows of x, side by side, by those of a row of w, as often; or, where rows
 * of x are few, the other way round. Registers that hold only some of the lanes take them in PASSES
 * = LANES ROWS / WIDE passes over k. lanes_sums adds the lanes of sums in the order that product.h
 * says.
 *
 * Which rows and lanes a register holds is free: it shows in no result.
 */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_H
#define LENSWEEP_BASE_PRODUCT_LANES_H

#include "base/product/way.h"

#include <stdbool.h>
#include <string.h>

#if defined(__GNUC__)
#define IN_LANES static inline __attribute__((always_inline))
#else
#define IN_LANES static inline
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 32")
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL
#endif

/* LANES elements of a row of w, which a register holds as often as it holds rows of x; or of two
   rows of w, once each. */
struct octet {
    const unsigned char *at, *beside;
    bool two;
    int pass;
};

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
