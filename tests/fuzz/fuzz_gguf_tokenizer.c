/* The tokenizer in a GGUF file's metadata, and two texts for it. */
#include "fuzz.h"
#include "fuzz_text.h"

#include "base/err.h"
#include "model/tokenizer/parts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "a  b <s> \xc3\xa9\xef\xac\x81 12 it's\n\n<|im_start|>";
    struct tokenizer *t;
    struct err err = {0};

    if (tokenizer_open_gguf(&t, data, size, &err))
        return 0;
    fuzz_encode(t, text, strlen(text));
    fuzz_encode(t, " x", 2);
    tokenizer_close(t);
    return 0;
}
