/*
 * Two results of the same queries: how far their averages differ, query by query, which tells more
 * than their own intervals do. Only averages are paired of which the file says of what they are the
 * sum (results/signed_sum.h), and only if the mean over queries is the difference of the averages.
 * A difference is judged as each of the two averages is, by items and by tokens of targets, and has
 * the wider end of all.
 *
 *     int narrower(struct result *a, struct result *b, const struct paired_side side[2],
 *                  struct paired_cell *cell, struct err *err)
 *     {
 *         struct paired p;
 *
 *         paired_open(&p, a, b, "heads", err);
 *         if (!err->code)
 *             paired_differences(&p, side, "logit.answer_1", cell, 1, err); // cell->known?
 *         paired_close(&p); // also after an error
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_REPORT_PAIRED_H
#define LENSWEEP_REPORT_PAIRED_H

#include "results/average.h"
#include "statistics/strata.h"

/* What a result has of its queries: which of them belong together. */
struct paired_queries {
    struct dataset data; /* what strata look at */
    struct strata strata;
};

struct paired {
    struct arena arena;
    const char *group;
    struct paired_queries of[2];
    bool same; /* have both results these queries? */
};

/* One of the two averages. */
struct paired_side {
    struct result *r;
    const struct average *a;
    const struct headline *h; /* that declares it there; NULL = its file says nothing of it */
};

struct paired_cell {
    size_t stratum, element[2]; /* in: of the first average; in each average */
    double difference;          /* in: of the two averages */
    bool known;                 /* out: lo and hi are the ends of its interval */
    double lo, hi;
};

int paired_open(struct paired *p, struct result *a, struct result *b, const char *group,
                struct err *err);

/* b - a of n cells of an average, all of this entry of the headline's `apart` (NULL = none). */
int paired_differences(struct paired *p, const struct paired_side side[2], const char *entry,
                       struct paired_cell *cell, size_t n, struct err *err);
void paired_close(struct paired *p);

#endif
