/*
 * JSON as it is written, for programs that read what a command says (docs/json.md).
 *
 *     int write_count(struct buf *b, size_t n, struct err *err)
 *     {
 *         struct json_out j = {.out = b};
 *
 *         json_begin(&j, NULL, '{', err);
 *         json_int(&j, "n", (int64_t)n, err);
 *         json_end(&j, '}', err);          // {"n": 3} and a line end
 *         return err->code;
 *     }
 *
 * key: NULL in a list and for the outermost. After an error nothing more is written.
 */
#ifndef LENSWEEP_BASE_JSON_WRITE_H
#define LENSWEEP_BASE_JSON_WRITE_H

#include "base/buf.h"

#include <stdbool.h>

struct json_out {
    struct buf *out;
    int depth;
    bool more; /* something stands before in the same list or object */
};

int json_begin(struct json_out *j, const char *key, char bracket, struct err *err);
int json_end(struct json_out *j, char bracket, struct err *err);
int json_str(struct json_out *j, const char *key, const char *s, struct err *err); /* NULL = null */
int json_int(struct json_out *j, const char *key, int64_t v, struct err *err);
int json_num(struct json_out *j, const char *key, double v, struct err *err); /* NaN = null */
int json_flag(struct json_out *j, const char *key, bool v, struct err *err);

/* A text between quotes, escaped, which YAML reads as well; bytes that are not UTF-8 become U+FFFD.
 */
int json_quoted(struct buf *b, const char *s, struct err *err);

#endif
