#include "base/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <omp.h>

/*
 * Narrow matrices are cut into about 16 panels, so that as many threads have work; wide ones into
 * panels of 256 rows, which amortise what SGEMM spends on packing x anew for each panel and still
 * lie in the cache of the core that widened them.
 */
static int64_t panel_rows_of(int64_t n)
{
    enum { PANELS = 16, STEP = 32, LEAST = 64, MOST = 256 };
    int64_t rows = (n + PANELS - 1) / PANELS;

    rows = (rows + STEP - 1) / STEP * STEP;
    rows = rows < LEAST ? LEAST : rows > MOST ? MOST : rows;
    return rows < n ? rows : n;
}

size_t gemm_scratch(int64_t n, int64_t k)
{
    return (size_t)panel_rows_of(n) * (size_t)k;
}

static int64_t panels_of(int64_t n)
{
    int64_t width = panel_rows_of(n);

    return width ? (n + width - 1) / width : 0;
}

/* Float rows in the model's order, as they lie in the file, or NULL if they must be widened. */
static const float *rows_in_place(const struct matrix *w, int64_t row)
{
    if (w->dtype != DTYPE_F32 || !matrix_is_plain(w) || (uintptr_t)w->data % sizeof(float))
        return NULL;
    return (const float *)w->data + row * w->cols;
}

/* Rows [row, row + n) of w as floats: in place, or widened into the scratch. */
static const float *panel_rows(const struct matrix *w, int64_t row, int64_t n, float *scratch)
{
    const float *p = rows_in_place(w, row);

    if (p)
        return p;
    matrix_rows(w, row, n, scratch);
    return scratch;
}

/* y (m, n) = a (m, k) b^T, b (n, k) */
static void sgemm_nt(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                     int64_t ldb, float *y, int64_t ldy)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1, a,
                (blasint)lda, b, (blasint)ldb, 0, y, (blasint)ldy);
}

static void count_flops(struct team *t, int64_t rows, const struct matrix *w)
{
    t->flops += 2 * (uint64_t)rows * (uint64_t)w->rows * (uint64_t)w->cols;
}

void gemm(struct team *t, int64_t rows, const float *x, int64_t ldx, const struct matrix *w,
          float *y, int64_t ldy)
{
    int64_t n = w->rows, k = w->cols, width = panel_rows_of(n), panels = panels_of(n);

    if (!rows)
        return;
    assert(rows_in_place(w, 0) || t->scratch_floats >= gemm_scratch(n, k));
    count_flops(t, rows, w);
#pragma omp parallel for schedule(dynamic, 1) num_threads(t->threads) if (panels > 1)
    for (int64_t p = 0; p < panels; p++) {
        int64_t row = p * width, count = n - row < width ? n - row : width;
        const float *b = panel_rows(w, row, count, team_scratch(t));

        sgemm_nt(rows, count, k, x, ldx, b, k, y + row, ldy);
    }
}

void gemm_small(bool b_is_kn, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                const float *b, int64_t ldb, float *y, int64_t ldy)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b_is_kn ? CblasNoTrans : CblasTrans, (blasint)m,
                (blasint)n, (blasint)k, 1, a, (blasint)lda, b, (blasint)ldb, 0, y, (blasint)ldy);
}
