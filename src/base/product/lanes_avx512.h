/* AVX-512: all lanes in one register. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_AVX512_H
#define LENSWEEP_BASE_PRODUCT_LANES_AVX512_H

#ifdef __AVX512BW__

#include "base/product/lanes.h"

#include <immintrin.h>

typedef __m512 vec;

enum { WIDE = 16, PASSES = 1, SUMS = 8, LANES_WIDEN = 1 };
/* Blocks of k that are read of a row of w at once: a whole page of 2-byte numbers. */
enum { BLOCKS = 2 };

/* Rows of x and of w in a tile: its accumulators, a strip of w and one of x fit 32 registers. */
#define INNER_TILES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6) X(5, 5) X(6, 4)
enum { MIX_STRIPS = 4 };
enum { INNER_ROWS = 6, INNER_STRIPS = 8, INNER_MOST = 25 };

IN_LANES vec lanes_zero(void)
{
    return _mm512_setzero_ps();
}

IN_LANES vec lanes_same(float a)
{
    return _mm512_set1_ps(a);
}

IN_LANES vec lanes_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

IN_LANES void lanes_store(float *p, vec v)
{
    _mm512_storeu_ps(p, v);
}

/* *c += a b. In assembly: gcc runs out of registers when it may reorder loads and products. */
IN_LANES void lanes_fma(vec *c, vec a, vec b)
{
    __asm__ volatile("vfmadd231ps %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
}

IN_LANES vec lanes_f32(const unsigned char *p, int pass)
{
    (void)pass;
    return _mm512_loadu_ps(p);
}

IN_LANES vec lanes_f16(const unsigned char *p, int pass)
{
    (void)pass;
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
}

IN_LANES vec lanes_bf16(const unsigned char *p, int pass)
{
    (void)pass;
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}

/* The first or second of two groups goes to the upper halves of the lanes. One order for both: with
   two of them the accumulators of a tile would lack a register. */
IN_LANES vec lanes_bf16_of_two(const unsigned char *p, int second, int pass)
{
    const __m512i to = _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7, 0,
                                        6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1, 0, 0, 0);
    __m512i both = second ? _mm512_broadcast_i64x4(_mm256_loadu_si256((const void *)(p + 32)))
                          : _mm512_loadu_si512(p);

    (void)pass;
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, to, both));
}

/* A group of x to its place in each pass; the passes lie `apart` floats from each other. */
IN_LANES void lanes_pack(const float *x, float *out, int64_t apart)
{
    (void)apart;
    _mm512_storeu_ps(out, _mm512_loadu_ps(x));
}

/* A step of two sums: each keeps half of its lanes where they are, the other half comes to them. A
   blend runs beside the products; of permutations a processor does one at a time. */
IN_LANES vec fold8(vec a, vec b)
{
    return _mm512_add_ps(_mm512_mask_blend_ps(0xff00, a, b), _mm512_shuffle_f32x4(a, b, 0x4e));
}

IN_LANES vec fold4(vec a, vec b)
{
    const __m512i other =
        _mm512_setr_epi32(4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 24, 25, 26, 27);

    return _mm512_add_ps(_mm512_mask_blend_ps(0xf0f0, a, b), _mm512_permutex2var_ps(a, other, b));
}

IN_LANES vec fold2(vec a, vec b)
{
    return _mm512_add_ps(_mm512_mask_blend_ps(0xcccc, a, b), _mm512_shuffle_ps(a, b, 0x4e));
}

/* e of four sums, a quarter of the register each. */
IN_LANES vec fold_four(const float *p)
{
    enum { APART = 2 * WIDE };

    return fold4(fold8(lanes_load(p), lanes_load(p + 2 * APART)),
                 fold8(lanes_load(p + APART), lanes_load(p + 3 * APART)));
}

/* SUMS sums of accumulators that were stored one after the other: (PASSES, n, WIDE). */
IN_LANES void lanes_sums(const float *part, int n, float *out)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14);
    vec e = fold2(fold_four(part), fold_four(part + WIDE));

    (void)n;
    e = _mm512_add_ps(e, _mm512_permute_ps(e, 0xb1));
    _mm256_storeu_ps(out, _mm512_castps512_ps256(_mm512_permutexvar_ps(even, e)));
}

#endif
#endif
