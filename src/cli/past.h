/*
 * A run as its output directory tells it, from config.yaml and the journal, without a worker and
 * without touching either: for `collect` and `status`.
 */
#ifndef LENSWEEP_CLI_PAST_H
#define LENSWEEP_CLI_PAST_H

#include "campaign/campaign.h"
#include "results/journal.h"

struct past {
    struct campaign campaign;
    struct journal *journal;
    struct journal_stats found;
    struct arena arena;
};

/* The first directory's own config, its data and its model, which have to be what the directory was
   begun with; and what the journals of all have. The others need neither data nor model here.
   Mistakes of config and data are printed; the output of a
   curation is one line. Either way past_close frees it. */
int past_open(struct past *p, const char *const *dirs, size_t n, struct err *err);
void past_close(struct past *p);

/* Calls one() for each output of a run in a folder: itself, or one for each of its models; after
   each those about nothing that stand beside it. The i-th of n. */
int past_each(const char *dir,
              int (*one)(void *ctx, const char *output, size_t i, size_t n, struct err *err),
              void *ctx, struct err *err);

struct past_count {
    size_t units, done;
    double flops, flops_done;
};

struct past_count past_count(const struct past *p);

#endif
