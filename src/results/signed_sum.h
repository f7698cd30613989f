/*
 * Of which variables, query by query, an average is the sum: as text, in headlines and in what
 * kinds declare. Terms stand one space apart, each NAME or -NAME; one that is only for some
 * entries of a dimension has a condition behind it, which of a dimension that the average lacks
 * picks the entry:
 * "logit -control_logit[target!=subject] -subject_control_logit[target=subject]".
 *
 * Behind the terms `unless NAME`: queries that have this property count for nothing. Where an
 * average's entries (of `apart`) are sums of different variables, the text is a list of LABEL: SUM,
 * separated by ";"; LABEL may stand for each entry of a dimension:
 * "logit.{target}: logit -clean_logit; kl: kl".
 *
 *     int variables_of(const char *text, const char *label, struct arena *a, struct err *err)
 *     {
 *         struct signed_sum s;
 *
 *         if (!signed_sum_read(&s, text, label, a, err))     // s.n == 0: it is not known
 *             for (size_t i = 0; i < s.n; i++)
 *                 printf("%+d %s\n", s.v[i].sign, s.v[i].variable);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_RESULTS_SIGNED_SUM_H
#define LENSWEEP_RESULTS_SIGNED_SUM_H

#include "base/mem.h"

#include <stdbool.h>

struct signed_term {
    int sign; /* 1 or -1 */
    const char *variable;
    const char *dim, *label; /* NULL = it is for all entries */
    bool except;             /* for all but this one */
};

struct signed_sum {
    struct signed_term *v; /* (n) */
    size_t n;
    const char *unless;      /* NULL = all queries count */
    const char *dim, *label; /* which entry of all variables is meant; NULL = they say it */
};

/* The sum that `text` has for an entry of the average (label NULL = its text is one for all), in
   the arena. text NULL, or without that entry: n = 0. ERR_IO: it is no such text. */
int signed_sum_read(struct signed_sum *s, const char *text, const char *label, struct arena *a,
                    struct err *err);

#endif
