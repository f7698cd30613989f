/* NEON: four lanes at a time, in order. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_NEON_H
#define LENSWEEP_BASE_PRODUCT_LANES_NEON_H

#if defined(__aarch64__) && defined(__ARM_NEON)

#include "base/product/lanes.h"

#include <arm_neon.h>

typedef float32x4_t vec;

enum { WIDE = 4, PASSES = 4, SUMS = 4, LANES_WIDEN = 1 };
enum { BLOCKS = 1 };
enum { MIX_STRIPS = 8 };

#define INNER_TILES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6) X(5, 5) X(6, 4)
enum { INNER_ROWS = 6, INNER_STRIPS = 8, INNER_MOST = 28 };

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

IN_LANES vec lanes_f32(const unsigned char *p, int pass)
{
    return vreinterpretq_f32_u8(vld1q_u8(p + 16 * pass));
}

IN_LANES vec lanes_f16(const unsigned char *p, int pass)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p + 8 * pass)));
}

IN_LANES vec lanes_bf16(const unsigned char *p, int pass)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p + 8 * pass)), 16));
}

IN_LANES vec lanes_bf16_of_two(const unsigned char *p, int second, int pass)
{
    return lanes_bf16(p + 32 * second, pass);
}

IN_LANES void lanes_pack(const float *x, float *out, int64_t apart)
{
    for (int pass = 0; pass < PASSES; pass++)
        vst1q_f32(out + pass * apart, vld1q_f32(x + 4 * pass));
}

/* d of one sum. */
IN_LANES vec fold84(const float *part, int n)
{
    const int apart = n * WIDE;
    vec c = vaddq_f32(vld1q_f32(part), vld1q_f32(part + 2 * apart));

    return vaddq_f32(c, vaddq_f32(vld1q_f32(part + apart), vld1q_f32(part + 3 * apart)));
}

/* e of two sums: a0 + a2, b0 + b2, a1 + a3, b1 + b3. */
IN_LANES vec fold2(vec a, vec b)
{
    return vaddq_f32(vzip1q_f32(a, b), vzip2q_f32(a, b));
}

IN_LANES void lanes_sums(const float *part, int n, float *out)
{
    vec a = fold2(fold84(part, n), fold84(part + WIDE, n));
    vec b = fold2(fold84(part + 2 * WIDE, n), fold84(part + 3 * WIDE, n));

    vst1q_f32(out, vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)),
                             vcombine_f32(vget_high_f32(a), vget_high_f32(b))));
}

#endif
#endif
