/*
 * A tokenizer.json, and a text for it: what stands before the first NUL is the file, what follows
 * the text. Also the pattern and the merging that the file asks for run on it.
 */
#include "fuzz.h"
#include "fuzz_text.h"

#include "base/err.h"
#include "model/tokenizer/parts.h"
#include "model/tokenizer/tokenizer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct tokenizer *t;
    struct err err = {0};

    if (tokenizer_open_json(&t, (const char *)data, n, &err))
        return 0;
    if (nul)
        fuzz_encode(t, (const char *)nul + 1, size - n - 1);
    fuzz_encode(t, (const char *)data, n);
    tokenizer_close(t);
    return 0;
}
