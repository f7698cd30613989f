/*
 * The cluster floor: MPI ranks, one master that hands out units of work, workers that do them.
 * Nothing else in the tree includes mpi.h.
 *
 *     int prepare(struct err *err);                 // each rank by itself
 *
 *     int run(struct job *job, bool *finished, struct err *err)
 *     {
 *         struct cluster c;
 *
 *         if (cluster_init(&c, err))
 *             return err->code;
 *         prepare(err);
 *         if (!cluster_agree(&c, err))              // no rank has an error
 *             cluster_run(&c, job, finished, err);
 *         cluster_close(&c);
 *         return err->code;
 *     }
 *
 * Rank 0's main thread is the master; rank 0 also works, on a second thread that makes no MPI call
 * (MPI_THREAD_FUNNELED). One rank alone is the same code. The protocol:
 *   - master to worker: UNIT (a number; a second one is in flight so that no worker waits), RECALL
 *     (once, when the run stops early), STOP;
 *   - worker to master: ROWS (number, seconds, cost, reduced rows), ERROR (a struct err), or BACK
 *     (recalled before it was begun), each in answer to one UNIT;
 *   - after STOP a worker sends nothing more. The master sends STOP when nothing is in flight: then
 *     no message is under way in either direction and all meet in cluster_agree.
 *
 * Peers that stand still or are gone: whoever waits for others says so again and again (`waiting`),
 * and so does the master once it has stopped (`overdue`); either may end the job. A rank whose peer
 * on the same node, or whose launcher, has been gone for a while ends by itself, should mpirun not
 * have ended it.
 */
#ifndef LENSWEEP_CLUSTER_CLUSTER_H
#define LENSWEEP_CLUSTER_CLUSTER_H

#include "base/work.h"

#include <stdbool.h>

struct cluster {
    int rank, size;
    int node_rank, node_size; /* among the ranks that share this node's memory */
    int nodes;
    /* May be set after cluster_init: asked while this rank waits for others in a collective call.
       True: it does not want to wait any longer, and `leave` is told for whom it has waited ("rank
       1", "ranks 0, 4, 7"; "other ranks" where that is not known), and does not return. why: the
       error that a rank has brought to the call; code 0: none. */
    bool (*waiting)(void *ctx, const struct err *why);
    void (*leave)(void *ctx, const char *ranks, const struct err *why);
    void *waiting_ctx;
    struct cluster_comms *comms; /* private */
};

/* Rank in a job of which MPI_Init has not told yet (Open MPI, PMIx, MPICH, SLURM); -1 = none. */
int cluster_launched_rank(void);

/* Whole-job set-up and end; ERR_COMM. Without mpirun or srun: one rank. */
int cluster_init(struct cluster *c, struct err *err);
void cluster_close(struct cluster *c);

/* Collective. If any rank has an error, all get that of the lowest such rank, which says where it
   happened unless that is rank 0. */
int cluster_agree(struct cluster *c, struct err *err);

/* Collective: is this text the same on all ranks? If not: ERR_CONFIG that names what differs, both
   texts and the first rank that differs, and ends with `mend`. */
int cluster_same(struct cluster *c, const char *what, const char *text, const char *mend,
                 struct err *err);

void cluster_barrier(struct cluster *c);

/* Collective: `bytes` of each rank, gathered on rank 0 in `all` (size x bytes). */
void cluster_gather(struct cluster *c, const void *own, void *all, size_t bytes);

/* Collective: rank 0's bytes, on all ranks. */
void cluster_share(struct cluster *c, void *data, size_t bytes);

/* Sum over ranks, on rank 0; sum over the ranks of the node, on all of them. */
uint64_t cluster_sum(struct cluster *c, uint64_t v);
uint64_t cluster_node_sum(struct cluster *c, uint64_t v);
void cluster_node_sums(struct cluster *c, uint64_t *v, size_t n); /* n of them */

struct progress {
    size_t units, done, in_flight;
    double cost, cost_done; /* of what was to be done here, and of the units done, as planned */
    double did;             /* what these cost in fact */
    double seconds;         /* since the start */
};

/* Called on the master (rank 0), on its main thread. */
struct job {
    struct work work;
    const uint64_t *todo; /* (n) units still to be done, in canonical order */
    size_t n;
    void *ctx;
    int (*done)(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                struct err *err);
    void (*tick)(void *ctx, const struct progress *p); /* a few times a second */
    /* true: hand out nothing more, wait for what has been begun; may be NULL */
    bool (*stop)(void *ctx);
    /* Called after that, or after an error (why; code 0: none), with the ranks that have not
       answered ("rank 1", "ranks 0, 4, 7"). Who does not want to wait for them any longer ends the
       job, and does not return; may be NULL. */
    void (*overdue)(void *ctx, const char *ranks, const struct err *why);
};

/* Collective; work is needed on all ranks, the rest on rank 0. Returns the agreed error. *finished:
   all units were done (rank 0). */
int cluster_run(struct cluster *c, const struct job *job, bool *finished, struct err *err);

/* Ends the whole job at once; for errors after which ranks cannot agree any more. */
void cluster_abort(int status);

#endif
