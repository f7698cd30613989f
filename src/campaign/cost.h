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

/* Texts of cells that a worker writes side by side: each holds keys and values of its own run. */
enum { TEXTS_AT_ONCE = 64 };

/* Bytes that the variants of cells which are run at once take, unless one cell's take more: each of
   a circuit of edges has arrays of its own. */
enum { BLOCK_BYTES = 256 << 20 };

/* What makes a query's run: v->into is run[i], whose bases stand before it. */
struct variant run_variant(const struct run_spec *spec, const struct query *q, struct run *run,
                           int i);

/* FLOP of a query's runs, and rows that they keep. All experiments that are computed of a query at
   once share one clean run (bundle.h); the others are an experiment's own. */
struct runs_cost {
    uint64_t clean, others; /* FLOP; 0 = it has none */
    uint64_t rows;          /* of the others */
};

/* A query's runs (RUNS_MAX) as far as plans need them, without rows. */
int runs_cost(struct run *run, const struct experiment *x, const struct query *q, struct arena *a,
              struct runs_cost *cost, struct err *err);

/* Makes a cell's variants and adds what they cost. Their edits' ranges are enough: the runs need no
   rows. */
int cell_cost(const struct experiment *x, struct cell *cell, struct arena *a, struct cost *sum,
              struct err *err);

struct campaign;

/* Memory of one worker: engine and runs, without the weights. */
double campaign_bytes(struct campaign *c, int threads);

#endif
