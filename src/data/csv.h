/*
 * Comma-separated values (RFC 4180): fields in quotes may hold commas, newlines and doubled quotes;
 * lines end in LF or CRLF. Empty lines are passed over. Private to this floor.
 */
#ifndef LENSWEEP_DATA_CSV_H
#define LENSWEEP_DATA_CSV_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

enum { CSV_FIELDS_MAX = 256 };

struct csv {
    const char *s; /* (n) borrowed */
    size_t n, at;
    size_t line; /* in which `at` lies, from 1 */
};

struct csv_row {
    const char *field[CSV_FIELDS_MAX]; /* (n) without their quotes, in the arena */
    size_t length[CSV_FIELDS_MAX];
    size_t n;
    size_t line;       /* where the row begins */
    const char *fault; /* what is wrong with it; NULL = nothing. The next row can be read. */
};

/* The next row; *end: there is none. Nonzero only for memory. */
int csv_next(struct csv *c, struct csv_row *row, struct arena *a, bool *end, struct err *err);

#endif
