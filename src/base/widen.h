/* Private to matrix.c: elements of each type to float32, once for each instruction set. A new type
   is a function in widen.c and its row in the table. */
#ifndef LENSWEEP_BASE_WIDEN_H
#define LENSWEEP_BASE_WIDEN_H

#include "base/isa.h"
#include "base/matrix.h"

/* n elements, a whole number of blocks, from bytes at any address. */
typedef void widen_fn(const unsigned char *restrict p, int64_t n, float *restrict out);

struct wideners {
    widen_fn *of[DTYPE_COUNT];
};

#define X(name, word) extern const struct wideners wideners_##word;
ISAS(X)
#undef X

#endif
