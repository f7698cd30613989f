/* Options of `run` and `plan`: a config, what is changed in it, and what each has of its own. */
#ifndef LENSWEEP_CLI_JOB_H
#define LENSWEEP_CLI_JOB_H

#include "campaign/campaign.h"
#include "cli/option.h"

struct job_options {
    const char *config;
    struct word_list set; /* "key.path=value" */
    int64_t ranks, nodes; /* plan: to estimate time and memory for */
    bool sbatch, json;    /* plan: print a job script; print JSON */
    struct shard shard;   /* run: units whose number is i modulo n; 0/1 = all */
    bool restart, dry_run;
};

/* Rows that both have. */
#define JOB_CONFIG                                           \
    {                                                        \
        ARGUMENT_ONE(struct job_options, config), "CONFIG",  \
            "a YAML file; lensweep help config has its keys" \
    }
#define JOB_SET                                                                             \
    {                                                                                       \
        OPTION_INTO(list, struct job_options, set), .name = "set", .value = "KEY=VALUE",    \
                                                    .doc = "override a key of the config: " \
                                                           "run.threads=2, "                \
                                                           "experiments.NAME.KEY=VALUE"     \
    }

/* Lines on stderr: the model's tokenizer cannot be used, targets lack a space, an
   experiment computes nothing. */
void warn_inputs(const struct campaign *c);

/* An error if there is no query that can be used, with the first one's reason. */
int check_some_good(const struct campaign *c, struct err *err);

/* Bad queries of a result that is whole, as the exit status tells them: ERR_DIFFERS if there is
   none that could be computed, or with run.fail_on_bad any that could not. */
int judge_queries(const struct campaign *c, size_t ok, size_t bad, struct err *err);

/* What the campaign of the which-th result is to be opened with; borrows from the options. */
struct campaign_request job_request(const struct job_options *o, size_t which);

#endif
