/*
 * A GGUF model in several files, by any of its names. Each file is two bytes for its length and
 * that; a file that would be longer than the rest is what is left. The first byte of all says how
 * many there are (its lowest two bits, from 1) and which is named.
 */
#include "fuzz.h"

#include "model/arch_gguf.h"
#include "model/checkpoint/gguf_files.h"
#include "model/weights.h"

#include <stdio.h>
#include <string.h>

enum { FILES = 4 };

static volatile float sink;

/* The bytes of all weights are there to read. */
static void read_weights(struct gguf_files *g)
{
    const struct tensors *all = &g->v[0].tensors;

    for (size_t i = 0; i < all->n; i++) {
        const struct tensor *t = &all->v[i];

        for (uint64_t at = 0; at < t->bytes; at += 64)
            sink = ((const unsigned char *)t->data)[at];
    }
}

static void check_model(struct gguf_files *g, struct err *err)
{
    struct model m = {0};
    struct arena a = {0};
    struct arch_config c;

    if (!config_from_gguf(&c, &g->v[0], &a, err)) {
        m.shape = c.shape;
        m.arch = c.arch->name;
        weights_bind(&m, &c, &g->v[0].tensors, true, &a, err);
    }
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int count = size ? data[0] % FILES + 1 : 1, named = size ? data[0] / FILES % count : 0;
    struct gguf_files g;
    struct err err = {0};
    char name[32];

    data += !!size;
    size -= !!size;
    for (int i = 0; i < count; i++) {
        size_t n = size >= 2 ? data[0] | (size_t)data[1] << 8 : size;

        data += size >= 2 ? 2 : 0;
        size -= size >= 2 ? 2 : 0;
        n = n < size ? n : size;
        snprintf(name, sizeof name, "m-%05d-of-%05d.gguf", i + 1, count);
        fuzz_file(name, data, n);
        data += n;
        size -= n;
    }
    snprintf(name, sizeof name, "m-%05d-of-%05d.gguf", named + 1, count);
    if (!gguf_files_open(&g, fuzz_path(name), GGUF_WHOLE, NULL, &err)) {
        fuzz_need(g.n == (size_t)count || g.n == 1);
        read_weights(&g);
        check_model(&g, &err);
        gguf_files_close(&g);
    }
    fuzz_need(!err.code || (err.code != ERR_BUG && err.msg[0] && !strchr(err.msg, '\n')));
    return 0;
}
