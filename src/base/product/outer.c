#include "base/product/rows.h"

#ifdef OUTER_TILES

/* Rows of w in the scratch, and tiles of x, are turned: lane by lane, its element of each group.
   LANE elements from a lane to the next in a row of w: floats, or bfloat16 as they are, which
   halves what the tiles read. */
enum {
    LANE = PRODUCT_BLOCK / LANES,
    TILE_ROWS = OUTER_VECTORS * WIDE, /* of x */
    LEVELS = 3                        /* of the tree in which lanes are added */
};

/* Where a lane stands: two neighbours, then two pairs of them, ... are the operands of a sum. */
static const unsigned char tree_order[LANES] = {0, 4, 2, 6, 1, 5, 3, 7};

/* LANES rows of x, or groups of a row of w, to the places of their lanes. A register holds as many
   rows: WIDE is LANES here. */
IN_LANES void turn(const float *from, int64_t ld, float *to, int64_t apart)
{
    vec lane[LANES];

    lanes_turn(from, ld, lane);
    UNROLL
    for (int l = 0; l < LANES; l++)
        lanes_store(to + tree_order[l] * apart, lane[l]);
}

/* What comes into the second-level cache while a tile is multiplied: the next rows of x, and of w
   rows of the next stretch. A part with each lane: many lines at once would fill the buffers for
   misses. */
struct coming {
    const unsigned char *x, *const *w;
    int64_t rows;            /* of w */
    size_t x_bytes, w_bytes; /* of each, with a lane */
};

IN_LANES void bring(struct coming b, int lane)
{
    prefetch(b.x + (size_t)lane * b.x_bytes, b.x_bytes);
    for (int64_t j = 0; j < b.rows; j++)
        prefetch(b.w[j] + (size_t)lane * b.w_bytes, b.w_bytes);
}

IN_LANES int64_t bytes_of(bool shorts)
{
    return shorts ? 2 : 4;
}

/* From a row of w in the scratch to the next. */
IN_LANES int64_t row_bytes(bool shorts)
{
    return PRODUCT_APART * bytes_of(shorts);
}

/* One element of each row. */
IN_LANES void multiply(const int nv, const int nr, const bool shorts, const float *x,
                       const unsigned char *w, vec *acc)
{
    vec a[OUTER_VECTORS];

    UNROLL
    for (int v = 0; v < nv; v++)
        a[v] = lanes_load(x + v * WIDE);
    UNROLL
    for (int j = 0; j < nr; j++, w += row_bytes(shorts)) {
        vec b = shorts ? lanes_same_bf16(w) : lanes_same(*(const float *)(const void *)w);

        UNROLL
        for (int v = 0; v < nv; v++)
            lanes_fma(&acc[j * nv + v], a[v], b);
    }
}

/* nv vectors of rows of x (lane, group, row) by nr rows of w (lane, group): sums (nr, nv WIDE). */
IN_LANES void tile(const int nv, const int nr, const bool shorts, int64_t groups, const float *x,
                   const unsigned char *w, struct coming next, float *sums)
{
    vec parts[LEVELS][OUTER_MOST];

    for (int i = 0; i < LANES; i++) {
        const float *a = x + i * groups * nv * WIDE;
        const unsigned char *b = w + i * LANE * bytes_of(shorts);
        vec acc[OUTER_MOST];
        int64_t g = 0;
        int level = 0;

        UNROLL
        for (int q = 0; q < nv * nr; q++)
            acc[q] = lanes_zero();
        bring(next, i);
        for (; g + 2 <= groups; g += 2, a += 2 * nv * WIDE, b += 2 * bytes_of(shorts)) {
            multiply(nv, nr, shorts, a, b, acc);
            multiply(nv, nr, shorts, a + nv * WIDE, b + bytes_of(shorts), acc);
        }
        if (g < groups)
            multiply(nv, nr, shorts, a, b, acc);
        for (; i >> level & 1; level++) {
            UNROLL
            for (int q = 0; q < nv * nr; q++)
                acc[q] = lanes_add(parts[level][q], acc[q]);
        }
        UNROLL
        for (int q = 0; q < nv * nr; q++)
            if (level < LEVELS)
                parts[level][q] = acc[q];
            else
                lanes_store(sums + q * WIDE, acc[q]);
    }
}

typedef void tile_fn(int64_t groups, const float *x, const unsigned char *w, struct coming next,
                     float *sums);

#define ONE(nv, nr, word, shorts)                                                          \
    static void tile_##nv##_##word(int64_t groups, const float *x, const unsigned char *w, \
                                   struct coming next, float *sums)                        \
    {                                                                                      \
        tile(nv, nr, shorts, groups, x, w, next, sums);                                    \
    }
#define X(nv, nr) ONE(nv, nr, floats, false) ONE(nv, nr, shorts, true)
OUTER_TILES(X)
#undef X

/* By vectors of x; the number of rows of w divides PRODUCT_PANEL_STEP. */
static const struct {
    int strips;
    tile_fn *floats, *shorts;
} tiles[OUTER_VECTORS + 1] = {
#define X(nv, nr) [nv] = {nr, tile_##nv##_floats, tile_##nv##_shorts},
    OUTER_TILES(X)
#undef X
};

static struct rows tile_of(const struct product *p, int64_t t)
{
    return rows_of_tile(p, t, WIDE);
}

/* A group of some rows, where they or the group are not whole. */
static void pack_part(const float *x, int64_t ldx, int64_t rows, int64_t k, float *out,
                      int64_t apart)
{
    float part[WIDE * LANES] = {0};

    for (int64_t i = 0; i < rows; i++)
        memcpy(part + i * LANES, x + i * ldx, (size_t)k * sizeof *x);
    turn(part, LANES, out, apart);
}

static void pack_block(const struct product *p, struct rows r, struct stretch s)
{
    int64_t all = r.filled, apart = s.groups * all;
    float *out = rows_packed(p, r, s.start);

    for (int64_t g = 0; g < s.groups; g++)
        for (int64_t v = 0; v < all; v += WIDE) {
            int64_t rows = r.n - v < WIDE ? r.n - v : WIDE;
            int64_t k = s.k - g * LANES < LANES ? s.k - g * LANES : LANES;
            const float *x = p->x + (r.first + v) * p->ldx + s.start + g * LANES;
            float *to = out + g * all + v;

            if (rows < WIDE || k < LANES)
                pack_part(x, p->ldx, rows, k, to, apart);
            else
                turn(x, p->ldx, to, apart);
        }
}

static void pack(const struct product *p, int64_t t)
{
    for (int64_t k = 0; k < p->w->cols; k += PRODUCT_BLOCK)
        pack_block(p, tile_of(p, t), stretch_at(p->w, 0, 0, k, PRODUCT_BLOCK));
}

/* Rows of w, and of zeros as far as a tile may go, turned. */
struct turned {
    bool shorts;
    unsigned char *at;
};

static void turn_floats(const struct stretch *s, float *scratch)
{
    float wide[PRODUCT_BLOCK] = {0};

    stretch_gather(s, scratch, PRODUCT_APART);
    for (int64_t j = 0; j < s->count; j++) {
        float *to = scratch + j * PRODUCT_APART;

        stretch_floats(s, j, to, wide);
        for (int64_t g = 0; g < s->groups; g += WIDE)
            turn(wide + g * LANES, LANES, to + g, LANE);
    }
}

static void turn_shorts(const struct stretch *s, unsigned char *scratch)
{
    const int64_t all = SHORTS * 2 * LANES; /* bytes that are turned at once */
    int64_t bytes = 2 * s->k;
    unsigned char last[SHORTS * 2 * LANES] = {0};

    for (int64_t j = 0; j < s->count; j++, scratch += row_bytes(true)) {
        const unsigned char *row = stretch_row(s, j);

        stretch_ahead(s, j);
        for (int64_t at = 0; at < bytes; at += all) {
            const unsigned char *from = row + at;
            unsigned char *to[LANES];

            if (bytes - at < all) {
                memcpy(last, from, (size_t)(bytes - at));
                from = last;
            }
            for (int i = 0; i < LANES; i++)
                to[i] = scratch + 2 * tree_order[i] * LANE + at / LANES;
            lanes_turn_shorts(from, to);
        }
    }
}

static struct turned turn_rows(const struct stretch *s, float *scratch)
{
    int64_t all = (s->count + PRODUCT_PANEL_STEP - 1) / PRODUCT_PANEL_STEP * PRODUCT_PANEL_STEP;
    struct turned t = {kind_of(s->w, LANES_WIDEN) == KIND_BF16, (unsigned char *)scratch};

    if (t.shorts)
        turn_shorts(s, t.at);
    else
        turn_floats(s, scratch);
    memset(t.at + s->count * row_bytes(t.shorts), 0,
           (size_t)((all - s->count) * row_bytes(t.shorts)));
    return t;
}

/* Sums of a vector of rows by WIDE columns to y, or to what is there. */
IN_LANES void put(const float *sums, int64_t apart, bool more, float *y, int64_t ldy)
{
    vec row[WIDE];

    lanes_turn(sums, apart, row);
    UNROLL
    for (int i = 0; i < WIDE; i++, y += ldy)
        lanes_store(y, more ? lanes_add(lanes_load(y), row[i]) : row[i]);
}

/* The same of some rows and columns. */
static void put_part(const float *sums, int64_t apart, int64_t rows, int64_t columns, bool more,
                     float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, y += ldy)
        for (int64_t j = 0; j < columns; j++)
            y[j] = more ? y[j] + sums[j * apart + i] : sums[j * apart + i];
}

static void put_tile(const struct stretch *s, struct rows r, const float *sums, float *y,
                     int64_t ldy)
{
    int64_t all = r.filled;

    for (int64_t v = 0; v < r.n; v += WIDE)
        for (int64_t j = 0; j < s->count; j += WIDE) {
            int64_t rows = r.n - v, columns = s->count - j;
            const float *from = sums + j * all + v;
            float *to = y + v * ldy + j;

            if (rows < WIDE || columns < WIDE)
                put_part(from, all, rows < WIDE ? rows : WIDE, columns < WIDE ? columns : WIDE,
                         s->start > 0, to, ldy);
            else
                put(from, all, s->start > 0, to, ldy);
        }
    if (s->start + s->k == s->w->cols)
        settle(r.n, s->count, y, ldy);
}

/* Where the rows of the next stretch begin; of a matrix that lies transposed none. */
struct next {
    const unsigned char *row[PRODUCT_WIDE_PANEL];
    int64_t rows, begun, due;
    size_t bytes;
};

static struct next next_rows(struct stretch s)
{
    struct next n = {.rows = s.w->across || s.count < 0 ? 0 : s.count,
                     .bytes = stored_bytes(s.w, s.k) / LANES};

    for (int64_t j = 0; j < n.rows; j++)
        n.row[j] = stretch_row(&s, j);
    return n;
}

/* The rows that come with so many strips of all. */
static struct coming some_rows(struct next *n, int64_t strips, int64_t all)
{
    struct coming b = {.w = n->row + n->begun, .w_bytes = n->bytes};

    for (n->due += n->rows * strips; n->due >= all && n->begun < n->rows; n->due -= all) {
        n->begun++;
        b.rows++;
    }
    return b;
}

/* The part of a tile of x that comes with so many strips of all. */
static size_t part_of(const struct stretch *s, struct rows x, int strips)
{
    int64_t floats = x.filled * s->groups; /* with a strip's share of LANES lanes */

    return (size_t)((floats * strips + s->count - 1) / s->count) * sizeof(float);
}

static void rows_by_stretch(const struct product *p, const struct stretch *s, struct next *next,
                            struct turned w)
{
    float sums[PRODUCT_WIDE_PANEL * TILE_ROWS]; /* (column, row) */

    for (int64_t t = 0; t < p->tiles; t++) {
        struct rows r = tile_of(p, t), after = tile_of(p, t + 1 < p->tiles ? t + 1 : t);
        const float *x = rows_packed(p, r, s->start), *x_after = rows_packed(p, after, s->start);
        int strips = tiles[r.vectors].strips;
        tile_fn *f = w.shorts ? tiles[r.vectors].shorts : tiles[r.vectors].floats;
        size_t part = part_of(s, after, strips), at = 0;

        for (int64_t j = 0; j < s->count; j += strips, at += LANES * part) {
            struct coming b = some_rows(next, strips, p->tiles * s->count);

            b.x = (const unsigned char *)x_after + at;
            b.x_bytes = part;
            f(s->groups, x, w.at + j * row_bytes(w.shorts), b, sums + j * r.filled);
        }
        put_tile(s, r, sums, p->y + r.first * p->ldy + s->first, p->ldy);
    }
}

static void by_panel(const struct product *p, int64_t first, int64_t count, float *scratch)
{
    const struct matrix *w = p->w;
    int64_t after = first + p->next_panel, left = w->rows - after;

    for (int64_t k = 0; k < w->cols; k += PRODUCT_BLOCK) {
        struct stretch s = stretch_at(w, first, count, k, PRODUCT_BLOCK);
        struct next next =
            next_rows(k + s.k < w->cols
                          ? stretch_at(w, first, count, k + s.k, PRODUCT_BLOCK)
                          : stretch_at(w, after, left < count ? left : count, 0, PRODUCT_BLOCK));

        rows_by_stretch(p, &s, &next, turn_rows(&s, scratch));
    }
}

const struct product_way ISA(product_outer) = {.tile_rows = TILE_ROWS,
                                               .panel_rows = PRODUCT_WIDE_PANEL,
                                               .blocks = 1,
                                               .from = {[KIND_F32] = OUTER_FROM_FLOATS,
                                                        [KIND_F16] = OUTER_FROM_F16,
                                                        [KIND_BF16] = OUTER_FROM_BF16,
                                                        [KIND_SCRATCH] = OUTER_FROM_FLOATS},
                                               .pack = pack,
                                               .by_panel = by_panel};
#else
#include <limits.h>

const struct product_way ISA(product_outer) = {.from = {INT_MAX, INT_MAX, INT_MAX, INT_MAX}};
#endif
