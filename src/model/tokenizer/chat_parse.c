/* A chat template: its statements, and the steps of the parser. */
#include "model/tokenizer/chat_parser.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { NESTED_MAX = 64 };

int chat_error(size_t line, struct err *err)
{
    return err_wrap(err, "line %zu", line);
}

struct chat_node *parse_fail(struct parser *p, const char *what)
{
    struct value *v = &p->now.value;

    if (!p->err->code) {
        if (p->now.kind == T_NAME || p->now.kind == T_SIGN)
            err_set(p->err, ERR_CONFIG, "%s, found \"%.*s\"", what, v->n > 40 ? 40 : (int)v->n,
                    v->s);
        else
            err_set(p->err, ERR_CONFIG, "%s", what);
        chat_error(p->now.line, p->err);
    }
    return NULL;
}

bool parse_next(struct parser *p)
{
    return !p->err->code && !lexer_next(&p->lex, &p->now, p->err);
}

bool parse_is(const struct parser *p, enum token_kind kind, const char *text)
{
    return p->now.kind == kind && value_is(&p->now.value, text);
}

bool at_sign(const struct parser *p, const char *text)
{
    return parse_is(p, T_SIGN, text);
}

bool at_name(const struct parser *p, const char *text)
{
    return parse_is(p, T_NAME, text);
}

bool parse_accept(struct parser *p, enum token_kind kind, const char *text)
{
    return parse_is(p, kind, text) && parse_next(p);
}

bool parse_expect(struct parser *p, enum token_kind kind, const char *text)
{
    char what[40];

    if (parse_is(p, kind, text))
        return parse_next(p);
    snprintf(what, sizeof what, "expected %s", text);
    parse_fail(p, what);
    return false;
}

struct chat_node *parse_node(struct parser *p, enum node_kind kind)
{
    struct chat_node *n = p->err->code ? NULL : arena_alloc(p->a, 1, sizeof *n, p->err);

    if (n) {
        n->kind = kind;
        n->line = p->now.line;
    }
    return n;
}

bool parse_append(struct parser *p, struct chat_node *to, struct chat_node *item)
{
    if (p->err->code || arena_grow(p->a, &to->list, to->n, &to->cap, sizeof *to->list, p->err))
        return false;
    to->list[to->n++] = item;
    return true;
}

bool parse_enter(struct parser *p)
{
    if (p->depth >= NESTED_MAX)
        parse_fail(p, "nested too deep");
    p->depth++;
    return !p->err->code;
}

static struct chat_node *block(struct parser *p, const char *const *ends);

static bool end_of_tag(struct parser *p)
{
    if (p->now.kind != T_END)
        parse_fail(p, "expected the end of the tag");
    return parse_next(p);
}

static struct chat_node *if_statement(struct parser *p)
{
    static const char *const ends[] = {"elif", "else", "endif", NULL}, *const last[] = {"endif",
                                                                                        NULL};
    struct chat_node *n = parse_node(p, N_IF);

    if (!n)
        return NULL;
    n->a = parse_expression(p);
    if (!end_of_tag(p) || !parse_append(p, n, block(p, ends)))
        return NULL;
    if (parse_accept(p, T_NAME, "elif"))
        return parse_enter(p) && parse_append(p, n, if_statement(p)) && p->depth-- ? n : NULL;
    if (parse_accept(p, T_NAME, "else"))
        return end_of_tag(p) && parse_append(p, n, block(p, last)) && parse_next(p) ? n : NULL;
    return parse_next(p) ? n : NULL;
}

/* The names that a for or a set assigns to: N_NAME, or N_ATTRIBUTE of a name. */
static struct chat_node *targets(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_LIST), *one;
    bool closed = parse_accept(p, T_SIGN, "(");

    do {
        if (!n || p->now.kind != T_NAME)
            return n ? parse_fail(p, "expected a name") : NULL;
        one = parse_literal(p, p->now.value);
        if (!one)
            return NULL;
        one->kind = N_NAME;
        if (parse_accept(p, T_SIGN, ".")) {
            struct chat_node *of = one;

            one = parse_node(p, N_ATTRIBUTE);
            if (!one || p->now.kind != T_NAME)
                return one ? parse_fail(p, "expected a name") : NULL;
            one->a = of;
            one->value = p->now.value;
            parse_next(p);
        }
        if (!parse_append(p, n, one))
            return NULL;
    } while (parse_accept(p, T_SIGN, ","));
    return !closed || parse_expect(p, T_SIGN, ")") ? n : NULL;
}

static struct chat_node *for_statement(struct parser *p)
{
    static const char *const ends[] = {"else", "endfor", NULL}, *const last[] = {"endfor", NULL};
    struct chat_node *n = parse_node(p, N_FOR);

    if (!n)
        return NULL;
    n->a = targets(p);
    if (!n->a || !parse_expect(p, T_NAME, "in"))
        return NULL;
    n->b = parse_logical(p, "or");
    if (parse_accept(p, T_NAME, "if"))
        n->c = parse_expression(p);
    if (at_name(p, "recursive"))
        return parse_fail(p, "a recursive for is not handled");
    if (!end_of_tag(p) || !parse_append(p, n, block(p, ends)))
        return NULL;
    if (parse_accept(p, T_NAME, "else"))
        return end_of_tag(p) && parse_append(p, n, block(p, last)) && parse_next(p) ? n : NULL;
    return parse_next(p) ? n : NULL;
}

static struct chat_node *set_statement(struct parser *p)
{
    static const char *const ends[] = {"endset", NULL};
    struct chat_node *n = parse_node(p, N_SET);

    if (!n)
        return NULL;
    n->a = targets(p);
    if (n->a && parse_accept(p, T_SIGN, "=")) {
        n->b = parse_expression(p);
        return p->err->code ? NULL : n;
    }
    if (!n->a || n->a->n != 1)
        return parse_fail(p, "expected =");
    return end_of_tag(p) && parse_append(p, n, block(p, ends)) && parse_next(p) ? n : NULL;
}

static struct chat_node *macro_statement(struct parser *p)
{
    static const char *const ends[] = {"endmacro", NULL};
    struct chat_node *n = parse_node(p, N_MACRO);

    if (!n || p->now.kind != T_NAME)
        return n ? parse_fail(p, "expected the name of a macro") : NULL;
    n->value = p->now.value;
    n->a = parse_node(p, N_LIST);
    n->b = parse_node(p, N_LIST);
    if (!n->a || !n->b || !parse_next(p) || !parse_expect(p, T_SIGN, "("))
        return NULL;
    while (!p->err->code && !at_sign(p, ")")) {
        struct chat_node *parameter = p->now.kind == T_NAME ? parse_literal(p, p->now.value) : NULL;

        if (!parameter)
            return parse_fail(p, "expected the name of a parameter");
        if (!parse_append(p, n->a, parameter) ||
            !parse_append(p, n->b, parse_accept(p, T_SIGN, "=") ? parse_expression(p) : NULL))
            return NULL;
        if (!parse_accept(p, T_SIGN, ",") && !at_sign(p, ")"))
            parse_fail(p, "expected a comma");
    }
    return parse_next(p) && end_of_tag(p) && parse_append(p, n, block(p, ends)) && parse_next(p)
               ? n
               : NULL;
}

static struct chat_node *generation(struct parser *p)
{
    static const char *const ends[] = {"endgeneration", NULL};
    struct chat_node *n = end_of_tag(p) ? block(p, ends) : NULL;

    return n && parse_next(p) ? n : NULL;
}

/* Behind "{%"; the statement's last tag is not yet closed. */
static struct chat_node *statement(struct parser *p)
{
    if (parse_accept(p, T_NAME, "if"))
        return if_statement(p);
    if (parse_accept(p, T_NAME, "for"))
        return for_statement(p);
    if (parse_accept(p, T_NAME, "set"))
        return set_statement(p);
    if (parse_accept(p, T_NAME, "macro"))
        return macro_statement(p);
    if (parse_accept(p, T_NAME, "generation"))
        return generation(p);
    if (parse_accept(p, T_NAME, "break"))
        return parse_node(p, N_BREAK);
    if (parse_accept(p, T_NAME, "continue"))
        return parse_node(p, N_CONTINUE);
    return parse_fail(p, "this statement is not handled");
}

static bool ends_here(const struct parser *p, const char *const *ends)
{
    for (; ends && *ends; ends++)
        if (at_name(p, *ends))
            return true;
    return false;
}

/* One piece of a block, whose first token is p->now and not a statement. */
static struct chat_node *piece(struct parser *p)
{
    struct chat_node *n = parse_node(p, p->now.kind == T_TEXT ? N_TEXT : N_PRINT);

    if (!n)
        return NULL;
    n->value = p->now.value;
    if (!parse_next(p) || n->kind == N_TEXT)
        return n;
    n->a = parse_expression(p);
    return end_of_tag(p) ? n : NULL;
}

/* Up to "{% END", of which END is then p->now; NULL: up to the template's end. */
static struct chat_node *block(struct parser *p, const char *const *ends)
{
    struct chat_node *n = parse_enter(p) ? parse_node(p, N_BLOCK) : NULL, *one;

    while (n && !p->err->code && p->now.kind != T_EOF) {
        if (p->now.kind == T_BLOCK) {
            if (!parse_next(p))
                return NULL;
            if (ends_here(p, ends)) {
                p->depth--;
                return n;
            }
            one = statement(p);
            if (one && !end_of_tag(p))
                return NULL;
        } else {
            one = piece(p);
        }
        if (!one || !parse_append(p, n, one))
            return NULL;
    }
    if (ends)
        return parse_fail(p, "the template ends inside a statement");
    p->depth--;
    return p->err->code ? NULL : n;
}

int chat_parse(struct chat_node **out, const char *text, size_t n, struct arena *a, struct err *err)
{
    struct parser p = {.a = a, .err = err};

    if (!utf8_valid(text, n))
        return err_set(err, ERR_CONFIG, "it is not UTF-8");
    if (lexer_begin(&p.lex, text, n, a, err) || !parse_next(&p))
        return err->code;
    *out = block(&p, NULL);
    return err->code;
}
