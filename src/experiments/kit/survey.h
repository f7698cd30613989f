/*
 * What an ablation must know of the whole data before its first cell: means of a site's values by
 * role, or their spread (docs/methods.md 4). A kind declares it here; campaign/survey.h makes it,
 * in a pass of its own that is distributed like cells.
 *
 * Means are keyed by dataset, template and step, and by the tokens' roles (places.h); the spread is
 * one number for a dataset, site and layer, over all tokens and elements.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_SURVEY_H
#define LENSWEEP_EXPERIMENTS_KIT_SURVEY_H

#include "experiments/kit/places.h"

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

/* Floats of one stratum in `mean`; 0 of a spread. */
size_t survey_mean_floats(const struct survey *s);

#endif
