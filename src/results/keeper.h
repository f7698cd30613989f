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
#ifndef LENSWEEP_RESULTS_KEEPER_H
#define LENSWEEP_RESULTS_KEEPER_H

#include "base/ticker.h"
#include "results/lock.h"

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
