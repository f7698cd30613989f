/* What the numbers of a table are the means of. */
#ifndef LENSWEEP_REPORT_PARTS_H
#define LENSWEEP_REPORT_PARTS_H

#include "report/findings.h"

/* Below so many items, or queries of a part, a number is hardly known. */
enum { FEW_DATA = 8 };

/* Means over queries, or means of those of templates, or of datasets, each of which counts once
   (docs/methods.md 3.6). */
struct parts {
    size_t templates, datasets; /* that are averaged; 1 = the only one, or not averaged */
    const char *dataset;        /* of the part with the fewest queries of its step; "" = no name */
    int template;
    size_t least, most; /* queries of that part, and of the largest of the step */
};

int parts_read(struct parts *p, const struct finding *f, struct result *r, const char *group,
               struct err *err);

/* Is it more than a mean over queries? */
bool parts_several(const struct parts *p);
/* Is there a part so small that the interval of the whole is as wide as its own? */
bool parts_uneven(const struct parts *p);

/* Appends "means over queries", or "means of the means of 3 templates (template 1 has 4 queries
   only)". */
int parts_text(const struct parts *p, struct buf *out, struct err *err);

/* Appends "template 1 has 4 queries only", of the smallest part. */
int parts_least(const struct parts *p, struct buf *out, struct err *err);

#endif
