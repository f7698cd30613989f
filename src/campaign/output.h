/* Private to output*.c: a result file while it is written. */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_H
#define LENSWEEP_CAMPAIGN_OUTPUT_H

#include "campaign/campaign.h"
#include "results/h5file.h"
#include "statistics/strata.h"

struct output {
    struct campaign *c;
    struct journal *journal;
    const char *path; /* of the result file */
    struct h5file *file;
    struct campaign_report *report;
    bool partial;
    const char **status; /* (queries) of the query as a whole; NULL = ok */
    struct strata strata;
    struct arena arena;
    struct arena group; /* forgotten after each group */
};

/* Queries: coordinates that every group repeats (item, dataset, step, ...), and what only the group
   `queries` says of them. */
int write_coordinates(struct output *o, struct h5group *g, struct err *err);
int write_facts(struct output *o, struct h5group *g, struct err *err);

/* NAME/means: what an experiment's survey found. */
int write_survey(struct output *o, const struct experiment *x, struct err *err);

/*
 * Averages over queries. Values of each aggregate are taken query by query; those of large sweeps
 * go to a file beside the result, so that no more than a slab of them is held at once.
 */
struct averages;
int averages_open(struct averages **v, struct output *o, const struct experiment *x,
                  struct err *err);
int averages_take(struct averages *v, size_t query, void *const at[FIELDS_MAX], bool usable,
                  struct err *err);
int averages_write(struct averages *v, struct h5group *g, struct err *err);
void averages_close(struct averages *v); /* v may be NULL */

#endif
