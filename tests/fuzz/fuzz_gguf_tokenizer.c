/* The tokenizer in a GGUF file's metadata, and two texts for it. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/parts.h"

#include <stdlib.h>
#include <string.h>

static void encode(const struct tokenizer *t, const char *text, size_t n)
{
    struct err err = {0};
    struct ids ids = {0};
    struct buf out = {0};

    if (!tokenizer_encode(t, text, n, true, &ids, &err) &&
        tokenizer_decode(t, ids.v, ids.n, &out, &err))
        abort(); /* its own ids are in the vocabulary */
    ids_release(&ids);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "a  b <s> \xc3\xa9\xef\xac\x81 12 it's\n\n<|im_start|>";
    struct tokenizer *t;
    struct err err = {0};

    if (tokenizer_open_gguf(&t, data, size, &err))
        return 0;
    encode(t, text, strlen(text));
    encode(t, " x", 2);
    tokenizer_close(t);
    return 0;
}
