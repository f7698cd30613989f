#include "cluster/comms.h"

#include "base/mem.h"
#include "base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int comm_check(int mpi_status, const char *what, struct err *err)
{
    char text[MPI_MAX_ERROR_STRING];
    int n;

    if (mpi_status == MPI_SUCCESS)
        return 0;
    MPI_Error_string(mpi_status, text, &n);
    return err_set(err, ERR_COMM, "%s: %s", what, text);
}

void comm_must(const struct cluster *c, int mpi_status)
{
    struct err err = ERR_CLEAR;

    if (!comm_check(mpi_status, "a call for which other ranks wait failed", &err))
        return;
    dprintf(STDERR_FILENO, "lensweep: rank %d: %s\n", c->rank, err.msg);
    cluster_abort(err.code);
}

static int watch_node(struct cluster *c, struct err *err)
{
    struct peer self = peer_self(c->rank);
    struct peer *all = mem_alloc((size_t)c->node_size, sizeof *all, err);
    int n = (int)sizeof self, code;

    if (!all)
        return err->code;
    code = comm_check(MPI_Allgather(&self, n, MPI_BYTE, all, n, MPI_BYTE, c->comms->node),
                      "cannot find the processes of this node", err) ||
           watch_start(&c->comms->watch, all, c->node_size, c->rank, err);
    mem_free(all);
    return err_if(err, code);
}

static int split_nodes(struct cluster *c, struct err *err)
{
    int first = 0, code;

    code = comm_check(MPI_Comm_split_type(c->comms->all, MPI_COMM_TYPE_SHARED, c->rank,
                                          MPI_INFO_NULL, &c->comms->node),
                      "cannot find the ranks of this node", err);
    if (code)
        return code;
    MPI_Comm_set_name(c->comms->node, "lensweep node");
    MPI_Comm_rank(c->comms->node, &c->node_rank);
    MPI_Comm_size(c->comms->node, &c->node_size);
    first = c->node_rank == 0;
    comm_must(c, MPI_Allreduce(&first, &c->nodes, 1, MPI_INT, MPI_SUM, c->comms->all));
    return watch_node(c, err);
}

int cluster_init(struct cluster *c, struct err *err)
{
    int provided = 0;

    memset(c, 0, sizeof *c);
    c->comms = mem_alloc(1, sizeof *c->comms, err);
    /* Without a launcher Open MPI would start a daemon, for processes to be added later. */
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    if (!c->comms || watch_launcher(&c->comms->watch, err) ||
        comm_check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided), "cannot start MPI",
                   err))
        return err->code;
    if (provided < MPI_THREAD_FUNNELED)
        return err_set(err, ERR_COMM, "this MPI cannot run beside threads (MPI_THREAD_FUNNELED)");
    if (comm_check(MPI_Comm_dup(MPI_COMM_WORLD, &c->comms->all), "cannot make a communicator", err))
        return err->code;
    MPI_Comm_set_name(c->comms->all, "lensweep");
    MPI_Comm_set_errhandler(c->comms->all, MPI_ERRORS_RETURN);
    MPI_Comm_rank(c->comms->all, &c->rank);
    MPI_Comm_size(c->comms->all, &c->size);
    c->comms->missing = mem_alloc((size_t)c->size, sizeof *c->comms->missing, err);
    if (!c->comms->missing)
        return err->code;
    if (c->size == 1)
        watch_alone(&c->comms->watch);
    return split_nodes(c, err);
}

void cluster_close(struct cluster *c)
{
    struct err ignored = ERR_CLEAR;

    watch_start(&c->comms->watch, NULL, 0, c->rank, &ignored); /* peers may end before us now */
    MPI_Comm_free(&c->comms->node);
    MPI_Comm_free(&c->comms->all);
    MPI_Finalize();
    watch_stop(&c->comms->watch);
    mem_free(c->comms->missing);
    mem_free(c->comms);
}

bool comm_done(struct cluster *c, MPI_Request *request)
{
    int done = 0;

    comm_must(c, MPI_Test(request, &done, MPI_STATUS_IGNORE));
    return done;
}

void comm_sign(const struct cluster *c, struct err *err)
{
    char host[PROCESS_HOST];

    if (!err->code)
        return;
    err->rank = c->rank;
    if (c->rank)
        err_wrap(err, "rank %d on %s", c->rank, process_host(host));
}

static const struct err no_error = ERR_CLEAR;

static const struct err *brought(const struct cluster *c)
{
    return c->comms->why ? c->comms->why : &no_error;
}

const char *name_ranks(struct buf *text, const int *counts, int size)
{
    struct err ignored = ERR_CLEAR;
    int n = 0;

    for (int r = 0; r < size; r++)
        n += counts[r] > 0;
    if (!n)
        return "other ranks";
    buf_puts(text, n == 1 ? "rank" : "ranks", &ignored);
    for (int r = 0, k = 0; r < size; r++)
        if (counts[r])
            buf_printf(text, &ignored, "%s %d", k++ ? "," : "", r);
    return buf_str(text, &ignored) ? text->data : "other ranks";
}

void comm_ask(struct cluster *c)
{
    struct buf text = {0};

    if (c->waiting && c->waiting(c->waiting_ctx, brought(c)))
        c->leave(c->waiting_ctx, name_ranks(&text, c->comms->missing, c->size), brought(c));
    buf_release(&text);
}

/* Blocking MPI calls spin, and cannot be left. */
void comm_wait(struct cluster *c, MPI_Request *request)
{
    struct nap nap = {0};

    while (!comm_done(c, request)) {
        nap_take(&nap);
        comm_ask(c);
    }
}

/* Rank 0: what another rank brings, if one has come; *err: that of the lowest rank. */
static bool greet(struct cluster *c, struct err *err)
{
    struct err its = ERR_CLEAR;
    MPI_Status status;
    int there = 0;

    comm_must(c, MPI_Iprobe(MPI_ANY_SOURCE, TAG_HERE, c->comms->all, &there, &status));
    if (!there)
        return false;
    comm_must(c, MPI_Recv(&its, (int)sizeof its, MPI_BYTE, status.MPI_SOURCE, TAG_HERE,
                          c->comms->all, MPI_STATUS_IGNORE));
    c->comms->missing[status.MPI_SOURCE] = 0;
    if (its.code && (!err->code || its.rank < err->rank))
        *err = its;
    return true;
}

/* Before a collective call in which ranks may wait for one that never comes: each tells rank 0 that
   it is there, and its error, so that it is known who has not come, and why not to wait. */
static void meet(struct cluster *c, struct err *err)
{
    struct nap nap = {0};
    int left = c->size - 1;

    if (c->rank) {
        comm_must(c, MPI_Send(err, err->code ? (int)sizeof *err : 0, MPI_BYTE, 0, TAG_HERE,
                              c->comms->all));
        return;
    }
    for (int r = 1; r < c->size; r++)
        c->comms->missing[r] = 1;
    c->comms->why = err;
    while (left) {
        if (greet(c, err)) {
            left--;
            continue;
        }
        nap_take(&nap);
        comm_ask(c);
    }
}

static void broadcast(struct cluster *c, void *data, int n, int from)
{
    MPI_Request request;

    comm_must(c, MPI_Ibcast(data, n, MPI_BYTE, from, c->comms->all, &request));
    comm_wait(c, &request);
}

int cluster_agree(struct cluster *c, struct err *err)
{
    comm_sign(c, err);
    meet(c, err);
    broadcast(c, err, (int)sizeof *err, 0);
    c->comms->why = NULL;
    return err->code;
}

int cluster_same(struct cluster *c, const char *what, const char *text, const char *mend,
                 struct err *err)
{
    char first[ERR_MESSAGE / 4] = "", own[ERR_MESSAGE / 4];

    snprintf(own, sizeof own, "%s", text);
    memcpy(first, own, sizeof first);
    broadcast(c, first, (int)sizeof first, 0);
    if (strcmp(first, own) != 0)
        err_set(err, ERR_CONFIG, "%s differs between ranks: %s on rank 0, %s on rank %d; %s", what,
                first, own, c->rank, mend);
    return cluster_agree(c, err);
}

void cluster_barrier(struct cluster *c)
{
    struct err none = ERR_CLEAR;
    MPI_Request request;

    meet(c, &none);
    comm_must(c, MPI_Ibarrier(c->comms->all, &request));
    comm_wait(c, &request);
    c->comms->why = NULL;
}

void cluster_gather(struct cluster *c, const void *own, void *all, size_t bytes)
{
    MPI_Request request;

    comm_must(c, MPI_Igather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, 0, c->comms->all,
                             &request));
    comm_wait(c, &request);
}

void cluster_share(struct cluster *c, void *data, size_t bytes)
{
    char *at = data;

    for (size_t done = 0; done < bytes;) { /* MPI counts in int */
        size_t n = bytes - done < (1u << 30) ? bytes - done : 1u << 30;

        broadcast(c, at + done, (int)n, 0);
        done += n;
    }
}

uint64_t cluster_sum(struct cluster *c, uint64_t v)
{
    uint64_t sum = 0;
    MPI_Request request;

    comm_must(c, MPI_Ireduce(&v, &sum, 1, MPI_UINT64_T, MPI_SUM, 0, c->comms->all, &request));
    comm_wait(c, &request);
    return sum;
}

void cluster_node_sums(struct cluster *c, uint64_t *v, size_t n)
{
    for (size_t at = 0; at < n;) { /* MPI counts in int */
        size_t part = n - at < (1u << 20) ? n - at : 1u << 20;
        MPI_Request request;

        comm_must(c, MPI_Iallreduce(MPI_IN_PLACE, v + at, (int)part, MPI_UINT64_T, MPI_SUM,
                                    c->comms->node, &request));
        comm_wait(c, &request);
        at += part;
    }
}

uint64_t cluster_node_sum(struct cluster *c, uint64_t v)
{
    cluster_node_sums(c, &v, 1);
    return v;
}

void cluster_abort(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

void nap_reset(struct nap *n)
{
    n->nanoseconds = 0;
}

void nap_take(struct nap *n)
{
    struct timespec ts = {0, n->nanoseconds ? n->nanoseconds : 20000};

    nanosleep(&ts, NULL);
    n->nanoseconds = ts.tv_nsec < 500000 ? 2 * ts.tv_nsec : 1000000;
}

int cluster_run(struct cluster *c, const struct job *job, bool *finished, struct err *err)
{
    *finished = false;
    if (c->rank == 0)
        master_loop(c, job, finished, err);
    else
        worker_loop(c, &job->work);
    return cluster_agree(c, err);
}
