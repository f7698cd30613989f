/* Names of roles, token sets, sites, targets and metrics, and cells of averages, as a reader wants
   them. */
#ifndef LENSWEEP_REPORT_WORDS_H
#define LENSWEEP_REPORT_WORDS_H

#include "results/average.h"

/* A name of the result file in words, in the arena: "answer_1_first" is "answer 1: first token". */
char *words_of(struct arena *a, const char *name, struct err *err);

enum { WHERE_MAX = 160 };

/*
 * The place of an element: "20.4" (layer.head), "layer 7", then the labels of its other dimensions,
 * but for those named in the lists `rows` and `columns` (NULL = none) and those with one entry.
 */
const char *where_words(const struct average *a, size_t element, const char *rows,
                        const char *columns, char out[WHERE_MAX]);

#endif
