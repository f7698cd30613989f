/*
 * A matrix of float32, (rows, columns), that is filled row by row and read column block by column
 * block. If it is large it lies in an unlinked file, and only a block of columns in memory.
 */
#ifndef LENSWEEP_CAMPAIGN_SLABS_H
#define LENSWEEP_CAMPAIGN_SLABS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct slabs {
    size_t rows, columns;
    size_t width; /* columns of a block; the last may have fewer */
    int fd;       /* -1 = all is in memory */
    float *v;     /* (rows, columns), or (rows, width) */
};

/* whole: keep it in memory however large it is. path: a file name for it. ERR_IO, ERR_MEMORY. */
int slabs_open(struct slabs *s, size_t rows, size_t columns, bool whole, const char *path,
               struct err *err);
int slabs_put(struct slabs *s, size_t row, const float *values, struct err *err);

/* Columns [first, first + *n): *v is (rows, *n), valid until the next call. */
int slabs_block(struct slabs *s, size_t first, const float **v, size_t *n, struct err *err);
void slabs_close(struct slabs *s);

#endif
