/*
 * Private to the cluster floor: a thread that looks after the other ranks of this node and ends
 * this process when one is gone for good, for its main thread may wait for that rank for ever. It
 * makes no MPI call.
 */
#ifndef LENSWEEP_CLUSTER_WATCH_H
#define LENSWEEP_CLUSTER_WATCH_H

#include "base/err.h"
#include "base/ticker.h"

#include <stdint.h>

enum { WATCH_PATIENCE = 10 }; /* looks, a second apart: so long mpirun has to end us */

/* A process as others of its node know it: plain data, sent between ranks. */
struct peer {
    int64_t pid;
    uint64_t space; /* in which pid means something; 0 = not known: it cannot be watched */
    int32_t rank;
    int32_t missed; /* looks in a row that have not found it */
};

struct watch {
    struct peer *peer; /* (n) without this process; owned */
    int n, rank;
    struct ticker ticker;
};

struct peer peer_self(int rank);

/* Looks once; the rank that has been missed WATCH_PATIENCE times, -1 = none. */
int watch_look(struct peer *peer, int n);

/* all: (n) ranks of this node, this one among them. ERR_MEMORY. */
int watch_start(struct watch *w, const struct peer *all, int n, int rank, struct err *err);
void watch_stop(struct watch *w); /* also one that was not started */

#endif
