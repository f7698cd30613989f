/* AVX2 with FMA: eight lanes at a time, 0..3 and 8..11 first: what widening sixteen-bit numbers
   with one instruction gives. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_AVX2_H
#define LENSWEEP_BASE_PRODUCT_LANES_AVX2_H

#if defined(__AVX2__) && defined(__FMA__)

#include "base/product/lanes.h"

#include <immintrin.h>

typedef __m256 vec;

enum { WIDE = 8, PASSES = 2, SUMS = 8, LANES_WIDEN = 1 };
enum { BLOCKS = 1 };
enum { MIX_STRIPS = 4 };

/* Sixteen registers. */
#define TILES(X) X(1, 8) X(2, 4) X(3, 3) X(4, 2) X(5, 2) X(6, 2)
enum { TILE_ROWS = 6, TILE_STRIPS = 8, TILE_MOST = 16 };

IN_LANES vec lanes_zero(void)
{
    return _mm256_setzero_ps();
}

IN_LANES vec lanes_same(float a)
{
    return _mm256_set1_ps(a);
}

IN_LANES vec lanes_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

IN_LANES void lanes_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v);
}

/* *c += a b. In assembly: gcc runs out of registers when it may reorder loads and products. */
IN_LANES void lanes_fma(vec *c, vec a, vec b)
{
    __asm__ volatile("vfmadd231ps %2, %1, %0" : "+x"(*c) : "x"(a), "x"(b));
}

IN_LANES vec two_quarters(const float *low, const float *high)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

IN_LANES vec lanes_f32(const unsigned char *p, int pass)
{
    const float *f = (const void *)(p + 16 * pass);

    return two_quarters(f, f + 8);
}

IN_LANES vec lanes_f16(const unsigned char *p, int pass)
{
    __m128i low = _mm_loadl_epi64((const void *)(p + 8 * pass));
    __m128i high = _mm_loadl_epi64((const void *)(p + 16 + 8 * pass));

    return _mm256_cvtph_ps(_mm_unpacklo_epi64(low, high));
}

IN_LANES vec lanes_bf16(const unsigned char *p, int pass)
{
    __m256i all = _mm256_loadu_si256((const void *)p), none = _mm256_setzero_si256();

    return _mm256_castsi256_ps(pass ? _mm256_unpackhi_epi16(none, all)
                                    : _mm256_unpacklo_epi16(none, all));
}

IN_LANES vec lanes_bf16_of_two(const unsigned char *p, int second, int pass)
{
    return lanes_bf16(p + 32 * second, pass);
}

IN_LANES void lanes_pack(const float *x, float *out, int64_t apart)
{
    lanes_store(out, two_quarters(x, x + 8));
    lanes_store(out + apart, two_quarters(x + 4, x + 12));
}

/* d of two sums, from both passes. */
IN_LANES vec fold_two(const float *part, int n)
{
    enum { APART = 4 * WIDE };
    const float *rest = part + n * WIDE;
    vec a = lanes_load(part), b = lanes_load(part + APART);
    vec c = lanes_load(rest), d = lanes_load(rest + APART);

    a = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    c = _mm256_add_ps(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
    return _mm256_add_ps(a, c);
}

IN_LANES vec fold2(vec a, vec b)
{
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
}

IN_LANES vec fold1(vec a, vec b)
{
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}

IN_LANES void lanes_sums(const float *part, int n, float *out)
{
    vec first = fold2(fold_two(part, n), fold_two(part + WIDE, n));
    vec second = fold2(fold_two(part + 2 * WIDE, n), fold_two(part + 3 * WIDE, n));

    _mm256_storeu_ps(out, fold1(first, second));
}

#endif
#endif
