/* The summary of a result file in words, for the end of a run and later. */
#ifndef LENSWEEP_REPORT_SUMMARY_H
#define LENSWEEP_REPORT_SUMMARY_H

#include "results/result.h"

/*
 * Appends how often the model is right, where not, and which flags its queries have; then for each
 * experiment the tables of its headlines and why queries were left out; then what stands out.
 */
int summary_text(struct result *r, struct buf *out, struct err *err);

/* Its parts: the tables of one experiment, a block for each headline begun by an empty line and a
   title, with notes below, and why queries were left out, a line for each reason; which flags the
   queries have, in a line, and what follows; which result about nothing could not be read. */
int summary_group(struct result *r, const struct result_group *g, struct buf *out, struct err *err);
int summary_flags(struct result *r, struct buf *out, struct err *err);
int summary_unread(struct result *r, struct buf *out, struct err *err);

/* The same as summary_group, for a reader who writes each headline's block to `out` in his own
   way; the lines of queries that were left out go to `left_out`. */
typedef int summary_block(struct result *r, const char *group, const struct headline *h,
                          struct buf *out, struct err *err);
int summary_blocks(struct result *r, const struct result_group *g, summary_block *put,
                   struct buf *out, struct buf *left_out, struct err *err);

#endif
