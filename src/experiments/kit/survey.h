/*
 * What an ablation must know of the whole data before its first cell: means of a site's values by
 * role, or their spread (docs/methods.md 4). A kind declares it here; campaign/survey.h makes it,
 * in a pass of its own that is distributed like cells.
 *
 * Means are keyed by dataset, template and step, and by the tokens' roles (match.h); the spread is
 * one number for a dataset, site and layer, over all tokens and elements.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_SURVEY_H
#define LENSWEEP_EXPERIMENTS_KIT_SURVEY_H

#include "experiments/kit/places.h"

/* A site and layer (as the engine counts them) of which something is known. */
struct survey_slot {
    enum site site;
    int layer;
    size_t width, first; /* numbers of a role; where they begin among a stratum's means */
};

struct survey {
    bool means; /* else the spread */
    const int *order;
    struct survey_slot *slot; /* (n_slots) by site, then layer */
    int *slot_of;             /* (SITE_COUNT, layers + 1) -1 = none */
    size_t n_slots;
    int *role_slot;     /* (match_roles_count) -1 = not wanted */
    int *role;          /* (n_roles) */
    int *stratum_of;    /* (queries) -1 = not usable */
    size_t *first_of;   /* (n_strata) a query of it, for its name */
    struct hash *key;   /* (n_strata) of all that its numbers depend on */
    struct hash layout; /* of what the numbers in a unit's rows mean: strata and roles in order */
    int n_layers;       /* layers + 1 */
    size_t n_roles, n_strata, mean_floats; /* of one stratum's means; 0 of a spread */

    /* The results, in one block so that ranks can share it; known where the sums were added. */
    bool known;
    void *block;
    size_t bytes;
    float *mean; /* (n_strata, mean_floats): (n_slots, n_roles, width of the slot) */
    float *std;  /* (n_strata, n_slots) */
    int32_t *n;  /* (n_strata, n_roles) tokens; of a spread (n_strata): queries */
};

/* Fills x->survey. wanted: of which sites and layers, (SITE_COUNT, layers + 1). */
int survey_open(struct experiment *x, const bool *wanted, bool means, const struct places *places,
                struct err *err);

/* What its runs keep: bits. */
unsigned survey_keep(const struct survey *s);

/* The mean of a role's tokens, from the row's first element on; NULL where there is none. */
const float *survey_mean(const struct survey *s, size_t query, enum site site, int layer, int role);
float survey_std(const struct survey *s, size_t query, enum site site, int layer);

#endif
