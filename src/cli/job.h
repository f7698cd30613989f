/* What `run` and `plan` share: options, and the table that says what would be done. */
#ifndef LENSWEEP_CLI_JOB_H
#define LENSWEEP_CLI_JOB_H

#include "campaign/campaign.h"

struct job_options {
    struct campaign_request request;
    const char *set[64];
    int64_t ranks, nodes; /* plan: to estimate time and memory for */
    bool sbatch;          /* plan: print a job script */
    bool restart, dry_run;
    int64_t shard, shards; /* --shard i/n: units whose number is i modulo n; 0/1 = all */
};

/* For the command's own options beside --set; `command` is run or plan. */
int parse_job(int argc, char **argv, const char *command, struct job_options *o, struct err *err);

/* A line on stderr if the model's tokenizer cannot be used. */
void warn_tokenizer(const struct campaign *c);

/* What a campaign that has been cut takes. */
struct forecast {
    double flops, seconds; /* in all; seconds 0 = not known */
    double rank_bytes, weight_bytes;
    int64_t ranks, nodes;
    int threads;             /* of a rank */
    double flops_per_second; /* of a rank, measured; 0 = not known */
};

struct forecast forecast(struct campaign *c, int64_t ranks, int64_t nodes, int threads);

/* Units, cells, FLOP, memory and time, and some cells in words. */
int print_plan(struct campaign *c, const struct forecast *e, struct err *err);

/* jobs/many-nodes.sbatch with the plan's numbers, this program, this config. */
int print_job_script(const struct job_options *o, const struct forecast *e, struct err *err);

#endif
