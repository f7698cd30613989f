/* What `run` and `plan` share: options, and the table that says what would be done. */
#ifndef LENSWEEP_CLI_JOB_H
#define LENSWEEP_CLI_JOB_H

#include "experiments/campaign.h"

struct job_options {
    struct campaign_request request;
    const char *set[64];
    int64_t ranks; /* plan: to estimate the time for */
    bool restart, dry_run;
    int64_t shard, shards; /* --shard i/n: units whose number is i modulo n; 0/1 = all */
};

/* For the command's own options beside --set; `command` is run or plan. */
int parse_job(int argc, char **argv, const char *command, struct job_options *o, struct err *err);

/* Units, cells, FLOP, memory and time of a campaign that has been cut. flops_per_second: of one
   rank, measured; 0 = no estimate. */
int print_plan(struct campaign *c, int64_t ranks, int threads, double flops_per_second,
               struct err *err);

/* FLOP/s that this machine reaches with so many threads on the shapes of this model: a quarter of a
   second of measuring. */
double measure_speed(const struct shape *s, int threads);

/* The summary of a finished result file, read back from it. */
int print_summary(const char *result, struct err *err);

#endif
