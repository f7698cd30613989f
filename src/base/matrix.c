#include "base/matrix.h"

#include "base/clones.h"

#include <string.h>

static const struct {
    const char *name;
    size_t block, bytes;
} dtypes[] = {
#define X(name, text, block, bytes) {text, block, bytes},
    DTYPES(X)
#undef X
};

const char *dtype_name(enum dtype t)
{
    return dtypes[t].name;
}

size_t dtype_block(enum dtype t)
{
    return dtypes[t].block;
}

size_t dtype_block_bytes(enum dtype t)
{
    return dtypes[t].bytes;
}

size_t matrix_row_bytes(const struct matrix *m)
{
    return (size_t)m->cols / dtypes[m->dtype].block * dtypes[m->dtype].bytes;
}

/*
 * The wideners take n elements, a whole number of blocks, from bytes at any address; the file's
 * numbers are little-endian, as is every machine that we run on.
 */

IN_CLONE uint32_t load16(const unsigned char *p)
{
    uint16_t u;

    memcpy(&u, p, sizeof u);
    return u;
}

IN_CLONE float float_of(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

IN_CLONE uint32_t bits_of(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits;
}

IN_CLONE uint32_t select(uint32_t condition, uint32_t yes, uint32_t no)
{
    return (yes & -condition) | (no & ~-condition);
}

/*
 * All three cases are computed and one is chosen, which vectorises. A subnormal half m 2^-24 is
 * read as the mantissa of 2^-14 (1 + m 2^-10), from which 2^-14 is taken: exact, and no subnormal
 * float32 is touched, which would be slow.
 */
IN_CLONE float half(uint32_t h)
{
    uint32_t magnitude = h & 0x7fff, wide = magnitude << 13;
    uint32_t normal = wide + (112u << 23), special = wide + (224u << 23);
    uint32_t tiny = bits_of(float_of(wide + (113u << 23)) - 0x1p-14f);
    uint32_t bits = select(magnitude < 0x400, tiny, normal);

    bits = select(magnitude >= 0x7c00, special, bits);
    return float_of(bits | (h & 0x8000) << 16);
}

static void widen_f32(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    memcpy(out, p, (size_t)n * sizeof *out);
}

CPU_CLONES
static void widen_f16(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = half(load16(p + 2 * i));
}

CPU_CLONES
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

IN_CLONE void scale_nibbles(const unsigned char *restrict p, int zero, float d, float least,
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
IN_CLONE void scale_five_bits(const unsigned char *restrict p, const unsigned char *fifths,
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

CPU_CLONES
static void widen_q4_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 18, out += BLOCK)
        scale_nibbles(p + 2, 8, half(load16(p)), -0.0f, out);
}

CPU_CLONES
static void widen_q4_1(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 20, out += BLOCK)
        scale_nibbles(p + 4, 0, half(load16(p)), half(load16(p + 2)), out);
}

CPU_CLONES
static void widen_q5_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 22, out += BLOCK)
        scale_five_bits(p + 6, p + 2, 16, half(load16(p)), -0.0f, out);
}

CPU_CLONES
static void widen_q5_1(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 24, out += BLOCK)
        scale_five_bits(p + 8, p + 4, 0, half(load16(p)), half(load16(p + 2)), out);
}

CPU_CLONES
static void widen_q8_0(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= BLOCK, p += 34, out += BLOCK) {
        float d = half(load16(p));

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
CPU_CLONES
static void widen_q6_k(const unsigned char *restrict p, int64_t n, float *restrict out)
{
    for (; n > 0; n -= 256, p += 210, out += 256) {
        float d = half(load16(p + 208));

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

void matrix_widen(enum dtype t, const unsigned char *p, int64_t n, float *out)
{
    switch (t) {
    case DTYPE_F32:
        widen_f32(p, n, out);
        break;
    case DTYPE_F16:
        widen_f16(p, n, out);
        break;
    case DTYPE_BF16:
        widen_bf16(p, n, out);
        break;
    case DTYPE_Q4_0:
        widen_q4_0(p, n, out);
        break;
    case DTYPE_Q4_1:
        widen_q4_1(p, n, out);
        break;
    case DTYPE_Q5_0:
        widen_q5_0(p, n, out);
        break;
    case DTYPE_Q5_1:
        widen_q5_1(p, n, out);
        break;
    case DTYPE_Q8_0:
        widen_q8_0(p, n, out);
        break;
    case DTYPE_Q6_K:
        widen_q6_k(p, n, out);
        break;
    case DTYPE_COUNT:
        break;
    }
}

int64_t matrix_stored_row(const struct matrix *m, int64_t row)
{
    int64_t dh = m->rotary_head_dim, in_head;

    if (!dh)
        return row;
    in_head = row % dh;
    return row - in_head + 2 * (in_head % (dh / 2)) + in_head / (dh / 2);
}

void matrix_rows(const struct matrix *m, int64_t row, int64_t n, float *out)
{
    const unsigned char *data = m->data;
    size_t bytes = matrix_row_bytes(m);

    if (!m->rotary_head_dim) {
        matrix_widen(m->dtype, data + (size_t)row * bytes, n * m->cols, out);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        matrix_widen(m->dtype, data + (size_t)matrix_stored_row(m, row + i) * bytes, m->cols,
                     out + i * m->cols);
}
