/*
 * One experiment's group in the result file: its axes and attributes, then its arrays query by
 * query from the journal's rows, its averages, and each query's status.
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_GROUP_H
#define LENSWEEP_CAMPAIGN_OUTPUT_GROUP_H

#include "campaign/output.h"

struct unit;

/* The status of a query in a partial file some of whose units are not there. */
extern const char not_computed[];

/* Every key of a section that affects results, as the attribute "SECTION.KEY". */
int output_stamp(struct h5group *g, const struct campaign *c, const char *section, struct err *err);

/* Writes the group of x, one of o->c->x. *u: the first of its units in the campaign's list; moved
   on past the last. Errors of journal and file; ERR_BUG where a unit is not there and the file is
   not partial. */
int write_group(struct output *o, const struct experiment *x, const struct unit **u,
                struct err *err);

#endif
