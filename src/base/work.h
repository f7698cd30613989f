/*
 * Work as the cluster floor sees it: n independent units, what each costs, and how one is done.
 * The units of a run, and `noop` (a load test of the scheduler), are work.
 */
#ifndef LENSWEEP_BASE_WORK_H
#define LENSWEEP_BASE_WORK_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct work {
    void *ctx;
    uint64_t n; /* units, numbered from 0 */

    /* Cost of unit i in FLOP (any unit of measure that adds up); known before anything has run. */
    double (*cost)(void *ctx, uint64_t i);

    /* Does unit i and appends its reduced rows to out: a pure function of i. *did: what it cost in
       fact, which is less where a query turns out to be left out. Called on one thread at a time.
       Trouble with one query is a row in out; an error here ends the job. */
    int (*run)(void *ctx, uint64_t i, struct buf *out, double *did, struct err *err);
};

#endif
