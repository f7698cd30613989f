/* Filters (x | name) and tests (x is name). */
#include "model/tokenizer/chat_eval.h"

#include "base/utf8.h"

static struct value filter_string(struct chat *c, const struct value *of,
                                  const struct arguments *args)
{
    struct buf b = {0};

    (void)args;
    if (of->kind == V_STRING)
        return *of;
    value_print(c, of, &b);
    return value_take(c, &b);
}

static struct value filter_length(struct chat *c, const struct value *of,
                                  const struct arguments *args)
{
    (void)args;
    if (of->kind == V_STRING)
        return value_int((int64_t)utf8_length(of->s, of->n));
    if (of->kind == V_LIST || of->kind == V_DICT)
        return value_int((int64_t)(of->items->n / (of->kind == V_DICT ? 2 : 1)));
    return of->kind == V_UNDEFINED ? value_int(0)
                                   : chat_fail(c, "%s has no length", value_type(of));
}

static struct value filter_tojson(struct chat *c, const struct value *of,
                                  const struct arguments *args)
{
    struct buf b = {0};

    for (size_t i = 0; i < args->n; i++)
        if (!value_is(&args->name[i], "ensure_ascii") || value_truth(&args->v[i]))
            return chat_fail(c, "tojson: the argument \"%.*s\" is not handled",
                             (int)args->name[i].n, args->name[i].s);
    value_json(c, of, 0, &b);
    return value_take(c, &b);
}

static struct value filter_default(struct chat *c, const struct value *of,
                                   const struct arguments *args)
{
    const struct value *otherwise = argument(args, 0, "default_value");
    const struct value *falsy = argument(args, 1, "boolean");

    (void)c;
    if (of->kind == V_UNDEFINED || (falsy && value_truth(falsy) && !value_truth(of)))
        return otherwise ? *otherwise : value_text("", 0);
    return *of;
}

static struct value filter_list(struct chat *c, const struct value *of,
                                const struct arguments *args)
{
    (void)args;
    return chat_sequence(c, of);
}

static struct value filter_join(struct chat *c, const struct value *of,
                                const struct arguments *args)
{
    const struct value *by = argument(args, 0, "d");
    struct value list;
    struct buf b = {0};

    if (argument(args, 1, "attribute"))
        return chat_fail(c, "join of an attribute is not handled");
    list = chat_sequence(c, of);
    for (size_t i = 0; i < list.items->n && !c->err->code; i++) {
        if (i && by)
            value_print(c, by, &b);
        if (chat_step(c))
            value_print(c, &list.items->v[i], &b);
        if (b.len > CHAT_OUTPUT)
            chat_fail(c, "a string longer than 16 MiB");
    }
    return value_take(c, &b);
}

static struct value filter_int(struct chat *c, const struct value *of, const struct arguments *args)
{
    (void)args;
    return value_is_number(of) ? value_int(of->i)
                               : chat_fail(c, "int of %s is not handled", value_type(of));
}

/* selectattr("attribute", "test", argument), and what it leaves. */
static struct value choose(struct chat *c, const struct value *of, const struct arguments *args,
                           bool wanted)
{
    const struct value *name = argument(args, 0, "attribute"), *test = argument(args, 1, "test");
    struct arguments rest = {.n = args->n > 2};
    struct value list, out;

    if (rest.n) {
        rest.v[0] = args->v[2];
        rest.name[0] = args->name[2];
    }
    if (!name || name->kind != V_STRING || (test && test->kind != V_STRING) || args->n > 3)
        return chat_fail(c, "selectattr takes two names and a value");
    list = chat_sequence(c, of);
    out = value_new(c, V_LIST);
    for (size_t i = 0; i < list.items->n && chat_step(c); i++) {
        const struct value undefined = value_undefined("an attribute");
        const struct value *v = value_get(&list.items->v[i], name), *tested = v ? v : &undefined;

        if ((test ? chat_test(c, test, tested, &rest) : value_truth(tested)) == wanted)
            value_push(c, &out, list.items->v[i]);
    }
    return out;
}

static struct value filter_selectattr(struct chat *c, const struct value *of,
                                      const struct arguments *args)
{
    return choose(c, of, args, true);
}

static struct value filter_rejectattr(struct chat *c, const struct value *of,
                                      const struct arguments *args)
{
    return choose(c, of, args, false);
}

static const struct {
    const char *name;
    const char *method; /* of strings: of what is printed */
    struct value (*run)(struct chat *c, const struct value *of, const struct arguments *args);
} filters[] = {
    {"trim", "strip", NULL},
    {"lower", "lower", NULL},
    {"upper", "upper", NULL},
    {"capitalize", "capitalize", NULL},
    {"replace", "replace", NULL},
    {"length", NULL, filter_length},
    {"count", NULL, filter_length},
    {"tojson", NULL, filter_tojson},
    {"default", NULL, filter_default},
    {"d", NULL, filter_default},
    {"string", NULL, filter_string},
    {"safe", NULL, filter_string},
    {"list", NULL, filter_list},
    {"join", NULL, filter_join},
    {"int", NULL, filter_int},
    {"selectattr", NULL, filter_selectattr},
    {"rejectattr", NULL, filter_rejectattr},
};

struct value chat_filter(struct chat *c, const struct value *name, const struct value *of,
                         const struct arguments *args)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct value text;

        if (!value_is(name, filters[i].name))
            continue;
        if (filters[i].run)
            return filters[i].run(c, of, args);
        text = filter_string(c, of, args);
        return chat_method(c, &text, filters[i].method, args);
    }
    return chat_fail(c, "the filter \"%.*s\" is not handled", value_shown(name), name->s);
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
        {"float", false},
        {"boolean", of->kind == V_BOOL},
        {"true", of->kind == V_BOOL && of->i},
        {"false", of->kind == V_BOOL && !of->i},
        {"callable", of->kind == V_FUNCTION || of->kind == V_MACRO || of->kind == V_METHOD},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (value_is(name, kinds[i].name))
            return *known = true, kinds[i].yes;
    return false;
}

bool chat_test(struct chat *c, const struct value *name, const struct value *of,
               const struct arguments *args)
{
    const struct value *with = argument(args, 0, "other");
    bool equal = value_is(name, "equalto") || value_is(name, "eq") || value_is(name, "==");
    bool known = false, is = is_kind(name, of, &known);

    if (known)
        return is;
    if (with && (equal || value_is(name, "ne") || value_is(name, "!=")))
        return value_equal(c, of, with, 0) == equal;
    chat_fail(c, "the test \"%.*s\" is not handled", value_shown(name), name->s);
    return false;
}
