/* `plan` of a config with a section curate. */
#ifndef LENSWEEP_CLI_CURATE_H
#define LENSWEEP_CLI_CURATE_H

#include "cli/job.h"

/* What `curate` would do, on standard output. */
int plan_curation(const struct job_options *o, struct err *err);

#endif
