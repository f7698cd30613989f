/*
 * Private to the cluster floor: a thread that looks after the other ranks of this node, and after
 * the launcher that started this one, and ends this process when one is gone for good, for its main
 * thread may wait for it for ever: also in MPI_Init and MPI_Finalize, where only the launcher is
 * watched. It makes no MPI call.
 */
#ifndef LENSWEEP_CLUSTER_WATCH_H
#define LENSWEEP_CLUSTER_WATCH_H

#include "base/err.h"
#include "base/ticker.h"

#include <stdint.h>

enum {
    WATCH_PATIENCE = 6, /* looks, a second apart: so long mpirun has to end us */
    WATCH_LAUNCHER = -2 /* stands for a rank */
};

/* A process as others of its node know it: plain data, sent between ranks. */
struct peer {
    int64_t pid;
    uint64_t space; /* in which pid means something; 0 = not known: it cannot be watched */
    int32_t rank;
    int32_t missed; /* looks in a row that have not found it */
};

struct watch {
    struct peer *peer;    /* (n) without this process; owned */
    struct peer launcher; /* pid 0 = none: nothing to watch */
    int n, rank;
    struct ticker ticker;
};

struct peer peer_self(int rank);

/* Looks once; the rank that has been missed WATCH_PATIENCE times, -1 = none. */
int watch_look(struct peer *peer, int n);

/* The launcher alone, if there is one (mpirun or its daemon, srun's), until the next watch_start.
   Before MPI_Init. ERR_MEMORY. */
int watch_launcher(struct watch *w, struct err *err);

/* A job of one rank: nothing is watched, and cluster_launched_rank finds none. A shell in an
   allocation looks like a launcher, and may end before us; each task of srun may be a job. */
void watch_alone(struct watch *w);

/* The launcher, and all: (n) ranks of this node, this one among them. ERR_MEMORY. */
int watch_start(struct watch *w, const struct peer *all, int n, int rank, struct err *err);
void watch_stop(struct watch *w); /* also one that was not started; the launcher stays known */

#endif
