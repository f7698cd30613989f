/* NumPy's .npy files: arrays of float32 or float64 in C order, little-endian. */
#ifndef LENSWEEP_BASE_NPY_H
#define LENSWEEP_BASE_NPY_H

#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>

struct npy {
    float *v;       /* in the arena; float64 is rounded */
    size_t rank;    /* 1 or 2 */
    size_t size[2]; /* size[1] = 1 if rank is 1 */
};

/* ERR_IO if the file cannot be had, ERR_CONFIG if it is not what is read here. */
int npy_read(struct npy *out, const char *path, struct arena *a, struct err *err);

#endif
