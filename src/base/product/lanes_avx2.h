/* AVX2 with FMA: the lanes of one row of x in a register. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_AVX2_H
#define LENSWEEP_BASE_PRODUCT_LANES_AVX2_H

#if defined(__AVX2__) && defined(__FMA__)

#include "base/product/lanes.h"

#include <immintrin.h>

typedef __m256 vec;

enum { WIDE = 8, ROWS = 1, PASSES = 1, SUMS = 4, LANES_WIDEN = 1 };
enum { BLOCKS = 1 };
enum { MIX_STRIPS = 4 };

/* Sixteen registers. */
#define INNER_TILES(X) X(1, 1, 8) X(1, 2, 4) X(1, 3, 3) X(1, 4, 2) X(1, 5, 2) X(1, 6, 2)
enum { INNER_VECTORS = 6, INNER_STRIPS = 8, INNER_FEW = 0, INNER_MOST = 16 };
#define OUTER_TILES(X) X(1, 8) X(2, 6) X(3, 4)
enum { OUTER_VECTORS = 3, OUTER_MOST = 12 };
enum { OUTER_FROM_FLOATS = 48, OUTER_FROM_F16 = 200, OUTER_FROM_BF16 = 64 };

IN_LANES vec lanes_zero(void)
{
    return _mm256_setzero_ps();
}

IN_LANES vec lanes_same(float a)
{
    return _mm256_set1_ps(a);
}

IN_LANES vec lanes_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
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

IN_LANES vec lanes_f32(struct octet p)
{
    return lanes_load((const float *)(const void *)p.at);
}

IN_LANES vec lanes_f16(struct octet p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p.at));
}

/* Eight numbers in both halves of a register, each then to the upper half of its lane. */
IN_LANES vec lanes_bf16(struct octet p)
{
    const __m256i to = _mm256_set_epi8(15, 14, -1, -1, 13, 12, -1, -1, 11, 10, -1, -1, 9, 8, -1, -1,
                                       7, 6, -1, -1, 5, 4, -1, -1, 3, 2, -1, -1, 1, 0, -1, -1);
    __m128i eight = _mm_loadu_si128((const void *)p.at);

    return _mm256_castsi256_ps(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(eight), to));
}

/* Four columns of eight rows: rows i and i + 4 in the halves of a register. */
IN_LANES void turn_half(const float *from, int64_t ld, vec *out)
{
    vec r[4], low[2], high[2];

    UNROLL
    for (int i = 0; i < 4; i++)
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from + i * ld)),
                                    _mm_loadu_ps(from + (i + 4) * ld), 1);
    UNROLL
    for (int i = 0; i < 2; i++) {
        low[i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        high[i] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    out[0] = _mm256_shuffle_ps(low[0], low[1], 0x44);
    out[1] = _mm256_shuffle_ps(low[0], low[1], 0xee);
    out[2] = _mm256_shuffle_ps(high[0], high[1], 0x44);
    out[3] = _mm256_shuffle_ps(high[0], high[1], 0xee);
}

/* The columns of WIDE rows of WIDE floats. */
IN_LANES void lanes_turn(const float *from, int64_t ld, vec *out)
{
    turn_half(from, ld, out);
    turn_half(from + 4, ld, out + 4);
}

/* The lanes of SHORTS groups of 16-bit numbers, each to where it belongs. */
enum { SHORTS = 16 };

IN_LANES void lanes_turn_shorts(const unsigned char *from, unsigned char *const *to)
{
    const int64_t group = 2 * LANES;
    __m256i r[8], two[8], four[8];

    UNROLL
    for (int i = 0; i < 8; i++)
        r[i] = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const void *)(from + i * group))),
            _mm_loadu_si128((const void *)(from + (i + 8) * group)), 1);
    UNROLL
    for (int i = 0; i < 4; i++) {
        two[i] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        two[4 + i] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        four[2 * i] = _mm256_unpacklo_epi32(two[2 * i], two[2 * i + 1]);
        four[2 * i + 1] = _mm256_unpackhi_epi32(two[2 * i], two[2 * i + 1]);
    }
    UNROLL
    for (int l = 0; l < 8; l++) { /* four: lanes 0 1, 2 3 of groups 0 to 3, then of 4 to 7, ... */
        __m256i first = four[l / 4 * 4 + l / 2 % 2], second = four[l / 4 * 4 + 2 + l / 2 % 2];

        _mm256_storeu_si256((void *)to[l], l % 2 ? _mm256_unpackhi_epi64(first, second)
                                                 : _mm256_unpacklo_epi64(first, second));
    }
}

/* A bfloat16 everywhere; two bytes behind it are read too. */
IN_LANES vec lanes_same_bf16(const unsigned char *p)
{
    int32_t both;

    memcpy(&both, p, sizeof both);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_set1_epi32(both), 16));
}

/* c of two sums. */
IN_LANES vec fold4(vec a, vec b)
{
    return _mm256_add_ps(_mm256_blend_ps(a, b, 0xf0), _mm256_permute2f128_ps(a, b, 0x21));
}

IN_LANES void lanes_sums(const float *part, int n, float *out, int64_t apart)
{
    vec a = fold4(lanes_load(part), lanes_load(part + 2 * WIDE));
    vec b = fold4(lanes_load(part + WIDE), lanes_load(part + 3 * WIDE));
    vec e = _mm256_add_ps(_mm256_blend_ps(a, b, 0xcc), _mm256_shuffle_ps(a, b, 0x4e));
    __m128 low = _mm256_castps256_ps128(e), high = _mm256_extractf128_ps(e, 1);

    (void)n;
    (void)apart;
    _mm_storeu_ps(out,
                  _mm_add_ps(_mm_shuffle_ps(low, high, 0x88), _mm_shuffle_ps(low, high, 0xdd)));
}

#endif
#endif
