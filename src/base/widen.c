#include "base/widen.h"

#include <string.h>

#ifdef __F16C__
#include <immintrin.h>
#endif

/* Before a short loop of fixed length: gcc would unroll it before it could vectorise it. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTOR_LOOP _Pragma("omp simd")
#else
#define VECTOR_LOOP
#endif

/*
 * The wideners take n elements, a whole number of blocks, from bytes at any address; the file's
 * numbers are little-endian, as is every machine that we run on.
 */

static inline uint32_t load16(const unsigned char *p)
{
    uint16_t u;

    memcpy(&u, p, sizeof u);
    return u;
}

static inline float float_of(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t bits_of(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline uint32_t select(uint32_t condition, uint32_t yes, uint32_t no)
{
    return (yes & -condition) | (no & ~-condition);
}

/*
 * All three cases are computed and one is chosen, which vectorises. A subnormal half m 2^-24 is
 * read as the mantissa of 2^-14 (1 + m 2^-10), from which 2^-14 is taken: exact, and no subnormal
 * float32 is touched, which would be slow.
 */
static inline float half(uint32_t h)
{
    uint32_t magnitude = h & 0x7fff, wide = magnitude << 13;
    uint32_t normal = wide + (112u << 23), special = wide + (224u << 23);
    uint32_t tiny = bits_of(float_of(wide + (113u << 23)) - 0x1p-14f);
    uint32_t bits = select(magnitude < 0x400, tiny, normal);

    bits = select(magnitude >= 0x7c00, special, bits);
    return float_of(bits | (h & 0x8000) << 16);
}

/* A block's scale: the same number, in one instruction where there is one. */
static inline float scale_at(const unsigned char *p)
{
#ifdef __F16C__
    return _cvtsh_ss((unsigned short)load16(p));
#else
    return half(load16(p));
#endif
}

static void widen_f32(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    memcpy(out, p, (size_t)n * sizeof *out);
}

static void widen_f16(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = half(load16(p + 2 * i));
}

static void widen_bf16(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = float_of(load16(p + 2 * i) << 16);
}

/*
 * The 4- and 5-bit types have blocks of 32 numbers in 16 bytes, the low nibbles first, then the
 * high ones.
 */
enum { BLOCK = 32, HALF = 16 };

static inline void scale_nibbles(const unsigned char *restrict p, int zero, float d, float least,
                                 float *restrict out)
{
    VECTOR_LOOP
    for (int j = 0; j < HALF; j++)
        out[j] = d * (float)((p[j] & 15) - zero) + least;
    VECTOR_LOOP
    for (int j = 0; j < HALF; j++)
        out[HALF + j] = d * (float)((p[j] >> 4) - zero) + least;
}

/* The fifth bits stand in a word apart, that of element j in bit j. */
static inline void scale_five_bits(const unsigned char *restrict p, const unsigned char *fifths,
                                   int zero, float d, float least, float *restrict out)
{
    uint32_t low = load16(fifths), high = load16(fifths + 2);

    VECTOR_LOOP
    for (int j = 0; j < HALF; j++)
        out[j] = d * (float)((int)((p[j] & 15u) | (low >> j & 1) << 4) - zero) + least;
    VECTOR_LOOP
    for (int j = 0; j < HALF; j++)
        out[HALF + j] = d * (float)((int)(p[j] >> 4 | (high >> j & 1) << 4) - zero) + least;
}

/* Adding -0 changes nothing, not even the sign of a zero: it stands for no least value. */

static void widen_q4_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 18, out += BLOCK)
        scale_nibbles(p + 2, 8, scale_at(p), -0.0f, out);
}

static void widen_q4_1(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 20, out += BLOCK)
        scale_nibbles(p + 4, 0, scale_at(p), scale_at(p + 2), out);
}

static void widen_q5_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 22, out += BLOCK)
        scale_five_bits(p + 6, p + 2, 16, scale_at(p), -0.0f, out);
}

static void widen_q5_1(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 24, out += BLOCK)
        scale_five_bits(p + 8, p + 4, 0, scale_at(p), scale_at(p + 2), out);
}

static void widen_q8_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 34, out += BLOCK) {
        float d = scale_at(p);

        VECTOR_LOOP
        for (int j = 0; j < BLOCK; j++)
            out[j] = d * (float)(signed char)p[2 + j];
    }
}

/*
 * Q6_K: 128 bytes of low nibbles, 64 of upper pairs of bits, 16 signed scales of 16 elements each,
 * and a half. In each half of 128 elements, element 32 g + j has its nibble in byte 32 (g % 2) + j,
 * low for g < 2, and its pair in bits 2 g of byte j.
 */
static void widen_q6_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= 256, p += 210, out += 256) {
        float d = scale_at(p + 208);

        for (int s = 0; s < 16; s++) { /* 16 elements that share a scale */
            int group = s % 8 / 2, first = s % 2 * 16;
            const unsigned char *low = p + 64 * (s / 8) + 32 * (group % 2) + first;
            const unsigned char *high = p + 128 + 32 * (s / 8) + first;
            float scale = d * (float)(signed char)p[192 + s];

            VECTOR_LOOP
            for (int j = 0; j < 16; j++) {
                int nibble = low[j] >> (group < 2 ? 0 : 4) & 15;

                out[16 * s + j] = scale * (float)((nibble | (high[j] >> 2 * group & 3) << 4) - 32);
            }
        }
    }
}

const struct wideners ISA(wideners) = {{
    [DTYPE_F32] = widen_f32,
    [DTYPE_F16] = widen_f16,
    [DTYPE_BF16] = widen_bf16,
    [DTYPE_Q4_0] = widen_q4_0,
    [DTYPE_Q4_1] = widen_q4_1,
    [DTYPE_Q5_0] = widen_q5_0,
    [DTYPE_Q5_1] = widen_q5_1,
    [DTYPE_Q8_0] = widen_q8_0,
    [DTYPE_Q6_K] = widen_q6_k,
}};
