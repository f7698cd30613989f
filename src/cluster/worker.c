/* A remote worker: receives unit numbers, sends reduced rows. The master waits for each answer, so
   a call that fails here ends the job. */
#include "cluster/comms.h"

#include "base/clock.h"

#include <limits.h>
#include <string.h>

/* Messages that have come: units that are not begun, or the end. */
enum { INBOX = 4 }; /* two units are in flight at most, then STOP */

struct inbox {
    uint64_t v[INBOX];
    int n;
};

static bool has_come(struct cluster *c)
{
    int there = 0;

    comm_must(c, MPI_Iprobe(0, TAG_UNIT, c->comms->all, &there, MPI_STATUS_IGNORE));
    return there;
}

static void give_back(struct cluster *c, struct inbox *in)
{
    for (int i = 0; i < in->n; i++)
        comm_must(c, MPI_Send(&in->v[i], 1, MPI_UINT64_T, 0, TAG_BACK, c->comms->all));
    in->n = 0;
}

/* All that has come, so that a recall is seen before the unit in front of it is begun. */
static void empty_post(struct cluster *c, struct inbox *in)
{
    while (in->n < INBOX && has_come(c)) {
        uint64_t unit;

        comm_must(c,
                  MPI_Recv(&unit, 1, MPI_UINT64_T, 0, TAG_UNIT, c->comms->all, MPI_STATUS_IGNORE));
        if (unit == UNIT_RECALL)
            give_back(c, in);
        else
            in->v[in->n++] = unit;
    }
}

static uint64_t next_unit(struct cluster *c, struct inbox *in)
{
    struct nap nap = {0};
    uint64_t first;

    for (empty_post(c, in); !in->n; empty_post(c, in))
        nap_take(&nap);
    first = in->v[0];
    memmove(in->v, in->v + 1, (size_t)--in->n * sizeof *in->v);
    return first;
}

/* The unit's rows behind a header with room for its time and cost; or the error in its place. */
static void answer(struct cluster *c, const struct work *work, uint64_t unit, struct buf *b)
{
    struct rows_header head = {unit, clock_seconds(), 0};
    struct err err = ERR_CLEAR;

    buf_clear(b);
    if (!buf_put(b, &head, sizeof head, &err))
        work->run(work->ctx, unit, b, &head.did, &err);
    if (!err.code && b->len > INT_MAX)
        err_set(&err, ERR_BUG, "unit %llu has %zu bytes of rows, more than a message holds",
                (unsigned long long)unit, b->len);
    if (err.code) {
        comm_sign(c, &err);
        comm_must(c, MPI_Send(&err, sizeof err, MPI_BYTE, 0, TAG_ERROR, c->comms->all));
        return;
    }
    head.seconds = clock_seconds() - head.seconds;
    memcpy(b->data, &head, sizeof head);
    comm_must(c, MPI_Send(b->data, (int)b->len, MPI_BYTE, 0, TAG_ROWS, c->comms->all));
}

void worker_loop(struct cluster *c, const struct work *work)
{
    struct buf b = {0};
    struct inbox in = {.n = 0};
    uint64_t unit;

    while ((unit = next_unit(c, &in)) != UNIT_STOP)
        answer(c, work, unit, &b);
    buf_release(&b);
}
