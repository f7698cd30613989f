/*
 * Places in prompts: the positions that a selector names, and the same place in another prompt.
 *
 * Runs of prompts of different length are matched by *role* (docs/methods.md 4): the first token of
 * a prompt is a role of its own, so is the last; a token of a span is its first, its last or one in
 * the middle (one token is the last, two are first and last), for the first span that has it in the
 * order of token sets; all others share a role. The k-th token of a role matches the k-th of that
 * role in the other prompt, or its last if there are fewer.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_PLACES_H
#define LENSWEEP_EXPERIMENTS_KIT_PLACES_H

#include "experiments/experiment.h"

/* A prompt of a query. */
struct prompt {
    const int32_t *ids;      /* (n) */
    const struct span *span; /* (spans of the data) */
    int n;
};

struct prompt prompt_of(const struct query *q);

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
bool places_any(const struct places *p, const struct scene *s, const struct query *q, int *tok);

/* For a kind's `cost_of`: where a query's places lie (drawn tokens are in no span). */
uint64_t places_cost(const struct places *p, const struct scene *s, const struct query *q,
                     int *tok);

/* The role of each token: role (p.n), numbers below match_roles_count; order: span_order's. */
enum { ROLE_FIRST, ROLE_LAST, ROLE_OTHER, ROLE_SPANS };
int match_roles_count(const struct dataset *ds);
void match_roles(const struct dataset *ds, const int *order, struct prompt p, int *role);
/* "first", "subject.last", ... in the arena. */
const char *match_role_name(const struct dataset *ds, int role, struct arena *a, struct err *err);

/* For n tokens of one prompt those of the other that have their roles, to src; -1 = none.
   ERR_MEMORY only. */
int match_tokens(const struct dataset *ds, const int *order, struct prompt own, struct prompt other,
                 const int *tok, int n, int *src, struct arena *a, struct err *err);

/* The same for two lists of tokens that are spans of the same kind: first, middle and last of the
   one are those of the other; -1 = it has none such. */
int match_in_list(int i, int n_own, int n_other);

#endif
