/*
 * The journal on any bytes, as segment 0001. A unit's key is the hash of its rows here, so that
 * whatever the journal gives back can be told from what was never appended.
 *
 * The input is a list of pieces, each a byte for its kind and one for its size: good records, heads
 * with lengths that lie, records cut short, bare bytes; the checksums of heads are made here, for
 * no fuzzer can guess them. Kind 0 takes the rest of the input as it is.
 */
#include "fuzz.h"

#include "results/journal.h"

#include <string.h>

enum { UNITS = 64 };

struct made {
    struct buf file;
    struct hash key[UNITS];
    size_t n, heads; /* keys that are looked for; of all */
    struct err err;
};

static void put_head(struct made *m, struct hash key, uint64_t length, uint64_t rows_hash)
{
    static const unsigned char magic[8] = {0xA7, 0x4C, 0xE1, 0x9B, 0x03, 0xD8, 0x5E, 0xF2};
    size_t begin = m->file.len;

    fuzz_need(!buf_put(&m->file, magic, sizeof magic, &m->err) &&
              !buf_u64(&m->file, key.hi, &m->err) && !buf_u64(&m->file, key.lo, &m->err) &&
              !buf_u64(&m->file, length, &m->err) && !buf_f64(&m->file, 1, &m->err) &&
              !buf_u64(&m->file, rows_hash, &m->err) &&
              !buf_u64(&m->file, hash_u64(m->file.data + begin, m->file.len - begin), &m->err));
}

/* One piece of the file from n bytes at p. */
static void put_piece(struct made *m, uint8_t kind, const uint8_t *p, size_t n)
{
    struct hash key = hash_bytes(p, n);
    size_t cut = n;

    if (kind % 6 == 1) {
        fuzz_need(!buf_put(&m->file, "LSWJRNL\n", 8, &m->err) &&
                  !buf_u64(&m->file, kind / 6 + 1u, &m->err) &&
                  !buf_u64(&m->file, hash_u64(m->file.data + m->file.len - 16, 16), &m->err));
        return;
    }
    if (kind % 6 >= 2) {
        uint64_t length = kind % 6 == 3 ? UINT64_MAX - kind : kind % 6 == 4 ? n + kind : n;

        put_head(m, key, length, hash_u64(p, n));
        m->heads++;
        if (m->n < UNITS)
            m->key[m->n++] = key;
    }
    if (kind % 6 == 5)
        cut = n / 2;
    fuzz_need(!buf_put(&m->file, p, cut, &m->err));
}

static void make_file(struct made *m, const uint8_t *data, size_t size)
{
    while (size) {
        uint8_t kind = data[0];
        size_t n = kind && size > 1 ? data[1] : size - 1;

        data += kind && size > 1 ? 2 : 1;
        size -= kind && size > 1 ? 2 : 1;
        n = n < size ? n : size;
        put_piece(m, kind, data, n);
        data += n;
        size -= n;
    }
}

static void check_unit(struct journal *j, struct hash key, struct err *err)
{
    struct buf rows = {0};

    if (!journal_has(j, key))
        return;
    fuzz_need(!journal_read(j, key, &rows, err));
    fuzz_need(hash_eq(hash_bytes(rows.data, rows.len), key));
    buf_release(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made m = {0};
    struct journal_stats stats;
    struct journal *j;

    make_file(&m, data, size);
    fuzz_file("0001", m.file.data, m.file.len);
    if (journal_open(&j, fuzz_folder(), &stats, &m.err)) {
        fuzz_need(m.err.code == ERR_IO && strstr(m.err.msg, "version"));
    } else {
        fuzz_need(stats.records + stats.duplicates <= m.heads && stats.torn_bytes <= m.file.len);
        for (size_t i = 0; i < m.n; i++)
            check_unit(j, m.key[i], &m.err);
        journal_close(j);
    }
    buf_release(&m.file);
    return 0;
}
