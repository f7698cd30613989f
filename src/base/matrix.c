#include "base/matrix.h"

#include "base/widen.h"

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

void matrix_widen(enum dtype t, const unsigned char *p, int64_t n, float *out)
{
    static const struct wideners *const all[] = {ISA_EACH(wideners)};

    all[isa_get()]->of[t](p, n, out);
}

int64_t matrix_stored_row(const struct matrix *m, int64_t row)
{
    int64_t dh = m->rotary_head_dim, in_head;

    if (m->block)
        return row / m->block * m->apart + row % m->block;
    if (!dh)
        return row;
    in_head = row % dh;
    return row - in_head + 2 * (in_head % (dh / 2)) + in_head / (dh / 2);
}

struct matrix matrix_part(const struct matrix *m, int64_t first, int64_t n)
{
    struct matrix part = *m;

    part.data = (const unsigned char *)m->data +
                (m->across ? (size_t)first * dtypes[m->dtype].bytes
                           : (size_t)matrix_stored_row(m, first) * matrix_row_bytes(m));
    part.rows = n;
    return part;
}

bool matrix_is_plain(const struct matrix *m)
{
    return !m->rotary_head_dim && !m->block && !m->across;
}

void matrix_transposed_rows(const struct matrix *m, int64_t row, int64_t n, int64_t col, int64_t k,
                            float *out, int64_t ld)
{
    enum { SOME = 64 };
    size_t bytes = dtypes[m->dtype].bytes; /* blocks have one element here */
    float part[SOME];

    for (int64_t first = 0; first < n; first += SOME) {
        int64_t some = n - first < SOME ? n - first : SOME;

        for (int64_t j = 0; j < k; j++) {
            size_t at = (size_t)((col + j) * m->across + row + first) * bytes;

            matrix_widen(m->dtype, (const unsigned char *)m->data + at, some, part);
            for (int64_t i = 0; i < some; i++)
                out[(first + i) * ld + j] = part[i];
        }
    }
}

void matrix_rows(const struct matrix *m, int64_t row, int64_t n, float *out)
{
    const unsigned char *data = m->data;
    size_t bytes = matrix_row_bytes(m);

    if (m->across) {
        matrix_transposed_rows(m, row, n, 0, m->cols, out, m->cols);
        return;
    }
    if (matrix_is_plain(m)) {
        matrix_widen(m->dtype, data + (size_t)row * bytes, n * m->cols, out);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        matrix_widen(m->dtype, data + (size_t)matrix_stored_row(m, row + i) * bytes, m->cols,
                     out + i * m->cols);
}
