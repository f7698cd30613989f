/* What a campaign that has been cut takes, for `plan` and `run --dry-run`. */
#ifndef LENSWEEP_CLI_PLAN_FORECAST_H
#define LENSWEEP_CLI_PLAN_FORECAST_H

#include "campaign/campaign.h"

struct forecast {
    double flops, seconds; /* in all; seconds 0 = not known */
    double first;          /* FLOP of rank 0 before the others begin */
    double rank_bytes, weight_bytes;
    double rank_most; /* bytes that run.memory lets it have; 0 = auto */
    int64_t ranks, nodes;
    int threads;             /* of a rank */
    double flops_per_second; /* of a rank, measured; 0 = not known */
};

/* What an experiment takes: queries that have cells, cells; FLOP without those of runs. */
struct plan_row {
    uint64_t units, cells, queries;
    double flops;
};

/* Of each experiment, with the runs that it needs beside its cells, then of all together: row
   (c->n + 1). Returns the clean runs, which all share and which are in the last row too. */
struct plan_row plan_rows(const struct campaign *c, struct plan_row *row);

/* Bundles the campaign for so many ranks. */
int forecast(struct forecast *e, struct campaign *c, int64_t ranks, int64_t nodes, int threads,
             struct err *err);

/* Units, cells, FLOP, memory and time, and some cells in words. */
int print_plan(struct campaign *c, const struct forecast *e, struct err *err);

/* The same as JSON, without the cells. */
int print_plan_json(const struct campaign *c, const struct forecast *e, struct err *err);

#endif
