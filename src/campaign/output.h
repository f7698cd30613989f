/*
 * The result file from the journal's rows. What lies in it is docs/results.md; each of its parts is
 * written by an output_*.c, which is handed the file as it is so far.
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_H
#define LENSWEEP_CAMPAIGN_OUTPUT_H

#include "campaign/audit.h"
#include "campaign/campaign.h"
#include "results/h5file.h"
#include "results/journal.h"
#include "statistics/contrast.h"

/* What went wrong with queries, for the summary. */
struct campaign_report {
    size_t ok, bad;            /* queries (bad.h) */
    size_t waiting;            /* not computed yet: a partial file */
    double audit[AUDIT_COUNT]; /* worst residuals; NaN = nothing to check */
};

/* The result file, beside and renamed. Units that are not there are left NaN if `partial`, else an
   error. ERR_NUMERIC if the run's checks of itself failed: then there is no file. */
/* may: asked right before the file takes its place (h5_commit_if); NULL. */
int campaign_write(struct campaign *c, struct journal *j, const char *path, bool partial,
                   struct campaign_report *report, int (*may)(void *ctx, struct err *err),
                   void *ctx, struct err *err);

/* For output_*.c: a result file while it is written. */
struct output {
    struct campaign *c;
    struct journal *journal;
    const char *path; /* of the result file */
    struct h5file *file;
    struct campaign_report *report;
    bool partial;
    const char **status; /* (queries) of the query as a whole; NULL = ok */
    int32_t *argmax;     /* (queries) the model's own next token; -1 = not computed */
    struct strata strata;
    struct contrasts contrasts;
    struct arena arena;
    struct arena group;   /* forgotten after each group */
    struct arena scratch; /* of averages (strata.h) */
};

/* A whole variable, or coordinate: all n entries of its first dimension. */
int put_variable(struct h5group *g, const struct variable *v, size_t n, const void *data,
                 struct err *err);
int put_coordinate(struct h5group *g, const struct variable *v, size_t n, const void *data,
                   struct err *err);

#endif
