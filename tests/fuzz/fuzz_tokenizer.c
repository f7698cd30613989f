/*
 * A tokenizer.json, and a text for it: what stands before the first NUL is the file, what follows
 * the text. Also the pattern and the merging that the file asks for run on it.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/parts.h"
#include "model/tokenizer/tokenizer.h"

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
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct tokenizer *t;
    struct err err = {0};

    if (tokenizer_open_json(&t, (const char *)data, n, &err))
        return 0;
    if (nul)
        encode(t, (const char *)nul + 1, size - n - 1);
    encode(t, (const char *)data, n);
    tokenizer_close(t);
    return 0;
}
