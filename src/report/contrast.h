/* How the numbers of a headline change from one step to the next, item by item. */
#ifndef LENSWEEP_REPORT_CONTRAST_H
#define LENSWEEP_REPORT_CONTRAST_H

#include "results/result.h"

/*
 * Appends a line between brackets for each contrast that the file has: how many of the headline's
 * numbers differ, by a test of the items' differences that is corrected for all of them
 * (Bonferroni), and the largest of these. Nothing where the file has no contrasts.
 */
int contrast_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct err *err);

#endif
