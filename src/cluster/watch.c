#define _XOPEN_SOURCE 700
#include "cluster/watch.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The PID namespace: containers on one node may have other processes under the same numbers. */
static uint64_t pid_space(void)
{
    char text[64];
    ssize_t n = readlink("/proc/self/ns/pid", text, sizeof text);

    return n > 0 ? hash_u64(text, (size_t)n) | 1 : 0;
}

struct peer peer_self(int rank)
{
    return (struct peer){getpid(), pid_space(), rank, 0};
}

int watch_look(struct peer *peer, int n)
{
    int gone = -1;

    for (int i = 0; i < n; i++) {
        peer[i].missed = process_gone((long)peer[i].pid) ? peer[i].missed + 1 : 0;
        if (peer[i].missed >= WATCH_PATIENCE && gone < 0)
            gone = peer[i].rank;
    }
    return gone;
}

/* A second, or until the watch is stopped: then false. */
static bool wait_a_second(struct watch *w)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&w->lock);
    while (!w->stop && pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT)
        ;
    stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    return !stop;
}

static void *look_after_peers(void *arg)
{
    struct watch *w = arg;

    while (wait_a_second(w)) {
        int gone = watch_look(w->peer, w->n);

        if (gone < 0)
            continue;
        dprintf(STDERR_FILENO,
                "lensweep: rank %d: rank %d is gone, and nobody has ended this job\n", w->rank,
                gone);
        _exit(ERR_COMM);
    }
    return NULL;
}

/* Signals are for the main thread. */
static int start_thread(struct watch *w)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&w->thread, NULL, look_after_peers, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

int watch_start(struct watch *w, const struct peer *all, int n, int rank, struct err *err)
{
    struct peer self = peer_self(rank);

    *w = (struct watch){.rank = rank};
    w->peer = mem_alloc((size_t)n, sizeof *w->peer, err);
    if (!w->peer)
        return err->code;
    for (int i = 0; i < n; i++)
        if (all[i].rank != rank && all[i].space && all[i].space == self.space)
            w->peer[w->n++] = all[i];
    if (!w->n)
        return 0;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    w->on = !start_thread(w);
    return w->on ? 0 : err_set(err, ERR_MEMORY, "cannot start a thread");
}

void watch_stop(struct watch *w)
{
    if (w->on) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->wake);
    }
    mem_free(w->peer);
    *w = (struct watch){0};
}
