/*
 * Contrasts of steps: what an average is at one step minus what it is at the step before, over the
 * items that have both, each item's difference by itself (docs/methods.md 3.6).
 *
 *     int print_change(const struct dataset *ds, const struct statistics_config *sc,
 *                      const float *value, struct arena *scratch, struct err *err)
 *     {
 *         struct contrasts c;                  // value (queries)
 *         struct arena a = {0};
 *         struct estimate e;
 *
 *         if (!contrasts_open(&c, ds, sc, &a, err) && c.n == 1 &&
 *             !contrasts_estimate(&c, &(struct estimate_ask){0}, value, 1, &e, scratch, err))
 *             printf("step %d minus %d: %+g\n", c.step[0], c.minus[0], e.mean);
 *         arena_release(&a);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_STATISTICS_CONTRAST_H
#define LENSWEEP_STATISTICS_CONTRAST_H

#include "statistics/estimate.h"

struct contrasts {
    size_t n;
    int32_t *step, *minus; /* (n) */
    size_t *row;           /* (n) its row among the strata of pairs: the widest */
    struct dataset data;   /* what strata look at: each pair as a query of a step of its own */
    struct query_pair *pair;
    struct strata strata;
};

/* n = 0: no item has two steps. All in the arena; it borrows names of ds. */
int contrasts_open(struct contrasts *c, const struct dataset *ds,
                   const struct statistics_config *statistics, struct arena *a, struct err *err);

/* As strata_estimate; out (elements, c->n). A pair counts if both its queries have a value. */
int contrasts_estimate(const struct contrasts *c, const struct estimate_ask *ask,
                       const float *value, size_t elements, struct estimate *out,
                       struct arena *scratch, struct err *err);

#endif
