/*
 * Several results of one config: a campaign for each. Models (`model.paths`) have folders below the
 * config's output that are named after them; the same about nothing (`data.null`) has one below
 * that of the result it stands beside.
 */
#ifndef LENSWEEP_CAMPAIGN_MODELS_H
#define LENSWEEP_CAMPAIGN_MODELS_H

#include "campaign/campaign.h"

enum { MODELS_MAX = 256 };

/* Of a config that has been read: how many results it has, and the which-th as if it were the only
   one; of each model first those about nothing. Mistakes go to problems. */
int models_choose(struct campaign *c, size_t which, struct problems *problems, struct err *err);

/* Have all of them the shape and the tokens of this one, so that their results can be compared?
   Reads headers and tokenizers, no weights. */
int models_alike(const struct campaign *c, struct problems *problems, struct err *err);

#endif
