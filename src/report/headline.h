/* The table of a headline in the summary. */
#ifndef LENSWEEP_REPORT_HEADLINE_H
#define LENSWEEP_REPORT_HEADLINE_H

#include "report/findings.h"

/*
 * Appends title and table: for each step, a row for each entry of the headline's `rows`, with the
 * numbers that pass its test and where they are; or why nothing can be said. What is said below the
 * table goes to `notes`, a paragraph each (base/wrap.h); that may be the same buffer.
 */
int headline_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct buf *notes, struct err *err);

#endif
