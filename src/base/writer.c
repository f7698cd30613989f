#include "base/writer.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int file_write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

int file_sync(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;

    if (fd < 0)
        return file_error(err, "open", path);
    if (fsync(fd))
        code = file_error(err, "sync", path);
    close(fd);
    return code;
}

static int write_through(const char *path, const void *data, size_t n, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), code = 0;

    if (fd < 0)
        return file_error(err, "open", path);
    if (file_write_all(fd, data, n))
        code = file_error(err, "write", path);
    close(fd);
    return code;
}

int file_replace(const char *path, const void *data, size_t n, struct err *err)
{
    struct writer w;
    struct stat st;
    int code;

    if (!stat(path, &st) && !S_ISREG(st.st_mode))
        return write_through(path, data, n, err);
    code = writer_open(&w, path, err) || writer_put(&w, data, n, err) || writer_finish(&w, err) ||
           writer_place(&w, err);
    writer_discard(&w);
    return err_if(err, code);
}

static const char beside_end[] = ".tmp";

/* Eight hexadecimal digits that no other name has, not even in another container with this host's
   name where the process ids are the same. */
static unsigned unlike_any_other(void)
{
    static atomic_uint count;
    struct {
        struct timespec now;
        const void *stack; /* at a random place */
        long pid;
        unsigned count;
    } of;

    memset(&of, 0, sizeof of);
    clock_gettime(CLOCK_REALTIME, &of.now);
    of.stack = &of;
    of.pid = (long)getpid();
    of.count = atomic_fetch_add(&count, 1);
    return (unsigned)hash_u64(&of, sizeof of);
}

char *file_beside(struct arena *a, const char *path, struct err *err)
{
    char place[PROCESS_PLACE];

    return arena_printf(a, err, "%s.%s.%ld-%08x%s", path, process_place(place), (long)getpid(),
                        unlike_any_other(), beside_end);
}

static size_t count_back(const char *s, size_t n, const char *of)
{
    size_t k = 0;

    while (k < n && strchr(of, s[n - k - 1]) && s[n - k - 1])
        k++;
    return k;
}

/* Was this name made by file_beside? *here: in this place; *pid: by which process. */
static bool is_beside(const char *name, bool *here, long *pid)
{
    char place[PROCESS_PLACE];
    size_t n = strlen(name), end = sizeof beside_end - 1, digits, h;

    if (n <= end || strcmp(name + n - end, beside_end) != 0)
        return false;
    n -= end;
    if (count_back(name, n, "0123456789abcdef") != 8 || n < 9 || name[n - 9] != '-')
        return false;
    n -= 9;
    digits = count_back(name, n, "0123456789");
    n -= digits;
    if (!digits || n < 2 || name[n - 1] != '.')
        return false;
    *pid = strtol(name + n, NULL, 10);
    n--;
    h = strlen(process_place(place));
    *here = n > h && name[n - h - 1] == '.' && strncmp(name + n - h, place, h) == 0;
    return true;
}

/* Nothing was written to it for an hour, by the clocks of this host and of the file system. */
static bool is_old(const char *path)
{
    struct stat st;

    return !stat(path, &st) && time(NULL) - st.st_mtime > 3600;
}

/* Removes path, whose last part is name, if it is of a process that is gone. */
static void sweep_file(const char *path, const char *name)
{
    bool here;
    long pid;

    if (is_beside(name, &here, &pid) && (here ? process_gone(pid) : is_old(path)))
        unlink(path);
}

int file_sweep(const char *dir, struct err *err)
{
    struct arena a = {0};
    char **names, *path;
    size_t n;

    if (file_list(dir, &a, &names, &n, err))
        goto out;
    for (size_t i = 0; i < n; i++) {
        path = file_join(&a, dir, names[i], err);
        if (!path)
            goto out;
        sweep_file(path, names[i]);
    }
out:
    arena_release(&a);
    return err->code;
}

/* What begins with path and a dot, each with its name. */
static void each_beside(const char *path, void (*act)(const char *path, const char *name))
{
    const char *last = str_last_part(path);
    size_t n = strlen(last);
    int folder = (int)(last - path);
    char one[PATH_MAX];
    struct dirent *e;
    DIR *d;

    if (snprintf(one, sizeof one, "%.*s.", folder, path) >= (int)sizeof one || !(d = opendir(one)))
        return;
    while ((e = readdir(d)))
        if (!strncmp(e->d_name, last, n) && e->d_name[n] == '.' &&
            snprintf(one, sizeof one, "%.*s%s", folder, path, e->d_name) < (int)sizeof one)
            act(one, e->d_name);
    closedir(d);
}

void file_sweep_beside(const char *path)
{
    each_beside(path, sweep_file);
}

/* A folder for a while ------------------------------------------------------------------------ */

/* A folder of ours with the files in it. */
static void remove_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if (!fstat(fd, &st) && st.st_uid == geteuid())
        while ((e = readdir(d)))
            unlinkat(fd, e->d_name, 0);
    closedir(d);
    rmdir(path);
}

/* One of a process elsewhere stays: it may be long at work without a new file. */
static void sweep_folder(const char *path, const char *name)
{
    bool here;
    long pid;

    if (is_beside(name, &here, &pid) && here && process_gone(pid))
        remove_folder(path);
}

char *file_temp_folder(struct arena *a, const char *what, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    char *name = arena_printf(a, err, "%s/lensweep-%s", tmp && *tmp ? tmp : "/tmp", what);
    char *dir = name ? file_beside(a, name, err) : NULL;

    if (!dir)
        return NULL;
    each_beside(name, sweep_folder);
    if (mkdir(dir, 0700)) {
        err_set(err, ERR_IO, "cannot make a folder for temporary files, %s: %s", dir,
                strerror(errno));
        return NULL;
    }
    return dir;
}

/* Piece by piece --------------------------------------------------------------------------- */

enum { WRITER_TURN = 1 << 18 }; /* bytes that gather before they are written */

int writer_open(struct writer *w, const char *path, struct err *err)
{
    char target[PATH_MAX];

    *w = (struct writer){.fd = -1};
    if (file_check_target(path, err))
        return err->code;
    if (realpath(path, target)) /* else it is not there yet */
        path = target;
    w->path = arena_strdup(&w->arena, path, err);
    w->beside = file_beside(&w->arena, path, err);
    if (!w->path || !w->beside)
        return err->code;
    file_sweep_beside(path);
    w->fd = open(w->beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (w->fd < 0)
        return file_error(err, "create", path);
    w->there = true;
    return 0;
}

static int flush(struct writer *w, struct err *err)
{
    if (file_write_all(w->fd, w->buf.data, w->buf.len))
        return file_error(err, "write", w->path);
    buf_clear(&w->buf);
    return 0;
}

int writer_turn(struct writer *w, struct err *err)
{
    return w->buf.len < WRITER_TURN ? 0 : flush(w, err);
}

int writer_put(struct writer *w, const void *p, size_t n, struct err *err)
{
    if (n < WRITER_TURN)
        return err_if(err, buf_put(&w->buf, p, n, err) || writer_turn(w, err));
    if (flush(w, err))
        return err->code;
    if (file_write_all(w->fd, p, n))
        return file_error(err, "write", w->path);
    return 0;
}

int writer_finish(struct writer *w, struct err *err)
{
    int code = flush(w, err);

    if (!code && fsync(w->fd))
        code = file_error(err, "write", w->path);
    if (close(w->fd) && !code)
        code = file_error(err, "close", w->path);
    w->fd = -1;
    buf_release(&w->buf);
    return code;
}

int writer_place(struct writer *w, struct err *err)
{
    if (rename(w->beside, w->path))
        return file_error(err, "rename to", w->path);
    w->there = false;
    return 0;
}

void writer_discard(struct writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->there)
        unlink(w->beside);
    buf_release(&w->buf);
    arena_release(&w->arena);
    *w = (struct writer){.fd = -1};
}
