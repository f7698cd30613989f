#include "base/product/product.h"

#include "base/product/way.h"

#include <assert.h>

static const struct product_way *const inner[] = {ISA_EACH(product_inner)};
static const struct product_way *const outer[] = {ISA_EACH(product_outer)};

/* Elements in whole groups; and rows, which registers hold LANES of at most. */
static int64_t padded(int64_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

size_t product_scratch(void)
{
    return PRODUCT_SCRATCH;
}

size_t product_shared(int64_t rows, int64_t k)
{
    return (size_t)padded(rows) * (size_t)padded(k);
}

/* Wide panels read x less often; each thread should get a few. */
static int64_t panel_rows(const struct product *p, const struct product_way *f, enum kind kind,
                          int threads)
{
    enum { EACH = 4, STEP = PRODUCT_PANEL_STEP };
    int64_t k = p->w->cols < p->stretch ? p->w->cols : p->stretch;
    int64_t bytes = k * (kind == KIND_F32 ? 4 : 2);
    int64_t fit = PRODUCT_PANEL_BYTES / (bytes ? bytes : 1) / STEP * STEP;
    int64_t most = kind == KIND_SCRATCH  ? PRODUCT_WIDE_PANEL
                   : fit < f->panel_rows ? fit
                                         : f->panel_rows;
    int64_t share = (p->w->rows + EACH * threads - 1) / (EACH * threads);

    share = (share + STEP - 1) / STEP * STEP;
    return share < most ? share : most;
}

static void by_team(struct team *t, struct product *p)
{
    enum { MANY = 8 }; /* tiles, by which rows of w are read for longer than they take to come */
    const struct product_way *few = inner[isa_get()], *many = outer[isa_get()];
    enum kind kind = kind_of(p->w, few->widens);
    const struct product_way *f = p->rows < many->from[kind] ? few : many;
    int64_t n = p->w->rows, width, panels;

    p->tiles = (p->rows + f->tile_rows - 1) / f->tile_rows;
    p->stretch = PRODUCT_BLOCK * (kind == KIND_SCRATCH || p->tiles > MANY ? 1 : f->blocks);
    width = panel_rows(p, f, kind, t->threads);
    panels = (n + width - 1) / width;
    p->next_panel = t->threads * width;
#pragma omp parallel num_threads(t->threads) if (panels > 1)
    {
#pragma omp for schedule(static)
        for (int64_t i = 0; i < p->tiles; i++)
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
    int64_t k = padded(w->cols), room = (int64_t)t->shared_floats / (k ? k : 1);

    room = room / LANES * LANES; /* tiles fill their last rows with zeros */
    assert(t->scratch_floats >= PRODUCT_SCRATCH && (room > 0 || !rows));
    t->flops += 2 * (uint64_t)rows * (uint64_t)w->rows * (uint64_t)w->cols;
    for (int64_t i = 0; i < rows; i += room) {
        struct product p = {.rows = rows - i < room ? rows - i : room,
                            .x = x + i * ldx,
                            .ldx = ldx,
                            .w = w,
                            .y = y + i * ldy,
                            .ldy = ldy,
                            .packed = t->shared};

        by_team(t, &p);
    }
}

void product_mix(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv, float *z)
{
    static void (*const all[])(int64_t, const float *, int64_t, const float *, int64_t,
                               float *) = {ISA_EACH(product_mix)};

    all[isa_get()](keys, p, width, v, ldv, z);
}
