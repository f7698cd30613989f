/*
 * What a result file says of its queries: coordinates that every group repeats (item, dataset,
 * step, ...), and what only the group `queries` has (text, tokens, spans, targets, controls).
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_QUERIES_H
#define LENSWEEP_CAMPAIGN_OUTPUT_QUERIES_H

#include "campaign/output.h"

int write_coordinates(struct output *o, struct h5group *g, struct err *err);
int write_facts(struct output *o, struct h5group *g, struct err *err);

#endif
