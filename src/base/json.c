#include "base/json.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_parse(const char *text, size_t n, int code, const char *name, size_t line,
                   struct err *err)
{
    json_error_t e;
    json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);

    if (!j)
        err_set(err, code, "%s:%zu:%d: invalid JSON: %s", name,
                line + (e.line > 0 ? (size_t)e.line - 1 : 0), e.column > 0 ? e.column : 1, e.text);
    return j;
}

/* The length of the string that begins at s. */
static size_t string_length(const char *s, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (s[i] == '"')
            return i + 1;
        i += s[i] == '\\';
    }
    return n;
}

static size_t word_length(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i] &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", s[i]))
        i++;
    return i;
}

/* Is this a number (also NaN or Infinity) that jansson does not take? */
static bool out_of_range(const char *s, size_t n)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    char text[512], *end;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i]) && !memcmp(s, words[i], n))
            return true;
    if (n < 3 || (s[0] != '-' && (s[0] < '0' || s[0] > '9')))
        return false;
    if (n >= sizeof text)
        return true;
    memcpy(text, s, n);
    text[n] = '\0';
    errno = 0;
    if (strpbrk(text, ".eE"))
        return isinf(strtod(text, &end)) && !*end;
    strtoll(text, &end, 10);
    return errno == ERANGE && !*end;
}

json_t *json_parse_foreign(const char *text, size_t n, const char *name, struct err *err)
{
    struct buf b = {0};
    json_t *j = NULL;

    if (buf_put(&b, text, n, err))
        return NULL;
    for (size_t i = 0, len; i < b.len; i += len) {
        char *s = b.data + i;

        len = *s == '"' ? string_length(s, b.len - i) : word_length(s, b.len - i);
        if (*s != '"' && out_of_range(s, len)) /* as long as before: messages tell the column */
            s[0] = s[len - 1] = '"';
        if (!len)
            len = 1;
    }
    j = json_parse(n ? b.data : "", n, ERR_FORMAT, name, 1, err);
    buf_release(&b);
    return j;
}

json_t *json_read_foreign(const char *path, size_t max, struct err *err)
{
    struct buf text = {0};
    json_t *j = NULL;

    if (!file_read_foreign(&text, path, max, err))
        j = json_parse_foreign(text.data, text.len, path, err);
    buf_release(&text);
    return j;
}

const char *json_kind(const json_t *v)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",     [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer", [JSON_REAL] = "a real number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",        [JSON_NULL] = "null",
    };

    return v ? kinds[json_typeof(v)] : "missing";
}

/* The value under key, of one of these types (a bit each); NULL when it is absent, null or of
   another type: then *status says whether that is an error. */
static const json_t *take(const json_t *obj, const char *key, bool need, unsigned types,
                          const char *expected, int *status, struct err *err)
{
    const json_t *v = json_object_get(obj, key);

    *status = 0;
    if (v && types >> json_typeof(v) & 1)
        return v;
    if (v && !json_is_null(v))
        *status =
            err_set(err, ERR_FORMAT, "key \"%s\" is %s, expected %s", key, json_kind(v), expected);
    else if (need)
        *status = err_set(err, ERR_FORMAT, "key \"%s\" is missing", key);
    return NULL;
}

int json_take_int(const json_t *obj, const char *key, bool need, int64_t lo, int64_t hi, int64_t *v,
                  struct err *err)
{
    int status;
    const json_t *j = take(obj, key, need, 1u << JSON_INTEGER, "an integer", &status, err);

    if (j && (json_integer_value(j) < lo || json_integer_value(j) > hi))
        return err_set(err, ERR_FORMAT, "key \"%s\" is %lld, expected %lld to %lld", key,
                       (long long)json_integer_value(j), (long long)lo, (long long)hi);
    if (j)
        *v = json_integer_value(j);
    return status;
}

int json_take_real(const json_t *obj, const char *key, bool need, double *v, struct err *err)
{
    int status;
    const json_t *j =
        take(obj, key, need, 1u << JSON_INTEGER | 1u << JSON_REAL, "a number", &status, err);

    if (j)
        *v = json_number_value(j);
    return status;
}

int json_take_string(const json_t *obj, const char *key, bool need, const char **v, struct err *err)
{
    int status;
    const json_t *j = take(obj, key, need, 1u << JSON_STRING, "a string", &status, err);

    if (j)
        *v = json_string_value(j);
    return status;
}

int json_take_bool(const json_t *obj, const char *key, bool need, bool *v, struct err *err)
{
    int status;
    const json_t *j =
        take(obj, key, need, 1u << JSON_TRUE | 1u << JSON_FALSE, "true or false", &status, err);

    if (j)
        *v = json_is_true(j);
    return status;
}

struct json_sink {
    struct buf *to;
    struct err *err;
};

/* Jansson passes over a failure within a key and goes on: err remembers it. */
static int put_piece(const char *text, size_t n, void *sink)
{
    struct json_sink *s = sink;

    return s->err->code || buf_put(s->to, text, n, s->err) ? -1 : 0;
}

int json_put(struct buf *b, json_t *v, size_t flags, struct err *err)
{
    struct json_sink sink = {b, err};

    if ((!v || json_dump_callback(v, put_piece, &sink, flags)) && !err->code)
        err_set(err, ERR_MEMORY, "there is no memory for JSON");
    json_decref(v);
    return err->code;
}
