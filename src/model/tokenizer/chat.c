#include "model/tokenizer/chat.h"

#include "model/tokenizer/chat_eval.h"

#include <string.h>

static int run(struct chat *c, const struct chat_node *n, struct err *err);

static int new_scope(struct chat *c, struct scope **out, struct scope *up, struct err *err)
{
    struct scope *s = arena_alloc(c->a, 1, sizeof *s, err);

    if (!s || value_list(&s->vars, c->a, err))
        return err->code;
    s->vars.kind = V_DICT;
    s->up = up;
    *out = s;
    return 0;
}

/* A name, or an attribute of a namespace. */
static int assign(struct chat *c, const struct chat_node *to, struct value v, struct err *err)
{
    struct value of;

    if (to->kind == N_NAME)
        return value_put(&c->scope->vars, c->a, to->value.s, to->value.n, v, err);
    if (chat_eval(c, to->a, &of, err))
        return err->code;
    if (of.kind != V_NAMESPACE)
        return err_set(err, ERR_CONFIG, "only the attributes of a namespace can be set");
    return value_put(&of, c->a, to->value.s, to->value.n, v, err);
}

/* Templates take a list apart over the members of tools alone. */
static int assign_one(struct chat *c, const struct chat_node *targets, struct value v,
                      struct err *err)
{
    return targets->n == 1
               ? assign(c, targets->list[0], v, err)
               : err_set(err, ERR_CONFIG, "several names for one value are not handled");
}

/* Renders n into a string. */
static int capture(struct chat *c, const struct chat_node *n, struct value *out, struct err *err)
{
    struct buf text = {0}, *before = c->out;

    c->out = &text;
    run(c, n, err);
    c->out = before;
    return chat_text(c, &text, out, err);
}

static int run_set(struct chat *c, const struct chat_node *n, struct err *err)
{
    struct value v;

    return err_if(err, (n->b ? chat_eval(c, n->b, &v, err) : capture(c, n->list[0], &v, err)) ||
                           assign_one(c, n->a, v, err));
}

static int loop_variable(struct chat *c, const struct sequence *q, size_t i, struct value *out,
                         struct err *err)
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

    if (value_list(out, c->a, err))
        return err->code;
    out->kind = V_DICT;
    for (size_t k = 0; k < sizeof members / sizeof *members; k++)
        if (value_put(out, c->a, members[k].name, strlen(members[k].name), members[k].v, err))
            return err->code;
    return 0;
}

/* The items for which the loop's condition holds. */
static int select_items(struct chat *c, const struct chat_node *n, const struct value *all,
                        struct value *out, struct err *err)
{
    struct scope *before = c->scope;
    struct value yes;

    if (value_list(out, c->a, err))
        return err->code;
    for (size_t i = 0; i < all->items->n && !err->code; i++) {
        struct value item = all->items->v[i];

        if (new_scope(c, &c->scope, before, err) || assign_one(c, n->a, item, err) ||
            chat_eval(c, n->c, &yes, err))
            break;
        if (value_truth(&yes))
            value_push(out, c->a, item, err);
    }
    c->scope = before;
    return err->code;
}

/* Each round has variables of its own. */
static int run_for(struct chat *c, const struct chat_node *n, struct err *err)
{
    struct scope *before = c->scope;
    struct value of, list, chosen, loop;

    if (chat_eval(c, n->b, &of, err) || chat_sequence(c, &of, &list, err))
        return err->code;
    if (n->c) {
        if (select_items(c, n, &list, &chosen, err))
            return err->code;
        list = chosen;
    }
    if (!list.items->n)
        return n->n > 1 ? run(c, n->list[1], err) : 0;
    for (size_t i = 0; i < list.items->n && !err->code; i++) {
        if (new_scope(c, &c->scope, before, err) || loop_variable(c, list.items, i, &loop, err) ||
            value_put(&c->scope->vars, c->a, "loop", 4, loop, err) ||
            assign_one(c, n->a, list.items->v[i], err) || run(c, n->list[0], err))
            break;
        if (c->flow == FLOW_BREAK)
            break;
        c->flow = FLOW_ON;
    }
    c->flow = FLOW_ON;
    c->scope = before;
    return err->code;
}

static int run_if(struct chat *c, const struct chat_node *n, struct err *err)
{
    struct value v;

    if (chat_eval(c, n->a, &v, err))
        return err->code;
    if (value_truth(&v))
        return run(c, n->list[0], err);
    return n->n > 1 ? run(c, n->list[1], err) : 0;
}

static int run_print(struct chat *c, const struct chat_node *n, struct err *err)
{
    struct value v;

    return chat_eval(c, n->a, &v, err) ? err->code : value_print(&v, c->out, err);
}

/* A macro sees the template's own variables, and not those of who calls it. */
int chat_call_macro(struct chat *c, const struct chat_node *macro, const struct arguments *args,
                    struct value *out, struct err *err)
{
    struct scope *before = c->scope, *own;
    const struct value *given;
    struct value v;

    if (new_scope(c, &own, c->global, err))
        return err->code;
    for (size_t i = 0; i < macro->a->n; i++) {
        const struct value *name = &macro->a->list[i]->value;
        char text[64];

        if (name->n >= sizeof text)
            return err_set(err, ERR_CONFIG, "the name of a parameter is too long");
        memcpy(text, name->s, name->n);
        text[name->n] = '\0';
        given = argument(args, i, text);
        v = given ? *given : (struct value){.kind = V_UNDEFINED, .s = name->s, .n = name->n};
        if ((!given && macro->b->list[i] && chat_eval(c, macro->b->list[i], &v, err)) ||
            value_put(&own->vars, c->a, name->s, name->n, v, err))
            return err->code;
    }
    c->scope = own;
    capture(c, macro->list[0], out, err);
    c->scope = before;
    return err->code;
}

static int run_macro(struct chat *c, const struct chat_node *n, struct err *err)
{
    struct value v = {.kind = V_MACRO, .macro = n, .s = n->value.s, .n = n->value.n};

    return value_put(&c->scope->vars, c->a, n->value.s, n->value.n, v, err);
}

static int run_block(struct chat *c, const struct chat_node *n, struct err *err)
{
    for (size_t i = 0; i < n->n && c->flow == FLOW_ON; i++)
        if (run(c, n->list[i], err))
            return err->code;
    return 0;
}

static int run_one(struct chat *c, const struct chat_node *n, struct err *err)
{
    switch (n->kind) {
    case N_BLOCK:
        return run_block(c, n, err);
    case N_TEXT:
        return buf_put(c->out, n->value.s, n->value.n, err);
    case N_PRINT:
        return run_print(c, n, err);
    case N_IF:
        return run_if(c, n, err);
    case N_FOR:
        return run_for(c, n, err);
    case N_SET:
        return run_set(c, n, err);
    case N_MACRO:
        return run_macro(c, n, err);
    case N_BREAK:
    case N_CONTINUE:
        c->flow = n->kind == N_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
        return 0;
    default:
        return err_set(err, ERR_CONFIG, "this is not a statement");
    }
}

/* The innermost statement tells the line of an error. */
static int run(struct chat *c, const struct chat_node *n, struct err *err)
{
    int status = chat_step(c, err);

    if (!status && ++c->depth > CHAT_DEPTH)
        status = err_set(err, ERR_CONFIG, "nested too deep");
    if (!status)
        status = run_one(c, n, err);
    if (!status && c->out->len > CHAT_OUTPUT)
        status = err_set(err, ERR_CONFIG, "the text is longer than %d MiB", CHAT_OUTPUT >> 20);
    c->depth--;
    return status && strncmp(err->msg, "line ", 5) != 0 ? chat_error(n->line, err) : status;
}

int chat_render(const char *template, size_t n, const json_t *variables, struct buf *out,
                struct err *err)
{
    struct arena a = {0};
    struct buf text = {0};
    struct chat c = {.a = &a, .out = &text};
    struct chat_node *tree = NULL;
    struct scope given = {.up = NULL};
    int status = chat_parse(&tree, template, n, &a, err);

    if (!status)
        status = value_from_json(&given.vars, &a, variables, 0, err);
    if (!status && given.vars.kind != V_DICT)
        status = err_set(err, ERR_BUG, "chat_render: the variables are not an object");
    c.scope = c.global = &given;
    if (!status)
        status = run(&c, tree, err);
    if (!status)
        status = buf_put(out, text.data, text.len, err);
    buf_release(&text);
    arena_release(&a);
    return status && err->code == ERR_CONFIG ? err_wrap(err, "chat template") : status;
}
