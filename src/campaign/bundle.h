/*
 * Bundles: the units that one worker computes at once. Of each query they share one clean run, an
 * experiment's units share its other runs, and the rows of all share waves.
 *
 * What stands in the journal are units; how they are bundled changes nothing but the time.
 */
#ifndef LENSWEEP_CAMPAIGN_BUNDLE_H
#define LENSWEEP_CAMPAIGN_BUNDLE_H

#include "campaign/cut.h"

enum {
    BUNDLE_ROWS = 256,         /* of runs of several queries at once: more hardly gain speed */
    BUNDLE_PREPARED = 16 << 20 /* bytes that `prepare` makes for several queries at once */
};

struct bundle {
    size_t first, n; /* units: c->order[first] ... */
    uint64_t flops;
    uint64_t clean, n_clean; /* FLOP of its clean runs, and how many they are */
};

/* Fills c->bundle with the units u for which todo[u] is set (NULL: all), surveys' first: a function
   of the list, and of how many ranks will share it. */
int campaign_bundle(struct campaign *c, const unsigned char *todo, int ranks, struct err *err);

/* Is this the first unit of its query and experiment in the bundle? It makes their other runs. */
bool bundle_begins(const struct campaign *c, const struct bundle *b, size_t member);

/* The share i of n, of an array of jobs: of queries that stand together, as much work as the others
   have. Sets todo[u] (n_units) of its units and of surveys, which every share needs. */
int campaign_share(struct campaign *c, unsigned char *todo, int64_t i, int64_t n, struct err *err);

#endif
