/*
 * The list of units of a campaign: what each computes, what it costs, and its key.
 *
 * A unit is a range of cells of one query in one experiment, cut from the query's first cell on at
 * a cost that depends on config, model and query alone. Its key is a hash of what it computes, so
 * resume, appended queries, added experiments and array shards are one mechanism: a unit whose key
 * stands in the journal is not computed again. What is computed together is bundle.h's affair.
 */
#ifndef LENSWEEP_CAMPAIGN_CUT_H
#define LENSWEEP_CAMPAIGN_CUT_H

#include "base/hash.h"
#include "campaign/cost.h"

struct campaign;

struct unit {
    enum unit_work {
        UNIT_CELLS,  /* cells [first, first + n) */
        UNIT_SURVEY, /* n queries from this one on are surveyed (survey.h) */
        UNIT_AUDIT,  /* the first-th check of the query (audit.h) */
    } work;
    uint32_t experiment;
    uint32_t query;
    uint64_t first, n;
    struct cost cost;      /* its own: variants, decoding */
    struct runs_cost runs; /* that it needs beside: shared within a bundle */
    struct hash key;
};

/* Fills c->unit: surveys first, then experiment by experiment, query by query, from the first cell
   to the last; then the query's audits, if it has any. */
int campaign_cut(struct campaign *c, struct err *err);

/* What a unit adds to the whole if no run is made twice: a clean run counts for the group
   `queries`, which reads that of every query, other runs for an experiment's first cells. */
uint64_t unit_flops(const struct unit *u);

#endif
