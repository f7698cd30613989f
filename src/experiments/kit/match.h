/*
 * The same place in another prompt: tokens of prompts of different length are matched by *role*
 * (docs/methods.md 4). The first token of a prompt is a role of its own, so is the last; a token of
 * a span is its first, its last or one in the middle (one token is the last, two are first and
 * last), for the first span that has it in the order of token sets; all others share a role. The
 * k-th token of a role matches the k-th of that role in the other prompt, or its last if there are
 * fewer.
 *
 * (The roles that causal traces are averaged by are others: trace_roles.h.)
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_MATCH_H
#define LENSWEEP_EXPERIMENTS_KIT_MATCH_H

#include "experiments/experiment.h"

/* A prompt of a query. */
struct prompt_view {
    const int32_t *ids;      /* (n) */
    const struct span *span; /* (spans of the data) */
    int n;
};

struct prompt_view prompt_of(const struct query *q);

/* The role of each token: role (p.n), numbers below match_roles_count; order: span_order's. */
enum { MATCH_FIRST, MATCH_LAST, MATCH_OTHER, MATCH_SPANS };
int match_roles_count(const struct dataset *ds);
void match_roles(const struct dataset *ds, const int *order, struct prompt_view p, int *role);
/* "first", "subject.last", ... in the arena. */
const char *match_role_name(const struct dataset *ds, int role, struct arena *a, struct err *err);

/* For n tokens of one prompt those of the other that have their roles, to src; -1 = none.
   ERR_MEMORY only. */
int match_tokens(const struct dataset *ds, const int *order, struct prompt_view own,
                 struct prompt_view other, const int *tok, int n, int *src, struct arena *a,
                 struct err *err);

/* The same for two lists of tokens that are spans of the same kind: first, middle and last of the
   one are those of the other; -1 = it has none such. */
int match_in_list(int i, int n_own, int n_other);

#endif
