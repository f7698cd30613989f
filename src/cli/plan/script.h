/* plan --sbatch: the job script of jobs/, its three marked lines filled in. */
#ifndef LENSWEEP_CLI_PLAN_SCRIPT_H
#define LENSWEEP_CLI_PLAN_SCRIPT_H

#include "cli/job.h"
#include "cli/plan/forecast.h"

/* jobs/many-nodes.sbatch with the plan's numbers, this program, this config. */
int print_job_script(const struct job_options *o, const struct forecast *e, struct err *err);

#endif
