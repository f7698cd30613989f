/*
 * The master: hands out units on demand, the largest first, and takes their rows. It sleeps between
 * polls, so that the worker beside it has the core.
 */
#include "cluster/comms.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cluster/local.h"

#include <stdlib.h>
#include <string.h>

struct master {
    struct cluster *c;
    const struct job *job;
    uint64_t *order; /* (n) todo, the largest first */
    size_t next;
    int *in_flight; /* (size) units that a rank has */
    struct local_worker local;
    struct buf message;
    struct progress progress;
    double start, last_tick;
    bool stopping, recalled;
    struct err *err; /* the first thing that went wrong */
};

struct by_cost {
    double cost;
    uint64_t unit;
};

static int larger_first(const void *a, const void *b)
{
    const struct by_cost *x = a, *y = b;

    if (x->cost != y->cost)
        return x->cost < y->cost ? 1 : -1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static int sort_units(struct master *m)
{
    const struct job *job = m->job;
    struct by_cost *sorted = mem_alloc(job->n, sizeof *sorted, m->err);

    m->order = mem_alloc(job->n, sizeof *m->order, m->err);
    if (!sorted || !m->order) {
        mem_free(sorted);
        return m->err->code;
    }
    for (size_t i = 0; i < job->n; i++) {
        sorted[i] = (struct by_cost){job->work.cost(job->work.ctx, job->todo[i]), job->todo[i]};
        m->progress.cost += sorted[i].cost;
    }
    qsort(sorted, job->n, sizeof *sorted, larger_first);
    for (size_t i = 0; i < job->n; i++)
        m->order[i] = sorted[i].unit;
    mem_free(sorted);
    m->progress.units = job->n;
    return 0;
}

static void fail(struct master *m, const struct err *err)
{
    if (!m->err->code)
        *m->err = *err;
    m->stopping = true;
}

static void send_unit(struct master *m, int rank, uint64_t unit)
{
    struct err err = ERR_CLEAR;

    if (rank == 0 && unit != UNIT_STOP) {
        local_send(&m->local, unit);
        return;
    }
    if (comm_check(MPI_Send(&unit, 1, MPI_UINT64_T, rank, TAG_UNIT, m->c->comms->all),
                   "cannot send a unit", &err))
        fail(m, &err);
}

static void hand_out(struct master *m)
{
    while (!m->stopping) {
        int r = turn_next(m->in_flight, m->c->size, m->job->n - m->next);

        if (r < 0)
            break;
        m->in_flight[r]++;
        m->progress.in_flight++;
        send_unit(m, r, m->order[m->next++]);
    }
}

/* So many units less are in flight. */
static void gave_back(struct master *m, int rank, int units)
{
    m->in_flight[rank] -= units;
    m->progress.in_flight -= (size_t)units;
}

/* What is not begun yet need not be: a unit may take many seconds. */
static void recall(struct master *m)
{
    m->recalled = true;
    gave_back(m, 0, local_recall(&m->local));
    for (int r = 1; r < m->c->size; r++)
        if (m->in_flight[r])
            send_unit(m, r, UNIT_RECALL);
}

static void take(struct master *m, int rank, const struct rows_header *head, const void *rows,
                 size_t n)
{
    const struct job *job = m->job;
    struct err err = ERR_CLEAR;

    gave_back(m, rank, 1);
    m->progress.done++;
    m->progress.cost_done += job->work.cost(job->work.ctx, head->unit);
    m->progress.did += head->did;
    if (job->done(job->ctx, head->unit, rows, n, head->seconds, &err))
        fail(m, &err);
}

static bool poll_local(struct master *m)
{
    struct parcel p;

    if (!local_receive(&m->local, &p))
        return false;
    if (p.err.code) {
        gave_back(m, 0, 1);
        fail(m, &p.err);
    } else {
        take(m, 0, &(struct rows_header){p.unit, p.seconds, p.did}, p.rows.data, p.rows.len);
    }
    buf_release(&p.rows);
    return true;
}

static int receive(struct master *m, const MPI_Status *status, struct err *err)
{
    int n;

    MPI_Get_count(status, MPI_BYTE, &n);
    buf_clear(&m->message);
    if (buf_reserve(&m->message, (size_t)n, err))
        return err->code;
    m->message.len = (size_t)n;
    return comm_check(MPI_Recv(m->message.data, n, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG,
                               m->c->comms->all, MPI_STATUS_IGNORE),
                      "cannot receive rows", err);
}

static bool poll_remote(struct master *m)
{
    struct rows_header head;
    MPI_Status status;
    struct err err = ERR_CLEAR;
    int there = 0;

    if (m->c->size == 1)
        return false;
    if (comm_check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, m->c->comms->all, &there, &status),
                   "cannot hear from the workers", &err) ||
        (there && receive(m, &status, &err))) {
        fail(m, &err);
        return false;
    }
    if (!there)
        return false;
    if (status.MPI_TAG == TAG_ERROR) {
        memcpy(&err, m->message.data, sizeof err);
        gave_back(m, status.MPI_SOURCE, 1);
        fail(m, &err);
        return true;
    }
    if (status.MPI_TAG == TAG_BACK) {
        gave_back(m, status.MPI_SOURCE, 1);
        return true;
    }
    memcpy(&head, m->message.data, sizeof head);
    take(m, status.MPI_SOURCE, &head, m->message.data + sizeof head, m->message.len - sizeof head);
    return true;
}

/* Who has units in flight, as "rank 1" or "ranks 0, 4, 7". */
static void say_overdue(struct master *m)
{
    struct buf text = {0};

    m->job->overdue(m->job->ctx, name_ranks(&text, m->in_flight, m->c->size), m->err);
    buf_release(&text);
}

static void tick(struct master *m, bool due)
{
    double now = clock_seconds();

    m->progress.seconds = now - m->start;
    if (m->job->stop && m->job->stop(m->job->ctx))
        m->stopping = true;
    if (!due && now - m->last_tick <= 0.1)
        return;
    m->last_tick = now;
    if (m->job->tick)
        m->job->tick(m->job->ctx, &m->progress);
    if (m->stopping && m->progress.in_flight && m->job->overdue)
        say_overdue(m);
}

static void serve(struct master *m)
{
    struct nap nap = {0};

    for (;;) {
        bool local, remote;

        hand_out(m);
        if (m->stopping && !m->recalled)
            recall(m);
        if (!m->progress.in_flight)
            break;
        local = poll_local(m);
        remote = poll_remote(m);
        if (local || remote)
            nap_reset(&nap);
        else if (m->c->size == 1)
            local_wait(&m->local); /* no message to look for */
        else
            nap_take(&nap);
        tick(m, false);
    }
}

int master_loop(struct cluster *c, const struct job *job, bool *finished, struct err *err)
{
    struct master m = {.c = c, .job = job, .err = err, .start = clock_seconds()};
    bool started = false;

    m.in_flight = mem_alloc((size_t)c->size, sizeof *m.in_flight, err);
    if (m.in_flight && !sort_units(&m) && !local_start(&m.local, &job->work, err)) {
        started = true;
        serve(&m);
        tick(&m, true);
    }
    for (int r = 1; r < c->size; r++)
        send_unit(&m, r, UNIT_STOP);
    if (started)
        local_stop(&m.local);
    *finished = !err->code && m.progress.done == job->n;
    mem_free(m.in_flight);
    mem_free(m.order);
    buf_release(&m.message);
    return err->code;
}
