#include "results/lock.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/outdir.h"
#include "base/str.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
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
    process_host(h->host);
    process_place(h->place);
    snprintf(h->job, sizeof h->job, "%s", environment("SLURM_JOB_ID"));
    h->restart = strtol(environment("SLURM_RESTART_COUNT"), NULL, 10);
    clock_iso8601(h->since);
}

/* Seconds from the file's last change to now; 0 if it cannot be told. */
static double seconds_since(const char *path, const struct timespec *now)
{
    struct stat st;
    double age;

    if (stat(path, &st))
        return 0;
    age = (double)(now->tv_sec - st.st_mtim.tv_sec) +
          1e-9 * (double)(now->tv_nsec - st.st_mtim.tv_nsec);
    return age > 0 ? age : 0;
}

/* Age by the file system's own clock: that of a file made now. */
static double idle_seconds(const char *path)
{
    struct arena a = {0};
    struct err ignored = ERR_CLEAR;
    struct stat now;
    double age = 0;
    char *probe;
    int fd = -1;

    probe = file_beside(&a, path, &ignored);
    if (probe)
        fd = open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) {
        if (!fstat(fd, &now))
            age = seconds_since(path, &now.st_mtim);
        close(fd);
        unlink(probe);
    }
    arena_release(&a);
    return age;
}

static void copy_text(char *to, size_t n, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    snprintf(to, n, "%s", s ? s : "");
}

/* Who a lock names, without age. */
static bool read_holder(struct lock_holder *h, const char *path)
{
    struct buf text = {0};
    struct err ignored = ERR_CLEAR;
    json_t *o = NULL;

    *h = (struct lock_holder){0};
    if (!file_read(&text, path, 1 << 16, &ignored))
        o = json_parse(text.data, text.len, ERR_IO, path, 1, &ignored);
    buf_release(&text);
    if (!json_is_object(o)) {
        json_decref(o);
        return false;
    }
    copy_text(h->host, sizeof h->host, o, "host");
    copy_text(h->place, sizeof h->place, o, "place");
    copy_text(h->job, sizeof h->job, o, "job");
    copy_text(h->since, sizeof h->since, o, "since");
    h->pid = (long)json_integer_value(json_object_get(o, "pid"));
    h->ranks = (int)json_integer_value(json_object_get(o, "ranks"));
    h->restart = (long)json_integer_value(json_object_get(o, "restart"));
    json_decref(o);
    return true;
}

static void judge(struct lock_holder *h, double idle)
{
    char place[PROCESS_PLACE];

    h->idle = idle;
    h->alive =
        idle < LOCK_STALE && !(str_eq(h->place, process_place(place)) && process_gone(h->pid));
}

bool lock_read(struct lock_holder *h, const char *path)
{
    struct timespec now;

    if (!read_holder(h, path))
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    judge(h, seconds_since(path, &now));
    return true;
}

/* Who we are, as a lock says it. */
static void print_self(char *text, size_t n, int ranks)
{
    struct lock_holder self;

    describe_self(&self);
    snprintf(
        text, n,
        "{\"host\": \"%s\", \"place\": \"%s\", \"pid\": %ld, \"job\": \"%s\", \"restart\": %ld, "
        "\"ranks\": %d, \"since\": \"%s\"}\n",
        self.host, self.place, self.pid, self.job, self.restart, ranks, self.since);
}

/* A file that must not be there yet. */
static int write_new(const char *path, const char *text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), code = 0;

    if (fd < 0)
        return err_set(err, ERR_IO, "cannot create %s: %s", path, strerror(errno));
    if (file_write_all(fd, text, strlen(text))) {
        code = err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
        unlink(path);
    }
    close(fd);
    return code;
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Whole or not at all. A link may have been made although its reply was lost (NFS): what counts is
   the number of names. A file system without links gets the file by its own name. */
static int create(const char *path, const char *text, bool *made, struct err *err)
{
    struct arena a = {0};
    struct stat st;
    char *whole = file_beside(&a, path, err);
    int failed = 0;

    *made = false;
    if (!whole)
        goto out;
    unlink(whole); /* of a process that had our number */
    if (write_new(whole, text, err))
        goto out;
    failed = link(whole, path) ? errno : 0;
    *made = !failed || (!stat(whole, &st) && st.st_nlink > 1);
    unlink(whole);
    if (*made || failed == EEXIST)
        goto out;
    if (failed != EPERM && failed != ENOTSUP && failed != ENOSYS) {
        err_set(err, ERR_IO, "cannot create %s: %s", path, strerror(failed));
        goto out;
    }
    if (!exists(path) && !write_new(path, text, err))
        *made = exists(path);
out:
    arena_release(&a);
    return err->code;
}

/* Same job, started again by SLURM after the holder's start. */
static bool is_our_past(const struct lock_holder *h)
{
    struct lock_holder self;

    describe_self(&self);
    return self.job[0] && strcmp(self.job, h->job) == 0 && self.restart > h->restart;
}

/* As lock_read, by the file system's clock; idle is told also of a file that is none of ours. */
static bool examine(struct lock_holder *h, const char *path)
{
    bool ours = read_holder(h, path);

    judge(h, idle_seconds(path));
    return ours;
}

static int refuse(const struct lock_holder *h, const char *path, struct err *err)
{
    return err_set(
        err, ERR_CONFIG,
        "%s is held by process %ld on %s%s%s since %s; wait for it, and leave the file there: the "
        "next start takes over a lock without a sign of life for 90 s",
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
    if (examine(&h, path))
        stale = !h.alive || is_our_past(&h);
    else
        stale = h.idle >= UNREADABLE;
    return stale && !stat(path, &after) && before.st_ino == after.st_ino &&
           before.st_dev == after.st_dev;
}

static bool same_text(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

/* What was taken aside by mistake. */
static void put_back(const char *aside, const char *path)
{
    if (link(aside, path) && errno != EEXIST && !exists(path))
        rename(aside, path); /* no links here */
}

/* Removes a lock that is stale. Who stood still for long since he saw that (a machine that was
   suspended, a file system that did not answer) may take away another's, who has made it
   meanwhile: so it is taken aside, looked at once more, and put back. */
static void remove_stale(const char *path)
{
    struct arena a = {0};
    struct buf seen = {0}, taken = {0};
    struct err ignored = ERR_CLEAR;
    char *aside = file_beside(&a, path, &ignored);

    file_read(&seen, path, 1 << 16, &ignored);
    if (aside && is_stale(path) && !file_is_dir(path) && !rename(path, aside)) {
        file_read(&taken, aside, 1 << 16, &ignored);
        if (!same_text(&seen, &taken))
            put_back(aside, path);
        unlink(aside);
    }
    buf_release(&seen);
    buf_release(&taken);
    arena_release(&a);
}

/* Removes a lock that is stale, unless another is about to: then waits a little. */
static int clear_away(const char *path, struct err *err)
{
    const struct timespec moment = {0, 50000000};
    char guard[4096 + 2], text[512];
    bool made;

    snprintf(guard, sizeof guard, "%s~", path);
    print_self(text, sizeof text, 0);
    if (create(guard, text, &made, err))
        return err->code;
    if (made) {
        remove_stale(path); /* another may have taken it since we looked */
        unlink(guard);
        return 0;
    }
    if (idle_seconds(guard) >= GUARD_STALE) /* killed in the few steps above */
        unlink(guard);
    nanosleep(&moment, NULL);
    return 0;
}

int lock_take(struct lock *l, const char *path, int ranks, struct err *err)
{
    struct lock_holder holder = {0};
    double begin = clock_seconds();
    bool made;

    memset(l, 0, sizeof *l);
    if (strlen(path) >= sizeof l->path)
        return err_set(err, ERR_IO, "the path %.60s... is too long", path);
    print_self(l->text, sizeof l->text, ranks);
    while (clock_seconds() - begin < PATIENCE) {
        if (create(path, l->text, &made, err))
            return err->code;
        if (made) {
            snprintf(l->path, sizeof l->path, "%s", path);
            l->touched = clock_seconds();
            return 0;
        }
        if (examine(&holder, path) && holder.alive && !is_our_past(&holder))
            break;
        if (clear_away(path, err))
            return err->code;
    }
    return refuse(&holder, path, err);
}

/* Its text tells: a number such as the inode's may change on a network file system, or come back.
   What cannot be read is not known to be another's. */
static bool is_anothers(const struct lock *l)
{
    struct buf text = {0};
    struct err ignored = ERR_CLEAR;
    bool differs;

    differs = !file_read(&text, l->path, 1 << 16, &ignored) &&
              (text.len != strlen(l->text) || memcmp(text.data, l->text, text.len) != 0);
    buf_release(&text);
    return differs;
}

int lock_check(struct lock *l, struct err *err)
{
    struct lock_holder h;
    bool made;

    if (!l->path[0])
        return 0;
    if (!exists(l->path) && errno == ENOENT && create(l->path, l->text, &made, err))
        return err_wrap(err, "the lock is gone");
    if (!is_anothers(l) || !read_holder(&h, l->path))
        return 0;
    l->path[0] = '\0';
    return err_set(err, ERR_IO,
                   "this run was taken for dead, and process %ld on %s%s%s goes on with its work "
                   "since %s: stopped; what was done is kept",
                   h.pid, h.host, h.job[0] ? ", job " : "", h.job, h.since);
}

int lock_touch(struct lock *l, struct err *err)
{
    double now = clock_seconds();

    if (!l->path[0] || now - l->touched < LOCK_TOUCH)
        return 0;
    l->touched = now;
    if (lock_check(l, err))
        return err->code;
    utimensat(AT_FDCWD, l->path, NULL, 0);
    return 0;
}

void lock_release(struct lock *l)
{
    if (l->path[0] && !is_anothers(l))
        unlink(l->path);
    l->path[0] = '\0';
}

bool lock_is_name(const char *name)
{
    const char *shard = name + strlen(OUTDIR_LOCK);

    if (strncmp(name, OUTDIR_LOCK, strlen(OUTDIR_LOCK)) != 0)
        return false;
    return !*shard || (*shard == '.' && shard[1] && !shard[1 + strspn(shard + 1, "0123456789")]);
}

int lock_list(const char *dir, struct arena *a, struct lock_found **v, size_t *n, struct err *err)
{
    size_t n_names;
    char **name;

    *n = 0;
    if (file_list(dir, a, &name, &n_names, err))
        return err->code;
    *v = arena_alloc(a, n_names, sizeof **v, err);
    for (size_t i = 0; *v && i < n_names; i++) {
        struct lock_found *one = &(*v)[*n];

        if (!lock_is_name(name[i]))
            continue;
        *one = (struct lock_found){.name = name[i], .path = file_join(a, dir, name[i], err)};
        if (!one->path)
            return err->code;
        *n += lock_read(&one->holder, one->path);
    }
    return err->code;
}

/* While the process is busy ---------------------------------------------------------------- */

static bool keep(void *keeper)
{
    struct keeper *k = keeper;

    k->lock->touched -= LOCK_TOUCH; /* it is due */
    return !lock_touch(k->lock, &k->lost);
}

int keeper_start(struct keeper *k, struct lock *l, struct err *err)
{
    *k = (struct keeper){.ticker = {.act = keep, .ctx = k, .seconds = LOCK_TOUCH}, .lock = l};
    err_clear(&k->lost);
    return ticker_start(&k->ticker, err);
}

int keeper_stop(struct keeper *k, struct err *err)
{
    if (ticker_stop(&k->ticker) && !k->lost.code)
        lock_check(k->lock, &k->lost);
    if (k->lost.code && !err->code)
        *err = k->lost;
    return err->code;
}
