#include "results/seal.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Behind the last byte: these letters, the number of bytes before them, their hash. */
static const char letters[8] = "LSWSEAL1";

enum { SEAL = sizeof letters + 3 * sizeof(uint64_t) };

static int append(const char *path, const struct buf *b, struct err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), code = 0;

    if (fd < 0)
        return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (file_write_all(fd, b->data, b->len))
        code = err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
    if (close(fd) && !code)
        code = err_set(err, ERR_IO, "cannot close %s: %s", path, strerror(errno));
    return code;
}

int seal_put(const char *path, struct err *err)
{
    struct mapping m;
    struct hash h;
    struct buf b = {0};
    int code;

    if (file_map(&m, path, err))
        return err->code;
    h = hash_bytes(m.data, m.size);
    code = buf_put(&b, letters, sizeof letters, err) || buf_u64(&b, m.size, err) ||
           buf_hash(&b, h, err) || append(path, &b, err);
    buf_release(&b);
    file_unmap(&m);
    return err_if(err, code);
}

/* Are the bytes before the seal those that it tells of? */
static bool holds(const struct mapping *m)
{
    size_t body = m->size - SEAL;
    struct cursor c = {m->data, m->size, body + sizeof letters, 0};
    uint64_t size = cursor_u64(&c);

    return size == body && hash_eq(cursor_hash(&c), hash_bytes(m->data, body));
}

int seal_check(const char *path, bool *sealed, struct err *err)
{
    struct mapping m;
    int code = 0;

    *sealed = false;
    if (file_map(&m, path, err))
        return err->code;
    *sealed = m.size >= SEAL && memcmp(m.data + m.size - SEAL, letters, sizeof letters) == 0;
    if (*sealed && !holds(&m))
        code = err_set(err, ERR_IO,
                       "%s is damaged: its bytes are not those that were written; lensweep collect "
                       "makes it anew from the journal beside it",
                       path);
    file_unmap(&m);
    return code;
}
