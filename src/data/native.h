/* Private to this floor: one record of the native format, which other readers make of theirs. */
#ifndef LENSWEEP_DATA_NATIVE_H
#define LENSWEEP_DATA_NATIVE_H

#include "data/load.h"

/* A span [begin, end) of tokens, or, with ranges (text.h), of characters, into p, which has room;
   v NULL or null: none. */
int native_span(struct loader *l, const char *key, const char *name, const json_t *v,
                size_t (*ranges)[2], struct draft_prompt *p, struct err *err);

/* bad: what is wrong with the query beside what its record says; NULL = nothing. */
int native_read(struct loader *l, const json_t *record, const char *bad, struct err *err);

#endif
