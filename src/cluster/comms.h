/* Private to the cluster floor. */
#ifndef LENSWEEP_CLUSTER_COMMS_H
#define LENSWEEP_CLUSTER_COMMS_H

#include "cluster/cluster.h"
#include "cluster/watch.h"

#include <mpi.h>

struct cluster_comms {
    MPI_Comm all;  /* of our own, so that no other library's messages meet ours */
    MPI_Comm node; /* ranks that share memory */
    struct watch watch;
    /* Rank 0, in the call at hand: */
    int *missing;          /* (size) ranks that have not come */
    const struct err *why; /* the lowest rank's of those that have; NULL = no error */
};

enum tag { TAG_UNIT = 1, TAG_ROWS, TAG_ERROR, TAG_BACK, TAG_HERE };

#define UNIT_STOP   UINT64_MAX
#define UNIT_RECALL (UINT64_MAX - 1)

/* A ROWS message: this, then the rows. */
struct rows_header {
    uint64_t unit;
    double seconds, did; /* struct work's */
};

/* 0, or ERR_COMM with MPI's own words. */
int comm_check(int mpi_status, const char *what, struct err *err);

void worker_loop(struct cluster *c, const struct work *work);
int master_loop(struct cluster *c, const struct job *job, bool *finished, struct err *err);

/* An error of this rank, before others hear of it: its rank, and unless that is 0, which speaks for
   all, the words "rank N on HOST" before it. */
void comm_sign(const struct cluster *c, struct err *err);

/* A call that failed and for which others wait cannot be made good: it ends the job, with one line
   and ERR_COMM. */
void comm_must(const struct cluster *c, int mpi_status);

/* Is the request of such a call done? */
bool comm_done(struct cluster *c, MPI_Request *request);

/* Asks c->waiting, if it is set; c->leave if this rank does not want to wait any longer, for those
   of whom it is known that they are missing. */
void comm_ask(struct cluster *c);

/* Until the request is done, with naps; asks again and again. */
void comm_wait(struct cluster *c, MPI_Request *request);

/* "rank 1" or "ranks 0, 4, 7", in text: those of which counts[] (size) is not 0; "other ranks" if
   it is 0 of all. */
const char *name_ranks(struct buf *text, const int *counts, int size);

/* Sleeps a little longer each time nothing happened, up to a millisecond; blocking MPI calls spin.
 */
struct nap {
    long nanoseconds;
};

void nap_reset(struct nap *n);
void nap_take(struct nap *n);

#endif
