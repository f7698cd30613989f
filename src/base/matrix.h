/*
 * Element types and weight matrices as they lie in the file.
 *
 * A matrix is (rows = outputs N, cols = inputs K), row by row, in the file's own type; nothing is
 * ever widened as a whole. GGUF's quantised types (those with blocks) hold `block` consecutive
 * elements of a row in `bytes` bytes.
 */
#ifndef LENSWEEP_BASE_MATRIX_H
#define LENSWEEP_BASE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, text, elements per block, bytes per block */
#define DTYPES(X)                     \
    X(DTYPE_F32, "F32", 1, 4)         \
    X(DTYPE_F16, "F16", 1, 2)         \
    X(DTYPE_BF16, "BF16", 1, 2)       \
    X(DTYPE_Q4_0, "Q4_0", 32, 18)     \
    X(DTYPE_Q4_1, "Q4_1", 32, 20)     \
    X(DTYPE_Q5_0, "Q5_0", 32, 22)     \
    X(DTYPE_Q5_1, "Q5_1", 32, 24)     \
    X(DTYPE_Q8_0, "Q8_0", 32, 34)     \
    X(DTYPE_Q2_K, "Q2_K", 256, 84)    \
    X(DTYPE_Q3_K, "Q3_K", 256, 110)   \
    X(DTYPE_Q4_K, "Q4_K", 256, 144)   \
    X(DTYPE_Q5_K, "Q5_K", 256, 176)   \
    X(DTYPE_Q6_K, "Q6_K", 256, 210)   \
    X(DTYPE_IQ4_NL, "IQ4_NL", 32, 18) \
    X(DTYPE_IQ4_XS, "IQ4_XS", 256, 136)

enum dtype {
#define X(name, text, block, bytes) name,
    DTYPES(X)
#undef X
        DTYPE_COUNT
};

const char *dtype_name(enum dtype t);
size_t dtype_block(enum dtype t);       /* elements per block */
size_t dtype_block_bytes(enum dtype t); /* bytes per block */

struct matrix {
    const void *data; /* borrowed from a mapping; may be unaligned */
    enum dtype dtype;
    int64_t rows, cols;   /* cols is a multiple of the block */
    int rotary_head_dim;  /* 0; or dh if the rows of each head lie in GGUF's interleaved rotary
                            order, in which row 2i + j of a head is the model's row j dh/2 + i:
                            matrix_rows hands them out in the model's order */
    int64_t block, apart; /* 0; or the rows lie in blocks of `block` that begin `apart` rows from
                             each other: part of a fused matrix */
    int64_t across;       /* 0; or the matrix lies transposed, in rows of that many elements:
                             element (i, k) is the i-th of the k-th */
};

/* A matrix of plain rows of float32. */
static inline struct matrix matrix_f32(const float *data, int64_t rows, int64_t cols)
{
    return (struct matrix){.data = data, .dtype = DTYPE_F32, .rows = rows, .cols = cols};
}

/* Do the rows lie one after the other, as they are? */
bool matrix_is_plain(const struct matrix *m);

size_t matrix_row_bytes(const struct matrix *m);

/* Rows [first, first + n) of it as a matrix of their own; whole heads where rows are rotary or lie
   in blocks. */
struct matrix matrix_part(const struct matrix *m, int64_t first, int64_t n);

/* Where a row of the model's order lies: the number of a row in the file. Not for one that lies
   transposed. */
int64_t matrix_stored_row(const struct matrix *m, int64_t row);

/* n elements, whole blocks of them, from bytes at any address; exact, as matrix_rows says. */
void matrix_widen(enum dtype t, const unsigned char *p, int64_t n, float *out);

/* Rows [row, row + n) as float32, in the model's order: out (n, cols). Exact: every stored value is
   a float32 (a block's element is computed as scale * q or scale * q + min in float32). */
void matrix_rows(const struct matrix *m, int64_t row, int64_t n, float *out);

/* The same of one that lies transposed, columns [col, col + k) alone: out (n, k), row stride ld. */
void matrix_transposed_rows(const struct matrix *m, int64_t row, int64_t n, int64_t col, int64_t k,
                            float *out, int64_t ld);

#endif
