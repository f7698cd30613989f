/* AVX-512: the lanes of two rows in a register. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_AVX512_H
#define LENSWEEP_BASE_PRODUCT_LANES_AVX512_H

#ifdef __AVX512BW__

#include "base/product/lanes.h"

#include <immintrin.h>

typedef __m512 vec;

enum { WIDE = 16, ROWS = 2, PASSES = 1, SUMS = 8, LANES_WIDEN = 1 };
/* Blocks of k that are read of a row of w at once: a whole page of 2-byte numbers. */
enum { BLOCKS = 2 };

/* Rows of x in a register, registers of x and of w in a tile: its accumulators, those of w and one
   of x fit 32. More rows of w at once would be more than the processor fetches ahead. */
#define INNER_OF_FEW(X) X(1, 1, 4) X(1, 2, 4) X(1, 3, 4) X(1, 4, 4) X(1, 5, 4)
#define INNER_TILES(X)  INNER_OF_FEW(X) X(2, 3, 6) X(2, 4, 6) X(2, 5, 4) X(2, 6, 4)
enum { INNER_VECTORS = 6, INNER_STRIPS = 8, INNER_FEW = 5, INNER_MOST = 24 };
enum { MIX_STRIPS = 4 };

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

/* A row twice, or two rows, side by side. */
IN_LANES vec lanes_f32(struct octet p)
{
    __m256 low = _mm256_loadu_ps((const float *)(const void *)p.at);

    return p.two ? _mm512_insertf32x8(_mm512_castps256_ps512(low),
                                      _mm256_loadu_ps((const float *)(const void *)p.beside), 1)
                 : _mm512_broadcast_f32x8(low);
}

/* The same of numbers of 16 bits. */
IN_LANES __m256i shorts_of(struct octet p)
{
    __m128i low = _mm_loadu_si128((const void *)p.at);

    return p.two ? _mm256_inserti128_si256(_mm256_castsi128_si256(low),
                                           _mm_loadu_si128((const void *)p.beside), 1)
                 : _mm256_broadcastsi128_si256(low);
}

IN_LANES vec lanes_f16(struct octet p)
{
    return _mm512_cvtph_ps(shorts_of(p));
}

/* Each number to the upper half of its lane. */
IN_LANES vec lanes_bf16(struct octet p)
{
    const __m512i to = _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7, 0,
                                        6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1, 0, 0, 0);
    __m512i all = _mm512_castsi256_si512(shorts_of(p));

    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, to, all));
}

/* A step of two registers of sums: each keeps half of its lanes where they are, the other half
   comes to them. A blend runs beside the products; of permutations a processor does one at a
   time. */
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

IN_LANES vec fold1(vec a, vec b)
{
    return _mm512_add_ps(_mm512_mask_blend_ps(0xaaaa, a, _mm512_permute_ps(b, 0xb1)),
                         _mm512_mask_blend_ps(0xaaaa, _mm512_permute_ps(a, 0xb1), b));
}

/* d of four registers, every second one. */
IN_LANES vec fold_four(const float *p)
{
    return fold2(fold4(lanes_load(p), lanes_load(p + 4 * WIDE)),
                 fold4(lanes_load(p + 2 * WIDE), lanes_load(p + 6 * WIDE)));
}

/* The sums of SUMS accumulators that were stored one after the other, (PASSES, n, WIDE): those of
   the first rows to out, of the second ones to out + apart. */
IN_LANES void lanes_sums(const float *part, int n, float *out, int64_t apart)
{
    vec all = fold1(fold_four(part), fold_four(part + WIDE));

    (void)n;
    _mm256_storeu_ps(out, _mm512_castps512_ps256(all));
    _mm256_storeu_ps(out + apart, _mm512_extractf32x8_ps(all, 1));
}

#endif
#endif
