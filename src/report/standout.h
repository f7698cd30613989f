/* What stands out in a result file, in sentences: of each headline that has a test the strongest
   number that passes it, about what is right where the data say so. */
#ifndef LENSWEEP_REPORT_STANDOUT_H
#define LENSWEEP_REPORT_STANDOUT_H

#include "report/right.h"

struct standout {
    const char *group, *title; /* of the headline */
    const char *words;         /* lines: "step 2, logit.answer_2: 23.4 -6.41 [-7.57, -5.16]" */
};

struct standouts {
    struct standout *v; /* (n) in the arena of the result */
    size_t n, max;
    size_t silent; /* headlines with a test that nothing about what is right passes */
    bool others;   /* a number about another target passes */
};

/* right: of the same result. group: NULL = of all. */
int standouts_read(struct standouts *all, struct result *r, const struct right *right,
                   const char *group, struct err *err);
int standout_text(struct result *r, const struct right *right, const char *group, struct buf *out,
                  struct err *err);

#endif
