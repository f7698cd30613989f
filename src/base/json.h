/*
 * Untrusted JSON through jansson: every failure names file, line and column; a value of the wrong
 * type names its key.
 */
#ifndef LENSWEEP_BASE_JSON_H
#define LENSWEEP_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses text[0..n); duplicate keys, nesting beyond 2048 and trailing bytes are errors. `code` is
   the error code to use (ERR_FORMAT for a model's file, ERR_CONFIG for data); `name` the file, and
   `line` the line of it at which text starts (from 1; column is told within the text). NULL on
   error; the caller json_decref's. */
json_t *json_parse(const char *text, size_t n, int code, const char *name, size_t line,
                   struct err *err);

/* The same for a file that others wrote, whose keys are mostly not for us: a number that no double
   or 64-bit integer can hold, NaN and Infinity are passed over (they become strings, so that a key
   that is used still reports them). Text may be NULL if n is 0. Errors are ERR_FORMAT; of the file
   as file_read_foreign has them. */
json_t *json_parse_foreign(const char *text, size_t n, const char *name, struct err *err);
json_t *json_read_foreign(const char *path, size_t max, struct err *err);

/* Appends v as text, and releases it, also on failure. NULL is what jansson makes where there is no
   memory: ERR_MEMORY. flags: jansson's. */
int json_put(struct buf *b, json_t *v, size_t flags, struct err *err);

const char *json_kind(const json_t *v); /* for messages: "an array"; of NULL "missing" */

/* The key's value; *v is left alone (the default) when the key is absent or null and `need` is not
   set. A wrong type or range is ERR_FORMAT that names the key. */
int json_take_int(const json_t *obj, const char *key, bool need, int64_t lo, int64_t hi, int64_t *v,
                  struct err *err);
int json_take_real(const json_t *obj, const char *key, bool need, double *v, struct err *err);
int json_take_string(const json_t *obj, const char *key, bool need, const char **v,
                     struct err *err); /* borrowed from obj */
int json_take_bool(const json_t *obj, const char *key, bool need, bool *v, struct err *err);

#endif
