/* Names of roles, token sets, sites, targets and metrics, as a reader wants them. */
#ifndef LENSWEEP_REPORT_WORDS_H
#define LENSWEEP_REPORT_WORDS_H

#include "base/mem.h"

/* A name of the result file in words, in the arena: "answer_1_first" is "answer 1: first token". */
char *words_of(struct arena *a, const char *name, struct err *err);

#endif
