/* NAME/means: what an experiment's survey found (kit/survey.h). */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_SURVEY_H
#define LENSWEEP_CAMPAIGN_OUTPUT_SURVEY_H

#include "campaign/output.h"

int write_survey(struct output *o, const struct experiment *x, struct err *err);

#endif
