/* Progress for people: one live line on a terminal, also under mpirun, and a few in a job's log. */
#ifndef LENSWEEP_CLI_RUN_PROGRESS_H
#define LENSWEEP_CLI_RUN_PROGRESS_H

#include "cluster/cluster.h"

struct progress_view {
    bool terminal;
    double next;          /* seconds at which a line is due */
    struct progress last; /* of this start */
    size_t units_done;    /* in this phase; `last` counts bundles */
    size_t units_before;  /* of earlier starts, and of earlier phases of this one */
    double cost_before;   /* what these cost: of earlier starts as planned */
    size_t units;         /* in all */
    double cost;          /* in all: as planned, but of earlier phases in fact */
    size_t bad;           /* queries (campaign/bad.h), as far as is known */
    const char *current;  /* experiment of the unit that came last; NULL = none yet */
    /* of all phases of this start that have ended */
    size_t done;
    double seconds, did;
};

/* All but terminal, next, last, and what progress_end adds up, are the caller's. */
void progress_begin(struct progress_view *v);
void progress_show(struct progress_view *v, const struct progress *p);
void progress_clear(const struct progress_view *v); /* the live line */
void progress_end(struct progress_view *v);

#endif
