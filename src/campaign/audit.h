/*
 * A run checks itself, on the first query of each file (run.audit): the identities of
 * docs/methods.md 5 on the very model, data and machine of the job, not on a test's.
 */
#ifndef LENSWEEP_CAMPAIGN_AUDIT_H
#define LENSWEEP_CAMPAIGN_AUDIT_H

#include "experiments/experiment.h"

/* name, what is compared; each relative to the largest logit of a target */
#define AUDITS(X)                                                                  \
    X(AUDIT_PARTS, "parts", "decoded parts of the clean run sum up to its logits") \
    X(AUDIT_NOOP, "noop", "an edit that puts back what is there changes nothing")  \
    X(AUDIT_FORKED, "forked", "random cells by the forked and by the naive executor")

enum audit {
#define X(name, label, text) name,
    AUDITS(X)
#undef X
        AUDIT_COUNT
};

extern const char *const audit_names[AUDIT_COUNT];

enum { AUDIT_CELLS = 3 };
#define AUDIT_TOLERANCE 1e-4 /* docs/methods.md 5 */

/* Worst residual of each check over a query's first run and some of its variants (already run, with
   ASK_VOCAB or ASK_LOGITS); NaN where there is nothing to check. */
int audit_query(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x,
                const struct query *q, const struct run *run, const struct variant *v, int n,
                struct err *err);

#endif
