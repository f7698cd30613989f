#include "model/tokenizer/chat_eval.h"

#include <string.h>

int chat_step(struct chat *c, struct err *err)
{
    return ++c->steps > CHAT_STEPS
               ? err_set(err, ERR_CONFIG, "it takes more than %d steps", CHAT_STEPS)
               : 0;
}

const struct value *argument(const struct arguments *args, size_t i, const char *name)
{
    for (size_t k = 0; k < args->n; k++) {
        const struct value *key = &args->name[k];

        if (key->kind == V_UNDEFINED ? k == i : value_is(key, name))
            return &args->v[k];
    }
    return NULL;
}

int chat_text(struct chat *c, struct buf *b, struct value *out, struct err *err)
{
    int status = err->code ? err->code : value_copy_text(out, c->a, b->data, b->len, err);

    buf_release(b);
    return status;
}

static bool is_op(const struct chat_node *n, const char *op)
{
    return value_is(&n->value, op);
}

static int eval_name(struct chat *c, const struct chat_node *n, struct value *out)
{
    static const char *const functions[] = {"raise_exception", "namespace", "range", "dict"};

    for (const struct scope *s = c->scope; s; s = s->up) {
        const struct value *v = value_get(&s->vars, n->value.s, n->value.n);

        if (v) {
            *out = *v;
            return 0;
        }
    }
    *out = (struct value){.kind = V_UNDEFINED, .s = n->value.s, .n = n->value.n};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (is_op(n, functions[i]))
            out->kind = V_FUNCTION;
    return 0;
}

static int eval_items(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    struct value v, key;

    if (value_list(out, c->a, err))
        return err->code;
    if (n->kind == N_DICT)
        out->kind = V_DICT;
    for (size_t i = 0; i < n->n; i++) {
        if (chat_eval(c, n->list[i], &v, err))
            return err->code;
        if (n->kind == N_LIST) {
            if (value_push(out, c->a, v, err))
                return err->code;
            continue;
        }
        key = v;
        if (key.kind != V_STRING)
            return err_set(err, ERR_CONFIG, "a key is %s, expected a string", value_type(&key));
        if (chat_eval(c, n->list[++i], &v, err) || value_put(out, c->a, key.s, key.n, v, err))
            return err->code;
    }
    return 0;
}

static int undefined_of(const struct value *of, const struct value *name, struct value *out,
                        struct err *err)
{
    if (of->kind == V_UNDEFINED)
        return err_set(err, ERR_CONFIG, "%.*s is undefined, and has no \"%.*s\"",
                       of->n > 60 ? 60 : (int)of->n, of->s, name->n > 60 ? 60 : (int)name->n,
                       name->s);
    *out = (struct value){.kind = V_UNDEFINED, .s = name->s, .n = name->n};
    return 0;
}

static int eval_attribute(struct chat *c, const struct chat_node *n, struct value *out,
                          struct err *err)
{
    struct value of;
    const struct value *v = NULL;

    if (chat_eval(c, n->a, &of, err))
        return err->code;
    if (chat_has_method(&of, &n->value)) {
        struct value *self = arena_alloc(c->a, 1, sizeof *self, err);

        if (!self)
            return err->code;
        *self = of;
        *out = (struct value){.kind = V_METHOD, .s = n->value.s, .n = n->value.n, .self = self};
        return 0;
    }
    if (of.kind == V_DICT || of.kind == V_NAMESPACE)
        v = value_get(&of, n->value.s, n->value.n);
    if (!v)
        return undefined_of(&of, &n->value, out, err);
    *out = *v;
    return 0;
}

static int item_of_text(struct chat *c, const struct value *of, int64_t i, struct value *out,
                        struct err *err)
{
    size_t lo = chat_offset(of->s, of->n, (size_t)i), hi = lo;

    hi += chat_offset(of->s + lo, of->n - lo, 1);
    return value_copy_text(out, c->a, of->s + lo, hi - lo, err);
}

static int eval_item(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    struct value of, key;
    const struct value *v = NULL;
    int64_t length, i;

    if (chat_eval(c, n->a, &of, err) || chat_eval(c, n->b, &key, err))
        return err->code;
    if (key.kind == V_STRING) {
        if (of.kind == V_DICT || of.kind == V_NAMESPACE)
            v = value_get(&of, key.s, key.n);
        if (!v)
            return undefined_of(&of, &key, out, err);
        *out = *v;
        return 0;
    }
    if (key.kind != V_INT || (of.kind != V_LIST && of.kind != V_STRING))
        return of.kind == V_UNDEFINED
                   ? undefined_of(&of, &(struct value){.s = "item", .n = 4}, out, err)
                   : err_set(err, ERR_CONFIG, "%s has no item by %s", value_type(&of),
                             value_type(&key));
    length = of.kind == V_LIST ? (int64_t)of.items->n : (int64_t)chat_length(of.s, of.n);
    i = key.i < 0 ? key.i + length : key.i;
    *out = value_undefined("the item beyond the end");
    if (i < 0 || i >= length)
        return 0;
    if (of.kind == V_STRING)
        return item_of_text(c, &of, i, out, err);
    *out = of.items->v[i];
    return 0;
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

static int eval_slice(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    struct value of, at[3];
    int64_t length, step, lo, hi;

    if (chat_eval(c, n->a, &of, err))
        return err->code;
    for (size_t k = 0; k < 3; k++) {
        at[k] = value_none();
        if (k < n->n && n->list[k] && chat_eval(c, n->list[k], &at[k], err))
            return err->code;
        if (at[k].kind != V_INT && at[k].kind != V_NONE)
            return err_set(err, ERR_CONFIG, "a slice by %s", value_type(&at[k]));
    }
    if (of.kind != V_LIST && of.kind != V_STRING)
        return err_set(err, ERR_CONFIG, "a slice of %s", value_type(&of));
    step = at[2].kind == V_INT ? at[2].i : 1;
    if (!step || step > INT32_MAX || step < -INT32_MAX || (of.kind == V_STRING && step != 1))
        return err_set(err, ERR_CONFIG, "a slice of %s with a step of %lld", value_type(&of),
                       (long long)step);
    length = of.kind == V_LIST ? (int64_t)of.items->n : (int64_t)chat_length(of.s, of.n);
    lo = bound(&at[0], length, step, step < 0 ? length - 1 : 0);
    hi = bound(&at[1], length, step, step < 0 ? -1 : length);
    if (of.kind == V_STRING) {
        size_t from = chat_offset(of.s, of.n, (size_t)lo), to = chat_offset(of.s, of.n, (size_t)hi);

        *out = value_text(of.s + from, to > from ? to - from : 0);
        return 0;
    }
    if (value_list(out, c->a, err))
        return err->code;
    for (int64_t i = lo; step < 0 ? i > hi : i < hi; i += step)
        if (chat_step(c, err) || value_push(out, c->a, of.items->v[i], err))
            return err->code;
    return 0;
}

static int eval_arguments(struct chat *c, const struct chat_node *n, struct arguments *args,
                          struct err *err)
{
    if (n->n > CHAT_ARGUMENTS)
        return err_set(err, ERR_CONFIG, "more than %d arguments", CHAT_ARGUMENTS);
    args->n = n->n;
    for (size_t i = 0; i < n->n; i++) {
        const struct chat_node *one = n->list[i];

        args->name[i] = one->kind == N_KEYWORD ? one->value : value_undefined("");
        if (chat_eval(c, one->kind == N_KEYWORD ? one->a : one, &args->v[i], err))
            return err->code;
    }
    return 0;
}

static int call_range(struct chat *c, const struct arguments *args, struct value *out,
                      struct err *err)
{
    int64_t at[3] = {0, 0, 1};

    if (!args->n || args->n > 3)
        return err_set(err, ERR_CONFIG, "range takes 1 to 3 arguments");
    for (size_t i = 0; i < args->n; i++) {
        if (args->v[i].kind != V_INT || args->v[i].i > INT32_MAX || args->v[i].i < -INT32_MAX)
            return err_set(err, ERR_CONFIG, "range takes integers");
        at[args->n == 1 ? 1 : i] = args->v[i].i;
    }
    if (!at[2] || value_list(out, c->a, err))
        return err->code ? err->code : err_set(err, ERR_CONFIG, "range with a step of 0");
    for (int64_t i = at[0]; at[2] < 0 ? i > at[1] : i < at[1]; i += at[2])
        if (chat_step(c, err) || value_push(out, c->a, value_int(i), err))
            return err->code;
    return 0;
}

static int call_function(struct chat *c, const struct value *f, const struct arguments *args,
                         struct value *out, struct err *err)
{
    if (value_is(f, "range"))
        return call_range(c, args, out, err);
    if (f->s[0] == 'r') {
        const struct value *what = argument(args, 0, "message");

        return err_set(err, ERR_CONFIG, "the template refuses the conversation: %.*s",
                       what && what->kind == V_STRING ? (int)(what->n > 500 ? 500 : what->n) : 0,
                       what && what->s ? what->s : "");
    }
    if (value_list(out, c->a, err))
        return err->code;
    out->kind = f->s[0] == 'n' ? V_NAMESPACE : V_DICT;
    for (size_t i = 0; i < args->n; i++) {
        if (args->name[i].kind == V_UNDEFINED)
            return err_set(err, ERR_CONFIG, "%.*s takes keywords only", (int)f->n, f->s);
        if (value_put(out, c->a, args->name[i].s, args->name[i].n, args->v[i], err))
            return err->code;
    }
    return 0;
}

static int eval_call(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    struct arguments *args = arena_alloc(c->a, 1, sizeof *args, err);
    struct value f;

    if (!args || chat_eval(c, n->a, &f, err) || eval_arguments(c, n, args, err))
        return err->code;
    switch (f.kind) {
    case V_FUNCTION:
        return call_function(c, &f, args, out, err);
    case V_METHOD:
        return chat_method(c, f.self, &f, args, out, err);
    case V_MACRO:
        return chat_call_macro(c, f.macro, args, out, err);
    default:
        return err_set(err, ERR_CONFIG, "%.*s is %s, and cannot be called",
                       n->a->value.n > 60 ? 60 : (int)n->a->value.n,
                       n->a->value.s ? n->a->value.s : "", value_type(&f));
    }
}

static int eval_filter_or_test(struct chat *c, const struct chat_node *n, struct value *out,
                               struct err *err)
{
    struct arguments *args = arena_alloc(c->a, 1, sizeof *args, err);
    struct value of;
    bool yes = false;

    if (!args || chat_eval(c, n->a, &of, err) || eval_arguments(c, n, args, err))
        return err->code;
    if (n->kind == N_FILTER)
        return chat_filter(c, &n->value, &of, args, out, err);
    if (chat_test(&n->value, &of, args, &yes, err))
        return err->code;
    *out = value_bool(yes);
    return 0;
}

static int no_operation(const struct chat_node *n, const struct value *a, const struct value *b,
                        struct err *err)
{
    const struct value *u = a->kind == V_UNDEFINED ? a : b;

    if (u->kind == V_UNDEFINED)
        return err_set(err, ERR_CONFIG, "%.*s is undefined, and \"%.*s\" needs it",
                       u->n > 60 ? 60 : (int)u->n, u->s, (int)n->value.n, n->value.s);
    return err_set(err, ERR_CONFIG, "\"%.*s\" of %s and %s is not handled", (int)n->value.n,
                   n->value.s, value_type(a), value_type(b));
}

static int add_sequences(struct chat *c, const struct value *a, const struct value *b,
                         struct value *out, struct err *err)
{
    struct buf text = {0};

    if (a->kind == V_STRING) {
        if (!buf_put(&text, a->s, a->n, err))
            buf_put(&text, b->s, b->n, err);
        return chat_text(c, &text, out, err);
    }
    if (value_list(out, c->a, err))
        return err->code;
    for (int k = 0; k < 2; k++) {
        const struct value *of = k ? b : a;

        for (size_t i = 0; i < of->items->n; i++)
            if (chat_step(c, err) || value_push(out, c->a, of->items->v[i], err))
                return err->code;
    }
    return 0;
}

/* Of integers, as Python has them; what is too large is an error. */
static int whole(const struct chat_node *n, int64_t a, int64_t b, struct value *out,
                 struct err *err)
{
    const int64_t most = (int64_t)1 << 31;

    if (a > most || a < -most || b > most || b < -most)
        return err_set(err, ERR_CONFIG, "a number beyond 2^31");
    if ((is_op(n, "//") || is_op(n, "%")) && !b)
        return err_set(err, ERR_CONFIG, "a division by zero");
    if (is_op(n, "//"))
        *out = value_int(a / b - (a % b && (a < 0) != (b < 0)));
    else if (is_op(n, "%"))
        *out = value_int(a % b + (a % b && (a < 0) != (b < 0) ? b : 0));
    else
        *out = value_int(is_op(n, "+") ? a + b : is_op(n, "-") ? a - b : a * b);
    return 0;
}

static int arithmetic(struct chat *c, const struct chat_node *n, const struct value *a,
                      const struct value *b, struct value *out, struct err *err)
{
    if (is_op(n, "+") && a->kind == b->kind && (a->kind == V_STRING || a->kind == V_LIST))
        return add_sequences(c, a, b, out, err);
    if (!value_is_number(a) || !value_is_number(b) || is_op(n, "/") || is_op(n, "**"))
        return no_operation(n, a, b, err);
    return whole(n, a->i, b->i, out, err);
}

static int compare(const struct chat_node *n, const struct value *a, const struct value *b,
                   struct value *out, struct err *err)
{
    bool found = false;
    int way;

    if (is_op(n, "==") || is_op(n, "!=")) {
        *out = value_bool(value_equal(a, b, 0) == is_op(n, "=="));
        return 0;
    }
    if (is_op(n, "in") || is_op(n, "not in")) {
        if (chat_contains(b, a, &found, err))
            return err->code;
        *out = value_bool(found == is_op(n, "in"));
        return 0;
    }
    if (!value_is_number(a) || !value_is_number(b))
        return no_operation(n, a, b, err);
    way = (a->i > b->i) - (a->i < b->i);
    *out = value_bool(n->value.s[0] == '<' ? way < 0 || (n->value.n == 2 && !way)
                                           : way > 0 || (n->value.n == 2 && !way));
    return 0;
}

static int join_texts(struct chat *c, const struct value *a, const struct value *b,
                      struct value *out, struct err *err)
{
    struct buf text = {0};

    if (!value_print(a, &text, err))
        value_print(b, &text, err);
    return chat_text(c, &text, out, err);
}

static int eval_binary(struct chat *c, const struct chat_node *n, struct value *out,
                       struct err *err)
{
    bool and = is_op(n, "and"), or = is_op(n, "or");
    struct value a, b;

    if (chat_eval(c, n->a, &a, err))
        return err->code;
    if (and || or) {
        *out = a;
        return value_truth(&a) == or ? 0 : chat_eval(c, n->b, out, err);
    }
    if (chat_eval(c, n->b, &b, err))
        return err->code;
    if (is_op(n, "~"))
        return join_texts(c, &a, &b, out, err);
    if (strchr("+-*/%", n->value.s[0]))
        return arithmetic(c, n, &a, &b, out, err);
    return compare(n, &a, &b, out, err);
}

static int eval_sign(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    if (chat_eval(c, n->a, out, err))
        return err->code;
    if (n->kind == N_NOT) {
        *out = value_bool(!value_truth(out));
        return 0;
    }
    if (!value_is_number(out))
        return err_set(err, ERR_CONFIG, "minus %s", value_type(out));
    *out = value_int(-out->i);
    return 0;
}

static int eval_choice(struct chat *c, const struct chat_node *n, struct value *out,
                       struct err *err)
{
    struct value condition;

    if (chat_eval(c, n->b, &condition, err))
        return err->code;
    if (value_truth(&condition))
        return chat_eval(c, n->a, out, err);
    *out = value_undefined("the value of an if without else");
    return n->c ? chat_eval(c, n->c, out, err) : 0;
}

static int eval(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    switch (n->kind) {
    case N_LITERAL:
        *out = n->value;
        return 0;
    case N_NAME:
        return eval_name(c, n, out);
    case N_LIST:
    case N_DICT:
        return eval_items(c, n, out, err);
    case N_ATTRIBUTE:
        return eval_attribute(c, n, out, err);
    case N_ITEM:
        return eval_item(c, n, out, err);
    case N_SLICE:
        return eval_slice(c, n, out, err);
    case N_CALL:
        return eval_call(c, n, out, err);
    case N_FILTER:
    case N_TEST:
        return eval_filter_or_test(c, n, out, err);
    case N_NOT:
    case N_NEGATIVE:
        return eval_sign(c, n, out, err);
    case N_BINARY:
        return eval_binary(c, n, out, err);
    case N_CHOICE:
        return eval_choice(c, n, out, err);
    default:
        return err_set(err, ERR_CONFIG, "this is not an expression");
    }
}

int chat_eval(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    int status = chat_step(c, err);

    *out = value_none();
    if (!status && ++c->depth > CHAT_DEPTH)
        status = err_set(err, ERR_CONFIG, "nested too deep");
    if (!status)
        status = eval(c, n, out, err);
    c->depth--;
    return status;
}
