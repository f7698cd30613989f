/* Cells of averages in words. */
#ifndef LENSWEEP_REPORT_WHERE_H
#define LENSWEEP_REPORT_WHERE_H

#include "results/average.h"

enum { WHERE_MAX = 160 };

/*
 * The place of an element: "20.4" (layer.head), "layer 7", then the labels of its other dimensions,
 * but for those named in the lists `rows` and `columns` (NULL = none) and those with one entry.
 */
const char *where_words(const struct average *a, size_t element, const char *rows,
                        const char *columns, char out[WHERE_MAX]);

/* What stands before a table that has such places: "layer.head", "layer"; "" = nothing to say. */
const char *where_legend(const struct average *a);

#endif
