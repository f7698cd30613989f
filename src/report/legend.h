/* What stands under a table of the summary: its unit, its intervals, its marks; what could not
   pass, what results about nothing have, how steps differ, how stable its ranking is. */
#ifndef LENSWEEP_REPORT_LEGEND_H
#define LENSWEEP_REPORT_LEGEND_H

#include "report/findings.h"
#include "report/parts.h"
#include "report/right.h"

#define OWN_MARK "^"

struct legend {
    bool counts;          /* has columns that say how many pass */
    bool not_significant; /* has a number, or a mark, of what does not pass */
    bool not_there;       /* has a mark of what no query has */
    bool not_tested;      /* has a mark of numbers without a test */
    bool own;             /* has marks of the answer that the model is about to give */
    const struct right *right;
    const struct parts *parts;
    const struct average *beside; /* (n_beside) averages with columns of their own */
    size_t n_beside;
};

/* Appends it in lines between brackets. */
int legend_text(const struct finding *f, const struct legend *l, struct buf *out, struct err *err);

/* Nothing of a stratum can pass by itself: with how many items it could. */
int power_text(struct finding *f, size_t stratum, struct buf *out, struct err *err);
/* In place of a table: why nothing is tested where there is one item, and the largest number. */
int untested_text(struct finding *f, struct buf *out, struct err *err);
/* How many numbers pass in results about nothing (result_nulls), and how many here. */
int nulls_text(struct result *r, const char *group, struct finding *f, struct buf *out,
               struct err *err);

/*
 * Appends a line between brackets for each contrast that the file has: how many of the headline's
 * numbers differ, by a test of the items' differences that is corrected for all of them
 * (Bonferroni), and the largest of these. Nothing where the file has no contrasts.
 */
int contrast_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct err *err);

/* How stable the ranking is that the strongest number of a sweep heads. */
struct steadiness {
    struct average first, correlation,
        top; /* first_candidates, ...; no elements: not in the file */
};

int steadiness_open(struct steadiness *s, struct result *r, const struct finding *f,
                    struct err *err);
void steadiness_close(struct steadiness *s);

/* Appends a line if others than this element, the strongest of its row in a stratum, could have
   come first; *said counts lines, and nothing is appended beyond a few. */
int steadiness_text(struct steadiness *s, const struct finding *f, size_t stratum, size_t element,
                    size_t *said, struct buf *out, struct err *err);

#endif
