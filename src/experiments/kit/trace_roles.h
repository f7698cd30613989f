/*
 * The roles by which causal traces of prompts of different length are averaged (docs/methods.md
 * 3.2): before the relation, its first token, ..., the last token before each answer. Prompts of
 * steps 1, 2 and 3 have the first 10, 17 and 24 of them.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_TRACE_ROLES_H
#define LENSWEEP_EXPERIMENTS_KIT_TRACE_ROLES_H

#include "experiments/experiment.h"

enum { ROLES = 24, ROLES_OF_STEP_1 = 10, ROLES_PER_ANSWER = 7 };

extern const char *const trace_role_names[ROLES];

/* role (q->n): index of each token's role; all -1 if the prompt has no subject, or not all answers
   of earlier steps, or its step is not 1 to 3. Returns trace_roles_n. */
int trace_roles(const struct scene *s, const struct query *q, int8_t *role);

/* How many roles prompts of its step have; 0 if none of its tokens has one. */
int trace_roles_n(const struct query *q, const int8_t *role);

#endif
