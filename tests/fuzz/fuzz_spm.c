/*
 * A SentencePiece model, and a text for it: two bytes tell how long the text at the end is. Also
 * the map of characters, the merging and the cutting that the file asks for run on it.
 */
#include "fuzz.h"
#include "fuzz_text.h"

#include "base/err.h"
#include "model/tokenizer/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t text = size < 2 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;
    struct tokenizer *t;
    struct err err = {0};

    if (size < 2)
        return 0;
    data += 2;
    size -= 2;
    text = text < size ? text : size;
    if (tokenizer_open_spm(&t, data, size - text, &err))
        return 0;
    fuzz_encode(t, (const char *)data + size - text, text);
    fuzz_encode(t, "a  b <s> \xc3\xa9\xef\xac\x81 ", 16);
    tokenizer_close(t);
    return 0;
}
