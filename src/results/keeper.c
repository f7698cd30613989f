#define _XOPEN_SOURCE 700
#include "results/keeper.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* LOCK_TOUCH seconds, or until it is stopped: then false. */
static bool wait_a_little(struct keeper *k)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOCK_TOUCH;
    pthread_mutex_lock(&k->mutex);
    while (!k->stop && pthread_cond_timedwait(&k->wake, &k->mutex, &until) != ETIMEDOUT)
        ;
    stop = k->stop;
    pthread_mutex_unlock(&k->mutex);
    return !stop;
}

static void *keep(void *arg)
{
    struct keeper *k = arg;

    do {
        k->lock->touched -= LOCK_TOUCH; /* it is due */
        if (lock_touch(k->lock, &k->lost))
            break;
    } while (wait_a_little(k));
    return NULL;
}

int keeper_start(struct keeper *k, struct lock *l, struct err *err)
{
    sigset_t all, before;
    int failed;

    *k = (struct keeper){.lock = l};
    err_clear(&k->lost);
    pthread_mutex_init(&k->mutex, NULL);
    pthread_cond_init(&k->wake, NULL);
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&k->thread, NULL, keep, k);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return err_set(err, ERR_MEMORY, "cannot start a thread");
    k->on = true;
    return 0;
}

int keeper_stop(struct keeper *k, struct err *err)
{
    if (k->on) {
        pthread_mutex_lock(&k->mutex);
        k->stop = true;
        pthread_cond_signal(&k->wake);
        pthread_mutex_unlock(&k->mutex);
        pthread_join(k->thread, NULL);
        pthread_mutex_destroy(&k->mutex);
        pthread_cond_destroy(&k->wake);
        k->on = false;
        if (!k->lost.code)
            lock_check(k->lock, &k->lost);
    }
    if (k->lost.code && !err->code)
        *err = k->lost;
    return err->code;
}
