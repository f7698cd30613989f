/* Private to base/product/: what one thread does, with one instruction set, in one of two ways. */
#ifndef LENSWEEP_BASE_PRODUCT_WAY_H
#define LENSWEEP_BASE_PRODUCT_WAY_H

#include "base/isa.h"
#include "base/matrix.h"

enum {
    LANES = 8,
    /* Elements of k that are summed before they are added to the sum of those before: part of the
       written order. A multiple of the lanes and of every type's block. */
    PRODUCT_BLOCK = 1024,
    /* Most rows of w in a panel, a multiple of most tiles' strips, and bytes of a stretch of them
       (a block of k, or two): it stays in the second-level cache while all rows of x pass by. */
    PRODUCT_PANEL = 384,
    PRODUCT_PANEL_BYTES = 512 << 10,
    PRODUCT_WIDE_PANEL = 96, /* of rows that are brought into the scratch before, as floats */
    PRODUCT_PANEL_STEP = 24,
    /* Floats from such a row to the next: rows of a power of two that are read together would share
       their places in a cache. */
    PRODUCT_APART = PRODUCT_BLOCK + LANES,
    PRODUCT_SCRATCH = PRODUCT_WIDE_PANEL * PRODUCT_APART /* floats */
};

struct product {
    int64_t rows;
    const float *x; /* (rows, k), row stride ldx */
    int64_t ldx;
    const struct matrix *w; /* (n, k) */
    float *y;               /* (rows, n), row stride ldy */
    int64_t ldy;
    int64_t stretch;    /* elements of k that are read of a row of w at once: blocks */
    int64_t next_panel; /* rows from a panel to that which the thread is likely to have next */
    int64_t tiles;      /* of x */
    float *packed;      /* they: floats for whole groups of LANES rows and elements */
};

/* How rows of w come to the tiles: as they lie, or as floats in the scratch. */
enum kind { KIND_F32, KIND_F16, KIND_BF16, KIND_SCRATCH, KINDS };

/* widens: tiles take numbers of 16 bits. */
static inline enum kind kind_of(const struct matrix *w, bool widens)
{
    if (w->cols % LANES != 0 || w->across)
        return KIND_SCRATCH;
    if (w->dtype == DTYPE_F32)
        return KIND_F32;
    if (w->dtype == DTYPE_F16 && widens)
        return KIND_F16;
    return w->dtype == DTYPE_BF16 && widens ? KIND_BF16 : KIND_SCRATCH;
}

/*
 * Two ways to the same sums. By inner products (inner.c) a register holds lanes of one sum: rows
 * are read as they lie, and at the end of a block the lanes of each sum are added across registers.
 * By outer products (outer.c) a register holds one lane of several rows of x, and a tile goes
 * through all lanes one after the other: nothing is added across registers and elements of w need
 * no shuffle, but rows of x and w are turned before, which pays where rows of x are many.
 */
struct product_way {
    int tile_rows;   /* most rows of x in a tile */
    int panel_rows;  /* most rows of w in a panel, <= PRODUCT_PANEL */
    int blocks;      /* of k that are best read of a row of w at once */
    bool widens;     /* numbers of 16 bits in registers */
    int from[KINDS]; /* rows of x from which it is the better way */
    /* The t-th tile of x to its place in `packed`. */
    void (*pack)(const struct product *p, int64_t t);
    /* Columns [first, first + count) of y, count <= panel_rows; scratch of PRODUCT_SCRATCH
       floats. */
    void (*by_panel)(const struct product *p, int64_t first, int64_t count, float *scratch);
};

#define X(name, word) extern const struct product_way product_inner_##word, product_outer_##word;
ISAS(X)
#undef X

/* product_mix with one instruction set. */
#define X(name, word)                                                                    \
    void product_mix_##word(int64_t keys, const float *p, int64_t width, const float *v, \
                            int64_t ldv, float *z);
ISAS(X)
#undef X

#endif
