/* What can be asked of strings and dictionaries by a dot, and of all values by `in` and `for`. */
#include "model/tokenizer/chat_eval.h"

#include <string.h>

bool chat_has_method(const struct value *self, const struct value *name)
{
    /* Those that chat_method does not know as well: they are not attributes that may be missing. */
    static const char *const of_text[] = {"strip",    "lstrip", "rstrip", "split", "startswith",
                                          "endswith", "upper",  "lower",  "title", "capitalize",
                                          "replace",  "join",   "find",   "count", "splitlines"};
    static const char *const of_dict[] = {"items", "keys", "values", "get"};
    bool text = self->kind == V_STRING;
    const char *const *names = text ? of_text : of_dict;
    size_t n = text ? sizeof of_text / sizeof *of_text : sizeof of_dict / sizeof *of_dict;

    for (size_t i = 0; (text || self->kind == V_DICT) && i < n; i++)
        if (value_is(name, names[i]))
            return true;
    return false;
}

int chat_sequence(struct chat *c, const struct value *of, struct value *list, struct err *err)
{
    struct value one;

    if (of->kind == V_LIST) {
        *list = *of;
        return 0;
    }
    if (of->kind != V_DICT && of->kind != V_STRING && of->kind != V_UNDEFINED)
        return err_set(err, ERR_CONFIG, "%s is not a sequence", value_type(of));
    if (value_list(list, c->a, err))
        return err->code;
    for (size_t i = 0; of->kind == V_DICT && i < of->items->n; i += 2)
        if (value_push(list, c->a, of->items->v[i], err))
            return err->code;
    for (size_t i = 0, len; of->kind == V_STRING && i < of->n; i += len) {
        len = chat_offset(of->s + i, of->n - i, 1);
        one = value_text(of->s + i, len);
        if (chat_step(c, err) || value_push(list, c->a, one, err))
            return err->code;
    }
    return 0;
}

int chat_contains(const struct value *container, const struct value *what, bool *out,
                  struct err *err)
{
    *out = false;
    if (container->kind == V_UNDEFINED)
        return 0;
    if (container->kind == V_STRING && what->kind == V_STRING) {
        *out = chat_find(container->s, container->n, what->s, what->n) != SIZE_MAX;
        return 0;
    }
    if (container->kind == V_DICT) {
        *out = what->kind == V_STRING && value_get(container, what->s, what->n);
        return 0;
    }
    if (container->kind != V_LIST)
        return err_set(err, ERR_CONFIG, "\"in\" of %s and %s is not handled", value_type(what),
                       value_type(container));
    for (size_t i = 0; i < container->items->n && !*out; i++)
        *out = value_equal(&container->items->v[i], what, 0);
    return 0;
}

static int want_text(const struct value *v, const char *method, struct err *err)
{
    return v && v->kind == V_STRING ? 0 : err_set(err, ERR_CONFIG, "%s takes a string", method);
}

static int strip(const struct value *self, const struct value *name, const struct arguments *args,
                 struct value *out, struct err *err)
{
    const struct value *set = argument(args, 0, "chars");
    size_t n = self->n;
    const char *s;

    if (set && set->kind != V_NONE && want_text(set, "strip", err))
        return err->code;
    s = chat_strip(self->s, &n, set && set->kind == V_STRING ? set->s : NULL, set ? set->n : 0,
                   name->s[0] != 'r', name->s[0] != 'l');
    *out = value_text(s, n);
    return 0;
}

static int split(struct chat *c, const struct value *self, const struct arguments *args,
                 struct value *out, struct err *err)
{
    const struct value *by = argument(args, 0, "sep"), *most = argument(args, 1, "maxsplit");
    int64_t left = most && most->kind == V_INT && most->i >= 0 ? most->i : INT64_MAX;
    size_t i = 0;

    if (value_list(out, c->a, err) || want_text(by, "split", err))
        return err->code;
    if (!by->n)
        return err_set(err, ERR_CONFIG, "split by an empty string");
    for (;;) {
        size_t at = left-- > 0 ? chat_find(self->s + i, self->n - i, by->s, by->n) : SIZE_MAX;
        size_t end = at == SIZE_MAX ? self->n : i + at;

        if (chat_step(c, err) || value_push(out, c->a, value_text(self->s + i, end - i), err))
            return err->code;
        if (at == SIZE_MAX)
            return 0;
        i = end + by->n;
    }
}

static bool is_affix(const struct value *self, const struct value *what, bool start)
{
    return what->kind == V_STRING && what->n <= self->n &&
           !memcmp(start ? self->s : self->s + self->n - what->n, what->s, what->n);
}

static int affix(const struct value *self, bool start, const struct arguments *args,
                 struct value *out, struct err *err)
{
    const struct value *what = argument(args, 0, "prefix");
    bool yes = false;

    if (what && what->kind == V_LIST) {
        for (size_t i = 0; i < what->items->n; i++)
            yes |= is_affix(self, &what->items->v[i], start);
    } else {
        if (want_text(what, start ? "startswith" : "endswith", err))
            return err->code;
        yes = is_affix(self, what, start);
    }
    *out = value_bool(yes);
    return 0;
}

/* Letters of ASCII only are changed: others are refused, for Python knows more of them. */
static int change_case(struct chat *c, const struct value *self, const struct value *name,
                       struct value *out, struct err *err)
{
    bool upper = value_is(name, "upper"), lower = value_is(name, "lower");
    struct buf b = {0};

    for (size_t i = 0; i < self->n; i++) {
        char s = self->s[i];
        bool small = s >= 'a' && s <= 'z', large = s >= 'A' && s <= 'Z';

        if ((unsigned char)s >= 0x80)
            err_set(err, ERR_CONFIG, "%.*s of letters beyond ASCII is not handled", (int)name->n,
                    name->s);
        else if (small && (upper || (!lower && !i)))
            s = (char)(s - 'a' + 'A');
        else if (large && (lower || (!upper && i)))
            s = (char)(s - 'A' + 'a');
        if (err->code || buf_put(&b, &s, 1, err))
            break;
    }
    return chat_text(c, &b, out, err);
}

static int replace(struct chat *c, const struct value *self, const struct arguments *args,
                   struct value *out, struct err *err)
{
    const struct value *from = argument(args, 0, "old"), *to = argument(args, 1, "new");
    const struct value *most = argument(args, 2, "count");
    int64_t left = most && most->kind == V_INT && most->i >= 0 ? most->i : INT64_MAX;
    struct buf b = {0};
    size_t i = 0, at;

    if (want_text(from, "replace", err) || want_text(to, "replace", err))
        return err->code;
    if (!from->n)
        return err_set(err, ERR_CONFIG, "replace of an empty string is not handled");
    while (!err->code && left-- > 0 &&
           (at = chat_find(self->s + i, self->n - i, from->s, from->n)) != SIZE_MAX) {
        if (chat_step(c, err) || buf_put(&b, self->s + i, at, err) ||
            buf_put(&b, to->s, to->n, err) ||
            (b.len > CHAT_OUTPUT && err_set(err, ERR_CONFIG, "a string longer than 16 MiB")))
            break;
        i += at + from->n;
    }
    if (!err->code)
        buf_put(&b, self->s + i, self->n - i, err);
    return chat_text(c, &b, out, err);
}

static void get(const struct value *self, const struct arguments *args, struct value *out)
{
    const struct value *key = argument(args, 0, "key"), *otherwise = argument(args, 1, "default");
    const struct value *v = key && key->kind == V_STRING ? value_get(self, key->s, key->n) : NULL;

    *out = v ? *v : otherwise ? *otherwise : value_none();
}

int chat_method(struct chat *c, const struct value *self, const struct value *name,
                const struct arguments *args, struct value *out, struct err *err)
{
    if (value_is(name, "get"))
        return get(self, args, out), 0;
    if (value_is(name, "strip") || value_is(name, "lstrip") || value_is(name, "rstrip"))
        return strip(self, name, args, out, err);
    if (value_is(name, "split"))
        return split(c, self, args, out, err);
    if (value_is(name, "startswith") || value_is(name, "endswith"))
        return affix(self, name->s[0] == 's', args, out, err);
    if (value_is(name, "replace"))
        return replace(c, self, args, out, err);
    if (value_is(name, "upper") || value_is(name, "lower") || value_is(name, "capitalize"))
        return change_case(c, self, name, out, err);
    return err_set(err, ERR_CONFIG, "the method \"%.*s\" is not handled", (int)name->n, name->s);
}
