/* The table of a headline in the summary. */
#ifndef LENSWEEP_REPORT_HEADLINE_H
#define LENSWEEP_REPORT_HEADLINE_H

#include "report/findings.h"

/*
 * Appends title and table: for each step, a row for each entry of the headline's `rows`, with the
 * numbers that pass its test and where they are; or why nothing can be said.
 */
int headline_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct err *err);

#endif
