#include "model/identity.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/team.h"
#include "base/writer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    TICK_MS = 50, /* longer than a tick of a file system's clock */
    SETTLED = 10, /* seconds; of file systems that count in seconds, and clocks that differ */
    REMEMBERED = 1 << 20, /* bytes of the file */
    HEX = HASH_HEX - 1
};

/* Hashing ---------------------------------------------------------------------------------- */

static double age(const struct file_stamp *s, const struct timespec *now)
{
    return (double)(now->tv_sec - s->ctime) + 1e-9 * (double)(now->tv_nsec - s->ctime_ns);
}

/* A write in the tick in which the stamp was taken would not change it: that tick has to be over
   before the first byte is read. */
static void wait_for_tick(const struct model *m)
{
    const struct timespec tick = {0, TICK_MS * 1000000};
    struct timespec now;
    bool young = false;

    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < m->n_files; i++)
        young |= age(&m->file[i].map->stamp, &now) < TICK_MS * 1e-3;
    if (young)
        nanosleep(&tick, NULL);
}

static int changed(const struct model_file *f, struct err *err)
{
    return err_set(err, ERR_IO,
                   "%s was changed while it was read: what was computed from it is not kept; run "
                   "the same command again once the file is complete",
                   f->path);
}

static bool written_to(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->size != b->size || a->mtime != b->mtime || a->mtime_ns != b->mtime_ns;
}

size_t identity_blocks(const struct model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_files; i++)
        n += hash_n_blocks(m->file[i].map->size);
    return n;
}

int identity_hash(struct model *m, struct hash_share share, struct hash *block, struct err *err)
{
    struct timespec now;
    size_t at = 0;

    if (team_check(share.threads, err))
        return err->code;
    wait_for_tick(m);
    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < m->n_files; i++) {
        struct model_file *f = &m->file[i];

        hash_blocks(f->map->data, f->map->size, at, share, block + at);
        at += hash_n_blocks(f->map->size);
        if (file_stamp_now(f->map, &f->stamp, err))
            return err_wrap(err, "%s", f->path);
        if (written_to(&f->stamp, &f->map->stamp))
            return changed(f, err);
        f->settled = age(&f->stamp, &now) > SETTLED;
    }
    return 0;
}

static int hash_of_blocks(struct hash *out, const struct hash *block, size_t n, uint64_t size,
                          struct err *err)
{
    struct buf b = {0};

    buf_u64(&b, size, err);
    for (size_t i = 0; i < n && !err->code; i++)
        buf_hash(&b, block[i], err);
    *out = hash_bytes(b.data, b.len);
    buf_release(&b);
    return err->code;
}

static int combine(struct model *m, struct err *err)
{
    struct buf b = {0};

    buf_hash(&b, m->config_hash, err);
    for (size_t i = 0; i < m->n_files && !err->code; i++)
        buf_hash(&b, m->file[i].hash, err);
    m->files_hash = m->fingerprint = hash_bytes(b.data, b.len);
    if (m->random && !err->code && !buf_puts(&b, "random weights", err) &&
        !buf_u64(&b, m->random_seed, err))
        m->fingerprint = hash_bytes(b.data, b.len);
    buf_release(&b);
    return err->code;
}

int identity_set(struct model *m, const struct hash *block, struct err *err)
{
    for (size_t i = 0; i < m->n_files; i++) {
        size_t size = m->file[i].map->size, n = hash_n_blocks(size);

        if (hash_of_blocks(&m->file[i].hash, block, n, size, err))
            return err->code;
        block += n;
    }
    return combine(m, err);
}

int identity_make(struct model *m, int threads, struct err *err)
{
    struct hash *block = mem_alloc(identity_blocks(m), sizeof *block, err);

    if (block && !identity_hash(m, (struct hash_share){0, 1, threads}, block, err))
        identity_set(m, block, err);
    mem_free(block);
    return err->code;
}

/* Remembering ------------------------------------------------------------------------------ */

/* A file of lines: the hash in hexadecimal, and what it was the hash of; the last is the checksum
   of all before it. */

/* " DEVICE INODE SIZE MTIME CTIME PATH\n" */
static int put_name(struct buf *b, const struct model_file *f, const struct file_stamp *s,
                    struct err *err)
{
    return err_if(err, buf_printf(b, err,
                                  " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 ".%09" PRId64
                                  " %" PRId64 ".%09" PRId64 " ",
                                  s->device, s->inode, s->size, s->mtime, s->mtime_ns, s->ctime,
                                  s->ctime_ns) ||
                           buf_escaped(b, f->path, err) || buf_puts(b, "\n", err));
}

/* The lines of the file without the checksum, each with its end; none if it is not there, or not as
   it was written. */
static int read_lines(struct buf *b, const char *path, struct err *err)
{
    char sum[HASH_HEX];
    struct err ignored = ERR_CLEAR;

    if (!file_exists(path) || file_read(b, path, REMEMBERED, &ignored) || b->len < HASH_HEX) {
        b->len = 0;
        return buf_str(b, err) ? 0 : err->code;
    }
    b->len -= HASH_HEX;
    hash_hex(sum, hash_bytes(b->data, b->len));
    if (memcmp(b->data + b->len, sum, HEX) != 0 || (b->len && b->data[b->len - 1] != '\n'))
        b->len = 0;
    return buf_str(b, err) ? 0 : err->code;
}

/* The line that ends in `name`, and its hash; NULL = none. */
static const char *find_line(const char *text, const char *name, struct hash *hash)
{
    size_t n = strlen(name);

    while (*text) {
        size_t line = strcspn(text, "\n") + 1;

        if (line == HEX + n && memcmp(text + HEX, name, n) == 0 && hash_from_hex(hash, text))
            return text;
        text += line;
    }
    return NULL;
}

static bool recall_file(struct model_file *f, const char *text, struct err *err)
{
    struct buf name = {0};
    const char *line = NULL;

    if (!put_name(&name, f, &f->map->stamp, err) && buf_str(&name, err))
        line = find_line(text, name.data, &f->hash);
    buf_release(&name);
    if (!line)
        return false;
    f->stamp = f->map->stamp;
    f->settled = true;
    return true;
}

bool identity_recall(struct model *m, const char *path, struct err *err)
{
    struct buf text = {0};
    bool all = !read_lines(&text, path, err);

    for (size_t i = 0; i < m->n_files && all; i++)
        all = recall_file(&m->file[i], text.data, err);
    buf_release(&text);
    return all && !combine(m, err);
}

int identity_remember(const struct model *m, const char *path, struct err *err)
{
    struct buf b = {0};
    char hex[HASH_HEX];
    struct hash hash;
    bool more = false;

    read_lines(&b, path, err);
    for (size_t i = 0; i < m->n_files && !err->code; i++) {
        const struct model_file *f = &m->file[i];
        size_t begin = b.len;

        if (!f->settled || buf_puts(&b, hash_hex(hex, f->hash), err) ||
            put_name(&b, f, &f->stamp, err) || !buf_str(&b, err))
            continue;
        if (find_line(b.data, b.data + begin + HEX, &hash) == b.data + begin)
            more = true;
        else
            b.len = begin;
    }
    if (!err->code && more && b.len < REMEMBERED - HASH_HEX) {
        hash_hex(hex, hash_bytes(b.data, b.len));
        if (!buf_puts(&b, hex, err) && !buf_puts(&b, "\n", err))
            file_replace(path, b.data, b.len, err);
    }
    buf_release(&b);
    return err->code;
}

/* Still the same? -------------------------------------------------------------------------- */

/* Of a file whose stamp is another although nobody seems to have written to it. */
static int hash_again(struct model_file *f, const struct file_stamp *now, struct err *err)
{
    size_t size = f->map->size, n = hash_n_blocks(size);
    struct hash *block = mem_alloc(n, sizeof *block, err), h = {0, 0};

    if (block) {
        hash_blocks(f->map->data, size, 0, (struct hash_share){0, 1, 1}, block);
        hash_of_blocks(&h, block, n, size, err);
    }
    mem_free(block);
    if (!err->code && !hash_eq(h, f->hash))
        return changed(f, err);
    f->stamp = *now;
    return err->code;
}

int identity_check(struct model *m, struct err *err)
{
    struct file_stamp now;

    for (size_t i = 0; i < m->n_files; i++) {
        struct model_file *f = &m->file[i];

        if (file_stamp_now(f->map, &now, err))
            return err_wrap(err, "%s", f->path);
        if (written_to(&now, &f->stamp))
            return changed(f, err);
        if (!file_stamp_eq(&now, &f->stamp) && hash_again(f, &now, err))
            return err->code;
    }
    return 0;
}
