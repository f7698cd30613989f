/* A chat template: what stands before the first NUL; behind it perhaps the variables as JSON. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/chat.h"

#include <string.h>

static const char usual[] =
    "{\"messages\": [{\"role\": \"system\", \"content\": \"be brief\"}, {\"role\": \"user\", "
    "\"content\": \"hi \\u00e9\"}], \"add_generation_prompt\": true, \"bos_token\": \"<s>\", "
    "\"x\": "
    "[1, 2.5, null, {\"a\": []}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    json_t *v = nul ? json_loadb((const char *)nul + 1, size - n - 1, 0, NULL) : NULL;
    struct err err = {0};
    struct buf out = {0};

    if (!json_is_object(v)) {
        json_decref(v);
        v = json_loads(usual, 0, NULL);
    }
    chat_render((const char *)data, n, v, &out, &err);
    json_decref(v);
    buf_release(&out);
    return 0;
}
