#include "base/product/rows.h"

/* From a group to the next. */
static const int64_t group_bytes[KINDS] = {4 * LANES, 2 * LANES, 2 * LANES, 4 * LANES};

/* A register holds rows of x side by side, or, where rows of x are few, rows of w: rx of x by
   ROWS / rx of w, in PARTs of lanes. */
enum { PART = WIDE / ROWS };

IN_LANES int rows_of_w(int rx)
{
    return ROWS / rx;
}

/* A group of LANES elements: of row[0], as often as a register holds rows, or of rw rows. */
IN_LANES vec widen(enum kind kind, const int rw, const unsigned char *const *row, int64_t at,
                   int pass)
{
    struct octet p = {row[0] + at, row[rw - 1] + at, rw > 1, pass};

    switch (kind) {
    case KIND_F16:
        return lanes_f16(p);
    case KIND_BF16:
        return lanes_bf16(p);
    default:
        return lanes_f32(p);
    }
}

IN_LANES vec lanes_of_x(const int rx, const float *x)
{
    return rx == ROWS ? lanes_load(x) : lanes_f32((struct octet){.at = (const void *)x});
}

/* One group of mv registers of x by the same of nr strips of w. */
IN_LANES void multiply(const int rx, const int mv, const int nr, const enum kind kind,
                       const int pass, const float *x, const unsigned char *const *row, int group,
                       vec *acc)
{
    const int rw = rows_of_w(rx);
    vec b[INNER_STRIPS];

    UNROLL
    for (int j = 0; j < nr; j++)
        b[j] = widen(kind, rw, row + j * rw, group * group_bytes[kind], pass);
    UNROLL
    for (int i = 0; i < mv; i++) {
        vec a = lanes_of_x(rx, x + (group * mv + i) * rx * PART);

        UNROLL
        for (int j = 0; j < nr; j++)
            lanes_fma(&acc[i * nr + j], a, b[j]);
    }
}

/* The next tile of x, which comes into the second-level cache while this one is multiplied. Spread
   over the calls: many lines at once would fill the buffers for misses that w needs. */
struct bring {
    const unsigned char *at;
    int64_t step, each; /* for STEP groups, for a tile of sums */
};

enum { STEP = 2 }; /* groups that are read at once */

/* `groups` of them; the rows go on to the next. */
IN_LANES void some_groups(const int groups, const int rx, const int mv, const int nr,
                          const enum kind kind, const int pass, const float *x,
                          const unsigned char **row, int64_t ahead, vec *acc)
{
    UNROLL
    for (int u = 0; u < groups; u++)
        multiply(rx, mv, nr, kind, pass, x, row, u, acc);
    UNROLL
    for (int j = 0; j < nr * rows_of_w(rx); j++) {
        if (pass == 0 && groups == STEP && kind != KIND_SCRATCH)
            prefetch(row[j] + ahead, (size_t)(STEP * group_bytes[kind]));
        row[j] += groups * group_bytes[kind];
    }
}

enum { MOST_SUMS = (INNER_MOST + SUMS - 1) / SUMS * SUMS };

/* Sums are written and read again: gcc would take them out of a register one by one. */
IN_LANES void in_memory(float *sums)
{
#ifdef __GNUC__
    __asm__ volatile("" : "+m"(*(float(*)[ROWS * MOST_SUMS]) sums));
#else
    (void)sums;
#endif
}

/* Sums of mr rows of x and all strips to y, or to what is there. */
IN_LANES void put(const int rx, const int mr, const int nr, const float *sums, bool more, float *y,
                  int64_t ldy)
{
    const int rw = rows_of_w(rx);

    UNROLL
    for (int i = 0; i < mr; i++) {
        const float *from = sums + i % rx * MOST_SUMS + i / rx * nr;
        float *restrict to = y + i * ldy;

        UNROLL
        for (int j = 0; j < nr * rw; j++) {
            float sum = from[j % rw * MOST_SUMS + j / rw];

            to[j] = more ? to[j] + sum : sum;
        }
    }
}

/* mv registers of rows of x (packed: block, pass, group, register) by nr strips of rows of w over
   some groups of k, block by block. Of the last register the last row may be none: `rows` says how
   many there are. */
IN_LANES void tile(const int rx, const int mv, const int nr, const enum kind kind, int64_t groups,
                   const float *x, const unsigned char *const *w, int64_t ahead, struct bring next,
                   bool more, int64_t rows, float *y, int64_t ldy)
{
    enum { MOST = PRODUCT_BLOCK / LANES };
    float part[PASSES * MOST_SUMS * WIDE], sums[ROWS * MOST_SUMS];
    const int n = mv * nr, all = (n + SUMS - 1) / SUMS * SUMS, floats = mv * rx * PART;

    for (int64_t first = 0; first < groups; first += MOST, more = true) {
        const int64_t some = groups - first < MOST ? groups - first : MOST;

        UNROLL
        for (int pass = 0; pass < PASSES; pass++) {
            vec acc[MOST_SUMS];
            const unsigned char *row[INNER_STRIPS];
            int64_t g = 0;

            UNROLL
            for (int j = 0; j < nr * rows_of_w(rx); j++)
                row[j] = w[j] + first * group_bytes[kind];
            UNROLL
            for (int i = 0; i < all; i++)
                acc[i] = lanes_zero();
            for (; g + STEP <= some; g += STEP, x += STEP * floats, next.at += next.step) {
                if (PASSES == 1) /* or a register less is free, and it would come twice */
                    prefetch(next.at, 64);
                some_groups(STEP, rx, mv, nr, kind, pass, x, row, ahead, acc);
            }
            for (; g < some; g++, x += floats)
                some_groups(1, rx, mv, nr, kind, pass, x, row, ahead, acc);
            UNROLL
            for (int i = 0; i < all; i++)
                lanes_store(part + (pass * all + i) * WIDE, acc[i]);
        }
        UNROLL
        for (int i = 0; i < all; i += SUMS)
            lanes_sums(part + i * WIDE, all, sums + i, MOST_SUMS);
        in_memory(sums);
        if (rows == mv * rx)
            put(rx, mv * rx, nr, sums, more, y, ldy);
        else
            put(rx, mv * rx - 1, nr, sums, more, y, ldy);
    }
}

/* n tiles of sums, side by side. */
typedef void tiles_fn(int64_t n, int64_t groups, const float *x, const unsigned char *const *w,
                      int64_t ahead, struct bring next, bool more, int64_t rows, float *y,
                      int64_t ldy);

/* A tile's sums are added up while the next one begins: so there is no call between them. */
#define ONE(rx, mv, nr, kind)                                                                    \
    static void tiles_##rx##_##mv##_##kind(                                                      \
        int64_t n, int64_t groups, const float *x, const unsigned char *const *w, int64_t ahead, \
        struct bring next, bool more, int64_t rows, float *y, int64_t ldy)                       \
    {                                                                                            \
        const int strips = nr * rows_of_w(rx);                                                   \
                                                                                                 \
        for (; n > 0; n--, w += strips, y += strips, next.at += next.each)                       \
            tile(rx, mv, nr, kind, groups, x, w, ahead, next, more, rows, y, ldy);               \
    }
#define X(rx, mv, nr)          \
    ONE(rx, mv, nr, KIND_F32)  \
    ONE(rx, mv, nr, KIND_F16)  \
    ONE(rx, mv, nr, KIND_BF16) \
    ONE(rx, mv, nr, KIND_SCRATCH)
INNER_TILES(X)
#undef X

/* By rows of x in a register, and registers. */
static const struct {
    int strips; /* rows of w */
    tiles_fn *of[KINDS];
} tiles[ROWS + 1][INNER_VECTORS + 1] = {
#define X(rx, mv, nr)                                                        \
    [rx][mv] = {nr * ROWS / rx,                                              \
                {tiles_##rx##_##mv##_KIND_F32, tiles_##rx##_##mv##_KIND_F16, \
                 tiles_##rx##_##mv##_KIND_BF16, tiles_##rx##_##mv##_KIND_SCRATCH}},
    INNER_TILES(X)
#undef X
};

static int rows_of_x(const struct product *p)
{
    return p->rows <= INNER_FEW ? 1 : ROWS;
}

static struct rows tile_of(const struct product *p, int64_t t)
{
    return rows_of_tile(p, t, rows_of_x(p));
}

/* A group of a row of a tile to its place in each pass. */
static void pack_group(const float *x, float *out, int64_t apart)
{
    for (int pass = 0; pass < PASSES; pass++)
        memcpy(out + pass * apart, x + pass * PART, PART * sizeof *x);
}

static void pack_block(const struct product *p, struct rows r, struct stretch s)
{
    static const float zeros[LANES];
    int64_t all = r.filled * PART, apart = s.groups * all, whole = s.k / LANES;
    const float *x = p->x + r.first * p->ldx + s.start;
    float *out = rows_packed(p, r, s.start);

    for (int64_t g = 0; g < whole; g++, x += LANES, out += all)
        for (int64_t i = 0; i < r.filled; i++)
            pack_group(i < r.n ? x + i * p->ldx : zeros, out + i * PART, apart);
    for (int64_t i = 0; whole < s.groups && i < r.filled; i++) {
        float last[LANES] = {0};

        if (i < r.n)
            memcpy(last, x + i * p->ldx, (size_t)(s.k % LANES) * sizeof *last);
        pack_group(last, out + i * PART, apart);
    }
}

static void pack(const struct product *p, int64_t t)
{
    for (int64_t k = 0; k < p->w->cols; k += PRODUCT_BLOCK)
        pack_block(p, tile_of(p, t), stretch_at(p->w, 0, 0, k, PRODUCT_BLOCK));
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
static void narrow(tiles_fn *f, int64_t rows, int strips, const struct stretch *s,
                   const unsigned char *const *row, int64_t columns, const float *x,
                   struct bring next, float *y, int64_t ldy)
{
    float out[ROWS * INNER_MOST] = {0};

    for (int64_t i = 0; s->start && i < rows; i++)
        memcpy(out + i * strips, y + i * ldy, (size_t)columns * sizeof *y);
    f(1, s->groups, x, row, 0, next, s->start > 0, rows, out, strips);
    for (int64_t i = 0; i < rows; i++)
        memcpy(y + i * ldy, out + i * strips, (size_t)columns * sizeof *y);
}

static void rows_by_stretch(const struct product *p, const struct stretch *s,
                            const struct strips *w)
{
    for (int64_t t = 0; t < p->tiles; t++) {
        struct rows r = tile_of(p, t), after = tile_of(p, t + 1 < p->tiles ? t + 1 : t);
        int strips = tiles[rows_of_x(p)][r.vectors].strips;
        tiles_fn *f = tiles[rows_of_x(p)][r.vectors].of[w->kind];
        int64_t n = s->count / strips, whole = n * strips;
        int64_t each = after.filled * s->groups * group_bytes[KIND_F32] * strips / s->count;
        struct bring next = {(const unsigned char *)rows_packed(p, after, s->start),
                             each * STEP / s->groups, each};
        const float *x = rows_packed(p, r, s->start);
        float *y = p->y + r.first * p->ldy + s->first;

        f(n, s->groups, x, w->row, strips * w->ahead, next, s->start > 0, r.n, y, p->ldy);
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

const struct product_way ISA(product_inner) = {.tile_rows = INNER_VECTORS * ROWS,
                                               .panel_rows = PRODUCT_PANEL / (PASSES > 1 ? 2 : 1),
                                               .blocks = BLOCKS,
                                               .widens = LANES_WIDEN,
                                               .pack = pack,
                                               .by_panel = by_panel};
