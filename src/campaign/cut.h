/*
 * The list of units of a campaign: what each computes, what it costs, and its key.
 *
 * A unit is a range of cells of one query in one experiment, cut from the query's first cell on at
 * a cost that depends on config, model and query alone. Its key is a hash of what it computes, so
 * resume, appended queries, added experiments and array shards are one mechanism: a unit whose key
 * stands in the journal is not computed again.
 */
#ifndef LENSWEEP_CAMPAIGN_CUT_H
#define LENSWEEP_CAMPAIGN_CUT_H

#include "base/hash.h"
#include "campaign/cost.h"

struct campaign;

struct unit {
    uint32_t experiment;
    uint32_t query;
    bool survey;       /* n queries from this one on are surveyed (survey.h), no cells */
    uint64_t first, n; /* cells [first, first + n) */
    struct cost cost;  /* runs, variants, decoding */
    struct hash key;
};

/* Fills c->unit: surveys first, then experiment by experiment, query by query, from the first cell
   to the last. */
int campaign_cut(struct campaign *c, struct err *err);

#endif
