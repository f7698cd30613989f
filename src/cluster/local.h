/*
 * Private: the worker beside the master, a thread that makes no MPI call. Units go in and rows come
 * out through a mailbox of two places each, under one lock.
 */
#ifndef LENSWEEP_CLUSTER_LOCAL_H
#define LENSWEEP_CLUSTER_LOCAL_H

#include "base/work.h"
#include "cluster/turn.h"

#include <pthread.h>
#include <stdbool.h>

enum { MAILBOX = TURN_AHEAD };

struct parcel {
    uint64_t unit;
    struct buf rows;
    double seconds, did;
    struct err err; /* code 0: rows are good */
};

struct local_worker {
    struct work work;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* something came in, or stop */
    pthread_cond_t done; /* rows came out */
    uint64_t in[MAILBOX];
    struct parcel out[MAILBOX];
    int n_in, n_out;
    bool stop;
};

int local_start(struct local_worker *w, const struct work *work, struct err *err);
void local_send(struct local_worker *w, uint64_t unit); /* at most MAILBOX units not yet received */
int local_recall(struct local_worker *w); /* units that it has not begun: how many they were */
bool local_receive(struct local_worker *w, struct parcel *p); /* p->rows: the receiver's to free */
void local_wait(struct local_worker *w);                      /* for rows, a little while */
void local_stop(struct local_worker *w);

#endif
