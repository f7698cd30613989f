/*
 * Zip archives for arrays (PKWARE's APPNOTE, 4.3 and 4.5.3). An entry's checksum and packed size
 * are known at its end, and then written into the header that stands before it.
 */
#include "base/mem.h"
#include "report/export/private.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum {
    DEFLATED = 8,
    UTF8_NAMES = 1 << 11,
    VERSION = 20,
    VERSION_64 = 45,
    DAY = 1 << 5 | 1, /* 1 January 1980: a file of the same content has the same bytes */
    EXTRA_64 = 1,
    LEVEL = 1, /* quick: most of what can be saved is padding */
    PIECE = 1 << 16,
};

struct entry {
    struct entry *next;
    const char *name;
    uint64_t at, size, packed;
    uint32_t crc;
    bool wide; /* its local header has 64-bit sizes */
};

struct zip {
    struct writer *w;
    uint64_t limit;
    struct entry *first, **last, *current;
    size_t n;
    z_stream stream;
    bool open;
    struct err memory; /* of zlib's allocations */
    struct arena arena;
    unsigned char piece[PIECE];
};

static void *take(void *ctx, unsigned n, unsigned size)
{
    return mem_alloc(n, size, &((struct zip *)ctx)->memory);
}

static void give(void *ctx, void *p)
{
    (void)ctx;
    mem_free(p);
}

int zip_open(struct zip **z, struct writer *w, uint64_t limit, struct err *err)
{
    struct zip *new = mem_alloc(1, sizeof *new, err);

    *z = new;
    if (!new)
        return err->code;
    new->w = w;
    new->limit = limit;
    new->last = &new->first;
    new->stream = (z_stream){.zalloc = take, .zfree = give, .opaque = new};
    err_clear(&new->memory);
    /* -15: the bare stream, without zlib's own header */
    if (deflateInit2(&new->stream, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return new->memory.code ? (*err = new->memory).code
                                : err_set(err, ERR_BUG, "zlib %s does not start", zlibVersion());
    new->open = true;
    return 0;
}

void zip_close(struct zip *z)
{
    if (!z)
        return;
    if (z->open)
        deflateEnd(&z->stream);
    arena_release(&z->arena);
    mem_free(z);
}

/* Records ---------------------------------------------------------------------------------- */

/* Little-endian numbers, one after another. */
struct record {
    unsigned char data[80];
    size_t n;
};

static void put(struct record *r, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        r->data[r->n++] = (unsigned char)(v >> (8 * i));
}

static uint64_t low32(const struct zip *z, uint64_t v)
{
    return v < z->limit ? v : UINT32_MAX;
}

/* Checksum and sizes; with 64-bit sizes those here say nothing. */
static void put_sizes(struct record *r, const struct entry *e, bool wide)
{
    put(r, e->crc, 4);
    put(r, wide ? UINT32_MAX : e->packed, 4);
    put(r, wide ? UINT32_MAX : e->size, 4);
}

static void put_common(struct record *r, const struct entry *e, bool wide)
{
    put(r, wide ? VERSION_64 : VERSION, 2);
    put(r, UTF8_NAMES, 2);
    put(r, DEFLATED, 2);
    put(r, 0, 2);
    put(r, DAY, 2);
    put_sizes(r, e, wide);
    put(r, strlen(e->name), 2);
}

static struct record local_header(const struct entry *e)
{
    struct record r = {.n = 0};

    put(&r, 0x04034b50, 4);
    put_common(&r, e, e->wide);
    put(&r, e->wide ? 20 : 0, 2);
    return r;
}

static struct record sizes_64(const struct entry *e)
{
    struct record r = {.n = 0};

    put(&r, EXTRA_64, 2);
    put(&r, 16, 2);
    put(&r, e->size, 8);
    put(&r, e->packed, 8);
    return r;
}

static int put_record(struct zip *z, const struct record *r, struct err *err)
{
    return writer_put(z->w, r->data, r->n, err);
}

/* Entries ---------------------------------------------------------------------------------- */

int zip_begin(struct zip *z, const char *name, uint64_t size, struct err *err)
{
    struct entry *e = arena_alloc(&z->arena, 1, sizeof *e, err);
    struct record r;

    if (!e)
        return err->code;
    e->name = arena_strdup(&z->arena, name, err);
    if (!e->name)
        return err->code;
    if (strlen(name) > UINT16_MAX)
        return err_set(err, ERR_IO, "the name %.60s... is too long for a zip archive", name);
    e->at = writer_tell(z->w);
    e->size = size;
    e->wide = size >= z->limit;
    e->crc = (uint32_t)crc32(0, NULL, 0);
    *z->last = e;
    z->last = &e->next;
    z->current = e;
    z->n++;
    r = local_header(e);
    if (put_record(z, &r, err) || writer_put(z->w, name, strlen(name), err))
        return err->code;
    r = sizes_64(e);
    return e->wide ? put_record(z, &r, err) : 0;
}

/* Packs what the stream was given, all of it if `flush` is Z_FINISH. */
static int pack(struct zip *z, int flush, struct err *err)
{
    do {
        z->stream.next_out = z->piece;
        z->stream.avail_out = PIECE;
        deflate(&z->stream, flush);
        z->current->packed += PIECE - z->stream.avail_out;
        if (writer_put(z->w, z->piece, PIECE - z->stream.avail_out, err))
            return err->code;
    } while (z->stream.avail_out == 0);
    return 0;
}

int zip_put(struct zip *z, const void *p, size_t n, struct err *err)
{
    const unsigned char *s = p;

    while (n) {
        unsigned part = n < UINT_MAX ? (unsigned)n : UINT_MAX;

        z->current->crc = (uint32_t)crc32(z->current->crc, s, part);
        z->stream.next_in = (unsigned char *)(uintptr_t)s;
        z->stream.avail_in = part;
        if (pack(z, Z_NO_FLUSH, err))
            return err->code;
        s += part;
        n -= part;
    }
    return 0;
}

/* Now the header can be said in full. */
int zip_end(struct zip *z, struct err *err)
{
    struct entry *e = z->current;
    struct record r;

    if (pack(z, Z_FINISH, err))
        return err->code;
    deflateReset(&z->stream);
    r = local_header(e);
    if (writer_patch(z->w, e->at, r.data, r.n, err))
        return err->code;
    if (!e->wide)
        return 0;
    r = sizes_64(e);
    return writer_patch(z->w, e->at + 30 + strlen(e->name), r.data, r.n, err);
}

/* The directory ---------------------------------------------------------------------------- */

static int put_entry(struct zip *z, const struct entry *e, struct err *err)
{
    bool far = e->at >= z->limit;
    size_t wide = (e->wide ? 16 : 0) + (far ? 8 : 0);
    struct record r = {.n = 0};

    put(&r, 0x02014b50, 4);
    put(&r, wide ? VERSION_64 : VERSION, 2);
    put_common(&r, e, e->wide);
    put(&r, wide ? wide + 4 : 0, 2);
    put(&r, 0, 2); /* comment */
    put(&r, 0, 2); /* disk */
    put(&r, 0, 2); /* attributes, inside and outside */
    put(&r, 0, 4);
    put(&r, low32(z, e->at), 4);
    if (put_record(z, &r, err) || writer_put(z->w, e->name, strlen(e->name), err))
        return err->code;
    r.n = 0;
    put(&r, EXTRA_64, 2);
    put(&r, wide, 2);
    if (e->wide) {
        put(&r, e->size, 8);
        put(&r, e->packed, 8);
    }
    if (far)
        put(&r, e->at, 8);
    return wide ? put_record(z, &r, err) : 0;
}

/* The end of an archive that is larger than 32 bits can say: a record, and where it is. */
static int put_end_64(struct zip *z, uint64_t at, uint64_t size, struct err *err)
{
    uint64_t here = writer_tell(z->w);
    struct record r = {.n = 0};

    put(&r, 0x06064b50, 4);
    put(&r, 44, 8);
    put(&r, VERSION_64, 2);
    put(&r, VERSION_64, 2);
    put(&r, 0, 4);
    put(&r, 0, 4);
    put(&r, z->n, 8);
    put(&r, z->n, 8);
    put(&r, size, 8);
    put(&r, at, 8);
    put(&r, 0x07064b50, 4);
    put(&r, 0, 4);
    put(&r, here, 8);
    put(&r, 1, 4);
    return put_record(z, &r, err);
}

int zip_finish(struct zip *z, struct err *err)
{
    uint64_t at = writer_tell(z->w), size;
    struct record r = {.n = 0};
    bool many = z->n >= UINT16_MAX;

    for (const struct entry *e = z->first; e; e = e->next)
        if (put_entry(z, e, err))
            return err->code;
    size = writer_tell(z->w) - at;
    if ((many || at >= z->limit || size >= z->limit) && put_end_64(z, at, size, err))
        return err->code;
    put(&r, 0x06054b50, 4);
    put(&r, 0, 4); /* disks */
    put(&r, many ? UINT16_MAX : z->n, 2);
    put(&r, many ? UINT16_MAX : z->n, 2);
    put(&r, low32(z, size), 4);
    put(&r, low32(z, at), 4);
    put(&r, 0, 2); /* comment */
    return put_record(z, &r, err);
}
