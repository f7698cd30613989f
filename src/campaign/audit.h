/*
 * A run checks itself, on the first query of each file (run.audit): the identities of
 * docs/methods.md 5 on the very model, data and machine of the job, not on a test's. A check is a
 * unit of its own (cut.h), so that its work is planned like any other.
 */
#ifndef LENSWEEP_CAMPAIGN_AUDIT_H
#define LENSWEEP_CAMPAIGN_AUDIT_H

#include "campaign/cost.h"

/* name, what is compared; each relative to the size of the logits. The last are in the order of
   enum edge_identity. */
#define AUDITS(X)                                                                           \
    X(AUDIT_PARTS, "parts", "decoded parts of the clean run sum up to its logits")          \
    X(AUDIT_NOOP, "noop", "an edit that puts back what is there changes nothing")           \
    X(AUDIT_FORKED, "forked", "random cells by the forked and by the naive executor")       \
    X(AUDIT_EDGES, "edges_nothing", "edges whose sender adds what it added change nothing") \
    X(AUDIT_EDGES_ALL, "edges_all", "all edges of a sender are the sender patched")         \
    X(AUDIT_EDGES_DIRECT, "edges_direct", "the edge into the logits is the direct effect")

enum audit {
#define X(name, label, text) name,
    AUDITS(X)
#undef X
        AUDIT_COUNT
};

extern const char *const audit_names[AUDIT_COUNT];

/* Check 0 is of the clean run by itself; each of the next compares executors, on a random cell or
   on the clean run. Those of the clean run are made in the group `queries`, which reads it in every
   job; kinds without variants have no others. The last are of kinds that are about edges, one for
   each identity. */
enum {
    AUDIT_CELLS = 4, /* the first of them */
    AUDIT_CHECKS = AUDIT_CELLS + AUDIT_COUNT - AUDIT_EDGES,
    AUDIT_KEEPS = KEEP_ATTN | KEEP_MLP /* of the clean run */
};
#define AUDIT_TOLERANCE 1e-4 /* docs/methods.md 5 */

/* What a residual may be. blas: some products are OpenBLAS's; else edges that add nothing change no
   bit. */
double audit_tolerance(enum audit audit, bool blas);

/* Adds what a check costs; nothing where there is nothing to check. run: as from runs_cost. */
int audit_cost(struct cost *sum, const struct experiment *x, const struct query *q,
               const struct run *run, uint64_t check, struct arena *a, struct err *err);

/* Its residuals; NaN where there is nothing to check. Adds what it cost. */
int audit_run(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x,
              const struct query *q, const struct run *run, uint64_t check, struct cost *sum,
              struct err *err);

#endif
