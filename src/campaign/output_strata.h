/* The coordinates of the dimension `stratum`: of which dataset, template and step an average is. */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_STRATA_H
#define LENSWEEP_CAMPAIGN_OUTPUT_STRATA_H

#include "campaign/output.h"

int write_strata(struct output *o, struct h5group *g, struct err *err);

#endif
