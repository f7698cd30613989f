/*
 * One live job at a time on an output directory (and one per shard of an array).
 *
 * The lock is a file that says who holds it; its holder touches it every few seconds. A lock is
 * taken over if its process is gone from this host, if it has not been touched for LOCK_STALE
 * seconds by the clock of the file system, or if it belongs to the same SLURM job's earlier start
 * (a requeue: same job id, lower restart count). Otherwise the second job is refused and told whom
 * it meets.
 *
 * The file appears whole, by link(2). It is taken over by one at a time, who holds a second file,
 * PATH~, while it looks again and removes the old lock: of any number of jobs that start at once on
 * a stale lock, one gets it. Who stands still between the look and the removal takes nobody's lock
 * away: it is moved aside, looked at again, and put back if it has become another's.
 *
 * Who was thought dead and is not (a machine that was suspended) finds that out at its next touch,
 * and stops: the lock is another's, who goes on with the work. A lock that somebody removed is
 * taken again.
 */
#ifndef LENSWEEP_RESULTS_LOCK_H
#define LENSWEEP_RESULTS_LOCK_H

#include "base/err.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/ticker.h"

#include <stdbool.h>

enum { LOCK_STALE = 90, LOCK_TOUCH = 10 };

struct lock_holder {
    char host[PROCESS_HOST], place[PROCESS_PLACE];
    char job[64], since[32]; /* job: SLURM's id, "" = none */
    long pid, restart;       /* restart: SLURM's count, 0 = first start */
    int ranks;               /* at work */
    double idle;             /* seconds since it was touched */
    bool alive;              /* as far as can be told from here */
};

struct lock {
    char path[4096]; /* "" = not held */
    char text[512];  /* of the file: one that says something else is not ours */
    double touched;  /* clock_seconds() of the last touch */
};

/* ERR_CONFIG that names the holder; ERR_IO. */
int lock_take(struct lock *l, const char *path, int ranks, struct err *err);

/* Is it still ours? ERR_IO that names the one who has taken it (exit status 3, since a job script
   that starts the command again on status 10 would only meet that one). A lock that is gone is
   taken again; a file system that does not answer is asked again later. */
int lock_check(struct lock *l, struct err *err);

/* Every LOCK_TOUCH seconds, else nothing: lock_check, and a sign of life. */
int lock_touch(struct lock *l, struct err *err);
void lock_release(struct lock *l);

/* Who holds it; false if nobody does, or the file is none of ours. It only looks: the age is told
   by this host's clock, and whoever takes a lock asks the file system's by writing beside it. */
bool lock_read(struct lock_holder *h, const char *path);

/* Those in a directory that can be read, in the arena: the run's own, or those of its shards. */
struct lock_found {
    const char *name, *path;
    struct lock_holder holder;
};
int lock_list(const char *dir, struct arena *a, struct lock_found **v, size_t *n, struct err *err);

/* "lock", or "lock.N" of shard N: the names that locks have in an output directory. */
bool lock_is_name(const char *name);

/*
 * Holds a lock while the process is busy for long: a thread that touches it (lock_touch) until the
 * work is done, so that nobody takes it for that of a dead run meanwhile.
 *
 *     int busy(struct lock *l, int (*work)(struct err *err), struct err *err)
 *     {
 *         struct keeper k;
 *
 *         if (keeper_start(&k, l, err))
 *             return err->code;
 *         work(err);
 *         keeper_stop(&k, err);                       // also after an error: is it still ours?
 *         return err->code;
 *     }
 */
struct keeper {
    struct ticker ticker;
    struct lock *lock; /* the thread's alone until it is stopped */
    struct err lost;   /* what it found */
};

/* The first touch is at once. ERR_MEMORY: no thread. */
int keeper_start(struct keeper *k, struct lock *l, struct err *err);

/* ERR_IO as lock_check, if the lock is another's by now. Once stopped, it only says so again; an
   error that is there already stays. */
int keeper_stop(struct keeper *k, struct err *err);

#endif
