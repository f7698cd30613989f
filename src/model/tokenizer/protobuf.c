#include "model/tokenizer/protobuf.h"

#include "base/bits.h"

static uint64_t varint(struct cursor *c)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = cursor_u8(c);

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    c->bad = 1;
    return 0;
}

bool pb_next(struct cursor *c, struct pb_field *f)
{
    uint64_t key;

    if (c->bad || c->pos == c->size)
        return false;
    key = varint(c);
    *f = (struct pb_field){.number = (uint32_t)(key >> 3), .type = (enum pb_type)(key & 7)};
    switch (key & 7) {
    case PB_VARINT:
        f->value = varint(c);
        break;
    case PB_FIXED64:
        f->value = cursor_u64(c);
        break;
    case PB_FIXED32:
        f->value = cursor_u32(c);
        break;
    case PB_BYTES:
        f->value = varint(c);
        f->data = c->bad ? NULL : cursor_take(c, f->value);
        f->n = f->data ? (size_t)f->value : 0;
        break;
    default:
        c->bad = 1;
    }
    if (!(key >> 3) || key >> 3 > UINT32_MAX)
        c->bad = 1;
    return !c->bad;
}

float pb_float(const struct pb_field *f)
{
    return f->type == PB_FIXED32 ? float_of_bits((uint32_t)f->value) : 0;
}
