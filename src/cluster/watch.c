#include "cluster/watch.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/process.h"
#include "cluster/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The PID namespace: containers on one node may have other processes under the same numbers. */
static uint64_t pid_space(void)
{
    char text[64];
    ssize_t n = readlink("/proc/self/ns/pid", text, sizeof text);

    return n > 0 ? hash_u64(text, (size_t)n) | 1 : 0;
}

static bool alone; /* MPI_Init has said so */

int cluster_launched_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                        "SLURM_PROCID"};

    for (size_t i = 0; !alone && i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return (int)strtol(getenv(names[i]), NULL, 10);
    return -1;
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
        if (peer[i].missed >= WATCH_PATIENCE && gone == -1)
            gone = peer[i].rank;
    }
    return gone;
}

static bool look_after_peers(void *watch)
{
    const struct watch *w = watch;
    int gone = watch_look(w->peer, w->n);
    char who[32];

    if (gone == -1)
        return true;
    snprintf(who, sizeof who, "rank %d", gone);
    dprintf(STDERR_FILENO, "lensweep: rank %d: %s is gone, and nobody has ended this job\n",
            w->rank, gone == WATCH_LAUNCHER ? "the program that started it" : who);
    _exit(ERR_COMM);
}

int watch_start(struct watch *w, const struct peer *all, int n, int rank, struct err *err)
{
    struct peer self = peer_self(rank);

    watch_stop(w);
    w->rank = rank;
    w->peer = mem_alloc((size_t)n + 1, sizeof *w->peer, err);
    if (!w->peer)
        return err->code;
    if (w->launcher.pid)
        w->peer[w->n++] = w->launcher;
    for (int i = 0; i < n; i++)
        if (all[i].rank != rank && all[i].space && all[i].space == self.space)
            w->peer[w->n++] = all[i];
    if (!w->n)
        return 0;
    w->ticker =
        (struct ticker){.act = look_after_peers, .ctx = w, .seconds = 1, .waits_first = true};
    return ticker_start(&w->ticker, err);
}

int watch_launcher(struct watch *w, struct err *err)
{
    int rank = cluster_launched_rank();

    if (rank < 0)
        return 0;
    w->launcher = (struct peer){.pid = getppid(), .rank = WATCH_LAUNCHER};
    return watch_start(w, NULL, 0, rank, err);
}

void watch_alone(struct watch *w)
{
    w->launcher.pid = 0;
    alone = true;
}

void watch_stop(struct watch *w)
{
    ticker_stop(&w->ticker);
    mem_free(w->peer);
    *w = (struct watch){.launcher = w->launcher};
}
