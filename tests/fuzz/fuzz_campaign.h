/* A campaign of the smallest fixture model, for targets that read what stands beside one. */
#ifndef LENSWEEP_TESTS_FUZZ_CAMPAIGN_H
#define LENSWEEP_TESTS_FUZZ_CAMPAIGN_H

#include "campaign/campaign.h"

/* experiments: lines of YAML. Opened without weights; the problems that it finds. */
int fuzz_campaign(struct campaign *c, const char *experiments);

#endif
