/* A chat template: its statements, and the steps of the parser. */
#include "model/tokenizer/chat_parse.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { NESTED_MAX = 64 };

int chat_error(size_t line, struct err *err)
{
    return err_place(err, "line %zu", line);
}

struct chat_node *parse_fail(struct parser *p, const char *what)
{
    struct value *v = &p->now.value;

    if (p->err->code)
        return &p->nothing;
    if (p->now.kind == T_NAME || p->now.kind == T_SIGN)
        err_set(p->err, ERR_CONFIG, "%s, found \"%.*s\"", what, v->n > 40 ? 40 : (int)v->n, v->s);
    else
        err_set(p->err, ERR_CONFIG, "%s", what);
    chat_error(p->now.line, p->err);
    return &p->nothing;
}

bool parse_next(struct parser *p)
{
    return !p->err->code && !lexer_next(&p->lex, &p->now, p->err);
}

static bool at(const struct parser *p, enum token_kind kind, const char *text)
{
    return !p->err->code && p->now.kind == kind && value_is(&p->now.value, text);
}

bool at_sign(const struct parser *p, const char *text)
{
    return at(p, T_SIGN, text);
}

bool at_name(const struct parser *p, const char *text)
{
    return at(p, T_NAME, text);
}

bool parse_accept(struct parser *p, enum token_kind kind, const char *text)
{
    return at(p, kind, text) && parse_next(p);
}

void parse_expect(struct parser *p, enum token_kind kind, const char *text)
{
    char what[40];

    snprintf(what, sizeof what, "expected %s", text);
    if (at(p, kind, text))
        parse_next(p);
    else
        parse_fail(p, what);
}

bool parse_more(struct parser *p, const char *close, bool first)
{
    if (parse_accept(p, T_SIGN, close))
        return false;
    if (!first && !parse_accept(p, T_SIGN, ","))
        parse_fail(p, "expected a comma");
    if (!first && parse_accept(p, T_SIGN, close))
        return false;
    return !p->err->code;
}

struct chat_node *parse_node(struct parser *p, enum node_kind kind, struct chat_node *a)
{
    struct chat_node *n = p->err->code ? NULL : arena_alloc(p->a, 1, sizeof *n, p->err);

    if (!n)
        return &p->nothing;
    *n = (struct chat_node){.kind = kind, .line = p->now.line, .a = a};
    return n;
}

struct chat_node *parse_named(struct parser *p, enum node_kind kind, struct chat_node *a,
                              const char *expected)
{
    struct chat_node *n = parse_node(p, kind, a);

    if (p->now.kind != T_NAME)
        return parse_fail(p, expected);
    n->value = p->now.value;
    parse_next(p);
    return n;
}

void parse_append(struct parser *p, struct chat_node *to, struct chat_node *item)
{
    if (!p->err->code && !arena_grow(p->a, &to->list, to->n, &to->cap, sizeof item, p->err))
        to->list[to->n++] = item;
}

void parse_enter(struct parser *p)
{
    if (p->depth >= NESTED_MAX)
        parse_fail(p, "nested too deep");
    p->depth++;
}

static struct chat_node *block(struct parser *p, const char *const *ends);

static void end_of_tag(struct parser *p)
{
    if (p->now.kind != T_END)
        parse_fail(p, "expected the end of the tag");
    parse_next(p);
}

/* The statement's tag is at its end: what follows, up to one of `ends`; that is then p->now. */
static void append_block(struct parser *p, struct chat_node *n, const char *const *ends)
{
    end_of_tag(p);
    parse_append(p, n, block(p, ends));
}

/* From the else of an if or a for on, or its end. */
static struct chat_node *with_else(struct parser *p, struct chat_node *n, const char *end)
{
    if (parse_accept(p, T_NAME, "else"))
        append_block(p, n, (const char *const[]){end, NULL});
    parse_next(p);
    return n;
}

static struct chat_node *if_statement(struct parser *p)
{
    static const char *const ends[] = {"elif", "else", "endif", NULL};
    struct chat_node *n = parse_node(p, N_IF, NULL);

    n->a = parse_expression(p);
    append_block(p, n, ends);
    if (!parse_accept(p, T_NAME, "elif"))
        return with_else(p, n, "endif");
    parse_enter(p);
    parse_append(p, n, if_statement(p));
    p->depth--;
    return n;
}

/* The names that a for or a set assigns to: N_NAME, or N_ATTRIBUTE of a name. */
static struct chat_node *targets(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_LIST, NULL), *one;
    bool closed = parse_accept(p, T_SIGN, "(");

    do {
        one = parse_named(p, N_NAME, NULL, "expected a name");
        if (parse_accept(p, T_SIGN, "."))
            one = parse_named(p, N_ATTRIBUTE, one, "expected a name");
        parse_append(p, n, one);
    } while (parse_accept(p, T_SIGN, ","));
    if (closed)
        parse_expect(p, T_SIGN, ")");
    return n;
}

static struct chat_node *for_statement(struct parser *p)
{
    static const char *const ends[] = {"else", "endfor", NULL};
    struct chat_node *n = parse_node(p, N_FOR, NULL);

    n->a = targets(p);
    parse_expect(p, T_NAME, "in");
    n->b = parse_logical(p, "or");
    if (parse_accept(p, T_NAME, "if"))
        n->c = parse_expression(p);
    if (at_name(p, "recursive"))
        return parse_fail(p, "a recursive for is not handled");
    append_block(p, n, ends);
    return with_else(p, n, "endfor");
}

static struct chat_node *set_statement(struct parser *p)
{
    static const char *const ends[] = {"endset", NULL};
    struct chat_node *n = parse_node(p, N_SET, NULL);

    n->a = targets(p);
    if (parse_accept(p, T_SIGN, "=")) {
        n->b = parse_expression(p);
        return n;
    }
    if (p->err->code || n->a->n != 1)
        return parse_fail(p, "expected =");
    append_block(p, n, ends);
    parse_next(p);
    return n;
}

static struct chat_node *macro_statement(struct parser *p)
{
    static const char *const ends[] = {"endmacro", NULL};
    struct chat_node *n = parse_named(p, N_MACRO, NULL, "expected the name of a macro");

    n->a = parse_node(p, N_LIST, NULL);
    n->b = parse_node(p, N_LIST, NULL);
    parse_expect(p, T_SIGN, "(");
    for (bool first = true; parse_more(p, ")", first); first = false) {
        parse_append(p, n->a, parse_named(p, N_NAME, NULL, "expected the name of a parameter"));
        parse_append(p, n->b, parse_accept(p, T_SIGN, "=") ? parse_expression(p) : NULL);
    }
    append_block(p, n, ends);
    parse_next(p);
    return n;
}

static struct chat_node *generation(struct parser *p)
{
    static const char *const ends[] = {"endgeneration", NULL};
    struct chat_node *n;

    end_of_tag(p);
    n = block(p, ends);
    parse_next(p);
    return n;
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
        return parse_node(p, N_BREAK, NULL);
    if (parse_accept(p, T_NAME, "continue"))
        return parse_node(p, N_CONTINUE, NULL);
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
    struct chat_node *n = parse_node(p, p->now.kind == T_TEXT ? N_TEXT : N_PRINT, NULL);

    n->value = p->now.value;
    parse_next(p);
    if (n->kind == N_TEXT)
        return n;
    n->a = parse_expression(p);
    end_of_tag(p);
    return n;
}

/* Up to "{% END", of which END is then p->now; NULL: up to the template's end. */
static struct chat_node *block(struct parser *p, const char *const *ends)
{
    struct chat_node *n;

    parse_enter(p);
    n = parse_node(p, N_BLOCK, NULL);
    while (!p->err->code && p->now.kind != T_EOF) {
        if (p->now.kind != T_BLOCK) {
            parse_append(p, n, piece(p));
            continue;
        }
        parse_next(p);
        if (ends_here(p, ends))
            break;
        parse_append(p, n, statement(p));
        end_of_tag(p);
    }
    if (ends && p->now.kind == T_EOF)
        parse_fail(p, "the template ends inside a statement");
    p->depth--;
    return n;
}

int chat_parse(struct chat_node **out, const char *text, size_t n, struct arena *a, struct err *err)
{
    struct parser p = {.a = a, .err = err};

    if (!utf8_valid(text, n))
        return err_set(err, ERR_CONFIG, "it is not UTF-8");
    if (!lexer_begin(&p.lex, text, n, a, err) && parse_next(&p))
        *out = block(&p, NULL);
    return err->code;
}
