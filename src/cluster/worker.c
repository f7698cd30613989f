/* A remote worker: receives unit numbers, sends reduced rows. */
#include "cluster/comms.h"

#include "base/clock.h"

#include <limits.h>
#include <string.h>

static int next_unit(struct cluster *c, uint64_t *unit, struct err *err)
{
    struct nap nap = {0};
    int there = 0;

    for (;;) {
        if (comm_check(MPI_Iprobe(0, TAG_UNIT, c->comms->all, &there, MPI_STATUS_IGNORE),
                       "cannot hear from the master", err))
            return err->code;
        if (there)
            break;
        nap_take(&nap);
    }
    return comm_check(
        MPI_Recv(unit, 1, MPI_UINT64_T, 0, TAG_UNIT, c->comms->all, MPI_STATUS_IGNORE),
        "cannot receive a unit", err);
}

/* The unit's rows behind a header with room for its time and cost; or the error in its place. */
static int answer(struct cluster *c, const struct work *work, uint64_t unit, struct buf *b,
                  struct err *trouble, struct err *err)
{
    struct rows_header head = {unit, clock_seconds(), 0};

    buf_clear(b);
    err_clear(trouble);
    if (!buf_put(b, &head, sizeof head, trouble))
        work->run(work->ctx, unit, b, &head.did, trouble);
    if (!trouble->code && b->len > INT_MAX)
        err_set(trouble, ERR_BUG, "unit %llu has %zu bytes of rows, more than a message holds",
                (unsigned long long)unit, b->len);
    if (trouble->code) {
        comm_sign(c, trouble);
        return comm_check(MPI_Send(trouble, sizeof *trouble, MPI_BYTE, 0, TAG_ERROR, c->comms->all),
                          "cannot send an error", err);
    }
    head.seconds = clock_seconds() - head.seconds;
    memcpy(b->data, &head, sizeof head);
    return comm_check(MPI_Send(b->data, (int)b->len, MPI_BYTE, 0, TAG_ROWS, c->comms->all),
                      "cannot send rows", err);
}

int worker_loop(struct cluster *c, const struct work *work, struct err *err)
{
    struct err trouble;
    struct buf b = {0};
    uint64_t unit;

    while (!next_unit(c, &unit, err) && unit != UNIT_STOP)
        if (answer(c, work, unit, &b, &trouble, err))
            break;
    buf_release(&b);
    return err->code;
}
