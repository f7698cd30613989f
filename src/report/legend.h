/* What stands under a table of the summary: its unit, its intervals, its marks. */
#ifndef LENSWEEP_REPORT_LEGEND_H
#define LENSWEEP_REPORT_LEGEND_H

#include "report/findings.h"
#include "report/right.h"

#define OWN_MARK "^"

struct legend {
    bool counts;          /* has columns that say how many pass */
    bool not_significant; /* has a number, or a mark, of what does not pass */
    bool not_there;       /* has a mark of what no query has */
    bool own;             /* has marks of the answer that the model is about to give */
    const struct right *right;
    const struct average *beside; /* (n_beside) averages with columns of their own */
    size_t n_beside;
};

/* Appends it in lines between brackets. */
int legend_text(const struct finding *f, const struct legend *l, struct buf *out, struct err *err);

#endif
