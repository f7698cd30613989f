/*
 * Nodes of a model, heads and MLPs, ranked by what a finished sweep found when each was ablated
 * alone: by the absolute mean effect on one metric in NAME/stats.
 *
 * A node's effect is the mean over the steps that the new experiment computes; of each step it is
 * the stratum that averages over most: over datasets, else over templates, else the one there is.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_RANKING_H
#define LENSWEEP_EXPERIMENTS_KIT_RANKING_H

#include "experiments/experiment.h"

struct node {
    enum site site;  /* SITE_Z, SITE_MLP */
    int layer, head; /* head: -1 for an MLP */
    double effect;   /* NaN = the sweep has no number: last */
};

struct ranking {
    struct node *v; /* (n) the greatest effect first; of equals heads, then by layer and head */
    size_t n;
    const char *position; /* where the sweeps had them, as their coordinate says */
};

/*
 * From the groups of a result file or folder (n = 0: its one sweep of heads), into x's arena.
 * metric: as ablation calls it; `logit` is that of each step's own target. ERR_CONFIG or ERR_IO
 * with one line if the file or a group is not there or no such sweep, if the model is another, a
 * node stands in two groups, or the groups have not one position.
 */
int ranking_read(struct ranking *r, const struct experiment *x, const char *path,
                 const struct string_list *groups, const char *metric, struct err *err);

/* Of the order alone. */
struct hash ranking_hash(const struct ranking *r, struct arena *a, struct err *err);

#endif
