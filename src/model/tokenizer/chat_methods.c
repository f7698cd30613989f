/* What can be asked of strings and dictionaries by a dot, and of all values by `in` and `for`. */
#include "model/tokenizer/chat_eval.h"

#include <string.h>

struct value chat_sequence(struct chat *c, const struct value *of)
{
    struct value list = of->kind == V_LIST ? *of : value_new(c, V_LIST);

    if (of->kind != V_LIST && of->kind != V_DICT && of->kind != V_STRING && of->kind != V_UNDEFINED)
        chat_fail(c, "%s is not a sequence", value_type(of));
    for (size_t i = 0; of->kind == V_DICT && i < of->items->n; i += 2)
        value_push(c, &list, of->items->v[i]);
    for (size_t i = 0, len; of->kind == V_STRING && i < of->n && chat_step(c); i += len) {
        len = chat_offset(of->s + i, of->n - i, 1);
        value_push(c, &list, value_text(of->s + i, len));
    }
    return list;
}

bool chat_contains(struct chat *c, const struct value *container, const struct value *what)
{
    bool found = false;

    if (container->kind == V_UNDEFINED)
        return false;
    if (container->kind == V_STRING && what->kind == V_STRING)
        return chat_find(container->s, container->n, what->s, what->n) != SIZE_MAX;
    if (container->kind == V_DICT)
        return value_get(container, what);
    if (container->kind != V_LIST)
        chat_fail(c, "\"in\" of %s and %s is not handled", value_type(what), value_type(container));
    for (size_t i = 0; container->kind == V_LIST && i < container->items->n && !found; i++)
        found = value_equal(c, &container->items->v[i], what, 0);
    return found;
}

/* Is it a string? Else an error. */
static bool want_text(struct chat *c, const struct value *v, const char *method)
{
    if (!v || v->kind != V_STRING)
        chat_fail(c, "%s takes a string", method);
    return !c->err->code;
}

/* How often at most, as an argument says it. */
static int64_t most_of(const struct value *v)
{
    return v && v->kind == V_INT && v->i >= 0 ? v->i : INT64_MAX;
}

static struct value strip(struct chat *c, const struct value *self, const char *name,
                          const struct arguments *args)
{
    const struct value *set = argument(args, 0, "chars");
    size_t n = self->n;
    const char *s;

    if (set && set->kind == V_NONE)
        set = NULL;
    if (set && !want_text(c, set, "strip"))
        return value_none();
    s = chat_strip(self->s, &n, set ? set->s : NULL, set ? set->n : 0, *name != 'r', *name != 'l');
    return value_text(s, n);
}

static struct value split(struct chat *c, const struct value *self, const char *name,
                          const struct arguments *args)
{
    const struct value *by = argument(args, 0, "sep");
    int64_t left = most_of(argument(args, 1, "maxsplit"));
    struct value out = value_new(c, V_LIST);
    size_t at = 0;

    if (!want_text(c, by, name))
        return out;
    if (!by->n)
        return chat_fail(c, "split by an empty string");
    for (size_t i = 0; at != SIZE_MAX && chat_step(c); i += at + by->n) {
        at = left-- > 0 ? chat_find(self->s + i, self->n - i, by->s, by->n) : SIZE_MAX;
        value_push(c, &out, value_text(self->s + i, at == SIZE_MAX ? self->n - i : at));
    }
    return out;
}

static bool is_affix(const struct value *self, const struct value *what, bool start)
{
    return what->kind == V_STRING && what->n <= self->n &&
           !memcmp(start ? self->s : self->s + self->n - what->n, what->s, what->n);
}

static struct value affix(struct chat *c, const struct value *self, const char *name,
                          const struct arguments *args)
{
    const struct value *what = argument(args, 0, "prefix");
    bool start = *name == 's', yes = false;

    if (!what || what->kind != V_LIST)
        return value_bool(want_text(c, what, name) && is_affix(self, what, start));
    for (size_t i = 0; i < what->items->n; i++)
        yes |= is_affix(self, &what->items->v[i], start);
    return value_bool(yes);
}

/* Letters of ASCII only are changed: others are refused, for Python knows more of them. */
static struct value change_case(struct chat *c, const struct value *self, const char *name,
                                const struct arguments *args)
{
    struct buf b = {0};

    (void)args;
    for (size_t i = 0; i < self->n && !c->err->code; i++) {
        bool large = *name == 'u' || (*name == 'c' && !i);
        char s = self->s[i];

        if ((unsigned char)s >= 0x80)
            chat_fail(c, "%s of letters beyond ASCII is not handled", name);
        else if (large && s >= 'a' && s <= 'z')
            s = (char)(s - 'a' + 'A');
        else if (!large && s >= 'A' && s <= 'Z')
            s = (char)(s - 'A' + 'a');
        buf_put(&b, &s, 1, c->err);
    }
    return value_take(c, &b);
}

static struct value replace(struct chat *c, const struct value *self, const char *name,
                            const struct arguments *args)
{
    const struct value *from = argument(args, 0, "old"), *to = argument(args, 1, "new");
    int64_t left = most_of(argument(args, 2, "count"));
    struct buf b = {0};
    size_t i = 0, at;

    if (!want_text(c, from, name) || !want_text(c, to, name))
        return value_none();
    if (!from->n)
        return chat_fail(c, "replace of an empty string is not handled");
    while (left-- > 0 && (at = chat_find(self->s + i, self->n - i, from->s, from->n)) != SIZE_MAX &&
           chat_step(c)) {
        buf_put(&b, self->s + i, at, c->err);
        buf_put(&b, to->s, to->n, c->err);
        if (b.len > CHAT_OUTPUT)
            chat_fail(c, "a string longer than 16 MiB");
        i += at + from->n;
    }
    buf_put(&b, self->s + i, self->n - i, c->err);
    return value_take(c, &b);
}

static struct value get(struct chat *c, const struct value *self, const char *name,
                        const struct arguments *args)
{
    const struct value *key = argument(args, 0, "key"), *otherwise = argument(args, 1, "default");
    const struct value *v = key ? value_get(self, key) : NULL;

    (void)c, (void)name;
    return v ? *v : otherwise ? *otherwise : value_none();
}

static const struct {
    const char *name;
    enum value_kind of;
    /* NULL: not handled, but not an attribute that may be missing */
    struct value (*run)(struct chat *c, const struct value *self, const char *name,
                        const struct arguments *args);
} methods[] = {
    {"strip", V_STRING, strip},
    {"lstrip", V_STRING, strip},
    {"rstrip", V_STRING, strip},
    {"split", V_STRING, split},
    {"startswith", V_STRING, affix},
    {"endswith", V_STRING, affix},
    {"upper", V_STRING, change_case},
    {"lower", V_STRING, change_case},
    {"capitalize", V_STRING, change_case},
    {"replace", V_STRING, replace},
    {"title", V_STRING, NULL},
    {"join", V_STRING, NULL},
    {"find", V_STRING, NULL},
    {"count", V_STRING, NULL},
    {"splitlines", V_STRING, NULL},
    {"get", V_DICT, get},
    {"items", V_DICT, NULL},
    {"keys", V_DICT, NULL},
    {"values", V_DICT, NULL},
};

const char *chat_method_name(const struct value *self, const struct value *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].of == self->kind && value_is(name, methods[i].name))
            return methods[i].name;
    return NULL;
}

struct value chat_method(struct chat *c, const struct value *self, const char *name,
                         const struct arguments *args)
{
    size_t i = 0;

    while (strcmp(methods[i].name, name) != 0)
        i++;
    return methods[i].run ? methods[i].run(c, self, name, args)
                          : chat_fail(c, "the method \"%s\" is not handled", name);
}
