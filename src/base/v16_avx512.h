/* v16.h with AVX-512: a register holds all sixteen floats, two hold sixteen doubles. */
#ifndef LENSWEEP_BASE_V16_AVX512_H
#define LENSWEEP_BASE_V16_AVX512_H

#ifdef V16_INLINE /* alone, this header is empty */

#include <immintrin.h>

typedef __m512 v16;

typedef struct {
    __m512d lo, hi;
} w16;

V16_INLINE v16 v16_set(float x)
{
    return _mm512_set1_ps(x);
}

V16_INLINE v16 v16_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

V16_INLINE __mmask16 v16_first(int64_t n)
{
    return (__mmask16)((1U << n) - 1);
}

V16_INLINE v16 v16_load_n(const float *p, int64_t n, float fill)
{
    return _mm512_mask_loadu_ps(v16_set(fill), v16_first(n), p);
}

V16_INLINE void v16_store(float *p, v16 x)
{
    _mm512_storeu_ps(p, x);
}

V16_INLINE void v16_store_n(float *p, int64_t n, v16 x)
{
    _mm512_mask_storeu_ps(p, v16_first(n), x);
}

V16_INLINE v16 v16_add(v16 a, v16 b)
{
    return _mm512_add_ps(a, b);
}

V16_INLINE v16 v16_sub(v16 a, v16 b)
{
    return _mm512_sub_ps(a, b);
}

V16_INLINE v16 v16_mul(v16 a, v16 b)
{
    return _mm512_mul_ps(a, b);
}

V16_INLINE v16 v16_div(v16 a, v16 b)
{
    return _mm512_div_ps(a, b);
}

V16_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

V16_INLINE v16 v16_min(v16 a, v16 b)
{
    return _mm512_min_ps(a, b);
}

V16_INLINE v16 v16_max(v16 a, v16 b)
{
    return _mm512_max_ps(a, b);
}

V16_INLINE v16 v16_if_less(v16 a, v16 b, v16 x, v16 y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}

V16_INLINE v16 v16_abs(v16 x)
{
    return _mm512_andnot_ps(v16_set(-0.0f), x);
}

V16_INLINE v16 v16_signed(v16 x, v16 s)
{
    return _mm512_or_ps(v16_abs(x), _mm512_and_ps(v16_set(-0.0f), s));
}

V16_INLINE v16 v16_power_of_2(v16 t, int bias)
{
    __m512i shifted = _mm512_slli_epi32(_mm512_castps_si512(t), 23);

    return _mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_set1_epi32(bias << 23)));
}

/* Lane j + lane j + 8 of a, then of b; the second step of v16_sum4 makes it lane j + lane j + 4 of
   four. */
V16_INLINE v16 v16_fold_halves(v16 a, v16 b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

V16_INLINE v16 v16_fold_quarters(v16 a, v16 b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

V16_INLINE __m128 v16_sums(v16 a, v16 b, v16 c, v16 d)
{
    const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    v16 s = v16_fold_quarters(v16_fold_halves(a, b), v16_fold_halves(c, d));

    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0x4e));
    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0xb1));
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, s));
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
    __m256 eight = _mm256_max_ps(_mm512_extractf32x8_ps(x, 1), _mm512_castps512_ps256(x));
    __m128 four = _mm_max_ps(_mm256_extractf128_ps(eight, 1), _mm256_castps256_ps128(eight));
    __m128 two = _mm_max_ps(_mm_movehl_ps(four, four), four);

    return _mm_cvtss_f32(_mm_max_ss(_mm_movehdup_ps(two), two));
}

V16_INLINE w16 w16_load(const double *p)
{
    return (w16){_mm512_loadu_pd(p), _mm512_loadu_pd(p + 8)};
}

V16_INLINE void w16_store(double *p, w16 x)
{
    _mm512_storeu_pd(p, x.lo);
    _mm512_storeu_pd(p + 8, x.hi);
}

V16_INLINE w16 w16_add_product(w16 sum, double x, w16 y)
{
    __m512d all = _mm512_set1_pd(x);

    return (w16){_mm512_add_pd(sum.lo, _mm512_mul_pd(all, y.lo)),
                 _mm512_add_pd(sum.hi, _mm512_mul_pd(all, y.hi))};
}

V16_INLINE w16 w16_zero(void)
{
    return (w16){_mm512_setzero_pd(), _mm512_setzero_pd()};
}

V16_INLINE w16 w16_of(v16 x)
{
    return (w16){_mm512_cvtps_pd(_mm512_castps512_ps256(x)),
                 _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))};
}

V16_INLINE w16 w16_add(w16 sum, v16 x)
{
    w16 w = w16_of(x);

    return (w16){_mm512_add_pd(sum.lo, w.lo), _mm512_add_pd(sum.hi, w.hi)};
}

V16_INLINE w16 w16_fma(v16 x, v16 y, w16 sum)
{
    w16 a = w16_of(x), b = w16_of(y);

    return (w16){_mm512_fmadd_pd(a.lo, b.lo, sum.lo), _mm512_fmadd_pd(a.hi, b.hi, sum.hi)};
}

V16_INLINE w16 w16_fma_difference(v16 x, v16 y, v16 z, w16 sum)
{
    w16 a = w16_of(x), b = w16_of(y), c = w16_of(z);

    a.lo = _mm512_mul_pd(a.lo, _mm512_sub_pd(b.lo, c.lo));
    a.hi = _mm512_mul_pd(a.hi, _mm512_sub_pd(b.hi, c.hi));
    return (w16){_mm512_add_pd(sum.lo, a.lo), _mm512_add_pd(sum.hi, a.hi)};
}

V16_INLINE double w16_sum(w16 x)
{
    __m512d eight = _mm512_add_pd(x.lo, x.hi);
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));

    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
}

#endif
#endif
