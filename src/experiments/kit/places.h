/* Places in prompts: the positions that a selector names. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_PLACES_H
#define LENSWEEP_EXPERIMENTS_KIT_PLACES_H

#include "experiments/experiment.h"

/* One configuration of a position selector. */
struct place {
    const char *label;       /* "last", "subject[0]", "first+last", "5", "all" */
    const char *const *name; /* (n_names) token sets, together; none: tokens of `range` */
    size_t n_names;
    int nth; /* >= 0: only that token of the set */
    struct span range;
};

struct places {
    struct place *v;
    size_t n, cap;
    const char **label; /* (n) for an axis */
    int *tok;           /* (2 max_tokens) room for one place's tokens */
};

/* Mistakes go to problems under `key`. */
int places_of(struct places *out, const struct selector *s, struct experiment *x, const char *key,
              struct problems *problems, struct err *err);

/* The one place that a sweep labelled so, "subject[0]", "first+last", "all". ERR_CONFIG: no query
   of the data has it. */
int place_of_label(struct places *out, const char *label, struct experiment *x, struct err *err);

/* Its tokens in rising order, at most q->n; 0 = the query lacks it. tok has room for 2 q->n. */
int place_tokens(const struct place *p, const struct scene *s, const struct query *q, int *tok);

/* Has the query any of the places? */
bool places_any(const struct places *p, const struct scene *s, const struct query *q);

/* For query_likeness: where a query's places lie (drawn tokens are in no span). */
int places_likeness(const struct places *p, const struct scene *s, const struct query *q,
                    struct buf *b, struct err *err);

#endif
