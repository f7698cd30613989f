#include "model/tokenizer/chat.h"

#include "model/tokenizer/chat_eval.h"

#include <string.h>

static void run(struct chat *c, const struct chat_node *n);

/* A name, or an attribute of a namespace. Templates take a list apart over the members of tools
   alone. */
static void assign(struct chat *c, const struct chat_node *targets, struct value v)
{
    const struct chat_node *to = targets->list[0];
    struct value of = c->scope->vars;

    if (targets->n != 1)
        chat_fail(c, "several names for one value are not handled");
    else if (to->kind != N_NAME)
        of = chat_eval(c, to->a);
    if (to->kind != N_NAME && of.kind != V_NAMESPACE)
        chat_fail(c, "only the attributes of a namespace can be set");
    value_put(c, &of, &to->value, v);
}

/* Renders n into a string. */
static struct value capture(struct chat *c, const struct chat_node *n)
{
    struct buf text = {0}, *before = c->out;

    c->out = &text;
    run(c, n);
    c->out = before;
    return value_take(c, &text);
}

static struct value loop_variable(struct chat *c, const struct sequence *q, size_t i)
{
    int64_t at = (int64_t)i, n = (int64_t)q->n;
    const struct {
        const char *name;
        struct value v;
    } members[] = {
        {"index", value_int(at + 1)},
        {"index0", value_int(at)},
        {"revindex", value_int(n - at)},
        {"revindex0", value_int(n - at - 1)},
        {"first", value_bool(!i)},
        {"last", value_bool(at + 1 == n)},
        {"length", value_int(n)},
        {"previtem", i ? q->v[i - 1] : value_undefined("loop.previtem")},
        {"nextitem", i + 1 < q->n ? q->v[i + 1] : value_undefined("loop.nextitem")},
    };
    struct value out = value_new(c, V_DICT);

    for (size_t k = 0; k < sizeof members / sizeof *members; k++) {
        value_push(c, &out, value_text(members[k].name, strlen(members[k].name)));
        value_push(c, &out, members[k].v);
    }
    return out;
}

/* The items for which the loop's condition holds. */
static struct value select_items(struct chat *c, const struct chat_node *n, const struct value *all)
{
    struct value out = value_new(c, V_LIST), yes;
    struct scope own = {.up = c->scope};

    c->scope = &own;
    for (size_t i = 0; i < all->items->n && !c->err->code; i++) {
        own.vars = value_new(c, V_DICT);
        assign(c, n->a, all->items->v[i]);
        yes = chat_eval(c, n->c);
        if (value_truth(&yes))
            value_push(c, &out, all->items->v[i]);
    }
    c->scope = own.up;
    return out;
}

/* Each round has variables of its own. */
static void run_for(struct chat *c, const struct chat_node *n)
{
    const struct value name = value_text("loop", 4), of = chat_eval(c, n->b);
    struct value list = chat_sequence(c, &of);
    struct scope own = {.up = c->scope};

    if (n->c)
        list = select_items(c, n, &list);
    if (!list.items->n) {
        if (n->n > 1)
            run(c, n->list[1]);
        return;
    }
    c->scope = &own;
    for (size_t i = 0; i < list.items->n && c->flow != FLOW_BREAK && !c->err->code; i++) {
        c->flow = FLOW_ON;
        own.vars = value_new(c, V_DICT);
        value_put(c, &own.vars, &name, loop_variable(c, list.items, i));
        assign(c, n->a, list.items->v[i]);
        run(c, n->list[0]);
    }
    c->flow = FLOW_ON;
    c->scope = own.up;
}

static void run_if(struct chat *c, const struct chat_node *n)
{
    struct value v = chat_eval(c, n->a);

    if (value_truth(&v))
        run(c, n->list[0]);
    else if (n->n > 1)
        run(c, n->list[1]);
}

/* A macro sees the template's own variables, and not those of who calls it. */
struct value chat_call_macro(struct chat *c, const struct chat_node *macro,
                             const struct arguments *args)
{
    struct scope own = {value_new(c, V_DICT), c->global}, *before = c->scope;
    struct value v;

    for (size_t i = 0; i < macro->a->n; i++) {
        const struct value *name = &macro->a->list[i]->value, *given = argument_of(args, i, name);

        v = *name;
        v.kind = V_UNDEFINED;
        if (given)
            v = *given;
        else if (macro->b->list[i])
            v = chat_eval(c, macro->b->list[i]);
        value_put(c, &own.vars, name, v);
    }
    c->scope = &own;
    v = capture(c, macro->list[0]);
    c->scope = before;
    return v;
}

static void run_print(struct chat *c, const struct chat_node *n)
{
    struct value v = chat_eval(c, n->a);

    if (!c->err->code)
        value_print(c, &v, c->out);
}

static void run_one(struct chat *c, const struct chat_node *n)
{
    struct value macro = {.kind = V_MACRO, .macro = n, .s = n->value.s, .n = n->value.n};

    switch (n->kind) {
    case N_BLOCK:
        for (size_t i = 0; i < n->n && c->flow == FLOW_ON && !c->err->code; i++)
            run(c, n->list[i]);
        break;
    case N_TEXT:
        buf_put(c->out, n->value.s, n->value.n, c->err);
        break;
    case N_PRINT:
        run_print(c, n);
        break;
    case N_IF:
        run_if(c, n);
        break;
    case N_FOR:
        run_for(c, n);
        break;
    case N_SET:
        assign(c, n->a, n->b ? chat_eval(c, n->b) : capture(c, n->list[0]));
        break;
    case N_MACRO:
        value_put(c, &c->scope->vars, &n->value, macro);
        break;
    case N_BREAK:
    case N_CONTINUE:
        c->flow = n->kind == N_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
        break;
    default:
        chat_fail(c, "this is not a statement");
    }
}

/* The innermost statement tells the line of an error. */
static void run(struct chat *c, const struct chat_node *n)
{
    if (c->err->code)
        return;
    if (chat_step(c) && ++c->depth > CHAT_DEPTH)
        chat_fail(c, "nested too deep");
    if (!c->err->code)
        run_one(c, n);
    if (c->out->len > CHAT_OUTPUT)
        chat_fail(c, "the text is longer than %d MiB", CHAT_OUTPUT >> 20);
    c->depth--;
    if (c->err->code)
        chat_error(n->line, c->err);
}

int chat_render(const char *template, size_t n, const json_t *variables, struct buf *out,
                struct err *err)
{
    struct arena a = {0};
    struct buf text = {0};
    struct scope given = {.up = NULL};
    struct chat c = {.a = &a, .err = err, .out = &text, .scope = &given, .global = &given};
    struct chat_node *tree = NULL;

    err_clear(err);
    if (!chat_parse(&tree, template, n, &a, err))
        given.vars = value_from_json(&c, variables, 0);
    if (!err->code && given.vars.kind != V_DICT)
        err_set(err, ERR_BUG, "chat_render: the variables are not an object");
    if (!err->code)
        run(&c, tree);
    if (!err->code)
        buf_put(out, text.data, text.len, err);
    buf_release(&text);
    arena_release(&a);
    return err->code == ERR_CONFIG ? err_wrap(err, "chat template") : err->code;
}
