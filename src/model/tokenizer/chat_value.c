#include "model/tokenizer/chat_value.h"

#include "base/utf8.h"

#include <string.h>

enum { DEPTH_MAX = 64 };

struct value value_undefined(const char *name)
{
    return (struct value){.kind = V_UNDEFINED, .s = name, .n = strlen(name)};
}

struct value value_none(void)
{
    return (struct value){.kind = V_NONE};
}

struct value value_bool(bool v)
{
    return (struct value){.kind = V_BOOL, .truth = v, .i = v};
}

struct value value_int(int64_t v)
{
    return (struct value){.kind = V_INT, .i = v};
}

struct value value_text(const char *s, size_t n)
{
    return (struct value){.kind = V_STRING, .s = s ? s : "", .n = n};
}

bool value_is(const struct value *v, const char *text)
{
    return v->n == strlen(text) && !memcmp(v->s, text, v->n);
}

static void *take(struct arena *a, size_t n, size_t size, struct err *err)
{
    if (a->used > CHAT_MEMORY || n > CHAT_MEMORY / size) {
        err_set(err, ERR_CONFIG, "it takes more than %d MiB of memory", CHAT_MEMORY >> 20);
        return NULL;
    }
    return arena_alloc(a, n, size, err);
}

int value_copy_text(struct value *out, struct arena *a, const char *s, size_t n, struct err *err)
{
    char *copy = take(a, n + 1, 1, err);

    if (!copy)
        return err->code;
    if (n)
        memcpy(copy, s, n);
    *out = value_text(copy, n);
    return 0;
}

int value_list(struct value *out, struct arena *a, struct err *err)
{
    *out = (struct value){.kind = V_LIST, .items = take(a, 1, sizeof *out->items, err)};
    return out->items ? 0 : err->code;
}

int value_push(struct value *list, struct arena *a, struct value v, struct err *err)
{
    struct sequence *q = list->items;
    size_t cap = q->cap ? 2 * q->cap : 8;
    struct value *more;

    if (q->n == q->cap) {
        more = take(a, cap, sizeof *more, err);
        if (!more)
            return err->code;
        if (q->n)
            memcpy(more, q->v, q->n * sizeof *more);
        q->v = more;
        q->cap = cap;
    }
    q->v[q->n++] = v;
    return 0;
}

int value_put(struct value *dict, struct arena *a, const char *key, size_t n, struct value v,
              struct err *err)
{
    struct value *old = (struct value *)value_get(dict, key, n), name;

    if (old) {
        *old = v;
        return 0;
    }
    return err_if(err, value_copy_text(&name, a, key, n, err) || value_push(dict, a, name, err) ||
                           value_push(dict, a, v, err));
}

const struct value *value_get(const struct value *dict, const char *key, size_t n)
{
    for (size_t i = 0; i + 1 < dict->items->n; i += 2) {
        const struct value *k = &dict->items->v[i];

        if (k->kind == V_STRING && k->n == n && !memcmp(k->s, key, n))
            return k + 1;
    }
    return NULL;
}

static int container_from_json(struct value *out, struct arena *a, const json_t *j, int depth,
                               struct err *err)
{
    struct value item;
    const char *key;
    json_t *member;

    if (value_list(out, a, err))
        return err->code;
    for (size_t i = 0; i < json_array_size(j); i++)
        if (value_from_json(&item, a, json_array_get(j, i), depth + 1, err) ||
            value_push(out, a, item, err))
            return err->code;
    if (!json_is_object(j))
        return 0;
    out->kind = V_DICT;
    json_object_foreach((json_t *)j, key, member)
    {
        if (value_from_json(&item, a, member, depth + 1, err) ||
            value_put(out, a, key, strlen(key), item, err))
            return err->code;
    }
    return 0;
}

int value_from_json(struct value *out, struct arena *a, const json_t *j, int depth, struct err *err)
{
    *out = value_none();
    if (depth > DEPTH_MAX)
        return err_set(err, ERR_CONFIG, "a value is nested deeper than %d", DEPTH_MAX);
    switch (json_typeof(j)) {
    case JSON_TRUE:
    case JSON_FALSE:
        *out = value_bool(json_is_true(j));
        return 0;
    case JSON_INTEGER:
        *out = value_int(json_integer_value(j));
        return 0;
    case JSON_REAL:
        return err_set(err, ERR_CONFIG, "a number with a fraction is not handled");
    case JSON_STRING:
        return value_copy_text(out, a, json_string_value(j), json_string_length(j), err);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return container_from_json(out, a, j, depth, err);
    default:
        return 0;
    }
}

bool value_truth(const struct value *v)
{
    switch (v->kind) {
    case V_UNDEFINED:
    case V_NONE:
        return false;
    case V_BOOL:
        return v->truth;
    case V_INT:
        return v->i != 0;
    case V_STRING:
        return v->n > 0;
    case V_LIST:
    case V_DICT:
        return v->items->n > 0;
    default:
        return true;
    }
}

bool value_is_number(const struct value *v)
{
    return v->kind == V_BOOL || v->kind == V_INT;
}

static bool same_items(const struct value *a, const struct value *b, int depth)
{
    if (a->items->n != b->items->n)
        return false;
    for (size_t i = 0; i < a->items->n; i++) {
        const struct value *x = &a->items->v[i], *y = &b->items->v[i];

        if (a->kind == V_DICT && i % 2 == 0) {
            y = x->kind == V_STRING ? value_get(b, x->s, x->n) : NULL;
            x++;
            i++;
        }
        if (!y || !value_equal(x, y, depth + 1))
            return false;
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b, int depth)
{
    if (value_is_number(a) && value_is_number(b))
        return a->i == b->i;
    if (a->kind != b->kind || depth > DEPTH_MAX)
        return false;
    switch (a->kind) {
    case V_STRING:
        return a->n == b->n && !memcmp(a->s, b->s, a->n);
    case V_LIST:
    case V_DICT:
        return a->items == b->items || same_items(a, b, depth);
    case V_NAMESPACE:
        return a->items == b->items;
    default:
        return a->kind == V_UNDEFINED || a->kind == V_NONE;
    }
}

const char *value_type(const struct value *v)
{
    static const char *const names[] = {
        [V_UNDEFINED] = "undefined",   [V_NONE] = "none",           [V_BOOL] = "a boolean",
        [V_INT] = "an integer",        [V_STRING] = "a string",     [V_LIST] = "a list",
        [V_DICT] = "a dictionary",     [V_METHOD] = "a method",     [V_MACRO] = "a macro",
        [V_NAMESPACE] = "a namespace", [V_FUNCTION] = "a function",
    };

    return names[v->kind];
}

int value_print(const struct value *v, struct buf *out, struct err *err)
{
    switch (v->kind) {
    case V_STRING:
        return buf_put(out, v->s, v->n, err);
    case V_INT:
        return buf_printf(out, err, "%lld", (long long)v->i);
    case V_BOOL:
        return buf_puts(out, v->truth ? "True" : "False", err);
    case V_NONE:
        return buf_puts(out, "None", err);
    case V_UNDEFINED:
        return 0;
    default:
        return err_set(err, ERR_CONFIG, "%s cannot be printed", value_type(v));
    }
}

static int json_text(const char *s, size_t n, struct buf *out, struct err *err)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    int status = buf_puts(out, "\"", err);

    for (size_t i = 0; i < n && !status; i++) {
        const char *at = s[i] ? memchr(escapes, s[i], sizeof escapes - 1) : NULL;

        if (at && (at - escapes) % 2 == 0)
            status = buf_printf(out, err, "\\%c", at[1]);
        else if ((unsigned char)s[i] < ' ')
            status = buf_printf(out, err, "\\u%04x", (unsigned)(unsigned char)s[i]);
        else
            status = buf_put(out, s + i, 1, err);
    }
    return status ? status : buf_puts(out, "\"", err);
}

static int json(const struct value *v, int depth, struct buf *out, struct err *err)
{
    bool dict = v->kind == V_DICT;
    int status;

    if (depth > DEPTH_MAX)
        return err_set(err, ERR_CONFIG, "a value is nested deeper than %d", DEPTH_MAX);
    if (v->kind == V_STRING)
        return json_text(v->s, v->n, out, err);
    if (v->kind == V_NONE)
        return buf_puts(out, "null", err);
    if (v->kind == V_BOOL)
        return buf_puts(out, v->truth ? "true" : "false", err);
    if (v->kind == V_INT)
        return value_print(v, out, err);
    if (v->kind != V_LIST && !dict)
        return err_set(err, ERR_CONFIG, "tojson: %s has no JSON", value_type(v));
    status = buf_puts(out, dict ? "{" : "[", err);
    for (size_t i = 0; i < v->items->n && !status; i++) {
        if (i)
            status = buf_puts(out, dict && i % 2 ? ": " : ", ", err);
        if (!status)
            status = json(&v->items->v[i], depth + 1, out, err);
    }
    return status ? status : buf_puts(out, dict ? "}" : "]", err);
}

int value_json(const struct value *v, struct buf *out, struct err *err)
{
    return json(v, 0, out, err);
}

bool chat_is_space(int32_t c)
{
    return utf8_is_space(c) || (c >= 0x1c && c <= 0x1f);
}

static bool in_set(const char *s, size_t n, int32_t c, const char *set, size_t n_set)
{
    if (!set)
        return chat_is_space(c);
    return chat_find(set, n_set, s, n) != SIZE_MAX;
}

const char *chat_strip(const char *s, size_t *n, const char *set, size_t n_set, bool left,
                       bool right)
{
    size_t lo = 0, hi = *n, len;
    int32_t c;

    for (; left && lo < hi; lo += len) {
        len = utf8_next(s + lo, hi - lo, &c);
        if (!in_set(s + lo, len, c, set, n_set))
            break;
    }
    while (right && hi > lo) {
        size_t at = hi - 1;

        while (at > lo && ((unsigned char)s[at] & 0xc0) == 0x80)
            at--;
        utf8_next(s + at, hi - at, &c);
        if (!in_set(s + at, hi - at, c, set, n_set))
            break;
        hi = at;
    }
    *n = hi - lo;
    return s + lo;
}

size_t chat_length(const char *s, size_t n)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++)
        length += ((unsigned char)s[i] & 0xc0) != 0x80;
    return length;
}

size_t chat_offset(const char *s, size_t n, size_t i)
{
    size_t at = 0;
    int32_t c;

    for (; i && at < n; i--)
        at += utf8_next(s + at, n - at, &c);
    return at;
}

size_t chat_find(const char *s, size_t n, const char *what, size_t n_what)
{
    for (size_t i = 0; i + n_what <= n; i++)
        if (!memcmp(s + i, what, n_what))
            return i;
    return SIZE_MAX;
}
