/*
 * Roles of a prompt's tokens (docs/methods.md 3.2), by which traces of prompts of different length
 * are averaged: before the relation, its first token, ..., the last token before each answer.
 * Prompts of steps 1, 2 and 3 have the first 10, 17 and 24 of them.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_ROLES_H
#define LENSWEEP_EXPERIMENTS_KIT_ROLES_H

#include "experiments/experiment.h"

enum { ROLES = 24, ROLES_FIRST = 10, ROLES_PER_ANSWER = 7 };

extern const char *const role_names[ROLES];

/* role (q->n): index of each token's role, -1 where the prompt has no subject or its step is not
   1 to 3. Returns how many roles a prompt of its step has; 0 = none. */
int token_roles(const struct scene *s, const struct query *q, int8_t *role);

#endif
