/* Private to base/product/: what one thread does, with one instruction set. */
#ifndef LENSWEEP_BASE_PRODUCT_PANEL_H
#define LENSWEEP_BASE_PRODUCT_PANEL_H

#include "base/isa.h"
#include "base/matrix.h"

enum {
    LANES = 16,
    /* Elements of k that are summed before they are added to the sum of those before: part of the
       written order. A multiple of the lanes and of every type's block; a tile of x of this length
       and its strips of w fit a first-level cache of 32 KiB. */
    PRODUCT_BLOCK = 1024,
    /* Most rows of w in a panel, a multiple of most tiles' strips, and bytes of a stretch of them
       (a block of k, or two): it stays in the second-level cache while all rows of x pass by. */
    PRODUCT_PANEL = 384,
    PRODUCT_PANEL_BYTES = 512 << 10,
    PRODUCT_WIDE_PANEL = 96, /* of rows that are brought into the scratch before, as floats */
    PRODUCT_PANEL_STEP = 24,
    PRODUCT_TALL = 128, /* rows of x for which that pays, if w could be read as it is */
    /* Floats between such rows: rows of a power of two that are read together would share their
       places in a cache. */
    PRODUCT_APART = LANES,
    PRODUCT_SCRATCH = PRODUCT_WIDE_PANEL * (PRODUCT_BLOCK + PRODUCT_APART) /* floats */
};

struct product {
    int64_t rows;
    const float *x; /* (rows, k), row stride ldx */
    int64_t ldx;
    const struct matrix *w; /* (n, k) */
    float *y;               /* (rows, n), row stride ldy */
    int64_t ldy;
    int64_t stretch; /* elements of k that are read of a row of w at once: blocks */
    float *packed;   /* x, cut into tiles: (rows, k rounded up to LANES) floats */
};

struct product_kernels {
    int tile_rows;
    int panel_rows; /* the most, <= PRODUCT_PANEL */
    int blocks;     /* of k that are best read of a row of w at once, where few rows of x pass by */
    /* Of ceil(rows / tile_rows) tiles of x the t-th to its place in `packed`. */
    void (*pack)(const struct product *p, int64_t t);
    /* Columns [first, first + count) of y, count <= PRODUCT_PANEL; scratch of PRODUCT_SCRATCH
       floats. */
    void (*by_panel)(const struct product *p, int64_t first, int64_t count, float *scratch);
    bool (*packs)(const struct product *p); /* brings rows of w into the scratch before */
    /* product_mix */
    void (*mix)(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv, float *z);
};

#define X(name, word) extern const struct product_kernels product_kernels_##word;
ISAS(X)
#undef X

#endif
