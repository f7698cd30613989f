#include "gguf_builder.h"

#include "model/checkpoint/gguf.h"

#include <string.h>

struct err build_err;

void str(struct buf *b, const char *s)
{
    buf_u64(b, strlen(s), &build_err);
    buf_puts(b, s, &build_err);
}

void begin(struct buf *b, uint32_t version, uint64_t tensors, uint64_t values)
{
    buf_puts(b, "GGUF", &build_err);
    buf_u32(b, version, &build_err);
    buf_u64(b, tensors, &build_err);
    buf_u64(b, values, &build_err);
}

void key(struct buf *b, const char *name, uint32_t type)
{
    str(b, name);
    buf_u32(b, type, &build_err);
}

void key_u32(struct buf *b, const char *name, uint32_t v)
{
    key(b, name, GGUF_U32);
    buf_u32(b, v, &build_err);
}

void array(struct buf *b, const char *name, uint32_t element, uint64_t count)
{
    key(b, name, GGUF_ARRAY);
    buf_u32(b, element, &build_err);
    buf_u64(b, count, &build_err);
}

void tensor(struct buf *b, const char *name, uint32_t rank, uint64_t inner, uint64_t outer,
            uint32_t type, uint64_t offset)
{
    str(b, name);
    buf_u32(b, rank, &build_err);
    for (uint32_t i = 0; i < rank; i++)
        buf_u64(b, i ? outer : inner, &build_err);
    buf_u32(b, type, &build_err);
    buf_u64(b, offset, &build_err);
}

void data(struct buf *b, size_t n)
{
    for (size_t end = (b->len + 31) / 32 * 32 + n; b->len < end;)
        buf_put(b, "", 1, &build_err);
}
