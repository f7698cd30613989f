#include "campaign/slabs.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_MEMORY = 64 << 20, SLAB_BYTES = 32 << 20 };

static int io_error(const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "cannot %s a file for the values to be averaged: %s", what,
                   strerror(errno));
}

int slabs_open(struct slabs *s, size_t rows, size_t columns, bool whole, const char *path,
               struct err *err)
{
    size_t bytes = rows * columns * sizeof *s->v;

    *s = (struct slabs){.rows = rows, .columns = columns, .width = columns, .fd = -1};
    if (!whole && bytes > IN_MEMORY) {
        s->width = SLAB_BYTES / (rows * sizeof *s->v);
        s->width = s->width < 1 ? 1 : s->width < columns ? s->width : columns;
        unlink(path); /* one who was killed may have left it */
        s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (s->fd < 0)
            return io_error("make", err);
        unlink(path);
    }
    s->v = mem_alloc(rows * s->width, sizeof *s->v, err);
    return s->v ? 0 : err->code;
}

/* All of it: a write may be cut short. */
static int move(int fd, bool in, void *p, size_t n, off_t at, struct err *err)
{
    char *byte = p;

    while (n) {
        ssize_t done = in ? pread(fd, byte, n, at) : pwrite(fd, byte, n, at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return io_error(in ? "read" : "write", err);
        byte += done;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int slabs_put(struct slabs *s, size_t row, const float *values, struct err *err)
{
    size_t at = row * s->columns;

    if (s->fd < 0) {
        memcpy(s->v + at, values, s->columns * sizeof *values);
        return 0;
    }
    return move(s->fd, false, (void *)(uintptr_t)values, s->columns * sizeof *values,
                (off_t)(at * sizeof *values), err);
}

int slabs_block(struct slabs *s, size_t first, const float **v, size_t *n, struct err *err)
{
    *v = s->v;
    *n = s->columns - first < s->width ? s->columns - first : s->width;
    for (size_t row = 0; s->fd >= 0 && row < s->rows; row++)
        if (move(s->fd, true, s->v + row * *n, *n * sizeof **v,
                 (off_t)((row * s->columns + first) * sizeof **v), err))
            return err->code;
    return 0;
}

void slabs_close(struct slabs *s)
{
    if (s->fd >= 0)
        close(s->fd);
    mem_free(s->v);
    *s = (struct slabs){.fd = -1};
}
