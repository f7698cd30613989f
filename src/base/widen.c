#include "base/widen.h"

#include "base/bits.h"

#include <string.h>

#if defined(__AVX2__) && !defined(ISA_IS_PORTABLE)
#include <immintrin.h>
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

static inline uint32_t select(uint32_t condition, uint32_t yes, uint32_t no)
{
    return (yes & -condition) | (no & ~-condition);
}

/*
 * All three cases are computed and one is chosen, which vectorises. A subnormal half m 2^-24 is
 * read as the mantissa of 2^-14 (1 + m 2^-10), from which 2^-14 is taken: exact, and no subnormal
 * float32 is touched, which would be slow. A NaN is a quiet one, as from the processors' own
 * conversion.
 */
static inline float half(uint32_t h)
{
    uint32_t magnitude = h & 0x7fff, wide = magnitude << 13;
    uint32_t normal = wide + (112u << 23);
    uint32_t special = (wide + (224u << 23)) | (uint32_t)(magnitude > 0x7c00) << 22;
    uint32_t tiny = bits_of_float(float_of_bits(wide + (113u << 23)) - 0x1p-14f);
    uint32_t bits = select(magnitude < 0x400, tiny, normal);

    bits = select(magnitude >= 0x7c00, special, bits);
    return float_of_bits(bits | (h & 0x8000) << 16);
}

/* A block's scale: the same number, in one instruction where there is one. */
static inline float scale_at(const unsigned char *p)
{
#if defined(__F16C__) && defined(__AVX2__) && !defined(ISA_IS_PORTABLE)
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
    int64_t i = 0;

#if defined(__F16C__) && defined(__AVX2__) && !defined(ISA_IS_PORTABLE)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(p + 2 * i))));
#endif
    for (; i < n; i++)
        out[i] = half(load16(p + 2 * i));
}

static void widen_bf16(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = float_of_bits(load16(p + 2 * i) << 16);
}

/* Sixteen small numbers, as bytes; with AVX2 in a register all the way: what is stored byte by byte
   and loaded as one costs more than all the rest. */
struct bytes {
#if defined(__AVX2__) && !defined(ISA_IS_PORTABLE)
    __m128i b;
#else
    unsigned char b[16];
#endif
};

#if defined(__AVX2__) && !defined(ISA_IS_PORTABLE)

static inline struct bytes bytes_at(const unsigned char *p)
{
    return (struct bytes){_mm_loadu_si128((const void *)p)};
}

static inline struct bytes low_bits(struct bytes b, int mask)
{
    return (struct bytes){_mm_and_si128(b.b, _mm_set1_epi8((char)mask))};
}

static inline struct bytes shifted(struct bytes b, int right)
{
    return (struct bytes){_mm_srl_epi16(b.b, _mm_cvtsi32_si128(right))};
}

/* low + high 2^left, where these have no bit in common. */
static inline struct bytes joined(struct bytes low, struct bytes high, int left)
{
    return (struct bytes){_mm_or_si128(low.b, _mm_sll_epi16(high.b, _mm_cvtsi32_si128(left)))};
}

/* Byte j is bit j. */
static inline struct bytes bits_as_bytes(uint32_t bits)
{
    const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201);
    __m128i b = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)bits),
                                 _mm_set_epi8(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0));

    b = _mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(b, bit), bit), _mm_set1_epi8(1));
    return (struct bytes){b};
}

/* Signed ones, 128 added. */
static inline struct bytes raised(struct bytes b)
{
    return (struct bytes){_mm_xor_si128(b.b, _mm_set1_epi8((char)128))};
}

/* Byte j is table[b[j]]; those of b are below 16. */
static inline struct bytes looked_up(struct bytes b, const unsigned char *table)
{
    return (struct bytes){_mm_shuffle_epi8(bytes_at(table).b, b.b)};
}
#else
static inline struct bytes bytes_at(const unsigned char *p)
{
    struct bytes out;

    memcpy(&out, p, sizeof out);
    return out;
}

static inline struct bytes low_bits(struct bytes b, int mask)
{
    for (int j = 0; j < 16; j++)
        b.b[j] &= (unsigned char)mask;
    return b;
}

static inline struct bytes shifted(struct bytes b, int right)
{
    for (int j = 0; j < 16; j++)
        b.b[j] = (unsigned char)(b.b[j] >> right);
    return b;
}

static inline struct bytes joined(struct bytes low, struct bytes high, int left)
{
    for (int j = 0; j < 16; j++)
        low.b[j] |= (unsigned char)(high.b[j] << left);
    return low;
}

static inline struct bytes bits_as_bytes(uint32_t bits)
{
    struct bytes out;

    for (int j = 0; j < 16; j++)
        out.b[j] = bits >> j & 1;
    return out;
}

static inline struct bytes raised(struct bytes b)
{
    for (int j = 0; j < 16; j++)
        b.b[j] ^= 128;
    return b;
}

static inline struct bytes looked_up(struct bytes b, const unsigned char *table)
{
    for (int j = 0; j < 16; j++)
        b.b[j] = table[b.b[j]];
    return b;
}
#endif

/* d (q - zero) + least. Adding -0 changes nothing, not even the sign of a zero: it stands for no
   least value. */
#if defined(__AVX512BW__) && !defined(ISA_IS_PORTABLE)
static inline void scale(struct bytes q, int zero, float d, float least, float *out)
{
    __m512i all = _mm512_sub_epi32(_mm512_cvtepu8_epi32(q.b), _mm512_set1_epi32(zero));
    __m512 f = _mm512_mul_ps(_mm512_set1_ps(d), _mm512_cvtepi32_ps(all));

    _mm512_storeu_ps(out, _mm512_add_ps(f, _mm512_set1_ps(least)));
}
#elif defined(__AVX2__) && !defined(ISA_IS_PORTABLE)
static inline void scale(struct bytes q, int zero, float d, float least, float *out)
{
    for (int half = 0; half < 2; half++) {
        __m256i all = _mm256_cvtepu8_epi32(half ? _mm_srli_si128(q.b, 8) : q.b);
        __m256 f = _mm256_cvtepi32_ps(_mm256_sub_epi32(all, _mm256_set1_epi32(zero)));

        f = _mm256_mul_ps(_mm256_set1_ps(d), f);
        _mm256_storeu_ps(out + 8 * half, _mm256_add_ps(f, _mm256_set1_ps(least)));
    }
}
#else
static inline void scale(struct bytes q, int zero, float d, float least, float *out)
{
    for (int j = 0; j < 16; j++)
        out[j] = d * (float)(q.b[j] - zero) + least;
}
#endif

/*
 * The 4- and 5-bit types have blocks of 32 numbers in 16 bytes, the low nibbles first, then the
 * high ones.
 */
enum { BLOCK = 32, HALF = 16 };

#if defined(__AVX512BW__) && !defined(ISA_IS_PORTABLE)
/* A nibble is one of sixteen numbers: all are made, and looked up by the lower four bits of a lane.
 */
static inline void scale_nibbles(const unsigned char *p, int zero, float d, float least, float *out)
{
    const __m512i all = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512 f = _mm512_cvtepi32_ps(_mm512_sub_epi32(all, _mm512_set1_epi32(zero)));
    __m512i both = _mm512_cvtepu8_epi32(bytes_at(p).b);

    f = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(d), f), _mm512_set1_ps(least));
    _mm512_storeu_ps(out, _mm512_permutexvar_ps(both, f));
    _mm512_storeu_ps(out + HALF, _mm512_permutexvar_ps(_mm512_srli_epi32(both, 4), f));
}
#else
static inline void scale_nibbles(const unsigned char *p, int zero, float d, float least, float *out)
{
    struct bytes both = bytes_at(p);

    scale(low_bits(both, 15), zero, d, least, out);
    scale(low_bits(shifted(both, 4), 15), zero, d, least, out + HALF);
}
#endif

/* The fifth bits stand in a word apart, that of element j in bit j. */
static inline void scale_five_bits(const unsigned char *p, const unsigned char *fifths, int zero,
                                   float d, float least, float *out)
{
    struct bytes both = bytes_at(p), low = bits_as_bytes(load16(fifths));
    struct bytes high = bits_as_bytes(load16(fifths + 2));

    scale(joined(low_bits(both, 15), low, 4), zero, d, least, out);
    scale(joined(low_bits(shifted(both, 4), 15), high, 4), zero, d, least, out + HALF);
}

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
        scale(raised(bytes_at(p + 2)), 128, scale_at(p), -0.0f, out);
        scale(raised(bytes_at(p + 2 + HALF)), 128, scale_at(p), -0.0f, out + HALF);
    }
}

/* Four bits that number the values of a table, which are denser about zero; here 128 is added. */
static const unsigned char nonlinear[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                            129, 141, 153, 166, 181, 197, 217, 241};

static inline void scale_nonlinear(const unsigned char *p, float d, float *out)
{
    struct bytes both = bytes_at(p);

    scale(looked_up(low_bits(both, 15), nonlinear), 128, d, -0.0f, out);
    scale(looked_up(low_bits(shifted(both, 4), 15), nonlinear), 128, d, -0.0f, out + HALF);
}

static void widen_iq4_nl(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 18, out += BLOCK)
        scale_nonlinear(p + 2, scale_at(p), out);
}

/*
 * The K-types have blocks of 256 numbers, in groups of 16 or 32 that have scales of a few bits
 * each; in a group, d times its scale is what a number is multiplied with.
 */
enum { K_BLOCK = 256, GROUPS = 16, GROUP = K_BLOCK / GROUPS };

/* Where group s of 16 begins in bytes that hold `bits` bits of all numbers: 32 bytes hold 8 / bits
   runs of 32 numbers, one above the other. */
struct bit_place {
    int byte, right;
};

static inline struct bit_place place_of(int s, int bits)
{
    int run = s / 2, runs = 8 / bits;

    return (struct bit_place){32 * (run / runs) + s % 2 * GROUP, bits * (run % runs)};
}

static inline struct bytes bits_of_group(const unsigned char *p, int s, int bits)
{
    struct bit_place at = place_of(s, bits);

    return low_bits(shifted(bytes_at(p + at.byte), at.right), (1 << bits) - 1);
}

/* Q2_K: 16 scales and least values of 4 bits each, 64 bytes of pairs of bits, two halves. */
static void widen_q2_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 84, out += K_BLOCK) {
        float d = scale_at(p + 80), least = scale_at(p + 82);

        for (int s = 0; s < GROUPS; s++)
            scale(bits_of_group(p + 16, s, 2), 0, d * (float)(p[s] & 15),
                  -(least * (float)(p[s] >> 4)), out + GROUP * s);
    }
}

/* Q3_K: 32 bytes of upper bits, 64 of pairs of bits, 16 scales of 6 bits in 12 bytes (the lower
   four bits in 8 bytes, low nibbles first; pairs of upper ones in 4), and a half. */
static void widen_q3_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 110, out += K_BLOCK) {
        const unsigned char *scales = p + 96;
        float d = scale_at(p + 108);

        for (int s = 0; s < GROUPS; s++) {
            int low = scales[s % 8] >> s / 8 * 4 & 15, high = scales[8 + s % 4] >> s / 4 * 2 & 3;
            struct bytes q = joined(bits_of_group(p + 32, s, 2), bits_of_group(p, s, 1), 2);

            scale(q, 4, d * (float)((low | high << 4) - 32), -0.0f, out + GROUP * s);
        }
    }
}

/* Group j of 32 of Q4_K and Q5_K: its scale and least value of 6 bits each, of 12 bytes. The first
   four have bytes of their own, in whose upper bits stand those of the last four. */
struct steps {
    int scale, least;
};

static inline struct steps steps_of(const unsigned char *p, int j)
{
    if (j < 4)
        return (struct steps){p[j] & 63, p[j + 4] & 63};
    return (struct steps){(p[j + 4] & 15) | p[j - 4] >> 6 << 4, p[j + 4] >> 4 | p[j] >> 6 << 4};
}

/* Q4_K: two halves, 12 bytes of scales and least values, 128 of nibbles. */
static void widen_q4_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 144, out += K_BLOCK) {
        float d = scale_at(p), least = scale_at(p + 2);

        for (int s = 0; s < GROUPS; s++) {
            struct steps t = steps_of(p + 4, s / 2);

            scale(bits_of_group(p + 16, s, 4), 0, d * (float)t.scale, -(least * (float)t.least),
                  out + GROUP * s);
        }
    }
}

/* Q5_K: as Q4_K, with 32 bytes of fifth bits before the nibbles. */
static void widen_q5_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 176, out += K_BLOCK) {
        float d = scale_at(p), least = scale_at(p + 2);

        for (int s = 0; s < GROUPS; s++) {
            struct steps t = steps_of(p + 4, s / 2);
            struct bytes q = joined(bits_of_group(p + 48, s, 4), bits_of_group(p + 16, s, 1), 4);

            scale(q, 0, d * (float)t.scale, -(least * (float)t.least), out + GROUP * s);
        }
    }
}

/* Q6_K: 128 bytes of low nibbles, of which 64 hold two runs of 32 and then two more above them; 64
   of upper pairs of bits, 16 signed scales, and a half. */
static void widen_q6_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 210, out += K_BLOCK) {
        float d = scale_at(p + 208);

        for (int s = 0; s < GROUPS; s++) {
            struct bytes low = bytes_at(p + 64 * (s / 8) + GROUP * (s % 4));

            low = low_bits(shifted(low, s % 8 < 4 ? 0 : 4), 15);
            scale(joined(low, bits_of_group(p + 128, s, 2), 4), 32,
                  d * (float)(signed char)p[192 + s], -0.0f, out + GROUP * s);
        }
    }
}

/* IQ4_XS: a half, 8 scales of 6 bits (pairs of upper bits in 2 bytes, nibbles in 4), and blocks of
   32 as in IQ4_NL. */
static void widen_iq4_xs(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= K_BLOCK, p += 136, out += K_BLOCK) {
        float d = scale_at(p);
        uint32_t upper = load16(p + 2);

        for (int j = 0; j < K_BLOCK / BLOCK; j++) {
            int low = p[4 + j / 2] >> j % 2 * 4 & 15, high = (int)(upper >> 2 * j & 3);

            scale_nonlinear(p + 8 + HALF * j, d * (float)((low | high << 4) - 32), out + BLOCK * j);
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
    [DTYPE_Q2_K] = widen_q2_k,
    [DTYPE_Q3_K] = widen_q3_k,
    [DTYPE_Q4_K] = widen_q4_k,
    [DTYPE_Q5_K] = widen_q5_k,
    [DTYPE_Q6_K] = widen_q6_k,
    [DTYPE_IQ4_NL] = widen_iq4_nl,
    [DTYPE_IQ4_XS] = widen_iq4_xs,
}};
