/* Private to this floor: values of a line, with their places. */
#ifndef LENSWEEP_DATA_FIELDS_H
#define LENSWEEP_DATA_FIELDS_H

#include "data/load.h"

/* Placed at key, or at `inner` in the object under it; within l->outer at key in that. */
void line_problem(struct loader *l, const char *key, const char *inner, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int query_bad(struct loader *l, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool field_take_text(struct loader *l, const json_t *obj, const char *key, const char **v);
bool take_label(struct loader *l, const json_t *obj, const char *key, int *v);
/* An array of ids into ds->arena; *ids = NULL if it is none (then a problem has been reported). An
   id outside the vocabulary becomes -1, and the query bad: "WHATid 7 at token 3 is outside ...". */
int take_ids(struct loader *l, const json_t *array, const char *key, const char *inner,
             const char *what, int32_t **ids, size_t *n, struct err *err);
/* One id, by the same rule: "WHATid 7 is outside ...". */
int check_id(struct loader *l, const char *what, int64_t id, int32_t *out, struct err *err);
/* Index of a name of spans or targets, added if it is new; -1 after a problem. */
int span_index(struct loader *l, const char *name, const char *key, struct err *err);
int target_index(struct loader *l, const char *name, const char *key, struct err *err);
/* "answer_12" -> 12; 0 = another name */
int answer_number(const char *name);

#endif
