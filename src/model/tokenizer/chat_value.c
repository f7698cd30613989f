#include "model/tokenizer/chat_eval.h"

#include "base/utf8.h"

#include <string.h>

enum { DEPTH_MAX = 64 };

struct value value_undefined(const char *name)
{
    return (struct value){.kind = V_UNDEFINED, .s = name, .n = strlen(name)};
}

struct value value_none(void)
{
    return (struct value){.kind = V_NONE, .s = ""};
}

struct value value_bool(bool v)
{
    return (struct value){.kind = V_BOOL, .i = v};
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

/* Is there memory for n bytes more? */
static bool has_room(struct chat *c, size_t n)
{
    if (c->a->used > CHAT_MEMORY || n > CHAT_MEMORY)
        chat_fail(c, "it takes more than %d MiB of memory", CHAT_MEMORY >> 20);
    return !c->err->code;
}

struct value value_take(struct chat *c, struct buf *b)
{
    char *copy =
        has_room(c, b->len) ? arena_strndup(c->a, b->len ? b->data : "", b->len, c->err) : NULL;
    struct value v = copy ? value_text(copy, b->len) : value_none();

    buf_release(b);
    return v;
}

struct value value_new(struct chat *c, enum value_kind kind)
{
    static struct sequence nothing; /* after an error: value_push adds nothing then */
    struct sequence *items = has_room(c, 0) ? arena_alloc(c->a, 1, sizeof *items, c->err) : NULL;

    return (struct value){.kind = kind, .items = items ? items : &nothing};
}

void value_push(struct chat *c, struct value *list, struct value v)
{
    struct sequence *q = list->items;

    if (has_room(c, 0) && !arena_grow(c->a, &q->v, q->n, &q->cap, sizeof v, c->err))
        q->v[q->n++] = v;
}

void value_put(struct chat *c, struct value *dict, const struct value *key, struct value v)
{
    struct value *old = c->err->code ? NULL : (struct value *)value_get(dict, key);

    if (old) {
        *old = v;
        return;
    }
    value_push(c, dict, *key);
    value_push(c, dict, v);
}

const struct value *value_get(const struct value *dict, const struct value *key)
{
    if (key->kind != V_STRING || (dict->kind != V_DICT && dict->kind != V_NAMESPACE))
        return NULL;
    for (size_t i = 0; i + 1 < dict->items->n; i += 2)
        if (value_same_text(&dict->items->v[i], key))
            return &dict->items->v[i + 1];
    return NULL;
}

static struct value container_from_json(struct chat *c, const json_t *j, int depth)
{
    struct value out = value_new(c, json_is_object(j) ? V_DICT : V_LIST), name;
    const char *key;
    json_t *member;

    for (size_t i = 0; i < json_array_size(j); i++)
        value_push(c, &out, value_from_json(c, json_array_get(j, i), depth + 1));
    json_object_foreach((json_t *)j, key, member)
    {
        name = value_text(key, strlen(key));
        value_put(c, &out, &name, value_from_json(c, member, depth + 1));
    }
    return out;
}

struct value value_from_json(struct chat *c, const json_t *j, int depth)
{
    if (depth > DEPTH_MAX)
        return chat_fail(c, "a value is nested deeper than %d", DEPTH_MAX);
    switch (json_typeof(j)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return value_bool(json_is_true(j));
    case JSON_INTEGER:
        return value_int(json_integer_value(j));
    case JSON_REAL:
        return chat_fail(c, "a number with a fraction is not handled");
    case JSON_STRING:
        return value_text(json_string_value(j), json_string_length(j));
    case JSON_ARRAY:
    case JSON_OBJECT:
        return container_from_json(c, j, depth);
    default:
        return value_none();
    }
}

bool value_truth(const struct value *v)
{
    switch (v->kind) {
    case V_UNDEFINED:
    case V_NONE:
        return false;
    case V_BOOL:
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

bool value_same_text(const struct value *a, const struct value *b)
{
    return a->kind == V_STRING && b->kind == V_STRING && a->n == b->n && !memcmp(a->s, b->s, a->n);
}

static bool same_items(struct chat *c, const struct value *a, const struct value *b, int depth)
{
    if (a->items->n != b->items->n)
        return false;
    for (size_t i = 0; i < a->items->n; i++) {
        const struct value *x = &a->items->v[i], *y = &b->items->v[i];

        if (a->kind == V_DICT && i % 2 == 0) {
            y = value_get(b, x);
            x++;
            i++;
        }
        if (!y || !value_equal(c, x, y, depth + 1))
            return false;
    }
    return true;
}

bool value_equal(struct chat *c, const struct value *a, const struct value *b, int depth)
{
    if (value_is_number(a) && value_is_number(b))
        return a->i == b->i;
    if (a->kind != b->kind || depth > DEPTH_MAX || !chat_step(c))
        return false;
    switch (a->kind) {
    case V_STRING:
        return value_same_text(a, b);
    case V_LIST:
    case V_DICT:
        return a->items == b->items || same_items(c, a, b, depth);
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

int value_shown(const struct value *v)
{
    return v->n > 60 ? 60 : (int)v->n;
}

void value_print(struct chat *c, const struct value *v, struct buf *out)
{
    if (v->kind == V_STRING)
        buf_put(out, v->s, v->n, c->err);
    else if (v->kind == V_INT)
        buf_printf(out, c->err, "%lld", (long long)v->i);
    else if (v->kind == V_BOOL)
        buf_puts(out, v->i ? "True" : "False", c->err);
    else if (v->kind == V_NONE)
        buf_puts(out, "None", c->err);
    else if (v->kind != V_UNDEFINED)
        chat_fail(c, "%s cannot be printed", value_type(v));
}

static void json_text(const struct value *v, struct buf *out, struct err *err)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    buf_puts(out, "\"", err);
    for (size_t i = 0; i < v->n && !err->code; i++) {
        const char *s = v->s + i, *at = *s ? memchr(escapes, *s, sizeof escapes - 1) : NULL;

        if (at && (at - escapes) % 2 == 0)
            buf_printf(out, err, "\\%c", at[1]);
        else if ((unsigned char)*s < ' ')
            buf_printf(out, err, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            buf_put(out, s, 1, err);
    }
    buf_puts(out, "\"", err);
}

void value_json(struct chat *c, const struct value *v, int depth, struct buf *out)
{
    bool dict = v->kind == V_DICT;

    if (depth > DEPTH_MAX)
        chat_fail(c, "a value is nested deeper than %d", DEPTH_MAX);
    else if (v->kind == V_STRING)
        json_text(v, out, c->err);
    else if (v->kind == V_NONE || v->kind == V_BOOL)
        buf_puts(out, v->kind == V_NONE ? "null" : v->i ? "true" : "false", c->err);
    else if (v->kind == V_INT)
        value_print(c, v, out);
    else if (v->kind != V_LIST && !dict)
        chat_fail(c, "tojson: %s has no JSON", value_type(v));
    if (v->kind != V_LIST && !dict)
        return;
    buf_puts(out, dict ? "{" : "[", c->err);
    for (size_t i = 0; i < v->items->n && !c->err->code; i++) {
        if (i)
            buf_puts(out, dict && i % 2 ? ": " : ", ", c->err);
        value_json(c, &v->items->v[i], depth + 1, out);
        if (out->len > CHAT_OUTPUT)
            chat_fail(c, "a string longer than 16 MiB");
    }
    buf_puts(out, dict ? "}" : "]", c->err);
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
        size_t at = lo + utf8_last(s + lo, hi - lo);

        utf8_next(s + at, hi - at, &c);
        if (!in_set(s + at, hi - at, c, set, n_set))
            break;
        hi = at;
    }
    *n = hi - lo;
    return s + lo;
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
