#include "base/product/stretch.h"

/* From a group to the next. */
static const int64_t group_bytes[KINDS] = {4 * LANES, 2 * LANES, 2 * LANES, 4 * LANES};

/* The first or second of two groups of LANES elements. */
IN_LANES vec widen(enum kind kind, const unsigned char *p, int second, int pass)
{
    switch (kind) {
    case KIND_F16:
        return lanes_f16(p + second * 2 * LANES, pass);
    case KIND_BF16:
        return lanes_bf16_of_two(p, second, pass);
    default:
        return lanes_f32(p + second * 4 * LANES, pass);
    }
}

IN_LANES vec widen_last(enum kind kind, const unsigned char *p, int pass)
{
    return kind == KIND_BF16 ? lanes_bf16(p, pass) : widen(kind, p, 0, pass);
}

/* One group of x by nr strips of w. */
IN_LANES void multiply(const int mr, const int nr, const float *x, const vec *b, vec *acc)
{
    UNROLL
    for (int i = 0; i < mr; i++) {
        vec a = lanes_load(x + i * WIDE);

        UNROLL
        for (int j = 0; j < nr; j++)
            lanes_fma(&acc[i * nr + j], a, b[j]);
    }
}

/* The next tile of x, which comes into the second-level cache while this one is multiplied. Spread
   over the calls: many lines at once would fill the buffers for misses that w needs. */
struct bring {
    const unsigned char *at;
    int64_t step, each; /* for two groups, for a tile of sums */
};

/* Two groups; the rows go on to the next. */
IN_LANES void two_groups(const int mr, const int nr, const enum kind kind, const int pass,
                         const float *x, const unsigned char **row, int64_t ahead, vec *acc)
{
    UNROLL
    for (int u = 0; u < 2; u++) {
        vec b[INNER_STRIPS];

        UNROLL
        for (int j = 0; j < nr; j++)
            b[j] = widen(kind, row[j], u, pass);
        multiply(mr, nr, x + u * mr * WIDE, b, acc);
    }
    UNROLL
    for (int j = 0; j < nr; j++) {
        if (pass == 0 && kind != KIND_SCRATCH)
            prefetch(row[j] + ahead, kind == KIND_F32 ? 128 : 64);
        row[j] += 2 * group_bytes[kind];
    }
}

IN_LANES void one_group(const int mr, const int nr, const enum kind kind, const int pass,
                        const float *x, const unsigned char **row, vec *acc)
{
    vec b[INNER_STRIPS];

    UNROLL
    for (int j = 0; j < nr; j++)
        b[j] = widen_last(kind, row[j], pass);
    multiply(mr, nr, x, b, acc);
}

enum { MOST_SUMS = (INNER_MOST + SUMS - 1) / SUMS * SUMS };

/* Sums are written and read again: gcc would take them out of a register one by one. */
IN_LANES void in_memory(float *sums)
{
#ifdef __GNUC__
    __asm__ volatile("" : "+m"(*(float(*)[MOST_SUMS])sums));
#else
    (void)sums;
#endif
}

/* mr rows of x (packed: block, pass, group, row, lane) by nr rows of w over some groups of k, block
   by block. */
IN_LANES void tile(const int mr, const int nr, const enum kind kind, int64_t groups, const float *x,
                   const unsigned char *const *w, int64_t ahead, struct bring next, bool more,
                   float *y, int64_t ldy)
{
    enum { MOST = PRODUCT_BLOCK / LANES };
    float part[PASSES * MOST_SUMS * WIDE], sums[MOST_SUMS];
    const int n = mr * nr, all = (n + SUMS - 1) / SUMS * SUMS;

    for (int64_t first = 0; first < groups; first += MOST, more = true) {
        const int64_t some = groups - first < MOST ? groups - first : MOST;

        UNROLL
        for (int pass = 0; pass < PASSES; pass++) {
            vec acc[MOST_SUMS];
            const unsigned char *row[INNER_STRIPS];
            int64_t g = 0;

            UNROLL
            for (int j = 0; j < nr; j++)
                row[j] = w[j] + first * group_bytes[kind];
            UNROLL
            for (int i = 0; i < all; i++)
                acc[i] = lanes_zero();
            for (; g + 2 <= some; g += 2, x += 2 * mr * WIDE, next.at += next.step) {
                if (PASSES == 1) /* narrow registers leave no load to spare */
                    prefetch(next.at, 64);
                two_groups(mr, nr, kind, pass, x, row, ahead, acc);
            }
            for (; g < some; g++, x += mr * WIDE)
                one_group(mr, nr, kind, pass, x, row, acc);
            UNROLL
            for (int i = 0; i < all; i++)
                lanes_store(part + (pass * all + i) * WIDE, acc[i]);
        }
        UNROLL
        for (int i = 0; i < all; i += SUMS)
            lanes_sums(part + i * WIDE, all, sums + i);
        in_memory(sums);
        UNROLL
        for (int i = 0; i < mr; i++) {
            float *restrict to = y + i * ldy;

            UNROLL
            for (int j = 0; j < nr; j++)
                to[j] = more ? to[j] + sums[i * nr + j] : sums[i * nr + j];
        }
    }
}

/* n tiles of sums, side by side. */
typedef void tiles_fn(int64_t n, int64_t groups, const float *x, const unsigned char *const *w,
                      int64_t ahead, struct bring next, bool more, float *y, int64_t ldy);

/* A tile's sums are added up while the next one begins: so there is no call between them. */
#define ONE(mr, nr, kind)                                                                \
    static void tiles_##mr##_##kind(int64_t n, int64_t groups, const float *x,           \
                                    const unsigned char *const *w, int64_t ahead,        \
                                    struct bring next, bool more, float *y, int64_t ldy) \
    {                                                                                    \
        for (; n > 0; n--, w += nr, y += nr, next.at += next.each)                       \
            tile(mr, nr, kind, groups, x, w, ahead, next, more, y, ldy);                 \
    }
#define X(mr, nr) \
    ONE(mr, nr, KIND_F32) ONE(mr, nr, KIND_F16) ONE(mr, nr, KIND_BF16) ONE(mr, nr, KIND_SCRATCH)
INNER_TILES(X)
#undef X

static const struct {
    int strips;
    tiles_fn *of[KINDS];
} tiles[INNER_ROWS + 1] = {
#define X(mr, nr)                                                                \
    [mr > INNER_ROWS ? 0 : mr] = {nr,                                            \
                                  {tiles_##mr##_KIND_F32, tiles_##mr##_KIND_F16, \
                                   tiles_##mr##_KIND_BF16, tiles_##mr##_KIND_SCRATCH}},
    INNER_TILES(X)
#undef X
};

/* A tile of rows of x: as even as they go. */
struct rows {
    int64_t first, n;
};

static struct rows tile_of(const struct product *p, int64_t t)
{
    int64_t all = (p->rows + INNER_ROWS - 1) / INNER_ROWS;
    int64_t first = p->rows * t / all;

    return (struct rows){first, p->rows * (t + 1) / all - first};
}

/* Where a tile's block lies: all blocks of a tile, one after the other. */
static float *packed_at(const struct product *p, struct rows r, int64_t k)
{
    return p->packed + (r.first * groups_of(p->w->cols) + r.n * groups_of(k)) * LANES;
}

/* Elements [0, k) of a tile's rows, the last group filled with zeros. */
static void pack_block(const float *x, int64_t ldx, int64_t mr, int64_t k, float *out)
{
    int64_t groups = groups_of(k), apart = groups * mr * WIDE;
    float last[LANES] = {0};

    for (int64_t g = 0; g < k / LANES; g++)
        for (int64_t i = 0; i < mr; i++)
            lanes_pack(x + i * ldx + g * LANES, out + (g * mr + i) * WIDE, apart);
    for (int64_t i = 0; k % LANES && i < mr; i++) {
        memcpy(last, x + i * ldx + k / LANES * LANES, (size_t)(k % LANES) * sizeof *last);
        lanes_pack(last, out + ((groups - 1) * mr + i) * WIDE, apart);
    }
}

static void pack(const struct product *p, int64_t t)
{
    struct rows r = tile_of(p, t);

    for (int64_t k = 0; k < p->w->cols; k += PRODUCT_BLOCK) {
        int64_t some = stretch_at(p->w, 0, 0, k, PRODUCT_BLOCK).k;

        pack_block(p->x + r.first * p->ldx + k, p->ldx, r.n, some, packed_at(p, r, k));
    }
}

/* Rows of w as a tile reads them: where they lie, or in the scratch. */
struct strips {
    const unsigned char *row[PRODUCT_PANEL + INNER_STRIPS]; /* the last one stands again behind */
    int64_t ahead;                                          /* bytes from a row to the next */
    enum kind kind;
};

static struct strips strips_of(const struct stretch *s, float *scratch)
{
    const struct matrix *w = s->w;
    int64_t apart = (s->groups + 1) * LANES;
    struct strips all = {.ahead = (int64_t)matrix_row_bytes(w), .kind = kind_of(w, LANES_WIDEN)};
    bool floats = all.kind == KIND_SCRATCH;

    if (floats)
        stretch_gather(s, scratch, apart);
    for (int64_t j = 0; j < s->count; j++) {
        float *to = scratch + j * apart;

        if (floats)
            stretch_floats(s, j, to, to);
        all.row[j] = floats ? (const unsigned char *)to : stretch_row(s, j);
    }
    for (int j = 0; j < INNER_STRIPS; j++)
        all.row[s->count + j] = all.row[s->count - 1];
    return all;
}

/* The last columns of a panel: fewer than a tile has. */
static void narrow(tiles_fn *f, int64_t mr, int strips, const struct stretch *s,
                   const unsigned char *const *row, int64_t columns, const float *x,
                   struct bring next, float *y, int64_t ldy)
{
    float out[INNER_MOST] = {0};

    for (int64_t i = 0; s->start && i < mr; i++)
        memcpy(out + i * strips, y + i * ldy, (size_t)columns * sizeof *y);
    f(1, s->groups, x, row, 0, next, s->start > 0, out, strips);
    for (int64_t i = 0; i < mr; i++)
        memcpy(y + i * ldy, out + i * strips, (size_t)columns * sizeof *y);
}

static void rows_by_stretch(const struct product *p, const struct stretch *s,
                            const struct strips *w)
{
    int64_t tall = (p->rows + INNER_ROWS - 1) / INNER_ROWS;

    for (int64_t t = 0; t < tall; t++) {
        struct rows r = tile_of(p, t), after = tile_of(p, t + 1 < tall ? t + 1 : t);
        int strips = tiles[r.n].strips;
        tiles_fn *f = tiles[r.n].of[w->kind];
        int64_t n = s->count / strips, whole = n * strips;
        int64_t each = after.n * s->groups * group_bytes[KIND_F32] * strips / s->count;
        struct bring next = {(const unsigned char *)packed_at(p, after, s->start),
                             each / ((s->groups + 1) / 2), each};
        const float *x = packed_at(p, r, s->start);
        float *y = p->y + r.first * p->ldy + s->first;

        f(n, s->groups, x, w->row, strips * w->ahead, next, s->start > 0, y, p->ldy);
        next.at += n * each;
        if (whole < s->count)
            narrow(f, r.n, strips, s, w->row + whole, s->count - whole, x, next, y + whole, p->ldy);
        if (s->start + s->k == p->w->cols)
            settle(r.n, s->count, y, p->ldy);
    }
}

static void by_panel(const struct product *p, int64_t first, int64_t count, float *scratch)
{
    for (int64_t k = 0; k < p->w->cols; k += p->stretch) {
        struct stretch s = stretch_at(p->w, first, count, k, p->stretch);
        struct strips w = strips_of(&s, scratch);

        rows_by_stretch(p, &s, &w);
    }
}

const struct product_way ISA(product_inner) = {.tile_rows = INNER_ROWS,
                                               .panel_rows = PRODUCT_PANEL / (PASSES > 1 ? 2 : 1),
                                               .blocks = BLOCKS,
                                               .widens = LANES_WIDEN,
                                               .pack = pack,
                                               .by_panel = by_panel};
