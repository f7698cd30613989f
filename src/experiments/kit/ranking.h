/*
 * Nodes of a model, heads and MLPs, or edges between them, ranked by what a finished sweep found
 * when each was ablated alone: by the absolute mean effect on one metric in NAME/stats.
 *
 * An effect is the mean over the steps that the new experiment computes; of each step it is
 * the stratum that averages over most: over datasets, else over templates, else the one there is.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_RANKING_H
#define LENSWEEP_EXPERIMENTS_KIT_RANKING_H

#include "experiments/kit/edge_ends.h"

/* head: -1 = none. Of an edge: site SITE_RESID is the embedding, layer -1. */
struct node {
    enum site site; /* SITE_Z, SITE_MLP */
    int layer, head;
    struct edge_end to; /* of an edge: who reads; without a name */
    size_t at;     /* among equals the least comes first: heads, then by layer and head; of edges
                      their place in the file */
    double effect; /* NaN = the sweep has no number: last */
};

struct ranking {
    struct node *v; /* (n) the greatest effect first */
    size_t n;
    bool edges;
    const char *position; /* where the sweeps had them, as their coordinate says */
};

/*
 * From the groups of a result file or folder (n = 0: its one sweep of heads), into x's arena; if
 * r->edges is set, one group of kind edges will do as well, else or then r->edges says what it is.
 * metric: as ablation calls it; `logit` is that of each step's own target. ERR_CONFIG or ERR_IO
 * with one line if the file or a group is not there or no such sweep, if the model is another, a
 * node stands in two groups, or the groups do not have one position in common.
 */
int ranking_read(struct ranking *r, const struct experiment *x, const char *path,
                 const struct string_list *groups, const char *metric, struct err *err);

/* Of the order alone. */
struct hash ranking_hash(const struct ranking *r, struct arena *a, struct err *err);

#endif
