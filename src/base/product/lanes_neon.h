/* NEON: four lanes at a time, in order. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_NEON_H
#define LENSWEEP_BASE_PRODUCT_LANES_NEON_H

#if defined(__aarch64__) && defined(__ARM_NEON)

#include "base/product/lanes.h"

#include <arm_neon.h>

typedef float32x4_t vec;

enum { WIDE = 4, ROWS = 1, PASSES = 2, SUMS = 4, LANES_WIDEN = 1 };
enum { BLOCKS = 1 };
enum { MIX_STRIPS = 8 };

#define INNER_TILES(X) X(1, 1, 8) X(1, 2, 8) X(1, 3, 8) X(1, 4, 6) X(1, 5, 5) X(1, 6, 4)
enum { INNER_VECTORS = 6, INNER_STRIPS = 8, INNER_FEW = 0, INNER_MOST = 28 };

IN_LANES vec lanes_zero(void)
{
    return vdupq_n_f32(0);
}

IN_LANES vec lanes_same(float a)
{
    return vdupq_n_f32(a);
}

IN_LANES vec lanes_load(const float *p)
{
    return vld1q_f32(p);
}

IN_LANES void lanes_store(float *p, vec v)
{
    vst1q_f32(p, v);
}

IN_LANES void lanes_fma(vec *c, vec a, vec b)
{
    *c = vfmaq_f32(*c, a, b);
}

IN_LANES vec lanes_f32(struct octet p)
{
    return vreinterpretq_f32_u8(vld1q_u8(p.at + 16 * p.pass));
}

IN_LANES vec lanes_f16(struct octet p)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p.at + 8 * p.pass)));
}

IN_LANES vec lanes_bf16(struct octet p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p.at + 8 * p.pass)), 16));
}

/* c of one sum, from both passes. */
IN_LANES vec fold4(const float *part, int n)
{
    return vaddq_f32(vld1q_f32(part), vld1q_f32(part + n * WIDE));
}

/* d of two sums: a0 + a2, b0 + b2, a1 + a3, b1 + b3. */
IN_LANES vec fold2(vec a, vec b)
{
    return vaddq_f32(vzip1q_f32(a, b), vzip2q_f32(a, b));
}

IN_LANES void lanes_sums(const float *part, int n, float *out, int64_t apart)
{
    vec a = fold2(fold4(part, n), fold4(part + WIDE, n));
    vec b = fold2(fold4(part + 2 * WIDE, n), fold4(part + 3 * WIDE, n));

    (void)apart;
    vst1q_f32(out, vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)),
                             vcombine_f32(vget_high_f32(a), vget_high_f32(b))));
}

#endif
#endif
