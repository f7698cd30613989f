#include "model/tokenizer/chat_eval.h"

#include "base/utf8.h"

#include <string.h>

bool chat_step(struct chat *c)
{
    if (++c->steps > CHAT_STEPS)
        chat_fail(c, "it takes more than %d steps", CHAT_STEPS);
    return !c->err->code;
}

const struct value *argument_of(const struct arguments *args, size_t i, const struct value *name)
{
    for (size_t k = 0; k < args->n; k++)
        if (args->name[k].kind == V_UNDEFINED ? k == i : value_same_text(&args->name[k], name))
            return &args->v[k];
    return NULL;
}

const struct value *argument(const struct arguments *args, size_t i, const char *name)
{
    const struct value text = value_text(name, strlen(name));

    return argument_of(args, i, &text);
}

static bool is_op(const struct chat_node *n, const char *op)
{
    return value_is(&n->value, op);
}

static struct value eval_name(struct chat *c, const struct chat_node *n)
{
    static const char *const functions[] = {"raise_exception", "namespace", "range", "dict"};
    struct value out = n->value;

    for (const struct scope *s = c->scope; s; s = s->up) {
        const struct value *v = value_get(&s->vars, &n->value);

        if (v)
            return *v;
    }
    out.kind = V_UNDEFINED;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (is_op(n, functions[i]))
            out.kind = V_FUNCTION;
    return out;
}

static struct value eval_list(struct chat *c, const struct chat_node *n)
{
    struct value out = value_new(c, V_LIST);

    for (size_t i = 0; i < n->n; i++)
        value_push(c, &out, chat_eval(c, n->list[i]));
    return out;
}

static struct value eval_dictionary(struct chat *c, const struct chat_node *n)
{
    struct value out = value_new(c, V_DICT);

    for (size_t i = 0; i + 1 < n->n && !c->err->code; i += 2) {
        struct value key = chat_eval(c, n->list[i]);

        if (key.kind != V_STRING)
            chat_fail(c, "a key is %s, expected a string", value_type(&key));
        value_put(c, &out, &key, chat_eval(c, n->list[i + 1]));
    }
    return out;
}

/* The member of a dictionary or a namespace; what is not there is undefined. */
static struct value member(struct chat *c, const struct value *of, const struct value *name)
{
    const struct value *v = value_get(of, name);
    struct value out = *name;

    if (of->kind == V_UNDEFINED)
        chat_fail(c, "%.*s is undefined, and has no \"%.*s\"", value_shown(of), of->s,
                  value_shown(name), name->s);
    out.kind = V_UNDEFINED;
    return v ? *v : out;
}

static struct value eval_attribute(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a), *self;
    const char *method = chat_method_name(&of, &n->value);

    if (!method)
        return member(c, &of, &n->value);
    self = arena_alloc(c->a, 1, sizeof *self, c->err);
    if (!self)
        return value_none();
    *self = of;
    return (struct value){.kind = V_METHOD, .s = method, .n = n->value.n, .self = self};
}

static struct value eval_item(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a), key = chat_eval(c, n->b);
    int64_t length, i = key.i;
    size_t lo;

    if (of.kind == V_UNDEFINED && key.kind != V_STRING)
        key = value_text("item", 4);
    if (key.kind == V_STRING)
        return member(c, &of, &key);
    if (key.kind != V_INT || (of.kind != V_LIST && of.kind != V_STRING))
        return chat_fail(c, "%s has no item by %s", value_type(&of), value_type(&key));
    length = (int64_t)(of.kind == V_LIST ? of.items->n : utf8_length(of.s, of.n));
    i += i < 0 ? length : 0;
    if (i < 0 || i >= length)
        return value_undefined("the item beyond the end");
    if (of.kind == V_LIST)
        return of.items->v[i];
    lo = chat_offset(of.s, of.n, (size_t)i);
    return value_text(of.s + lo, chat_offset(of.s + lo, of.n - lo, 1));
}

/* Python's rules for a bound: from the end if negative, and never outside. */
static int64_t bound(const struct value *v, int64_t length, int64_t step, int64_t otherwise)
{
    int64_t least = step < 0 ? -1 : 0, most = step < 0 ? length - 1 : length, i = v->i;

    if (v->kind != V_INT)
        return otherwise;
    if (i < 0)
        i += length;
    return i < least ? least : i > most ? most : i;
}

static struct value eval_slice(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a), at[3], out;
    int64_t length, step, lo, hi;

    for (size_t k = 0; k < 3; k++) {
        at[k] = k < n->n && n->list[k] ? chat_eval(c, n->list[k]) : value_none();
        if (at[k].kind != V_INT && at[k].kind != V_NONE)
            chat_fail(c, "a slice by %s", value_type(&at[k]));
    }
    if (of.kind != V_LIST && of.kind != V_STRING)
        return chat_fail(c, "a slice of %s", value_type(&of));
    step = at[2].kind == V_INT ? at[2].i : 1;
    if (!step || step > INT32_MAX || step < -INT32_MAX || (of.kind == V_STRING && step != 1))
        return chat_fail(c, "a slice of %s with a step of %lld", value_type(&of), (long long)step);
    length = (int64_t)(of.kind == V_LIST ? of.items->n : utf8_length(of.s, of.n));
    lo = bound(&at[0], length, step, step < 0 ? length - 1 : 0);
    hi = bound(&at[1], length, step, step < 0 ? -1 : length);
    if (of.kind == V_STRING) {
        size_t from = chat_offset(of.s, of.n, (size_t)lo), to = chat_offset(of.s, of.n, (size_t)hi);

        return value_text(of.s + from, to > from ? to - from : 0);
    }
    out = value_new(c, V_LIST);
    for (int64_t i = lo; (step < 0 ? i > hi : i < hi) && chat_step(c); i += step)
        value_push(c, &out, of.items->v[i]);
    return out;
}

static void eval_arguments(struct chat *c, const struct chat_node *n, struct arguments *args)
{
    args->n = 0;
    if (n->n > CHAT_ARGUMENTS)
        chat_fail(c, "more than %d arguments", CHAT_ARGUMENTS);
    for (size_t i = 0; i < n->n && !c->err->code; i++, args->n++) {
        const struct chat_node *one = n->list[i];
        bool keyword = one->kind == N_KEYWORD;

        args->name[i] = keyword ? one->value : value_undefined("");
        args->v[i] = chat_eval(c, keyword ? one->a : one);
    }
}

static struct value call_range(struct chat *c, const struct arguments *args)
{
    int64_t at[3] = {0, 0, 1};
    struct value out;

    if (!args->n || args->n > 3)
        return chat_fail(c, "range takes 1 to 3 arguments");
    for (size_t i = 0; i < args->n; i++) {
        if (args->v[i].kind != V_INT || args->v[i].i > INT32_MAX || args->v[i].i < -INT32_MAX)
            return chat_fail(c, "range takes integers");
        at[args->n == 1 ? 1 : i] = args->v[i].i;
    }
    if (!at[2])
        return chat_fail(c, "range with a step of 0");
    out = value_new(c, V_LIST);
    for (int64_t i = at[0]; (at[2] < 0 ? i > at[1] : i < at[1]) && chat_step(c); i += at[2])
        value_push(c, &out, value_int(i));
    return out;
}

static struct value call_function(struct chat *c, const struct value *f,
                                  const struct arguments *args)
{
    struct value out;

    if (value_is(f, "range"))
        return call_range(c, args);
    if (value_is(f, "raise_exception")) {
        const struct value *what = argument(args, 0, "message");
        bool text = what && what->kind == V_STRING;

        return chat_fail(c, "the template refuses the conversation: %.*s",
                         !text           ? 0
                         : what->n > 500 ? 500
                                         : (int)what->n,
                         text ? what->s : "");
    }
    out = value_new(c, value_is(f, "namespace") ? V_NAMESPACE : V_DICT);
    for (size_t i = 0; i < args->n; i++) {
        if (args->name[i].kind == V_UNDEFINED)
            return chat_fail(c, "%.*s takes keywords only", (int)f->n, f->s);
        value_put(c, &out, &args->name[i], args->v[i]);
    }
    return out;
}

static struct value eval_call(struct chat *c, const struct chat_node *n)
{
    struct value f = chat_eval(c, n->a);
    struct arguments args;

    eval_arguments(c, n, &args);
    switch (c->err->code ? V_NONE : f.kind) {
    case V_FUNCTION:
        return call_function(c, &f, &args);
    case V_METHOD:
        return chat_method(c, f.self, f.s, &args);
    case V_MACRO:
        return chat_call_macro(c, f.macro, &args);
    default:
        return chat_fail(c, "%.*s is %s, and cannot be called", value_shown(&n->a->value),
                         n->a->value.s ? n->a->value.s : "", value_type(&f));
    }
}

static struct value eval_filter_or_test(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a);
    struct arguments args;

    eval_arguments(c, n, &args);
    if (c->err->code)
        return value_none();
    return n->kind == N_FILTER ? chat_filter(c, &n->value, &of, &args)
                               : value_bool(chat_test(c, &n->value, &of, &args));
}

static struct value no_operation(struct chat *c, const struct chat_node *n, const struct value *a,
                                 const struct value *b)
{
    const struct value *u = a->kind == V_UNDEFINED ? a : b;

    if (u->kind == V_UNDEFINED)
        return chat_fail(c, "%.*s is undefined, and \"%.*s\" needs it", value_shown(u), u->s,
                         (int)n->value.n, n->value.s);
    return chat_fail(c, "\"%.*s\" of %s and %s is not handled", (int)n->value.n, n->value.s,
                     value_type(a), value_type(b));
}

static struct value add_lists(struct chat *c, const struct value *a, const struct value *b)
{
    struct value out = value_new(c, V_LIST);

    for (size_t i = 0; i < a->items->n + b->items->n && chat_step(c); i++)
        value_push(c, &out, i < a->items->n ? a->items->v[i] : b->items->v[i - a->items->n]);
    return out;
}

/* Of integers, as Python has them; what is too large is an error. */
static struct value whole(struct chat *c, const struct chat_node *n, int64_t a, int64_t b)
{
    const int64_t most = (int64_t)1 << 31;

    if (a > most || a < -most || b > most || b < -most)
        return chat_fail(c, "a number beyond 2^31");
    if ((is_op(n, "//") || is_op(n, "%")) && !b)
        return chat_fail(c, "a division by zero");
    if (is_op(n, "//"))
        return value_int(a / b - (a % b && (a < 0) != (b < 0)));
    if (is_op(n, "%"))
        return value_int(a % b + (a % b && (a < 0) != (b < 0) ? b : 0));
    return value_int(is_op(n, "+") ? a + b : is_op(n, "-") ? a - b : a * b);
}

static struct value join_texts(struct chat *c, const struct value *a, const struct value *b)
{
    struct buf text = {0};

    value_print(c, a, &text);
    value_print(c, b, &text);
    return value_take(c, &text);
}

static struct value arithmetic(struct chat *c, const struct chat_node *n, const struct value *a,
                               const struct value *b)
{
    if (is_op(n, "+") && a->kind == V_STRING && b->kind == V_STRING)
        return join_texts(c, a, b);
    if (is_op(n, "+") && a->kind == V_LIST && b->kind == V_LIST)
        return add_lists(c, a, b);
    if (!value_is_number(a) || !value_is_number(b) || is_op(n, "/") || is_op(n, "**"))
        return no_operation(c, n, a, b);
    return whole(c, n, a->i, b->i);
}

static struct value compare(struct chat *c, const struct chat_node *n, const struct value *a,
                            const struct value *b)
{
    bool equal = n->value.n == 2;
    int way = (a->i > b->i) - (a->i < b->i);

    if (is_op(n, "==") || is_op(n, "!="))
        return value_bool(value_equal(c, a, b, 0) == is_op(n, "=="));
    if (is_op(n, "in") || is_op(n, "not in"))
        return value_bool(chat_contains(c, b, a) == is_op(n, "in"));
    if (!value_is_number(a) || !value_is_number(b))
        return no_operation(c, n, a, b);
    return value_bool((n->value.s[0] == '<' ? way < 0 : way > 0) || (equal && !way));
}

static struct value eval_binary(struct chat *c, const struct chat_node *n)
{
    struct value a = chat_eval(c, n->a), b;

    if (is_op(n, "and") || is_op(n, "or"))
        return value_truth(&a) == is_op(n, "or") ? a : chat_eval(c, n->b);
    b = chat_eval(c, n->b);
    if (c->err->code)
        return value_none();
    if (is_op(n, "~"))
        return join_texts(c, &a, &b);
    if (strchr("+-*/%", n->value.s[0]))
        return arithmetic(c, n, &a, &b);
    return compare(c, n, &a, &b);
}

static struct value eval_negative(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a);

    return value_is_number(&of) ? value_int(-of.i) : chat_fail(c, "minus %s", value_type(&of));
}

static struct value eval_choice(struct chat *c, const struct chat_node *n)
{
    struct value condition = chat_eval(c, n->b);

    if (value_truth(&condition))
        return chat_eval(c, n->a);
    return n->c ? chat_eval(c, n->c) : value_undefined("the value of an if without else");
}

static struct value eval_not(struct chat *c, const struct chat_node *n)
{
    struct value of = chat_eval(c, n->a);

    return value_bool(!value_truth(&of));
}

static struct value eval(struct chat *c, const struct chat_node *n)
{
    switch (n->kind) {
    case N_LITERAL:
        return n->value;
    case N_NAME:
        return eval_name(c, n);
    case N_LIST:
        return eval_list(c, n);
    case N_DICT:
        return eval_dictionary(c, n);
    case N_ATTRIBUTE:
        return eval_attribute(c, n);
    case N_ITEM:
        return eval_item(c, n);
    case N_SLICE:
        return eval_slice(c, n);
    case N_CALL:
        return eval_call(c, n);
    case N_FILTER:
    case N_TEST:
        return eval_filter_or_test(c, n);
    case N_NOT:
        return eval_not(c, n);
    case N_NEGATIVE:
        return eval_negative(c, n);
    case N_BINARY:
        return eval_binary(c, n);
    case N_CHOICE:
        return eval_choice(c, n);
    default:
        return chat_fail(c, "this is not an expression");
    }
}

struct value chat_eval(struct chat *c, const struct chat_node *n)
{
    struct value v = value_none();

    if (chat_step(c) && ++c->depth > CHAT_DEPTH)
        chat_fail(c, "nested too deep");
    if (!c->err->code)
        v = eval(c, n);
    c->depth--;
    return v;
}
