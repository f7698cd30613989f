/*
 * What an ablation must know of the whole data before its first cell: means of a site's values by
 * role, or their spread (docs/methods.md 4). Computed in a pass of its own, distributed like cells:
 * a unit is a block of queries that stand together in the data, its rows are float64 sums, and the
 * sums of all blocks are added in index order, so bits depend on data and model alone.
 *
 * Means are keyed by dataset, template and step, and by the tokens' roles (places.h); the spread is
 * one number for a dataset, site and layer, over all tokens and elements.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_SURVEY_H
#define LENSWEEP_EXPERIMENTS_KIT_SURVEY_H

#include "experiments/kit/places.h"

enum { SURVEY_BLOCK = 32 }; /* queries */

struct survey {
    enum site site;
    bool means; /* else the spread */
    const int *order;
    int *layer;         /* (n_layers) layers of the site as the engine counts them, rising */
    int *layer_slot;    /* of a layer of the engine; -1 = none */
    int *role_slot;     /* (match_roles_count) -1 = not wanted */
    int *role;          /* (n_roles) */
    int *stratum_of;    /* (queries) -1 = not usable */
    size_t *first_of;   /* (n_strata) a query of it, for its name */
    struct hash *key;   /* (n_strata) of all that its numbers depend on */
    struct hash layout; /* of what the numbers in a unit's rows mean: strata and roles in order */
    size_t n_layers, n_roles, n_strata, width;

    /* The results, in one block so that ranks can share it; known where the sums were added. */
    bool known;
    void *block;
    size_t bytes;
    float *mean; /* (n_strata, n_layers, n_roles, width) */
    float *std;  /* (n_strata, n_layers) */
    int32_t *n;  /* (n_strata, n_roles) tokens; of a spread (n_strata): queries */
};

/* Fills x->survey. layer: which of the engine's layers of the site are wanted (n = layers + 1). */
int survey_open(struct experiment *x, enum site site, bool means, const bool *layer,
                const struct places *places, struct err *err);

/* The mean of a role's tokens, from head's first element on; NULL where there is none. */
const float *survey_mean(const struct survey *s, size_t query, int layer, int role);
float survey_std(const struct survey *s, size_t query, int layer);

/* Sums of the queries [first, first + n). */
struct engine;
int survey_run(const struct experiment *x, struct engine *e, size_t first, size_t n,
               struct arena *a, struct buf *out, struct err *err);
uint64_t survey_flops(const struct experiment *x, size_t first, size_t n);

/* Blocks' rows in index order: begin, add each, end. */
struct survey_sums;
int survey_begin(struct survey_sums **sums, const struct survey *s, struct err *err);
int survey_add(struct survey_sums *sums, const struct survey *s, const struct buf *rows,
               struct err *err);
void survey_end(struct survey_sums *sums, struct survey *s); /* frees sums, also NULL */

#endif
