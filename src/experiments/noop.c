/*
 * Nothing, through everything: cells without variants, for load tests of the scheduler, the journal
 * and the result file, and as proof that an experiment needs no more than this.
 */
#include "experiments/experiment.h"

struct noop_config {
    int64_t cells, values;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct noop_config, cells, "cells", config_int, "1000", 1, 1e9, RESULTS,
               "cells per query; each is a unit of its own"),
    CONFIG_ROW(struct noop_config, values, "values", config_int, "16", 1, 1e6, RESULTS,
               "numbers that each cell sends back"),
};

static int noop_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct noop_config *c = x->config;

    (void)problems;
    if (add_axis(x, "cell", (size_t)c->cells, err) || add_axis(x, "value", (size_t)c->values, err))
        return err->code;
    x->words = "nothing: cell {cell}";
    x->axis[0].cell = x->axis[0].even = true;
    return add_field(x, "number", V_F32, "query cell value", "1", "cell + value", err);
}

static int noop_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                       struct worker *w, struct err *err)
{
    const struct noop_config *c = x->config;

    (void)w;
    (void)err;
    for (int64_t i = 0; i < c->values; i++)
        row_f32(row, "number")[i] = (float)(cell->index[0] + i);
    return 0;
}

const struct kind kind_noop = {
    .name = "noop",
    .summary = "no work at all: a load test of the scheduler",
    KIND_CONFIG(struct noop_config, rows),
    .version = 1,
    .no_runs = true,
    .open = noop_open,
    .reduce_cell = noop_reduce,
};
