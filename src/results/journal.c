#include "results/journal.h"

#include "base/file.h"
#include "base/lookup.h"
#include "base/mem.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A segment: a header of HEADER bytes (magic, version, their hash), then records. A record: RECORD
 * bytes (magic, key, length of the rows, seconds, hash of the rows, hash of all this), then the
 * rows. All numbers little-endian. The head of a record has a hash of its own, so that after a bad
 * block the next record is found by its head, and a record with bad rows can be stepped over.
 */
enum { HEADER = 24, RECORD = 56, READ_AHEAD = 1 << 20, DIGITS_MIN = 4, DIGITS_MAX = 9 };

static const char segment_magic[8] = "LSWJRNL\n";
static const unsigned char record_magic[8] = {0xA7, 0x4C, 0xE1, 0x9B, 0x03, 0xD8, 0x5E, 0xF2};
static const uint64_t format_version = 1;

struct entry {
    struct hash key;
    uint64_t offset;  /* of the record's head */
    uint64_t length;  /* of the rows */
    uint32_t segment; /* its index */
};

struct journal {
    struct arena arena;   /* names */
    const char *dir;      /* that is appended to */
    const char **segment; /* (n_segments) paths */
    uint32_t n_segments;
    size_t max_segments;
    struct entry *entry; /* (n_entries) every good record, found by its key's low half */
    size_t n_entries, max_entries;
    struct lookup index;
    uint32_t last; /* highest segment number seen */

    int fd;        /* own segment, -1 = none yet */
    uint32_t own;  /* its index */
    uint64_t size; /* of its whole records: what stands beyond is cut off */
    struct buf record;

    int read_fd; /* segment read last, -1 = none */
    uint32_t read_segment;
};

struct head {
    struct hash key;
    uint64_t length, rows_hash;
    double seconds;
};

static int io_error(struct err *err, const char *what, const char *path)
{
    return err_set(err, ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

/* Takes a segment's path, which stays in the arena, into the list: *index. */
static int add_segment(struct journal *j, const char *path, uint32_t *index, struct err *err)
{
    if (!path || mem_room(&j->segment, j->n_segments, &j->max_segments, sizeof *j->segment, err))
        return err->code;
    *index = j->n_segments++;
    j->segment[*index] = path;
    return 0;
}

/* Index ---------------------------------------------------------------------------------- */

static const struct entry *find_entry(const struct journal *j, struct hash key)
{
    size_t at = LOOKUP_START;

    for (int64_t i; (i = lookup_next(&j->index, key.lo, &at)) >= 0;)
        if (hash_eq(j->entry[i].key, key))
            return &j->entry[i];
    return NULL;
}

/* Room for one more, so that adding it cannot fail. */
static int index_reserve(struct journal *j, struct err *err)
{
    return err_if(err, mem_room(&j->entry, j->n_entries, &j->max_entries, sizeof *j->entry, err) ||
                           lookup_reserve(&j->index, 1, err));
}

/* A key that is not there yet. */
static void index_add(struct journal *j, const struct entry *e)
{
    lookup_add(&j->index, e->key.lo, (uint32_t)j->n_entries);
    j->entry[j->n_entries++] = *e;
}

/* Heads ---------------------------------------------------------------------------------- */

static int put_head(struct buf *b, const struct head *h, struct err *err)
{
    size_t begin = b->len;

    return err_if(err, buf_put(b, record_magic, sizeof record_magic, err) ||
                           buf_hash(b, h->key, err) || buf_u64(b, h->length, err) ||
                           buf_f64(b, h->seconds, err) || buf_u64(b, h->rows_hash, err) ||
                           buf_u64(b, hash_u64(b->data + begin, b->len - begin), err));
}

/* Is there a whole, true head at p (RECORD bytes)? */
static bool take_head(const unsigned char *p, struct head *h)
{
    struct cursor c = {p, RECORD, sizeof record_magic, 0};

    if (memcmp(p, record_magic, sizeof record_magic) != 0)
        return false;
    h->key = cursor_hash(&c);
    h->length = cursor_u64(&c);
    h->seconds = cursor_f64(&c);
    h->rows_hash = cursor_u64(&c);
    return cursor_u64(&c) == hash_u64(p, RECORD - 8);
}

static int put_segment_header(struct buf *b, struct err *err)
{
    return err_if(err, buf_put(b, segment_magic, sizeof segment_magic, err) ||
                           buf_u64(b, format_version, err) ||
                           buf_u64(b, hash_u64(b->data, b->len), err));
}

/* Reading a segment ------------------------------------------------------------------------ */

/* A window on a file that another process may be writing or cutting back. */
struct window {
    int fd;
    const char *path;
    uint64_t size, at; /* of the file; where the window begins */
    struct buf bytes;
};

/* As much of n bytes as the file has at offset; -1 on error. */
static ssize_t read_at(int fd, void *p, size_t n, uint64_t offset)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = pread(fd, (char *)p + have, n - have, (off_t)(offset + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* *p = n bytes at offset, NULL where the file ends before that. */
static int look(struct window *w, uint64_t offset, uint64_t n, const unsigned char **p,
                struct err *err)
{
    uint64_t want = n > READ_AHEAD ? n : READ_AHEAD;
    ssize_t got;

    *p = NULL;
    if (offset > w->size || n > w->size - offset)
        return 0;
    if (!w->bytes.data || offset < w->at || offset - w->at > w->bytes.len ||
        n > w->bytes.len - (size_t)(offset - w->at)) {
        buf_clear(&w->bytes);
        w->at = offset;
        if (want > w->size - offset)
            want = w->size - offset;
        if (buf_reserve(&w->bytes, want + 1, err))
            return err->code;
        got = read_at(w->fd, w->bytes.data, (size_t)want, offset);
        if (got < 0)
            return io_error(err, "read", w->path);
        w->bytes.len = (size_t)got;
    }
    if (n <= w->bytes.len - (size_t)(offset - w->at))
        *p = (const unsigned char *)w->bytes.data + (size_t)(offset - w->at);
    return 0;
}

/* Moves *offset on to the next true head, or to the end of the file. */
static int find_head(struct window *w, uint64_t *offset, struct head *h, struct err *err)
{
    const unsigned char *p, *first;

    for (;;) {
        size_t n;

        if (look(w, *offset, RECORD, &p, err))
            return err->code;
        if (!p) {
            *offset = w->size;
            return 0;
        }
        n = w->bytes.len - (size_t)(*offset - w->at) - RECORD +
            1; /* heads that lie in the window */
        first = memchr(p, record_magic[0], n);
        *offset += first ? (uint64_t)(first - p) : n;
        if (first && take_head(first, h))
            return 0;
        *offset += first != NULL;
    }
}

static void count_record(struct journal *j, uint32_t segment, uint64_t offset, const struct head *h,
                         struct journal_stats *stats)
{
    struct entry e = {h->key, offset, h->length, segment};

    if (find_entry(j, h->key)) {
        stats->duplicates++;
        return;
    }
    index_add(j, &e);
    stats->records++;
    stats->seconds += h->seconds;
}

/* Indexes every good record from `offset` on. Bad rows are stepped over, for their head is true;
   rows that reach beyond the file may be a bad head after all, so the search goes on behind it. */
static int read_records(struct journal *j, struct window *w, uint32_t segment, uint64_t offset,
                        struct journal_stats *stats, struct err *err)
{
    for (;;) {
        uint64_t begin = offset, size = RECORD;
        const unsigned char *rows;
        struct head h;

        if (find_head(w, &offset, &h, err))
            return err->code;
        stats->torn_bytes += (size_t)(offset - begin);
        if (offset == w->size)
            return 0;
        if (look(w, offset + RECORD, h.length, &rows, err) || index_reserve(j, err))
            return err->code;
        if (rows)
            size += h.length;
        if (rows && hash_u64(rows, (size_t)h.length) == h.rows_hash)
            count_record(j, segment, offset, &h, stats);
        else
            stats->torn_bytes += (size_t)size;
        offset += size;
    }
}

/* The version that a whole header names; 0 = it is torn, bad, or none. */
static uint64_t header_version(const unsigned char *p)
{
    struct cursor c = {p, HEADER, sizeof segment_magic, 0};
    uint64_t version = cursor_u64(&c);

    if (memcmp(p, segment_magic, sizeof segment_magic) != 0)
        return 0;
    return cursor_u64(&c) == hash_u64(p, HEADER - 8) ? version : 0;
}

/* A torn or bad header is not a reason to lose the records behind it. A file that has neither the
   beginning of a header nor a record is not a segment. */
static int read_window(struct journal *j, struct window *w, uint32_t index,
                       struct journal_stats *stats, struct err *err)
{
    struct journal_stats found = *stats;
    size_t known = w->size < sizeof segment_magic ? (size_t)w->size : sizeof segment_magic;
    const unsigned char *p;
    uint64_t version = 0;
    bool ours;

    if (look(w, 0, known, &p, err))
        return err->code;
    ours = p && memcmp(p, segment_magic, known) == 0;
    if (look(w, 0, HEADER, &p, err))
        return err->code;
    if (p)
        version = header_version(p);
    if (version && version != format_version)
        return err_set(err, ERR_IO,
                       "%s was written by another version of lensweep (journal format %llu, this "
                       "one reads %llu): use that version, or start over with --restart",
                       w->path, (unsigned long long)version, (unsigned long long)format_version);
    if (read_records(j, w, index, version ? HEADER : 0, &found, err))
        return err->code;
    if (!ours && found.records + found.duplicates == stats->records + stats->duplicates)
        return 0;
    *stats = found;
    stats->segments++;
    return 0;
}

static int read_segment(struct journal *j, const char *dir, const char *name,
                        struct journal_stats *stats, struct err *err)
{
    struct window w = {.fd = -1};
    struct stat st;
    uint32_t index;
    int code = 0;

    w.path = file_join(&j->arena, dir, name, err);
    if (add_segment(j, w.path, &index, err))
        return err->code;
    w.fd = open(w.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (w.fd < 0 || fstat(w.fd, &st))
        code = io_error(err, "open", w.path);
    else if (S_ISREG(st.st_mode)) {
        w.size = (uint64_t)st.st_size;
        code = read_window(j, &w, index, stats, err);
    }
    if (w.fd >= 0)
        close(w.fd);
    buf_release(&w.bytes);
    return code;
}

/* The number that a name stands for: at least four digits, so that names sort; 0 = none. */
static uint32_t segment_number(const char *name)
{
    size_t n = strlen(name);

    if (n < DIGITS_MIN || n > DIGITS_MAX || strspn(name, "0123456789") != n ||
        (n > DIGITS_MIN && name[0] == '0'))
        return 0;
    return (uint32_t)strtoul(name, NULL, 10);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = segment_number(*(char *const *)a), y = segment_number(*(char *const *)b);

    return (x > y) - (x < y);
}

static int read_directory(struct journal *j, const char *dir, struct journal_stats *stats,
                          struct err *err)
{
    char **names;
    size_t n;

    if (file_list(dir, &j->arena, &names, &n, err))
        return err->code;
    if (n)
        qsort(names, n, sizeof *names, by_number);
    for (size_t i = 0; i < n; i++) {
        uint32_t number = segment_number(names[i]);

        if (number && read_segment(j, dir, names[i], stats, err))
            return err->code;
        if (number > j->last)
            j->last = number;
    }
    return 0;
}

int journal_open_past(struct journal **j, const char *const *dirs, size_t n,
                      struct journal_stats *stats, struct err *err)
{
    struct journal *new = mem_alloc(1, sizeof *new, err);

    *j = NULL;
    memset(stats, 0, sizeof *stats);
    if (!new)
        return err->code;
    new->fd = new->read_fd = -1;
    for (size_t i = 0; i < n; i++)
        if (read_directory(new, dirs[i], stats, err)) {
            journal_close(new);
            return err->code;
        }
    *j = new;
    return 0;
}

int journal_open(struct journal **j, const char *dir, struct journal_stats *stats, struct err *err)
{
    *j = NULL;
    if (file_make_dirs(dir, err) || journal_open_past(j, &dir, 1, stats, err))
        return err->code;
    (*j)->dir = arena_strdup(&(*j)->arena, dir, err);
    if ((*j)->dir)
        return 0;
    journal_close(*j);
    *j = NULL;
    return err->code;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    if (j->read_fd >= 0)
        close(j->read_fd);
    buf_release(&j->record);
    mem_free(j->entry);
    lookup_release(&j->index);
    mem_free(j->segment);
    arena_release(&j->arena);
    mem_free(j);
}

bool journal_has(const struct journal *j, struct hash key)
{
    return find_entry(j, key) != NULL;
}

/* Appending -------------------------------------------------------------------------------- */

/* Takes the next free number: other shards begin segments in the same directory. */
static int create_segment(struct journal *j, struct err *err)
{
    for (;;) {
        char *path = arena_printf(&j->arena, err, "%s/%04lu", j->dir, (unsigned long)j->last + 1);

        if (add_segment(j, path, &j->own, err))
            return err->code;
        j->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (j->fd < 0 && errno != EEXIST)
            return io_error(err, "create", path);
        j->last++;
        if (j->fd >= 0)
            return 0;
    }
}

static int begin_segment(struct journal *j, struct err *err)
{
    struct buf header = {0};
    int code = put_segment_header(&header, err) || create_segment(j, err) ? err->code : 0;

    if (!code) {
        if (file_write_all(j->fd, header.data, header.len))
            code = io_error(err, "write", j->segment[j->own]);
        else
            code = file_sync(j->dir, err);
        if (code) {
            close(j->fd);
            j->fd = -1;
            unlink(j->segment[j->own]);
            j->last--;
        }
    }
    j->size = HEADER;
    buf_release(&header);
    return code;
}

static int make_record(struct buf *b, const struct head *h, const void *rows, struct err *err)
{
    buf_clear(b);
    return err_if(err, put_head(b, h, err) || buf_put(b, rows, (size_t)h->length, err));
}

/* Nothing may follow a torn record in its segment that looks as if it belonged to it: where the
   file cannot be cut back, the next record begins a new segment. */
static int write_record(struct journal *j, struct err *err)
{
    int code;

    if (!file_write_all(j->fd, j->record.data, j->record.len))
        return 0;
    code = err_set(err, ERR_IO, "cannot append %zu bytes to %s: %s", j->record.len,
                   j->segment[j->own], strerror(errno));
    if (ftruncate(j->fd, (off_t)j->size)) {
        close(j->fd);
        j->fd = -1;
    }
    return code;
}

int journal_append(struct journal *j, struct hash key, const void *rows, size_t n, double seconds,
                   struct err *err)
{
    struct head h = {key, n, hash_u64(rows, n), seconds};
    struct entry e = {key, 0, n, 0};

    if (journal_has(j, key))
        return 0;
    if (index_reserve(j, err) || make_record(&j->record, &h, rows, err) ||
        (j->fd < 0 && begin_segment(j, err)) || write_record(j, err))
        return err->code;
    e.offset = j->size;
    e.segment = j->own;
    j->size += j->record.len;
    index_add(j, &e);
    return 0;
}

/* A segment that somebody removes while it is written takes all that follows into nowhere. */
int journal_sync(struct journal *j, struct err *err)
{
    struct stat st;

    if (j->fd < 0)
        return 0;
    if (fdatasync(j->fd) || fstat(j->fd, &st))
        return err_set(err, ERR_IO, "cannot sync %s: %s", j->segment[j->own], strerror(errno));
    if (!st.st_nlink)
        return err_set(err, ERR_IO,
                       "%s was removed while it was written: what it held is lost; run the same "
                       "command again",
                       j->segment[j->own]);
    return 0;
}

/* Reading a record ------------------------------------------------------------------------- */

static int open_for_reading(struct journal *j, uint32_t segment, struct err *err)
{
    if (j->read_fd >= 0 && j->read_segment == segment)
        return 0;
    if (j->read_fd >= 0)
        close(j->read_fd);
    j->read_fd = open(j->segment[segment], O_RDONLY | O_CLOEXEC);
    j->read_segment = segment;
    return j->read_fd < 0 ? io_error(err, "open", j->segment[segment]) : 0;
}

int journal_read(struct journal *j, struct hash key, struct buf *out, struct err *err)
{
    const struct entry *e = find_entry(j, key);
    unsigned char bytes[RECORD];
    char hex[HASH_HEX], *rows;
    struct head h;

    if (!e)
        return err_set(err, ERR_BUG, "the journal has no unit %s", hash_hex(hex, key));
    if (open_for_reading(j, e->segment, err) || buf_reserve(out, e->length + 1, err))
        return err->code;
    rows = out->data + out->len;
    if (read_at(j->read_fd, bytes, RECORD, e->offset) != RECORD || !take_head(bytes, &h) ||
        !hash_eq(h.key, key) || h.length != e->length ||
        read_at(j->read_fd, rows, e->length, e->offset + RECORD) != (ssize_t)e->length ||
        hash_u64(rows, e->length) != h.rows_hash)
        return err_set(err, ERR_IO,
                       "%s: the record at byte %llu has gone bad since it was indexed: run the "
                       "same command again, its unit is computed again",
                       j->segment[e->segment], (unsigned long long)e->offset);
    out->len += e->length;
    return 0;
}

int journal_clear(const char *dir, struct err *err)
{
    struct arena a = {0};
    char **names;
    size_t n;
    int code = 0;

    if (!file_exists(dir))
        return 0;
    code = file_list(dir, &a, &names, &n, err);
    for (size_t i = 0; !code && i < n; i++) {
        char *path = segment_number(names[i]) ? file_join(&a, dir, names[i], err) : NULL;

        if (path && unlink(path))
            code = io_error(err, "remove", path);
        else
            code = err->code;
    }
    arena_release(&a);
    return code;
}
