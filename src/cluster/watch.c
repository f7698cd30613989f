#define _XOPEN_SOURCE 700
#include "cluster/watch.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/process.h"

#include <stdio.h>
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

static bool look_after_peers(void *watch)
{
    const struct watch *w = watch;
    int gone = watch_look(w->peer, w->n);

    if (gone < 0)
        return true;
    dprintf(STDERR_FILENO, "lensweep: rank %d: rank %d is gone, and nobody has ended this job\n",
            w->rank, gone);
    _exit(ERR_COMM);
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
    w->ticker =
        (struct ticker){.act = look_after_peers, .ctx = w, .seconds = 1, .waits_first = true};
    return ticker_start(&w->ticker, err);
}

void watch_stop(struct watch *w)
{
    ticker_stop(&w->ticker);
    mem_free(w->peer);
    *w = (struct watch){0};
}
