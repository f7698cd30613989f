/*
 * A damaged result file. It is whole but for some bytes: the input is a list of pieces, each two
 * bytes for a place (in sixteenths of a KiB), one for how many bytes there, and one for what they
 * become. With the seal it has to be refused, and without it to be read or refused: a child reads
 * it first.
 */
#include "fuzz.h"

#include "base/file.h"
#include "results/h5read.h"
#include "results/h5write.h"
#include "results/result.h"

#include <stdlib.h>
#include <string.h>

enum { SEAL = 32, PLACE = 64 };

static void write_sample(const char *path)
{
    static const struct variable numbers = {"numbers", V_F32, "query layer", "numbers", "1"};
    static const struct variable item = {"item", V_STR, "query", "unit of statistics", NULL};
    static const char *const names[3] = {"a", "b", "a name that is somewhat longer"};
    static const float v[3 * 40] = {1, 2, 3};
    const struct dim dims[2] = {{"query", 3, V_I8, NULL, NULL}, {"layer", 40, V_I4, NULL, NULL}};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    fuzz_need(!h5_create(&f, path, &err) && !h5_group(f, "decode", dims, 2, &g, &err) &&
              !h5_attr_str(g, "kind", "decode", &err) && !h5_coordinate(g, &item, &err) &&
              !h5_define(g, &numbers, &err) && !h5_write(g, "item", 0, 3, names, &err) &&
              !h5_write(g, "numbers", 0, 3, v, &err) && !h5_commit(f, NULL, NULL, &err));
}

static const struct buf *sample(void)
{
    static struct buf whole;
    struct err err = {0};

    if (!whole.len) {
        write_sample(fuzz_path("result.h5"));
        fuzz_need(!file_read(&whole, fuzz_path("result.h5"), 1 << 24, &err));
    }
    return &whole;
}

static void damage(struct buf *b, const uint8_t *data, size_t size)
{
    for (; size >= 4; data += 4, size -= 4) {
        size_t at = ((size_t)data[0] | (size_t)data[1] << 8) * PLACE % (b->len - SEAL);

        for (size_t i = 0; i < data[2] && at + i < b->len - SEAL; i++)
            b->data[at + i] = (char)(data[3] & 1 ? b->data[at + i] ^ data[3] : data[3]);
    }
}

static int look(const char *path)
{
    struct result r;
    struct err err = {0};
    int code = result_open(&r, path, &err);

    fuzz_need(code == 0 || err.msg[0]);
    result_close(&r);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct buf *whole = sample();
    struct buf b = {0};
    struct err err = {0};
    bool same;

    fuzz_need(!buf_put(&b, whole->data, whole->len, &err));
    damage(&b, data, size);
    same = memcmp(b.data, whole->data, b.len) == 0;
    fuzz_need(same == !look(fuzz_file("result.h5", b.data, b.len)));
    look(fuzz_file("result.h5", b.data, b.len - SEAL));
    buf_release(&b);
    return 0;
}
