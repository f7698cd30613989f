#include "base/product/panel.h"

#include "base/product/lanes.h"

#include <math.h>

/* The types that are widened in registers, and what lies in the scratch: floats, pass by pass. */
enum kind { KIND_F32, KIND_F16, KIND_BF16, KIND_PACKED, KINDS };

/* From a group to the next. */
static const int64_t group_bytes[KINDS] = {4 * LANES, 2 * LANES, 2 * LANES, 4 * WIDE};

/* The first or second of two groups of LANES elements. */
IN_LANES vec widen(enum kind kind, const unsigned char *p, int second, int pass)
{
    switch (kind) {
    case KIND_F16:
        return lanes_f16(p + second * 2 * LANES, pass);
    case KIND_BF16:
        return lanes_bf16_of_two(p, second, pass);
    case KIND_PACKED:
        return lanes_load((const float *)(const void *)p + second * WIDE);
    default:
        return lanes_f32(p + second * 4 * LANES, pass);
    }
}

IN_LANES vec widen_last(enum kind kind, const unsigned char *p, int pass)
{
    return kind == KIND_BF16 ? lanes_bf16(p, pass) : widen(kind, p, 0, pass);
}

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 32")
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

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

/* Into the second-level cache: the first one has no room left. */
IN_LANES void prefetch(const unsigned char *p)
{
#ifdef __GNUC__
    __builtin_prefetch(p, 0, 2);
#else
    (void)p;
#endif
}

/* The next tile of x, which comes into the second-level cache while this one is multiplied. Spread
   over the calls: many lines at once would fill the buffers for misses that w needs. */
struct bring {
    const unsigned char *at;
    int64_t step; /* for two groups */
};

/* Two groups; the rows go on to the next. */
IN_LANES void two_groups(const int mr, const int nr, const enum kind kind, const int pass,
                         const float *x, const unsigned char **row, int64_t ahead, vec *acc)
{
    UNROLL
    for (int u = 0; u < 2; u++) {
        vec b[TILE_STRIPS];

        UNROLL
        for (int j = 0; j < nr; j++)
            b[j] = widen(kind, row[j], u, pass);
        multiply(mr, nr, x + u * mr * WIDE, b, acc);
    }
    UNROLL
    for (int j = 0; j < nr; j++) {
        if (pass == 0 && kind != KIND_PACKED) {
            prefetch(row[j] + ahead);
            if (kind == KIND_F32)
                prefetch(row[j] + ahead + 64);
        }
        row[j] += 2 * group_bytes[kind];
    }
}

IN_LANES void one_group(const int mr, const int nr, const enum kind kind, const int pass,
                        const float *x, const unsigned char **row, vec *acc)
{
    vec b[TILE_STRIPS];

    UNROLL
    for (int j = 0; j < nr; j++)
        b[j] = widen_last(kind, row[j], pass);
    multiply(mr, nr, x, b, acc);
}

enum { MOST_SUMS = (TILE_MOST + SUMS - 1) / SUMS * SUMS };

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
            const unsigned char *row[TILE_STRIPS];
            int64_t g = 0, from = first + (kind == KIND_PACKED ? pass * some : 0);

            UNROLL
            for (int j = 0; j < nr; j++)
                row[j] = w[j] + from * group_bytes[kind];
            UNROLL
            for (int i = 0; i < all; i++)
                acc[i] = lanes_zero();
            for (; g + 2 <= some; g += 2, x += 2 * mr * WIDE, next.at += next.step) {
                if (PASSES == 1) /* narrow registers leave no load to spare */
                    prefetch(next.at);
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

typedef void tile_fn(int64_t groups, const float *x, const unsigned char *const *w, int64_t ahead,
                     struct bring next, bool more, float *y, int64_t ldy);

#define ONE(mr, nr, kind)                                                                         \
    static void tile_##mr##_##kind(int64_t groups, const float *x, const unsigned char *const *w, \
                                   int64_t ahead, struct bring next, bool more, float *y,         \
                                   int64_t ldy)                                                   \
    {                                                                                             \
        tile(mr, nr, kind, groups, x, w, ahead, next, more, y, ldy);                              \
    }
#define X(mr, nr) \
    ONE(mr, nr, KIND_F32) ONE(mr, nr, KIND_F16) ONE(mr, nr, KIND_BF16) ONE(mr, nr, KIND_PACKED)
TILES(X)
#undef X

static const struct {
    int strips;
    tile_fn *of[KINDS];
} tiles[TILE_ROWS + 1] = {
#define X(mr, nr)                                                             \
    [mr > TILE_ROWS ? 0 : mr] = {nr,                                          \
                                 {tile_##mr##_KIND_F32, tile_##mr##_KIND_F16, \
                                  tile_##mr##_KIND_BF16, tile_##mr##_KIND_PACKED}},
    TILES(X)
#undef X
};

/* A tile of rows of x: as even as they go. */
struct rows {
    int64_t first, n;
};

static struct rows tile_of(const struct product *p, int64_t t)
{
    int64_t all = (p->rows + TILE_ROWS - 1) / TILE_ROWS;
    int64_t first = p->rows * t / all;

    return (struct rows){first, p->rows * (t + 1) / all - first};
}

static int64_t groups_of(int64_t k)
{
    return (k + LANES - 1) / LANES;
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

static int64_t length_at(const struct product *p, int64_t k, int64_t most)
{
    return p->w->cols - k < most ? p->w->cols - k : most;
}

static void pack(const struct product *p, int64_t t)
{
    struct rows r = tile_of(p, t);

    for (int64_t k = 0; k < p->w->cols; k += PRODUCT_BLOCK)
        pack_block(p->x + r.first * p->ldx + k, p->ldx, r.n, length_at(p, k, PRODUCT_BLOCK),
                   packed_at(p, r, k));
}

/* A block of k of a panel, or several. */
struct stretch {
    const unsigned char
        *row[PRODUCT_PANEL + TILE_STRIPS]; /* of w; the last one stands again behind */
    int64_t first, count;                  /* rows of w */
    int64_t start, k, groups;              /* elements, and their groups of LANES */
    int64_t ahead;                         /* bytes from a row to the next */
    int64_t apart;                         /* floats between rows in the scratch */
    enum kind kind;
};

/* The last columns of a panel: fewer than a tile has. */
static void narrow(tile_fn *f, int64_t mr, int strips, const struct stretch *b, int64_t j,
                   const float *x, struct bring next, float *y, int64_t ldy)
{
    int64_t columns = b->count - j;
    float out[TILE_MOST] = {0};

    for (int64_t i = 0; b->start && i < mr; i++)
        memcpy(out + i * strips, y + i * ldy, (size_t)columns * sizeof *y);
    f(b->groups, x, b->row + j, 0, next, b->start > 0, out, strips);
    for (int64_t i = 0; i < mr; i++)
        memcpy(y + i * ldy, out + i * strips, (size_t)columns * sizeof *y);
}

/* A sum that is not a number has one form, whatever made it. */
static void settle(int64_t rows, int64_t count, float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, y += ldy)
        for (int64_t j = 0; j < count; j++)
            y[j] = y[j] == y[j] ? y[j] : NAN;
}

static void rows_by_block(const struct product *p, const struct stretch *b)
{
    int64_t tall = (p->rows + TILE_ROWS - 1) / TILE_ROWS;

    for (int64_t t = 0; t < tall; t++) {
        struct rows r = tile_of(p, t);
        int strips = tiles[r.n].strips;
        tile_fn *f = tiles[r.n].of[b->kind];
        struct rows after = tile_of(p, t + 1 < tall ? t + 1 : t);
        int64_t each = after.n * b->groups * group_bytes[KIND_F32] * strips / b->count;
        struct bring next = {(const unsigned char *)packed_at(p, after, b->start),
                             each / ((b->groups + 1) / 2)};
        const float *x = packed_at(p, r, b->start);
        float *y = p->y + r.first * p->ldy + b->first;
        int64_t j = 0;

        for (; j + strips <= b->count; j += strips, next.at += each)
            f(b->groups, x, b->row + j, strips * b->ahead, next, b->start > 0, y + j, p->ldy);
        if (j < b->count)
            narrow(f, r.n, strips, b, j, x, next, y + j, p->ldy);
        if (b->start + b->k == p->w->cols)
            settle(r.n, b->count, y, p->ldy);
    }
}

static enum kind kind_of(const struct matrix *w)
{
    return w->dtype == DTYPE_BF16 ? KIND_BF16 : w->dtype == DTYPE_F16 ? KIND_F16 : KIND_F32;
}

/* Rows of w are brought into the scratch where they have to be, and where many rows of x pass by
   several passes: whole rows of floats would take the place of x in the first-level cache. */
static bool packs(const struct product *p)
{
    const struct matrix *w = p->w;
    bool halves = PASSES > 1 && w->dtype == DTYPE_F32 && p->rows >= PRODUCT_TALL;

    return halves || w->cols % LANES != 0 || w->across ||
           (w->dtype != DTYPE_F32 && (!LANES_WIDEN || kind_of(w) == KIND_F32));
}

IN_LANES void pack_groups(const enum kind kind, const unsigned char *from, int64_t groups,
                          float *out)
{
    for (int64_t g = 0; g < groups; g++)
        for (int pass = 0; pass < PASSES; pass++)
            lanes_store(out + (pass * groups + g) * WIDE,
                        widen_last(kind, from + g * group_bytes[kind], pass));
}

/* k elements of a row of w at `from`, the last group filled with zeros. */
static void pack_row(const struct matrix *w, const unsigned char *from, int64_t k, float *out)
{
    int64_t groups = groups_of(k);
    float wide[PRODUCT_BLOCK], *to = PASSES == 1 ? out : wide;

    if (w->dtype == DTYPE_F32 && k % LANES == 0) {
        pack_groups(KIND_F32, from, groups, out);
        return;
    }
    memset(to + (groups - 1) * LANES, 0, LANES * sizeof *to);
    matrix_widen(w->dtype, from, k, to);
    if (PASSES > 1)
        pack_groups(KIND_F32, (const unsigned char *)to, groups, out);
}

/* All rows of the block, of a matrix that lies transposed. */
static void gather_rows(const struct matrix *w, const struct stretch *b, float *out)
{
    int64_t bytes = b->groups * group_bytes[KIND_F32];
    float wide[PRODUCT_BLOCK];

    matrix_transposed_rows(w, b->first, b->count, b->start, b->k, out, b->apart);
    for (int64_t j = 0; j < b->count; j++, out += b->apart) {
        memset(out + b->k, 0, (size_t)(b->groups * LANES - b->k) * sizeof *out);
        memcpy(wide, out, (size_t)bytes);
        pack_groups(KIND_F32, (const unsigned char *)wide, b->groups, out);
    }
}

/* Where the block begins in row j of the panel. */
static const unsigned char *row_at(const struct matrix *w, const struct stretch *b, int64_t j)
{
    size_t start = (size_t)b->start / dtype_block(w->dtype) * dtype_block_bytes(w->dtype);

    return (const unsigned char *)w->data + start +
           (size_t)matrix_stored_row(w, b->first + j) * matrix_row_bytes(w);
}

static void pack_rows(const struct matrix *w, const struct stretch *b, float *scratch)
{
    enum { AHEAD = 4 }; /* rows */
    size_t bytes = (size_t)b->k / dtype_block(w->dtype) * dtype_block_bytes(w->dtype);

    for (int64_t j = 0; j < b->count; j++) {
        const unsigned char *next = j + AHEAD < b->count ? row_at(w, b, j + AHEAD) : NULL;

        for (size_t i = 0; next && i < bytes; i += 64)
            prefetch(next + i);
        pack_row(w, row_at(w, b, j), b->k, scratch + j * b->apart);
    }
}

static void block_rows(const struct product *p, struct stretch *b, float *scratch)
{
    const struct matrix *w = p->w;
    bool packed = packs(p);

    b->kind = packed ? KIND_PACKED : kind_of(w);
    b->ahead = (int64_t)matrix_row_bytes(w);
    if (packed && w->across)
        gather_rows(w, b, scratch);
    else if (packed)
        pack_rows(w, b, scratch);
    for (int64_t j = 0; j < b->count; j++)
        b->row[j] = packed ? (const unsigned char *)(scratch + j * b->apart) : row_at(w, b, j);
    for (int j = 0; j < TILE_STRIPS; j++)
        b->row[b->count + j] = b->row[b->count - 1];
}

static void by_panel(const struct product *p, int64_t first, int64_t count, float *scratch)
{
    struct stretch b = {.first = first, .count = count};
    int64_t most = p->stretch;

    for (; b.start < p->w->cols; b.start += most) {
        b.k = length_at(p, b.start, most);
        b.groups = groups_of(b.k);
        b.apart = b.groups * LANES + PRODUCT_APART;
        block_rows(p, &b, scratch);
        rows_by_block(p, &b);
    }
}

/* A strip of z, in registers. */
IN_LANES void mix_strip(const int strips, int64_t keys, const float *p, const float *v, int64_t ldv,
                        float *z)
{
    vec acc[MIX_STRIPS];

    UNROLL
    for (int j = 0; j < strips; j++)
        acc[j] = lanes_zero();
    for (int64_t i = 0; i < keys; i++, v += ldv) {
        vec a = lanes_same(p[i]);

        UNROLL
        for (int j = 0; j < strips; j++)
            lanes_fma(&acc[j], a, lanes_load(v + j * WIDE));
    }
    UNROLL
    for (int j = 0; j < strips; j++)
        lanes_store(z + j * WIDE, acc[j]);
}

static void mix(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv, float *z)
{
    int64_t j = 0;

    for (; j + MIX_STRIPS * WIDE <= width; j += MIX_STRIPS * WIDE)
        mix_strip(MIX_STRIPS, keys, p, v + j, ldv, z + j);
    for (; j + WIDE <= width; j += WIDE)
        mix_strip(1, keys, p, v + j, ldv, z + j);
    for (; j < width; j++) {
        float sum = 0;

        for (int64_t i = 0; i < keys; i++)
            sum = fmaf(p[i], v[i * ldv + j], sum);
        z[j] = sum;
    }
    for (j = 0; j < width; j++)
        z[j] = z[j] == z[j] ? z[j] + 0.0f : NAN;
}

const struct product_kernels ISA(product_kernels) = {
    TILE_ROWS, PRODUCT_PANEL / (PASSES > 1 ? 2 : 1), BLOCKS, pack, by_panel, packs, mix};
