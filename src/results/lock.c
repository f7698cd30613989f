#define _XOPEN_SOURCE 700
#include "results/lock.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    UNREADABLE = 2, /* seconds after which a lock without a holder's name is nobody's */
    GUARD_STALE = 10,
    PATIENCE = 15 /* seconds to wait for those who are about to take the lock */
};

static const char *environment(const char *name)
{
    const char *s = getenv(name);

    return s ? s : "";
}

static void describe_self(struct lock_holder *h)
{
    *h = (struct lock_holder){.pid = (long)getpid(), .alive = true};
    gethostname(h->host, sizeof h->host - 1);
    snprintf(h->job, sizeof h->job, "%s", environment("SLURM_JOB_ID"));
    h->restart = strtol(environment("SLURM_RESTART_COUNT"), NULL, 10);
    clock_iso8601(h->since);
}

/* Age by the file system's own clock: that of a file made now, minus the lock's. */
static double idle_seconds(const char *path)
{
    char probe[4096 + 32];
    struct stat lock, now;
    double age = 0;
    int fd;

    snprintf(probe, sizeof probe, "%s~%ld.now", path, (long)getpid());
    fd = open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) {
        if (!fstat(fd, &now) && !stat(path, &lock))
            age = (double)(now.st_mtim.tv_sec - lock.st_mtim.tv_sec) +
                  1e-9 * (double)(now.st_mtim.tv_nsec - lock.st_mtim.tv_nsec);
        close(fd);
        unlink(probe);
    }
    return age > 0 ? age : 0;
}

static void copy_text(char *to, size_t n, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    snprintf(to, n, "%s", s ? s : "");
}

/* A process that was killed is a zombie until its parent asks for it, and kill() finds it so long:
   in a container for ever, where nobody does. */
static bool is_zombie(long pid)
{
    struct buf text = {0};
    struct err ignored;
    char path[64], *state = NULL;
    bool zombie;

    err_clear(&ignored);
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (!file_read(&text, path, 1 << 16, &ignored) && buf_str(&text, &ignored))
        state = strrchr(text.data, ')'); /* "PID (NAME) STATE ..." */
    zombie = state && state[1] == ' ' && (state[2] == 'Z' || state[2] == 'X');
    buf_release(&text);
    return zombie;
}

static bool is_gone(long pid)
{
    return pid > 0 && ((kill((pid_t)pid, 0) && errno == ESRCH) || is_zombie(pid));
}

bool lock_read(struct lock_holder *h, const char *path)
{
    struct lock_holder self;
    struct buf text = {0};
    struct err ignored;
    json_t *o = NULL;

    err_clear(&ignored);
    *h = (struct lock_holder){0};
    if (!file_read(&text, path, 1 << 16, &ignored))
        o = json_parse(text.data, text.len, ERR_IO, path, 1, &ignored);
    buf_release(&text);
    if (!json_is_object(o)) {
        json_decref(o);
        return false;
    }
    copy_text(h->host, sizeof h->host, o, "host");
    copy_text(h->job, sizeof h->job, o, "job");
    copy_text(h->since, sizeof h->since, o, "since");
    h->pid = (long)json_integer_value(json_object_get(o, "pid"));
    h->restart = (long)json_integer_value(json_object_get(o, "restart"));
    json_decref(o);
    describe_self(&self);
    h->idle = idle_seconds(path);
    h->alive = h->idle < LOCK_STALE;
    if (strcmp(h->host, self.host) == 0 && is_gone(h->pid))
        h->alive = false;
    return true;
}

/* Who we are, into a file that must not be there yet. */
static int write_self(const char *path, struct err *err)
{
    struct lock_holder self;
    struct buf b = {0};
    int fd, code;

    describe_self(&self);
    code = buf_printf(&b, err,
                      "{\"host\": \"%s\", \"pid\": %ld, \"job\": \"%s\", \"restart\": %ld, "
                      "\"since\": \"%s\"}\n",
                      self.host, self.pid, self.job, self.restart, self.since);
    if (code)
        goto out;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        code = err_set(err, ERR_IO, "cannot create %s: %s", path, strerror(errno));
        goto out;
    }
    if (write(fd, b.data, b.len) != (ssize_t)b.len) {
        code = err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
        unlink(path);
    }
    close(fd);
out:
    buf_release(&b);
    return code;
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Whole or not at all. A link may have been made although its reply was lost (NFS): what counts is
   the number of names. A file system without links gets the file by its own name. */
static int create(const char *path, bool *made, struct err *err)
{
    char whole[4096 + 192];
    struct lock_holder self;
    struct stat st;
    int failed, code = 0;

    *made = false;
    describe_self(&self);
    snprintf(whole, sizeof whole, "%s~%s.%ld", path, self.host, self.pid);
    unlink(whole); /* of a process that had our number */
    if (write_self(whole, err))
        return err->code;
    failed = link(whole, path) ? errno : 0;
    *made = !failed || (!stat(whole, &st) && st.st_nlink > 1);
    unlink(whole);
    if (*made || failed == EEXIST)
        return 0;
    if (failed != EPERM && failed != ENOTSUP && failed != ENOSYS)
        return err_set(err, ERR_IO, "cannot create %s: %s", path, strerror(failed));
    code = exists(path) ? 0 : write_self(path, err);
    *made = !code && exists(path);
    return code;
}

/* Same job, started again by SLURM after the holder's start. */
static bool is_our_past(const struct lock_holder *h)
{
    struct lock_holder self;

    describe_self(&self);
    return self.job[0] && strcmp(self.job, h->job) == 0 && self.restart > h->restart;
}

static int refuse(const struct lock_holder *h, const char *path, struct err *err)
{
    return err_set(
        err, ERR_CONFIG,
        "%s is held by process %ld on %s%s%s since %s; wait for it, or remove the file if "
        "that job is gone",
        path, h->pid, h->host, h->job[0] ? ", job " : "", h->job, h->since);
}

/* May the lock be taken from its holder? Not if there is none, or meanwhile another: whoever makes
   one asks nobody. */
static bool is_stale(const char *path)
{
    struct lock_holder h;
    struct stat before, after;
    bool stale;

    if (stat(path, &before))
        return false;
    if (lock_read(&h, path))
        stale = !h.alive || is_our_past(&h);
    else
        stale = idle_seconds(path) >= UNREADABLE;
    return stale && !stat(path, &after) && before.st_ino == after.st_ino &&
           before.st_dev == after.st_dev;
}

/* Removes a lock that is stale, unless another is about to: then waits a little. */
static int clear_away(const char *path, struct err *err)
{
    const struct timespec moment = {0, 50000000};
    char guard[4096 + 2];
    bool made;

    snprintf(guard, sizeof guard, "%s~", path);
    if (create(guard, &made, err))
        return err->code;
    if (made) {
        if (is_stale(path)) /* another may have taken it since we looked */
            unlink(path);
        unlink(guard);
        return 0;
    }
    if (idle_seconds(guard) >= GUARD_STALE) /* killed in the few steps above */
        unlink(guard);
    nanosleep(&moment, NULL);
    return 0;
}

static bool is_ours(const struct lock *l)
{
    struct stat st;

    return l->path[0] && !stat(l->path, &st) && (uint64_t)st.st_dev == l->device &&
           (uint64_t)st.st_ino == l->inode;
}

static void hold(struct lock *l, const char *path)
{
    struct stat st;

    snprintf(l->path, sizeof l->path, "%s", path);
    l->touched = clock_seconds();
    if (!stat(path, &st)) {
        l->device = (uint64_t)st.st_dev;
        l->inode = (uint64_t)st.st_ino;
    }
}

int lock_take(struct lock *l, const char *path, struct err *err)
{
    struct lock_holder holder = {0};
    double begin = clock_seconds();
    bool made;

    memset(l, 0, sizeof *l);
    if (strlen(path) >= sizeof l->path)
        return err_set(err, ERR_IO, "the path %.60s... is too long", path);
    while (clock_seconds() - begin < PATIENCE) {
        if (create(path, &made, err))
            return err->code;
        if (made) {
            hold(l, path);
            return 0;
        }
        if (lock_read(&holder, path) && holder.alive && !is_our_past(&holder))
            break;
        if (clear_away(path, err))
            return err->code;
    }
    return refuse(&holder, path, err);
}

void lock_touch(struct lock *l)
{
    double now = clock_seconds();

    if (!l->path[0] || now - l->touched < LOCK_TOUCH)
        return;
    l->touched = now;
    if (is_ours(l))
        utimensat(AT_FDCWD, l->path, NULL, 0);
}

void lock_release(struct lock *l)
{
    if (is_ours(l))
        unlink(l->path);
    l->path[0] = '\0';
}
