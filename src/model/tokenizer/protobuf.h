/*
 * Private to the tokenizer: the wire form of protocol buffers, read from untrusted bytes.
 *
 *     // The first text with field number 1; false if there is none or the bytes are cut off.
 *     bool first_text(const unsigned char *data, size_t size, struct pb_field *f)
 *     {
 *         struct cursor c = {data, size, 0, 0};
 *
 *         while (pb_next(&c, f))
 *             if (f->number == 1 && f->type == PB_BYTES)
 *                 return true;
 *         return false;
 *     }
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_PROTOBUF_H
#define LENSWEEP_MODEL_TOKENIZER_PROTOBUF_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    enum pb_type type;
    uint64_t value;   /* of a number, as its bits */
    const char *data; /* of PB_BYTES, (n), borrowed */
    size_t n;
};

/* The next field; false at the end, and when the bytes are not of this form (c->bad). */
bool pb_next(struct cursor *c, struct pb_field *f);
float pb_float(const struct pb_field *f); /* of PB_FIXED32; else 0 */

#endif
