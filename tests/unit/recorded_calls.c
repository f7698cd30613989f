#define _GNU_SOURCE
#include "recorded_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct recorded_calls recorded;
static char below[CALL_PATH];

void record_calls(const char *folder)
{
    recorded.n = 0;
    snprintf(below, sizeof below, "%s", folder);
}

int last_call(enum call what, const char *path, int before)
{
    for (int i = before - 1; i >= 0; i--)
        if (recorded.v[i].what == what && strcmp(recorded.v[i].path, path) == 0)
            return i;
    return -1;
}

static void note(enum call what, const char *path, const char *from)
{
    struct recorded_call *c = &recorded.v[recorded.n];

    if (!below[0] || strncmp(path, below, strlen(below)) != 0)
        return;
    if (recorded.n == CALLS_MAX)
        abort();
    c->what = what;
    snprintf(c->path, sizeof c->path, "%s", path);
    snprintf(c->from, sizeof c->from, "%s", from);
    recorded.n++;
}

static void note_fd(enum call what, int fd)
{
    char link[64], path[CALL_PATH];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return;
    path[n] = '\0';
    note(what, path, "");
}

static int (*real_open)(const char *, int, ...), (*real_fsync)(int), (*real_fdatasync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_rename)(const char *, const char *), (*real_unlink)(const char *);

/* Another library's constructor may call before main. */
#define FIND(name)                                              \
    do {                                                        \
        if (!real_##name)                                       \
            *(void **)(&real_##name) = dlsym(RTLD_NEXT, #name); \
    } while (0)

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list ap;

    FIND(open);
    va_start(ap, flags);
    if (flags & (O_CREAT | O_TMPFILE))
        mode = va_arg(ap, mode_t);
    va_end(ap);
    if (flags & O_CREAT)
        note(CALL_CREATE, path, "");
    return real_open(path, flags, mode);
}

ssize_t write(int fd, const void *p, size_t n)
{
    FIND(write);
    note_fd(CALL_WRITE, fd);
    return real_write(fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    FIND(pwrite);
    note_fd(CALL_WRITE, fd);
    return real_pwrite(fd, p, n, at);
}

int fsync(int fd)
{
    FIND(fsync);
    note_fd(CALL_SYNC, fd);
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    FIND(fdatasync);
    note_fd(CALL_SYNC, fd);
    return real_fdatasync(fd);
}

int rename(const char *from, const char *to)
{
    FIND(rename);
    note(CALL_RENAME, to, from);
    return real_rename(from, to);
}

int unlink(const char *path)
{
    FIND(unlink);
    note(CALL_REMOVE, path, "");
    return real_unlink(path);
}

/* Where off_t is 64 bits wide they are the same. */
#define SAME(name) __attribute__((alias(#name)))
int open64(const char *path, int flags, ...) SAME(open);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) SAME(pwrite);
