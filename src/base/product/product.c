#include "base/product/product.h"

#include "base/product/panel.h"

#include <assert.h>

static const struct product_kernels *kernels(void)
{
    static const struct product_kernels *const all[] = {ISA_EACH(product_kernels)};

    return all[isa_get()];
}

size_t product_scratch(void)
{
    return PRODUCT_SCRATCH;
}

static int64_t padded(int64_t k)
{
    return (k + LANES - 1) / LANES * LANES;
}

size_t product_shared(int64_t rows, int64_t k)
{
    return (size_t)rows * (size_t)padded(k);
}

/* Wide panels read x less often; each thread should get a few. */
static int64_t panel_rows(const struct product *p, const struct product_kernels *f, int threads)
{
    enum { EACH = 4, STEP = PRODUCT_PANEL_STEP };
    int64_t k = p->w->cols < p->stretch ? p->w->cols : p->stretch;
    int64_t bytes = k * (p->w->dtype == DTYPE_F32 ? 4 : 2);
    int64_t fit = PRODUCT_PANEL_BYTES / (bytes ? bytes : 1) / STEP * STEP;
    int64_t most = f->packs(p) ? PRODUCT_WIDE_PANEL : fit < f->panel_rows ? fit : f->panel_rows;
    int64_t share = (p->w->rows + EACH * threads - 1) / (EACH * threads);

    share = (share + STEP - 1) / STEP * STEP;
    return share < most ? share : most;
}

static void by_team(struct team *t, const struct product *p)
{
    const struct product_kernels *f = kernels();
    int64_t tiles = (p->rows + f->tile_rows - 1) / f->tile_rows, n = p->w->rows;
    int64_t width = panel_rows(p, f, t->threads), panels = (n + width - 1) / width;

#pragma omp parallel num_threads(t->threads) if (panels > 1)
    {
#pragma omp for schedule(static)
        for (int64_t i = 0; i < tiles; i++)
            f->pack(p, i);
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < panels; i++) {
            int64_t first = i * width, count = n - first < width ? n - first : width;

            f->by_panel(p, first, count, team_scratch(t));
        }
    }
}

void product(struct team *t, int64_t rows, const float *x, int64_t ldx, const struct matrix *w,
             float *y, int64_t ldy)
{
    int64_t room = (int64_t)t->shared_floats / (padded(w->cols) ? padded(w->cols) : 1);

    assert(t->scratch_floats >= PRODUCT_SCRATCH && (room > 0 || !rows));
    t->flops += 2 * (uint64_t)rows * (uint64_t)w->rows * (uint64_t)w->cols;
    for (int64_t i = 0; i < rows; i += room) {
        int64_t some = rows - i < room ? rows - i : room;
        struct product p = {some, x + i * ldx, ldx, w, y + i * ldy, ldy, PRODUCT_BLOCK, t->shared};

        if (some < PRODUCT_TALL && !kernels()->packs(&p))
            p.stretch *= kernels()->blocks;
        by_team(t, &p);
    }
}

void product_mix(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv, float *z)
{
    kernels()->mix(keys, p, width, v, ldv, z);
}
