/* v16.h with AVX2 and FMA: two registers hold sixteen floats, four hold sixteen doubles. */
#ifndef LENSWEEP_BASE_V16_AVX2_H
#define LENSWEEP_BASE_V16_AVX2_H

#ifdef V16_INLINE /* alone, this header is empty */

#include <immintrin.h>

typedef struct {
    __m256 lo, hi;
} v16;

typedef struct {
    __m256d at[4];
} w16;

V16_INLINE v16 v16_set(float x)
{
    return (v16){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

V16_INLINE v16 v16_load(const float *p)
{
    return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

/* All ones in the lanes below n. */
V16_INLINE __m256i v16_first(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

V16_INLINE __m256 v16_load_half(const float *p, __m256i mask, __m256 fill)
{
    return _mm256_blendv_ps(fill, _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}

V16_INLINE v16 v16_load_n(const float *p, int64_t n, float fill)
{
    __m256 beyond = _mm256_set1_ps(fill);

    if (n <= 8)
        return (v16){v16_load_half(p, v16_first(n), beyond), beyond};
    return (v16){_mm256_loadu_ps(p), v16_load_half(p + 8, v16_first(n - 8), beyond)};
}

V16_INLINE void v16_store(float *p, v16 x)
{
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
}

V16_INLINE void v16_store_n(float *p, int64_t n, v16 x)
{
    _mm256_maskstore_ps(p, v16_first(n), x.lo);
    if (n > 8)
        _mm256_maskstore_ps(p + 8, v16_first(n - 8), x.hi);
}

#define V16_BOTH(operation, a, b)                            \
    (v16)                                                    \
    {                                                        \
        operation((a).lo, (b).lo), operation((a).hi, (b).hi) \
    }

V16_INLINE v16 v16_add(v16 a, v16 b)
{
    return V16_BOTH(_mm256_add_ps, a, b);
}

V16_INLINE v16 v16_sub(v16 a, v16 b)
{
    return V16_BOTH(_mm256_sub_ps, a, b);
}

V16_INLINE v16 v16_mul(v16 a, v16 b)
{
    return V16_BOTH(_mm256_mul_ps, a, b);
}

V16_INLINE v16 v16_div(v16 a, v16 b)
{
    return V16_BOTH(_mm256_div_ps, a, b);
}

V16_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

V16_INLINE v16 v16_min(v16 a, v16 b)
{
    return V16_BOTH(_mm256_min_ps, a, b);
}

V16_INLINE v16 v16_max(v16 a, v16 b)
{
    return V16_BOTH(_mm256_max_ps, a, b);
}

V16_INLINE v16 v16_if_less(v16 a, v16 b, v16 x, v16 y)
{
    return (v16){_mm256_blendv_ps(y.lo, x.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
                 _mm256_blendv_ps(y.hi, x.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}

V16_INLINE v16 v16_abs(v16 x)
{
    v16 sign = v16_set(-0.0f);

    return V16_BOTH(_mm256_andnot_ps, sign, x);
}

V16_INLINE v16 v16_signed(v16 x, v16 s)
{
    v16 sign = v16_set(-0.0f), of_s = V16_BOTH(_mm256_and_ps, sign, s), size = v16_abs(x);

    return V16_BOTH(_mm256_or_ps, size, of_s);
}

V16_INLINE __m256 v16_half_power_of_2(__m256 t, int bias)
{
    __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(t), 23);

    return _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_set1_epi32(bias << 23)));
}

V16_INLINE v16 v16_power_of_2(v16 t, int bias)
{
    return (v16){v16_half_power_of_2(t.lo, bias), v16_half_power_of_2(t.hi, bias)};
}

/* Lane j + lane j + 8, then lane j + lane j + 4: of a in the low half, of b in the high one. */
V16_INLINE __m256 v16_fold(v16 a, v16 b)
{
    __m256 x = _mm256_add_ps(a.lo, a.hi), y = _mm256_add_ps(b.lo, b.hi);

    return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}

V16_INLINE __m128 v16_sums(v16 a, v16 b, v16 c, v16 d)
{
    __m256 ac = v16_fold(a, c), bd = v16_fold(b, d);
    __m256 two = _mm256_add_ps(_mm256_shuffle_ps(ac, bd, 0x44), _mm256_shuffle_ps(ac, bd, 0xee));
    __m128 ab = _mm256_castps256_ps128(two), cd = _mm256_extractf128_ps(two, 1);

    return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xdd));
}

V16_INLINE void v16_sum4(float out[4], v16 a, v16 b, v16 c, v16 d)
{
    _mm_storeu_ps(out, v16_sums(a, b, c, d));
}

V16_INLINE float v16_sum(v16 x)
{
    return _mm_cvtss_f32(v16_sums(x, x, x, x));
}

V16_INLINE float v16_largest(v16 x)
{
    __m256 eight = _mm256_max_ps(x.hi, x.lo);
    __m128 four = _mm_max_ps(_mm256_extractf128_ps(eight, 1), _mm256_castps256_ps128(eight));
    __m128 two = _mm_max_ps(_mm_movehl_ps(four, four), four);

    return _mm_cvtss_f32(_mm_max_ss(_mm_movehdup_ps(two), two));
}

V16_INLINE w16 w16_load(const double *p)
{
    return (w16){{_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4), _mm256_loadu_pd(p + 8),
                  _mm256_loadu_pd(p + 12)}};
}

V16_INLINE void w16_store(double *p, w16 x)
{
    for (int i = 0; i < 4; i++)
        _mm256_storeu_pd(p + 4 * i, x.at[i]);
}

V16_INLINE w16 w16_add_product(w16 sum, double x, w16 y)
{
    __m256d all = _mm256_set1_pd(x);

    for (int i = 0; i < 4; i++)
        sum.at[i] = _mm256_add_pd(sum.at[i], _mm256_mul_pd(all, y.at[i]));
    return sum;
}

V16_INLINE w16 w16_zero(void)
{
    __m256d zero = _mm256_setzero_pd();

    return (w16){{zero, zero, zero, zero}};
}

V16_INLINE w16 w16_of(v16 x)
{
    return (w16){{_mm256_cvtps_pd(_mm256_castps256_ps128(x.lo)),
                  _mm256_cvtps_pd(_mm256_extractf128_ps(x.lo, 1)),
                  _mm256_cvtps_pd(_mm256_castps256_ps128(x.hi)),
                  _mm256_cvtps_pd(_mm256_extractf128_ps(x.hi, 1))}};
}

V16_INLINE w16 w16_add(w16 sum, v16 x)
{
    w16 w = w16_of(x);

    for (int i = 0; i < 4; i++)
        sum.at[i] = _mm256_add_pd(sum.at[i], w.at[i]);
    return sum;
}

V16_INLINE w16 w16_fma(v16 x, v16 y, w16 sum)
{
    w16 a = w16_of(x), b = w16_of(y);

    for (int i = 0; i < 4; i++)
        sum.at[i] = _mm256_fmadd_pd(a.at[i], b.at[i], sum.at[i]);
    return sum;
}

V16_INLINE w16 w16_fma_difference(v16 x, v16 y, v16 z, w16 sum)
{
    w16 a = w16_of(x), b = w16_of(y), c = w16_of(z);

    for (int i = 0; i < 4; i++)
        sum.at[i] =
            _mm256_add_pd(sum.at[i], _mm256_mul_pd(a.at[i], _mm256_sub_pd(b.at[i], c.at[i])));
    return sum;
}

V16_INLINE double w16_sum(w16 x)
{
    __m256d four = _mm256_add_pd(_mm256_add_pd(x.at[0], x.at[2]), _mm256_add_pd(x.at[1], x.at[3]));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));

    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
}

#endif
#endif
