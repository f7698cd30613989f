/* NumPy's .npy files: arrays in C order, little-endian. */
#ifndef LENSWEEP_BASE_NPY_H
#define LENSWEEP_BASE_NPY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>

struct npy {
    float *v;       /* in the arena; float64 is rounded */
    size_t rank;    /* 1 or 2 */
    size_t size[2]; /* size[1] = 1 if rank is 1 */
};

/* One or two dimensions of float32 or float64. ERR_IO if the file cannot be had, ERR_CONFIG if it
   is not what is read here. */
int npy_read(struct npy *out, const char *path, struct arena *a, struct err *err);

/* What stands before the data of an array of this type ("<f4", "|i1", "<U7") and shape. */
int npy_put_header(struct buf *b, const char *type, const size_t *size, size_t rank,
                   struct err *err);

/* float32 of that shape as a file, replaced as a whole (file_replace). */
int npy_write(const char *path, const float *v, const size_t *size, size_t rank, struct err *err);

#endif
