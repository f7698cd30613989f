/* Writes GGUF files piece by piece, right or wrong. A failed allocation is in build_err. */
#ifndef LENSWEEP_TESTS_GGUF_BUILDER_H
#define LENSWEEP_TESTS_GGUF_BUILDER_H

#include "base/buf.h"
#include <stdint.h>

extern struct err build_err;

void str(struct buf *b, const char *s);
void begin(struct buf *b, uint32_t version, uint64_t tensors, uint64_t values);
void key(struct buf *b, const char *name, uint32_t type);
void key_u32(struct buf *b, const char *name, uint32_t v);
void array(struct buf *b, const char *name, uint32_t element, uint64_t count);
void tensor(struct buf *b, const char *name, uint32_t rank, uint64_t inner, uint64_t outer,
            uint32_t type, uint64_t offset);

/* Zeros up to the data section, which begins at a multiple of 32, and n more. */
void data(struct buf *b, size_t n);

#endif
