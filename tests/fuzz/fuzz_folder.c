/*
 * What lies beside the weights in a model's folder: the tokenizer of two files, what the neighbours
 * add to it, its chat template, and the index of the shards. The input is these files one after the
 * other, with a NUL between; behind them a text for the tokenizer. The shard is a whole one.
 */
#include "fuzz.h"
#include "fuzz_text.h"

#include "model/checkpoint/safetensors.h"

#include <string.h>

static const char *const names[] = {"vocab.json",
                                    "merges.txt",
                                    "added_tokens.json",
                                    "tokenizer_config.json",
                                    "special_tokens_map.json",
                                    "chat_template.jinja",
                                    "model.safetensors.index.json"};
enum { FILES = sizeof names / sizeof *names };

static const char shard[] = "\x36\0\0\0\0\0\0\0"
                            "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}1234";

/* The bytes up to the next NUL, or to the end. */
static size_t piece(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;

    return nul ? (size_t)(nul - data) : size;
}

static void open_shards(void)
{
    struct shards s;
    struct arena a = {0};
    struct err err = {0};

    if (!shards_open(&s, &a, fuzz_folder(), NULL, &err))
        shards_close(&s);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct chat_message said[] = {{"system", "be brief"}, {"user", "hi"}};
    struct tokenizer *t;
    struct buf out = {0};
    struct err err = {0};

    fuzz_file("w.safetensors", shard, sizeof shard - 1);
    for (int i = 0; i < FILES; i++) {
        size_t n = piece(data, size);

        fuzz_file(names[i], data, n);
        data += n + (n < size);
        size -= n + (n < size);
    }
    open_shards();
    if (tokenizer_open(&t, fuzz_folder(), &err)) {
        fuzz_need(err.msg[0] && !strchr(err.msg, '\n'));
        return 0;
    }
    fuzz_encode(t, (const char *)data, size);
    tokenizer_chat(t, said, 2, true, &out, &err);
    buf_release(&out);
    tokenizer_close(t);
    return 0;
}
