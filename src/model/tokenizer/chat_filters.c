/* Filters (x | name) and tests (x is name). */
#include "model/tokenizer/chat_eval.h"

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
    struct buf b = {0};

    for (size_t i = 0; i < args->n; i++)
        if (!value_is(&args->name[i], "ensure_ascii") || value_truth(&args->v[i]))
            return err_set(err, ERR_CONFIG, "tojson: the argument \"%.*s\" is not handled",
                           (int)args->name[i].n, args->name[i].s);
    value_json(of, &b, err);
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

static int filter_list(struct chat *c, const struct value *of, const struct arguments *args,
                       struct value *out, struct err *err)
{
    (void)args;
    return chat_sequence(c, of, out, err);
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
    const struct value *by = argument(args, 0, "d");
    struct value list;
    struct buf b = {0};

    if (argument(args, 1, "attribute"))
        return err_set(err, ERR_CONFIG, "join of an attribute is not handled");
    if (chat_sequence(c, of, &list, err))
        return err->code;
    for (size_t i = 0; i < list.items->n && !err->code; i++) {
        if (i && by)
            value_print(by, &b, err);
        if (!err->code && !chat_step(c, err))
            value_print(&list.items->v[i], &b, err);
        if (b.len > CHAT_OUTPUT)
            err_set(err, ERR_CONFIG, "a string longer than 16 MiB");
    }
    return chat_text(c, &b, out, err);
}

static int filter_int(struct chat *c, const struct value *of, const struct arguments *args,
                      struct value *out, struct err *err)
{
    (void)c, (void)args;
    if (!value_is_number(of))
        return err_set(err, ERR_CONFIG, "int of %s is not handled", value_type(of));
    *out = value_int(of->i);
    return 0;
}

/* selectattr("attribute", "test", argument), and what it leaves. */
static int choose(struct chat *c, const struct value *of, const struct arguments *args, bool wanted,
                  struct value *out, struct err *err)
{
    const struct value *name = argument(args, 0, "attribute"), *test = argument(args, 1, "test");
    struct arguments rest = {.n = args->n > 2};
    struct value list;

    if (rest.n) {
        rest.v[0] = args->v[2];
        rest.name[0] = args->name[2];
    }
    if (!name || name->kind != V_STRING || (test && test->kind != V_STRING) || args->n > 3)
        return err_set(err, ERR_CONFIG, "selectattr takes two names and a value");
    if (chat_sequence(c, of, &list, err) || value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < list.items->n; i++) {
        const struct value *v = &list.items->v[i], *tested = member(v, name);
        bool yes = value_truth(tested);

        if (chat_step(c, err) || (test && chat_test(test, tested, &rest, &yes, err)) ||
            (yes == wanted && value_push(out, c->a, *v, err)))
            return err->code;
    }
    return 0;
}

static int filter_selectattr(struct chat *c, const struct value *of, const struct arguments *args,
                             struct value *out, struct err *err)
{
    return choose(c, of, args, true, out, err);
}

static int filter_rejectattr(struct chat *c, const struct value *of, const struct arguments *args,
                             struct value *out, struct err *err)
{
    return choose(c, of, args, false, out, err);
}

/* A method of strings by its own name: of what is printed. */
static int filter_method(struct chat *c, const struct value *name, const struct value *of,
                         const struct arguments *args, struct value *out, struct err *err)
{
    struct value text, method = value_is(name, "trim") ? value_text("strip", 5) : *name;

    return print_text(c, of, &text, err) ? err->code
                                         : chat_method(c, &text, &method, args, out, err);
}

static const struct {
    const char *name;
    int (*run)(struct chat *c, const struct value *of, const struct arguments *args,
               struct value *out, struct err *err);
} filters[] = {
    {"trim", NULL},
    {"lower", NULL},
    {"upper", NULL},
    {"capitalize", NULL},
    {"replace", NULL}, /* without a function: filter_method */
    {"length", filter_length},
    {"count", filter_length},
    {"tojson", filter_tojson},
    {"default", filter_default},
    {"d", filter_default},
    {"string", filter_string},
    {"safe", filter_string},
    {"list", filter_list},
    {"join", filter_join},
    {"int", filter_int},
    {"selectattr", filter_selectattr},
    {"rejectattr", filter_rejectattr},
};

int chat_filter(struct chat *c, const struct value *name, const struct value *of,
                const struct arguments *args, struct value *out, struct err *err)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (value_is(name, filters[i].name))
            return filters[i].run ? filters[i].run(c, of, args, out, err)
                                  : filter_method(c, name, of, args, out, err);
    return err_set(err, ERR_CONFIG, "the filter \"%.*s\" is not handled",
                   name->n > 60 ? 60 : (int)name->n, name->s);
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
        {"true", of->kind == V_BOOL && of->truth},
        {"false", of->kind == V_BOOL && !of->truth},
        {"callable", of->kind == V_FUNCTION || of->kind == V_MACRO || of->kind == V_METHOD},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (value_is(name, kinds[i].name))
            return *known = true, kinds[i].yes;
    return false;
}

int chat_test(const struct value *name, const struct value *of, const struct arguments *args,
              bool *out, struct err *err)
{
    const struct value *with = argument(args, 0, "other");
    bool equal = value_is(name, "equalto") || value_is(name, "eq") || value_is(name, "==");
    bool known = false;

    *out = is_kind(name, of, &known);
    if (known)
        return 0;
    if (!with || !(equal || value_is(name, "ne") || value_is(name, "!=")))
        return err_set(err, ERR_CONFIG, "the test \"%.*s\" is not handled",
                       name->n > 60 ? 60 : (int)name->n, name->s);
    *out = value_equal(of, with, 0) == equal;
    return 0;
}
