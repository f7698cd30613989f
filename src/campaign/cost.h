/*
 * What a query's runs and its cells cost, before anything is executed. The campaign cuts units by
 * it, and a unit that comes to another cost when it is done is a bug.
 */
#ifndef LENSWEEP_CAMPAIGN_COST_H
#define LENSWEEP_CAMPAIGN_COST_H

#include "experiments/experiment.h"

struct cost {
    uint64_t flops, variants;
};

/* What makes a query's run: v->into is run[i], whose bases stand before it. */
struct variant run_variant(const struct run_spec *spec, const struct query *q, struct run *run,
                           int i);

/* A query's runs (RUNS_MAX) as far as plans need them, without rows, and their FLOP, which each of
   its units spends anew. */
int runs_cost(struct run *run, const struct experiment *x, const struct query *q, struct arena *a,
              uint64_t *flops, struct err *err);

/* Makes a cell's variants and adds what they cost. Their edits' ranges are enough: the runs need no
   rows. */
int cell_cost(const struct experiment *x, struct cell *cell, struct arena *a, struct cost *sum,
              struct err *err);

struct campaign;

/* Memory of one worker: engine and runs, without the weights. */
double campaign_bytes(struct campaign *c, int threads);

#endif
