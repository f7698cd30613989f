/* Filters (x | name) and tests (x is name). */
#include "model/tokenizer/chat_eval.h"

#include <stdlib.h>
#include <string.h>

static bool called(const struct value *v, const char *name)
{
    return v->n == strlen(name) && !memcmp(v->s, name, v->n);
}

static int print_text(struct chat *c, const struct value *of, struct value *out, struct err *err)
{
    struct buf b = {0};

    if (of->kind == V_STRING) {
        *out = *of;
        return 0;
    }
    value_print(of, &b, err);
    return chat_text(c, &b, out, err);
}

static int by_method(struct chat *c, const char *method, const struct value *of,
                     const struct arguments *args, struct value *out, struct err *err)
{
    struct value text, name = value_text(method, strlen(method));

    return print_text(c, of, &text, err) ? err->code : chat_method(c, &text, &name, args, out, err);
}

static int filter_trim(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    return by_method(c, "strip", of, args, out, err);
}

static int filter_lower(struct chat *c, const struct value *of, const struct arguments *args,
                        struct value *out, struct err *err)
{
    return by_method(c, "lower", of, args, out, err);
}

static int filter_upper(struct chat *c, const struct value *of, const struct arguments *args,
                        struct value *out, struct err *err)
{
    return by_method(c, "upper", of, args, out, err);
}

static int filter_title(struct chat *c, const struct value *of, const struct arguments *args,
                        struct value *out, struct err *err)
{
    return by_method(c, "title", of, args, out, err);
}

static int filter_capitalize(struct chat *c, const struct value *of, const struct arguments *args,
                             struct value *out, struct err *err)
{
    return by_method(c, "capitalize", of, args, out, err);
}

static int filter_replace(struct chat *c, const struct value *of, const struct arguments *args,
                          struct value *out, struct err *err)
{
    return by_method(c, "replace", of, args, out, err);
}

static int filter_string(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    (void)args;
    return print_text(c, of, out, err);
}

static int filter_length(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    (void)c, (void)args;
    if (of->kind == V_STRING)
        *out = value_int((int64_t)chat_length(of->s, of->n));
    else if (of->kind == V_LIST || of->kind == V_DICT)
        *out = value_int((int64_t)(of->items->n / (of->kind == V_DICT ? 2 : 1)));
    else if (of->kind == V_UNDEFINED)
        *out = value_int(0);
    else
        return err_set(err, ERR_CONFIG, "%s has no length", value_type(of));
    return 0;
}

static int filter_tojson(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    const struct value *indent = argument(args, 0, "indent");
    struct buf b = {0};
    int n = -1;

    for (size_t i = 0; i < args->n; i++)
        if (args->name[i].kind != V_UNDEFINED && !called(&args->name[i], "indent") &&
            !(called(&args->name[i], "ensure_ascii") && !value_truth(&args->v[i])))
            return err_set(err, ERR_CONFIG, "tojson: the argument \"%.*s\" is not handled",
                           (int)args->name[i].n, args->name[i].s);
    if (indent && indent->kind == V_INT && indent->i >= 0 && indent->i <= 32)
        n = (int)indent->i;
    else if (indent && indent->kind != V_NONE)
        return err_set(err, ERR_CONFIG, "tojson: this indent is not handled");
    value_json(of, n, 0, &b, err);
    return chat_text(c, &b, out, err);
}

static int filter_default(struct chat *c, const struct value *of, const struct arguments *args,
                          struct value *out, struct err *err)
{
    const struct value *otherwise = argument(args, 0, "default_value");
    const struct value *falsy = argument(args, 1, "boolean");

    (void)c, (void)err;
    *out = *of;
    if (of->kind == V_UNDEFINED || (falsy && value_truth(falsy) && !value_truth(of)))
        *out = otherwise ? *otherwise : value_text("", 0);
    return 0;
}

static int filter_same(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    (void)c, (void)args, (void)err;
    *out = *of;
    return 0;
}

static int filter_list(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    struct value list;

    (void)args;
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < list.items->n; i++)
        if (chat_step(c, err) || value_push(out, c->a, list.items->v[i], err))
            return err->code;
    return 0;
}

static int end_of(struct chat *c, const struct value *of, bool last, struct value *out,
                  struct err *err)
{
    struct value list;

    if (chat_sequence(c, of, &list, err))
        return err->code;
    *out = list.items->n ? list.items->v[last ? list.items->n - 1 : 0]
                         : value_undefined("the end of an empty sequence");
    return 0;
}

static int filter_first(struct chat *c, const struct value *of, const struct arguments *args,
                        struct value *out, struct err *err)
{
    (void)args;
    return end_of(c, of, false, out, err);
}

static int filter_last(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    (void)args;
    return end_of(c, of, true, out, err);
}

static int filter_reverse(struct chat *c, const struct value *of, const struct arguments *args,
                          struct value *out, struct err *err)
{
    struct value list;

    (void)args;
    if (of->kind != V_LIST)
        return err_set(err, ERR_CONFIG, "reverse of %s is not handled", value_type(of));
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = list.items->n; i-- > 0;)
        if (chat_step(c, err) || value_push(out, c->a, list.items->v[i], err))
            return err->code;
    return 0;
}

static int filter_items(struct chat *c, const struct value *of, const struct arguments *args,
                        struct value *out, struct err *err)
{
    struct value name = value_text("items", 5);

    if (of->kind == V_UNDEFINED)
        return value_list(out, c->a, err);
    if (of->kind != V_DICT)
        return err_set(err, ERR_CONFIG, "items of %s", value_type(of));
    return chat_method(c, of, &name, args, out, err);
}

static const struct value *member(const struct value *of, const struct value *name)
{
    static const struct value undefined = {.kind = V_UNDEFINED, .s = "an attribute", .n = 12};
    const struct value *v =
        of->kind == V_DICT && name->kind == V_STRING ? value_get(of, name->s, name->n) : NULL;

    return v ? v : &undefined;
}

static int filter_join(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    const struct value *by = argument(args, 0, "d"), *attribute = argument(args, 1, "attribute");
    struct value list;
    struct buf b = {0};

    if (chat_sequence(c, of, &list, err))
        return err->code;
    for (size_t i = 0; i < list.items->n && !err->code; i++) {
        const struct value *v = &list.items->v[i];

        if (attribute)
            v = member(v, attribute);
        if (i && by)
            value_print(by, &b, err);
        if (!err->code && !chat_step(c, err))
            value_print(v, &b, err);
        if (b.len > CHAT_OUTPUT)
            err_set(err, ERR_CONFIG, "a string longer than 16 MiB");
    }
    return chat_text(c, &b, out, err);
}

static int filter_int(struct chat *c, const struct value *of, const struct arguments *args,
                      struct value *out, struct err *err)
{
    char text[24] = "", *end;

    (void)c, (void)args, (void)err;
    *out = value_int(0);
    if (value_is_number(of)) {
        double f = value_number(of);

        *out = value_int(f > -1e15 && f < 1e15 ? (int64_t)f : 0);
    } else if (of->kind == V_STRING && of->n && of->n < sizeof text) {
        long long v;

        memcpy(text, of->s, of->n);
        v = strtoll(text, &end, 10);
        if (!*end)
            *out = value_int(v);
    }
    return 0;
}

/* Spaces before every line but the first (and not before empty ones). */
static int filter_indent(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    const struct value *width = argument(args, 0, "width"), *first = argument(args, 1, "first");
    int n = width && width->kind == V_INT && width->i >= 0 && width->i < 1000 ? (int)width->i : 4;
    struct value text;
    struct buf b = {0};

    if (print_text(c, of, &text, err))
        return err->code;
    for (size_t i = 0; i < text.n && !err->code; i++) {
        bool begins = i ? text.s[i - 1] == '\n' && text.s[i] != '\n' : first && value_truth(first);

        if (begins && buf_printf(&b, err, "%*s", n, ""))
            break;
        buf_put(&b, text.s + i, 1, err);
    }
    return chat_text(c, &b, out, err);
}

static int filter_unique(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    struct value list;
    bool there = false;

    (void)args;
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < list.items->n; i++) {
        if (chat_step(c, err) || chat_contains(out, &list.items->v[i], &there, err))
            return err->code;
        c->steps += out->items->n;
        if (!there && value_push(out, c->a, list.items->v[i], err))
            return err->code;
    }
    return 0;
}

/* The arguments behind the first n ones. */
static struct arguments rest_of(const struct arguments *args, size_t n)
{
    struct arguments rest = {.n = args->n > n ? args->n - n : 0};

    for (size_t i = 0; i < rest.n; i++) {
        rest.v[i] = args->v[i + n];
        rest.name[i] = args->name[i + n];
    }
    return rest;
}

/* select("test", ...), selectattr("attribute", "test", ...), and what they leave. */
static int choose(struct chat *c, const struct value *of, const struct arguments *args,
                  bool attribute, bool wanted, struct value *out, struct err *err)
{
    struct arguments rest = rest_of(args, attribute ? 2 : 1);
    const struct value *name = argument(args, 0, "attribute");
    const struct value *test = attribute ? argument(args, 1, "test") : name;
    struct value list;

    if ((attribute && (!name || name->kind != V_STRING)) || (test && test->kind != V_STRING))
        return err_set(err, ERR_CONFIG, "select and selectattr take names");
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < list.items->n; i++) {
        const struct value *v = &list.items->v[i], *tested = attribute ? member(v, name) : v;
        bool yes = value_truth(tested);

        if (chat_step(c, err) || (test && chat_test(test, tested, &rest, &yes, err)) ||
            (yes == wanted && value_push(out, c->a, *v, err)))
            return err->code;
    }
    return 0;
}

static int filter_select(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    return choose(c, of, args, false, true, out, err);
}

static int filter_reject(struct chat *c, const struct value *of, const struct arguments *args,
                         struct value *out, struct err *err)
{
    return choose(c, of, args, false, false, out, err);
}

static int filter_selectattr(struct chat *c, const struct value *of, const struct arguments *args,
                             struct value *out, struct err *err)
{
    return choose(c, of, args, true, true, out, err);
}

static int filter_rejectattr(struct chat *c, const struct value *of, const struct arguments *args,
                             struct value *out, struct err *err)
{
    return choose(c, of, args, true, false, out, err);
}

/* map(attribute="x"), or map("filter", ...). */
static int filter_map(struct chat *c, const struct value *of, const struct arguments *args,
                      struct value *out, struct err *err)
{
    bool attribute = args->n == 1 && args->name[0].kind != V_UNDEFINED;
    struct arguments rest = rest_of(args, 1);
    struct value list, v;

    if (!args->n || args->v[0].kind != V_STRING ||
        (attribute && !called(&args->name[0], "attribute")))
        return err_set(err, ERR_CONFIG, "map takes the name of a filter, or attribute");
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < list.items->n; i++) {
        if (chat_step(c, err))
            return err->code;
        v = attribute ? *member(&list.items->v[i], &args->v[0]) : value_none();
        if ((!attribute && chat_filter(c, &args->v[0], &list.items->v[i], &rest, &v, err)) ||
            value_push(out, c->a, v, err))
            return err->code;
    }
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct chat *c, const struct value *of, const struct arguments *args,
               struct value *out, struct err *err);
} filters[] = {
    {"trim", filter_trim},
    {"length", filter_length},
    {"count", filter_length},
    {"tojson", filter_tojson},
    {"default", filter_default},
    {"d", filter_default},
    {"lower", filter_lower},
    {"upper", filter_upper},
    {"title", filter_title},
    {"capitalize", filter_capitalize},
    {"replace", filter_replace},
    {"string", filter_string},
    {"safe", filter_same},
    {"list", filter_list},
    {"first", filter_first},
    {"last", filter_last},
    {"reverse", filter_reverse},
    {"items", filter_items},
    {"join", filter_join},
    {"int", filter_int},
    {"indent", filter_indent},
    {"unique", filter_unique},
    {"select", filter_select},
    {"reject", filter_reject},
    {"selectattr", filter_selectattr},
    {"rejectattr", filter_rejectattr},
    {"map", filter_map},
};

int chat_filter(struct chat *c, const struct value *name, const struct value *of,
                const struct arguments *args, struct value *out, struct err *err)
{
    int status = ++c->depth > CHAT_DEPTH ? err_set(err, ERR_CONFIG, "nested too deep") : 0;
    size_t i = 0;

    while (i < sizeof filters / sizeof *filters && !called(name, filters[i].name))
        i++;
    if (!status && i == sizeof filters / sizeof *filters)
        status = err_set(err, ERR_CONFIG, "the filter \"%.*s\" is not handled",
                         name->n > 60 ? 60 : (int)name->n, name->s);
    if (!status)
        status = filters[i].run(c, of, args, out, err);
    c->depth--;
    return status;
}

static bool is_kind(const struct value *name, const struct value *of, bool *known)
{
    bool sequence = of->kind == V_STRING || of->kind == V_LIST || of->kind == V_DICT;
    const struct {
        const char *name;
        bool yes;
    } kinds[] = {
        {"defined", of->kind != V_UNDEFINED},
        {"undefined", of->kind == V_UNDEFINED},
        {"none", of->kind == V_NONE},
        {"string", of->kind == V_STRING},
        {"mapping", of->kind == V_DICT},
        {"iterable", sequence || of->kind == V_UNDEFINED},
        {"sequence", sequence || of->kind == V_UNDEFINED},
        {"number", value_is_number(of)},
        {"integer", of->kind == V_INT},
        {"float", of->kind == V_FLOAT},
        {"boolean", of->kind == V_BOOL},
        {"true", of->kind == V_BOOL && of->truth},
        {"false", of->kind == V_BOOL && !of->truth},
        {"callable", of->kind == V_FUNCTION || of->kind == V_MACRO || of->kind == V_METHOD},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (called(name, kinds[i].name))
            return *known = true, kinds[i].yes;
    return false;
}

static int divisible(const struct value *name, const struct value *of, const struct value *by,
                     bool *out, struct err *err)
{
    int64_t n = called(name, "divisibleby") ? (by && by->kind == V_INT ? by->i : 0) : 2;

    if (of->kind != V_INT || !n || n == -1)
        return err_set(err, ERR_CONFIG, "\"is %.*s\" of %s is not handled", (int)name->n, name->s,
                       value_type(of));
    *out = (of->i % n == 0) != called(name, "odd");
    return 0;
}

static int compared(const struct value *name, const struct value *of, const struct value *with,
                    bool *out, struct err *err)
{
    bool less = called(name, "lt") || called(name, "lessthan") || called(name, "<");
    bool more = called(name, "gt") || called(name, "greaterthan") || called(name, ">");
    bool least = called(name, "ge") || called(name, ">="), most = called(name, "le");

    if (!(less || more || least || most))
        return err_set(err, ERR_CONFIG, "the test \"%.*s\" is not handled",
                       name->n > 60 ? 60 : (int)name->n, name->s);
    if (!value_is_number(of) || !with || !value_is_number(with))
        return err_set(err, ERR_CONFIG, "\"is %.*s\" of %s is not handled", (int)name->n, name->s,
                       value_type(of));
    *out = less    ? value_number(of) < value_number(with)
           : more  ? value_number(of) > value_number(with)
           : least ? value_number(of) >= value_number(with)
                   : value_number(of) <= value_number(with);
    return 0;
}

int chat_test(const struct value *name, const struct value *of, const struct arguments *args,
              bool *out, struct err *err)
{
    const struct value *with = argument(args, 0, "other");
    bool known = false;

    *out = is_kind(name, of, &known);
    if (known)
        return 0;
    if (called(name, "odd") || called(name, "even") || called(name, "divisibleby"))
        return divisible(name, of, with, out, err);
    if (called(name, "equalto") || called(name, "eq") || called(name, "==") || called(name, "ne") ||
        called(name, "!=")) {
        *out = with && value_equal(of, with, 0) != (name->s[0] == 'n' || name->s[0] == '!');
        return 0;
    }
    if (called(name, "in") && with)
        return chat_contains(with, of, out, err);
    return compared(name, of, with, out, err);
}
