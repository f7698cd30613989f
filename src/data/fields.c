#include "data/fields.h"

#include "base/str.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Columns count characters from 1, as in the parser's own messages. A record may be several lines
   long. */
static void place_of(const struct loader *l, size_t offset, size_t *line, size_t *column)
{
    *line = l->line_no;
    *column = l->column;
    for (size_t i = 0; i < offset; i++) {
        *column += ((unsigned char)l->line[i] & 0xc0) != 0x80;
        if (l->line[i] != '\n')
            continue;
        *column = 1;
        ++*line;
    }
}

/* The end of the string that starts at s[i], after its closing quote. */
static size_t string_end(const char *s, size_t n, size_t i)
{
    for (i++; i < n && s[i] != '"'; i++)
        if (s[i] == '\\')
            i++;
    return i < n ? i + 1 : n;
}

static size_t skip_space(const char *s, size_t n, size_t i)
{
    while (i < n && s[i] && strchr(" \t\r\n", s[i]))
        i++;
    return i;
}

/* Just after the brace that stands at s[i]; n if none does. */
static size_t enter_object(const char *s, size_t n, size_t i)
{
    return i < n && s[i] == '{' ? i + 1 : n;
}

/*
 * Where `key` stands in the object that is open at s[i] (just after its brace), as an offset; n if
 * it is not found as it is spelled. The text has been parsed: it is known to be well-formed, and a
 * string at this depth that is followed by a colon is a key.
 */
static size_t key_offset(const char *s, size_t n, size_t i, const char *key)
{
    size_t length = strlen(key);

    for (int depth = 0; i < n && depth >= 0; i++) {
        size_t end, colon;

        if (s[i] == '{' || s[i] == '[')
            depth++;
        else if (s[i] == '}' || s[i] == ']')
            depth--;
        if (s[i] != '"')
            continue;
        end = string_end(s, n, i);
        colon = skip_space(s, n, end);
        if (!depth && colon < n && s[colon] == ':' && end - i == length + 2 &&
            !memcmp(s + i + 1, key, length))
            return i;
        i = end - 1;
    }
    return n;
}

/* Where key stands, or `inner` in the object under it, if it is one; the record's beginning if it
   cannot be told. */
static size_t find_key(const struct loader *l, const char *key, const char *inner)
{
    const char *s = l->line;
    size_t n = l->line_n, at, within;

    if (!key)
        return 0;
    at = key_offset(s, n, enter_object(s, n, skip_space(s, n, 0)), key);
    if (at < n && inner) {
        within = skip_space(s, n, skip_space(s, n, string_end(s, n, at)) + 1); /* the colon */
        within = key_offset(s, n, enter_object(s, n, within), inner);
        at = within < n ? within : at;
    }
    return at < n ? at : 0;
}

void line_problem(struct loader *l, const char *key, const char *inner, const char *fmt, ...)
{
    char msg[ERR_MESSAGE];
    size_t line, column;
    va_list ap;

    va_start(ap, fmt);
    str_vfit(msg, sizeof msg, fmt, ap);
    va_end(ap);
    inner = l->outer ? key : inner;
    key = l->outer ? l->outer : key;
    /* Beyond what is kept a problem is only counted: do not search a long line for its place. */
    place_of(l, l->problems->count < PROBLEMS_MAX ? find_key(l, key, inner) : 0, &line, &column);
    problems_add(l->problems, l->path, line, column, "%s%s%s", l->outer ? l->outer : "",
                 l->outer ? ": " : "", msg);
}

/* The first reason counts. */
int query_bad(struct loader *l, struct err *err, const char *fmt, ...)
{
    char msg[512];
    size_t n = 0;
    va_list ap;

    if (l->q.status)
        return 0;
    if (l->outer)
        n = (size_t)snprintf(msg, sizeof msg, "%s: ", l->outer);
    va_start(ap, fmt);
    str_vfit(msg + n, sizeof msg - n, fmt, ap);
    va_end(ap);
    l->q.status = utf8_clean(&l->ds->arena, msg, strlen(msg), err);
    return l->q.status ? 0 : err->code;
}

bool field_take_text(struct loader *l, const json_t *obj, const char *key, const char **v)
{
    struct err e;

    if (!json_take_string(obj, key, false, v, &e))
        return true;
    line_problem(l, key, NULL, "%s", e.msg);
    return false;
}

bool take_label(struct loader *l, const json_t *obj, const char *key, int *v)
{
    int64_t n = *v;
    struct err e;

    if (json_take_int(obj, key, false, 0, LABEL_MAX, &n, &e)) {
        line_problem(l, key, NULL, "%s", e.msg);
        return false;
    }
    *v = (int)n;
    return true;
}

static int id_outside(struct loader *l, const char *what, int64_t id, const char *place,
                      struct err *err)
{
    if (l->opt->vocab > 0)
        return query_bad(l, err, "%sid %" PRId64 "%s is outside the vocabulary of %d", what, id,
                         place, l->opt->vocab);
    return query_bad(l, err, "%sid %" PRId64 "%s is not a token id", what, id, place);
}

static bool id_inside(const struct loader *l, int64_t id)
{
    return id >= 0 && id < (l->opt->vocab > 0 ? l->opt->vocab : INT32_MAX);
}

int check_id(struct loader *l, const char *what, int64_t id, int32_t *out, struct err *err)
{
    *out = id_inside(l, id) ? (int32_t)id : -1;
    return *out < 0 ? id_outside(l, what, id, "", err) : 0;
}

int take_ids(struct loader *l, const json_t *array, const char *key, const char *inner,
             const char *what, int32_t **ids, size_t *n, struct err *err)
{
    size_t count = json_array_size(array);
    char place[40];
    int32_t *v;

    *ids = NULL;
    *n = 0;
    if (!json_is_array(array)) {
        line_problem(l, key, inner, "%sids are %s, expected an array of integers", what,
                     json_kind(array));
        return 0;
    }
    v = arena_alloc(&l->ds->arena, count, sizeof *v, err);
    if (!v)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        const json_t *e = json_array_get(array, i);
        int64_t id = json_integer_value(e);

        if (!json_is_integer(e)) {
            line_problem(l, key, inner, "%sid %zu is %s, expected an integer", what, i,
                         json_kind(e));
            return 0;
        }
        snprintf(place, sizeof place, " at token %zu", i);
        if (!id_inside(l, id) && id_outside(l, what, id, place, err))
            return err->code;
        v[i] = id_inside(l, id) ? (int32_t)id : -1;
    }
    *ids = v;
    *n = count;
    return 0;
}

/* Index of name in a list that is kept in the arena, NAMES_MAX long; -1 = the list is full, a
   problem. */
static int name_index(struct loader *l, const char *what, const char **list, size_t *n,
                      const char *name, const char *key, struct err *err)
{
    size_t i = str_index(list, *n, name);

    if (i < *n)
        return (int)i;
    if (i == NAMES_MAX) {
        line_problem(l, key, name,
                     "%s \"%.64s\" is one name too many: at most %d names are allowed", what, name,
                     NAMES_MAX);
        return -1;
    }
    list[*n] = arena_strdup(&l->ds->arena, name, err);
    return list[*n] ? (int)(*n)++ : -1;
}

int span_index(struct loader *l, const char *name, const char *key, struct err *err)
{
    return name_index(l, "span", l->ds->span_name, &l->ds->n_spans, name, key, err);
}

int target_index(struct loader *l, const char *name, const char *key, struct err *err)
{
    return name_index(l, "target", l->ds->target_name, &l->ds->n_targets, name, key, err);
}

int answer_number(const char *name)
{
    int n = 0;

    if (strncmp(name, "answer_", 7) != 0 || !name[7] || name[7] == '0')
        return 0;
    for (name += 7; *name; name++) {
        if (*name < '0' || *name > '9' || n > 99)
            return 0;
        n = 10 * n + *name - '0';
    }
    return n;
}
