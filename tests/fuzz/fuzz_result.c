/*
 * A damaged result file. It is whole but for some bytes: behind a first byte the input is a list of
 * pieces, each two bytes for a place (in 64 bytes), one for how many bytes there, and one for what
 * they become. If the first byte is even, HDF5's checksums are made right again, so that what it
 * does with the damage is seen and not only that it finds it. With the seal the file has to be
 * refused, and without it to be read or refused: a child reads it first.
 */
#include "fuzz.h"

#include "base/file.h"
#include "results/h5read.h"
#include "results/h5write.h"
#include "results/result.h"

#include <stdlib.h>
#include <string.h>

enum { SEAL = 32, PLACE = 64, SUM = 4, BLOCKS = 256, BLOCK_MOST = 2048 };

/* What HDF5 keeps a checksum of, which stands behind it. */
struct block {
    size_t at, n;
    uint32_t (*sum)(const uint8_t *p, size_t n);
};

static struct blocks {
    struct block v[BLOCKS];
    size_t n;
} blocks;

static const float numbers[3 * 40] = {1, 2, 3};

static void write_sample(const char *path)
{
    static const struct variable values = {"numbers", V_F32, "query layer", "numbers", "1"};
    static const struct variable item = {"item", V_STR, "query", "unit of statistics", NULL};
    static const char *const names[3] = {"a", "b", "a name that is somewhat longer"};
    const struct dim dims[2] = {{"query", 3, V_I8, NULL, NULL}, {"layer", 40, V_I4, NULL, NULL}};
    struct h5file *f;
    struct h5group *g;
    struct err err = {0};

    fuzz_need(!h5_create(&f, path, &err) && !h5_group(f, "decode", dims, 2, &g, &err) &&
              !h5_attr_str(g, "kind", "decode", &err) && !h5_coordinate(g, &item, &err) &&
              !h5_define(g, &values, &err) && !h5_write(g, "item", 0, 3, names, &err) &&
              !h5_write(g, "numbers", 0, 3, numbers, &err) && !h5_commit(f, NULL, NULL, &err));
}

/* Checksums -------------------------------------------------------------------------------- */

static uint32_t turn(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t le32(const uint8_t *p, size_t n)
{
    uint32_t x = 0;

    for (size_t i = 0; i < n && i < 4; i++)
        x |= (uint32_t)p[i] << (8 * i);
    return x;
}

/* Of metadata: Bob Jenkins' lookup3. Both rounds go three words about. */
static uint32_t sum_metadata(const uint8_t *p, size_t n)
{
    static const int mix[6] = {4, 6, 8, 16, 19, 4}, end[7] = {14, 11, 25, 16, 4, 14, 24};
    uint32_t w[3];

    w[0] = w[1] = w[2] = 0xdeadbeef + (uint32_t)n;
    for (; n > 12; p += 12, n -= 12) {
        for (size_t i = 0; i < 3; i++)
            w[i] += le32(p + 4 * i, 4);
        for (size_t i = 0; i < 6; i++) {
            uint32_t *x = &w[i % 3], *y = &w[(i + 1) % 3], *z = &w[(i + 2) % 3];

            *x = (*x - *z) ^ turn(*z, mix[i]);
            *z += *y;
        }
    }
    for (size_t i = 0; i < 3 && n > 4 * i; i++)
        w[i] += le32(p + 4 * i, n - 4 * i);
    for (size_t i = 0; i < 7 && n; i++) {
        uint32_t *x = &w[(i + 2) % 3], *y = &w[(i + 1) % 3];

        *x = (*x ^ *y) - turn(*y, end[i]);
    }
    return w[2];
}

/* Of values: Fletcher's, of words of two bytes. */
static uint32_t sum_values(const uint8_t *p, size_t n)
{
    uint32_t a = 0, b = 0;

    for (size_t i = 0; i + 1 < n; i += 2) {
        a = (a + (p[i] << 8 | p[i + 1])) % 65535;
        b = (b + a) % 65535;
    }
    return b << 16 | a;
}

/* The block that begins here, if there is one: its length is where its checksum is right. */
static void find_block(const uint8_t *p, size_t at, size_t size,
                       uint32_t (*sum)(const uint8_t *p, size_t n))
{
    for (size_t n = 8; n < BLOCK_MOST && at + n + SUM <= size; n++)
        if (sum(p + at, n) == le32(p + at + n, SUM)) {
            fuzz_need(blocks.n < BLOCKS);
            blocks.v[blocks.n++] = (struct block){at, n, sum};
            return;
        }
}

static void find_blocks(const uint8_t *p, size_t size)
{
    static const char *const begins[] = {"\x89HDF", "OHDR", "OCHK", "FRHP", "FHDB", "BTHD", "BTLF"};

    for (size_t at = 0; at + SUM < size; at++) {
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            if (memcmp(p + at, begins[i], SUM) == 0)
                find_block(p, at, size, sum_metadata);
        if (at + sizeof numbers < size && memcmp(p + at, numbers, sizeof numbers) == 0)
            find_block(p, at, size, sum_values);
    }
}

static void repair(uint8_t *p)
{
    for (size_t i = 0; i < blocks.n; i++) {
        const struct block *b = &blocks.v[i];
        uint32_t sum = b->sum(p + b->at, b->n);

        for (size_t k = 0; k < SUM; k++)
            p[b->at + b->n + k] = (uint8_t)(sum >> (8 * k));
    }
}

static const struct buf *sample(void)
{
    static struct buf whole;
    struct err err = {0};

    if (!whole.len) {
        write_sample(fuzz_path("result.h5"));
        fuzz_need(!file_read(&whole, fuzz_path("result.h5"), 1 << 24, &err));
        find_blocks((const uint8_t *)whole.data, whole.len - SEAL);
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
    if (size)
        damage(&b, data + 1, size - 1);
    if (size && data[0] % 2 == 0)
        repair((uint8_t *)b.data);
    same = memcmp(b.data, whole->data, b.len) == 0;
    fuzz_need(same == !look(fuzz_file("result.h5", b.data, b.len)));
    look(fuzz_file("result.h5", b.data, b.len - SEAL));
    buf_release(&b);
    return 0;
}
