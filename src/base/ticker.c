#include "base/ticker.h"

#include "base/clock.h"

#include <signal.h>

/* Until the next act is due, or it is stopped: then false. */
static bool wait_for_next(struct ticker *t)
{
    struct timespec until = clock_until(t->seconds);
    bool stop;

    pthread_mutex_lock(&t->mutex);
    while (!t->stop && pthread_cond_timedwait(&t->wake, &t->mutex, &until) == 0)
        ;
    stop = t->stop;
    pthread_mutex_unlock(&t->mutex);
    return !stop;
}

static void *tick(void *arg)
{
    struct ticker *t = arg;
    bool due = !t->waits_first || wait_for_next(t);

    while (due && t->act(t->ctx))
        due = wait_for_next(t);
    return NULL;
}

int ticker_start(struct ticker *t, struct err *err)
{
    sigset_t all, before;
    int failed;

    pthread_mutex_init(&t->mutex, NULL);
    clock_condition(&t->wake);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&t->thread, NULL, tick, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    t->on = !failed;
    return failed ? err_set(err, ERR_MEMORY, "cannot start a thread") : 0;
}

bool ticker_stop(struct ticker *t)
{
    if (!t->on)
        return false;
    pthread_mutex_lock(&t->mutex);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->mutex);
    pthread_cond_destroy(&t->wake);
    t->on = false;
    return true;
}
