/*
 * The work that the cluster floor hands out: a bundle of units, and their rows.
 */
#ifndef LENSWEEP_CAMPAIGN_UNIT_H
#define LENSWEEP_CAMPAIGN_UNIT_H

#include "base/work.h"

#include <stdbool.h>

struct campaign;

/* Appends the reduced rows of all units of bundle i to out: a pure function of i. Trouble with a
   query is a status in them. ERR_BUG if a unit cost something else than planned. */
int bundle_run(struct campaign *c, uint64_t i, struct buf *out, struct err *err);

/* One unit's rows in what bundle_run gave, and its share of the bundle's work. */
struct unit_rows {
    uint64_t unit;
    const void *rows;
    size_t n;
    double share;
};

/* The next of them; false after the last, or if the bytes are not such rows: then at->bad. */
bool bundle_next(const struct campaign *c, uint64_t i, struct cursor *at, struct unit_rows *u);

/* All bundles, in the order of c->bundle. */
struct work campaign_work(struct campaign *c);

#endif
