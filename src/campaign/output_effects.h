/*
 * Effects of sweeps into NAME/stats: their averages over queries, their tests, and the correction
 * over the family of tests that they belong to (docs/results.md).
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_EFFECTS_H
#define LENSWEEP_CAMPAIGN_OUTPUT_EFFECTS_H

#include "campaign/output.h"
#include "campaign/slabs.h"

/* values: (queries, elements of a) of the tested aggregate `a` of x. */
int write_effects(struct output *o, const struct experiment *x, const struct aggregate *a,
                  struct slabs *values, struct err *err);

#endif
