/*
 * What is kept beside a journal to be made only once: the model's hashes, and (first byte 1) what
 * is known of the vocabulary. The checksums of both are made here.
 */
#include "fuzz.h"

#include "engine/vocab_stats.h"
#include "model/identity.h"

#include <string.h>

static void recall_stats(const uint8_t *data, size_t size)
{
    enum { D = 4 };
    struct model m = {.shape = {.d_model = D}, .fingerprint = {1, 2}};
    struct vocab_stats s = {0};
    struct arena a = {0};
    struct buf b = {0};
    struct err err = {0};

    fuzz_need(!buf_put(&b, size ? (const void *)data : "", size, &err) &&
              !buf_u64(&b, hash_u64(b.data, size), &err));
    fuzz_need(!vocab_stats_load(&s, &m, fuzz_file("vocab", b.data, b.len), &a, &err));
    fuzz_need(!s.d || (s.d == D && s.mean && s.gram && s.bias));
    buf_release(&b);
    arena_release(&a);
}

static void recall_hashes(const uint8_t *data, size_t size)
{
    struct mapping map = {.size = 1, .stamp = {.size = 1}};
    struct model_file file = {.path = "w", .map = &map};
    struct model m = {.file = &file, .n_files = 1};
    char hex[HASH_HEX];
    struct buf b = {0};
    struct err err = {0};
    const char *path;

    fuzz_need(!buf_put(&b, size ? (const void *)data : "", size, &err));
    hash_hex(hex, hash_bytes(b.data, b.len));
    fuzz_need(!buf_puts(&b, hex, &err) && !buf_puts(&b, "\n", &err));
    path = fuzz_file("hashes", b.data, b.len);
    identity_recall(&m, path, &err);
    fuzz_need(!err.code);
    file.stamp = map.stamp;
    file.settled = true;
    fuzz_need(!identity_remember(&m, path, &err) &&
              (size > 1 << 19 || memchr(b.data, 0, b.len) || identity_recall(&m, path, &err)));
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size && data[0] == 1)
        recall_stats(data + 1, size - 1);
    else
        recall_hashes(data, size);
    return 0;
}
