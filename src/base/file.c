#include "base/file.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int file_error(struct err *err, const char *what, const char *path)
{
    return err_set(err, ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static int check_regular(const struct stat *st, const char *path, struct err *err)
{
    if (S_ISREG(st->st_mode))
        return 0;
    return err_set(err, ERR_IO, "%s is %s, expected a file", path,
                   S_ISDIR(st->st_mode) ? "a directory" : "not a regular file");
}

int file_check_target(const char *path, struct err *err)
{
    struct stat st;

    return stat(path, &st) ? 0 : check_regular(&st, path, err);
}

/* Opens a regular file and says what the system says of it. */
static int open_regular(int *fd, struct stat *st, const char *path, struct err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return file_error(err, "open", path);
    if (fstat(*fd, st)) {
        file_error(err, "stat", path);
        close(*fd);
        return err->code;
    }
    if (check_regular(st, path, err)) {
        close(*fd);
        return err->code;
    }
    return 0;
}

static struct file_stamp stamp_of(const struct stat *st)
{
    return (struct file_stamp){(uint64_t)st->st_dev,  (uint64_t)st->st_ino,
                               (uint64_t)st->st_size, (int64_t)st->st_mtim.tv_sec,
                               st->st_mtim.tv_nsec,   (int64_t)st->st_ctim.tv_sec,
                               st->st_ctim.tv_nsec};
}

int file_map(struct mapping *m, const char *path, struct err *err)
{
    void *p = NULL;
    struct stat st;
    size_t size;
    int fd;

    memset(m, 0, sizeof *m);
    if (open_regular(&fd, &st, path, err))
        return err->code;
    size = (size_t)st.st_size;
    if (size)
        p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        err_set(err, errno == ENOMEM ? ERR_MEMORY : ERR_IO, "cannot map %s: %s", path,
                strerror(errno));
        close(fd);
        return err->code;
    }
    *m = (struct mapping){p, size, stamp_of(&st), fd + 1};
    return 0;
}

int file_stamp_now(const struct mapping *m, struct file_stamp *now, struct err *err)
{
    struct stat st;

    *now = m->stamp;
    if (!m->handle)
        return 0;
    if (fstat(m->handle - 1, &st))
        return err_set(err, ERR_IO, "cannot stat a mapped file: %s", strerror(errno));
    *now = stamp_of(&st);
    return 0;
}

void file_unmap(struct mapping *m)
{
    if (m->data)
        munmap((void *)(uintptr_t)m->data, m->size);
    if (m->handle)
        close(m->handle - 1);
    memset(m, 0, sizeof *m);
}

int file_copy(const struct mapping *m, size_t at, void *out, size_t n, struct err *err)
{
    char *to = out;

    posix_fadvise(m->handle - 1, (off_t)(at + n), (off_t)n, POSIX_FADV_WILLNEED);
    while (n) {
        ssize_t got = pread(m->handle - 1, to, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, ERR_IO, "cannot read: %s",
                           got ? strerror(errno) : "the file was cut short");
        to += got;
        at += (size_t)got;
        n -= (size_t)got;
    }
    return 0;
}

int file_read(struct buf *b, const char *path, size_t max, struct err *err)
{
    struct stat st;
    size_t before = b->len;
    ssize_t got = 1;
    int fd;

    if (open_regular(&fd, &st, path, err))
        return err->code;
    /* A file may grow or shrink while it is read: what counts is what read() gives. */
    while (got > 0) {
        if ((uint64_t)st.st_size > max || b->len - before > max) {
            err_set(err, ERR_IO, "%s has more than %zu bytes, which is the most that is read", path,
                    max);
            goto out;
        }
        if (buf_reserve(b, 1 << 16, err))
            goto out;
        do
            got = read(fd, b->data + b->len, 1 << 16);
        while (got < 0 && errno == EINTR);
        if (got < 0) {
            file_error(err, "read", path);
            goto out;
        }
        b->len += (size_t)got;
    }
    close(fd);
    return 0;
out:
    close(fd);
    return err->code;
}

bool file_start(const char *path, char *out, size_t n)
{
    struct err ignored = ERR_CLEAR;
    struct stat st;
    ssize_t some = 1;
    size_t got = 0;
    int fd;

    if (!open_regular(&fd, &st, path, &ignored)) { /* of a pipe nothing may ever come */
        while (got < n - 1 && (some > 0 || (some < 0 && errno == EINTR))) {
            some = read(fd, out + got, n - 1 - got);
            got += some > 0 ? (size_t)some : 0;
        }
        close(fd);
    }
    out[got] = '\0';
    return got > 0;
}

/* What begins like this is not the file that was meant. */
static int check_content(const char *path, const void *data, size_t n, struct err *err)
{
    static const struct {
        const char *begin, *is;
    } other[] = {
        {"version https://git-lfs.github.com/spec/",
         "a git-LFS pointer, which only stands for the file: get the file "
         "itself with git lfs pull"},
        {"\x1f\x8b", "packed by gzip: unpack it first"},
    };

    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (n >= strlen(other[i].begin) && !memcmp(data, other[i].begin, strlen(other[i].begin)))
            return err_set(err, ERR_FORMAT, "%s is %s", path, other[i].is);
    return 0;
}

int file_map_foreign(struct mapping *m, const char *path, const struct file_source *source,
                     struct err *err)
{
    if (source ? source->map(source->ctx, m, path, err) : file_map(m, path, err))
        return err->code;
    if (check_content(path, m->data, m->size, err))
        file_unmap(m);
    return err->code;
}

int file_read_foreign(struct buf *b, const char *path, size_t max, struct err *err)
{
    size_t before = b->len;

    return err_if(err, file_read(b, path, max, err) ||
                           check_content(path, b->data + before, b->len - before, err));
}

int file_look(const char *path, bool *there, struct err *err)
{
    struct stat st;

    *there = stat(path, &st) == 0;
    if (!*there && errno != ENOENT && errno != ENOTDIR)
        return file_error(err, "open", path);
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int file_make_dirs(const char *path, struct err *err)
{
    struct arena a = {0};
    char *p = arena_strdup(&a, path, err);
    int code = 0;

    if (!p)
        return err->code;
    for (char *s = p + 1; *p && !code; s++) {
        char end = *s;

        if (end && end != '/')
            continue;
        *s = '\0';
        if (mkdir(p, 0777) && errno != EEXIST)
            code = file_error(err, "create directory", p);
        else if (!file_is_dir(p))
            code = err_set(err, ERR_IO, "%s is not a directory", p);
        *s = end;
        if (!end)
            break;
    }
    arena_release(&a);
    return code;
}

int file_list(const char *dir, struct arena *a, char ***names, size_t *n, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t cap = 0;

    *names = NULL;
    *n = 0;
    if (!d)
        return file_error(err, "open directory", dir);
    while ((e = readdir(d))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (arena_grow(a, names, *n, &cap, sizeof **names, err))
            goto out;
        (*names)[*n] = arena_strdup(a, e->d_name, err);
        if (!(*names)[*n])
            goto out;
        ++*n;
    }
    closedir(d);
    if (*n)
        qsort(*names, *n, sizeof **names, str_by_bytes);
    return 0;
out:
    closedir(d);
    return err->code;
}

char *file_join(struct arena *a, const char *dir, const char *name, struct err *err)
{
    size_t n = strlen(dir);

    return arena_printf(a, err, n && dir[n - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}

const char *file_folder(struct arena *a, const char *path, struct err *err)
{
    size_t n = (size_t)(str_last_part(path) - path);

    return n ? arena_strndup(a, path, n, err) : ".";
}

char *file_last_parts(struct arena *a, const char *path, int n, struct err *err)
{
    size_t end = strlen(path), begin;

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && (n -= path[begin - 1] == '/') > 0; begin--)
        ;
    return arena_strndup(a, path + begin, end - begin, err);
}

char *file_sibling(struct arena *a, const char *path, const char *name, struct err *err)
{
    return arena_printf(a, err, "%.*s%s", (int)(str_last_part(path) - path), path, name);
}

char *file_absolute(struct arena *a, const char *path, struct err *err)
{
    char here[PATH_MAX];

    if (*path == '/')
        return arena_strdup(a, path, err);
    if (!getcwd(here, sizeof here)) {
        file_error(err, "find the working directory for", path);
        return NULL;
    }
    return file_join(a, here, path, err);
}
