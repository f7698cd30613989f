/* Private to top*.c: a table and its rows for programs, as docs/json.md describes them. */
#ifndef LENSWEEP_REPORT_TOP_JSON_H
#define LENSWEEP_REPORT_TOP_JSON_H

#include "report/top.h"

struct top_token {
    int64_t id;
    const char *text;
    size_t queries; /* that have it among their strongest */
};

/* Numbers that a table does not have are NaN. */
struct top_row {
    const char *dataset;
    int template, step;
    size_t n_dims;
    const char *dim[DIMS_MAX], *label[DIMS_MAX]; /* (n_dims) where it stands */
    double mean, lo, hi, chance, q, direct;
    int64_t n; /* queries */
    size_t n_tokens;
    const struct top_token *token; /* (n_tokens) */
};

/* of: which entry of `apart`; NULL = there is none. The rows follow, and top_json_end. */
int top_json_begin(struct json_out *j, const char *group, const char *variable, const char *title,
                   const char *unit, const char *of, size_t cells, struct err *err);
int top_json_row(struct json_out *j, const struct top_row *row, struct err *err);
int top_json_end(struct json_out *j, struct err *err);

#endif
