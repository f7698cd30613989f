/* A campaign of the smallest fixture model, for targets that read what stands beside one. */
#ifndef LENSWEEP_TESTS_FUZZ_CAMPAIGN_H
#define LENSWEEP_TESTS_FUZZ_CAMPAIGN_H

#include "campaign/campaign.h"

/* experiments: lines of YAML; set: KEY=VALUE of --set, or NULL. Opened with its weights; the
   problems that it finds, and *err. */
int fuzz_campaign(struct campaign *c, const char *experiments, const char *set, struct err *err);

#endif
