/* Expressions of a chat template. */
#include "model/tokenizer/chat_parser.h"

#include <string.h>

static struct chat_node *unary(struct parser *p, bool with_filter);

/* Expressions up to `close`, with commas between. */
static bool items(struct parser *p, struct chat_node *to, const char *close)
{
    while (!p->err->code && !at_sign(p, close)) {
        if (!parse_append(p, to, parse_expression(p)))
            return false;
        if (!parse_accept(p, T_SIGN, ",") && !at_sign(p, close))
            parse_fail(p, "expected a comma");
    }
    return parse_expect(p, T_SIGN, close);
}

static struct chat_node *dictionary(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_DICT);

    while (n && !p->err->code && !at_sign(p, "}")) {
        if (!parse_append(p, n, parse_expression(p)) || !parse_expect(p, T_SIGN, ":") ||
            !parse_append(p, n, parse_expression(p)))
            return NULL;
        if (!parse_accept(p, T_SIGN, ",") && !at_sign(p, "}"))
            parse_fail(p, "expected a comma");
    }
    return n && parse_expect(p, T_SIGN, "}") ? n : NULL;
}

/* ( ... ): an expression, or a tuple, which is a list here. */
static struct chat_node *parentheses(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_LIST), *first;

    if (!n || parse_accept(p, T_SIGN, ")"))
        return n;
    first = parse_expression(p);
    if (!at_sign(p, ","))
        return parse_expect(p, T_SIGN, ")") ? first : NULL;
    return parse_append(p, n, first) && parse_next(p) && items(p, n, ")") ? n : NULL;
}

struct chat_node *parse_literal(struct parser *p, struct value v)
{
    struct chat_node *n = parse_node(p, N_LITERAL);

    if (n)
        n->value = v;
    return n && parse_next(p) ? n : NULL;
}

static struct chat_node *primary(struct parser *p)
{
    struct chat_node *n;

    if (p->now.kind == T_STRING || p->now.kind == T_INT)
        return parse_literal(p, p->now.value);
    if (at_name(p, "true") || at_name(p, "True"))
        return parse_literal(p, value_bool(true));
    if (at_name(p, "false") || at_name(p, "False"))
        return parse_literal(p, value_bool(false));
    if (at_name(p, "none") || at_name(p, "None"))
        return parse_literal(p, value_none());
    if (p->now.kind == T_NAME) {
        n = parse_literal(p, p->now.value);
        if (n)
            n->kind = N_NAME;
        return n;
    }
    if (parse_accept(p, T_SIGN, "("))
        return parentheses(p);
    if (parse_accept(p, T_SIGN, "{"))
        return dictionary(p);
    n = at_sign(p, "[") ? parse_node(p, N_LIST) : NULL;
    if (n)
        return parse_next(p) && items(p, n, "]") ? n : NULL;
    return parse_fail(p, "expected an expression");
}

/* Behind "(" of a call, a filter or a test. */
static bool arguments(struct parser *p, struct chat_node *to)
{
    while (!p->err->code && !at_sign(p, ")")) {
        struct chat_node *value = parse_expression(p), *keyword;

        if (value && value->kind == N_NAME && parse_accept(p, T_SIGN, "=")) {
            keyword = parse_node(p, N_KEYWORD);
            if (!keyword)
                return false;
            keyword->value = value->value;
            keyword->a = parse_expression(p);
            value = keyword;
        }
        if (!parse_append(p, to, value))
            return false;
        if (!parse_accept(p, T_SIGN, ",") && !at_sign(p, ")"))
            parse_fail(p, "expected a comma");
    }
    return parse_expect(p, T_SIGN, ")");
}

/* Behind "[": an item, or a slice. */
static struct chat_node *subscript(struct parser *p, struct chat_node *of)
{
    struct chat_node *n = parse_node(p, N_ITEM), *part = NULL;

    if (!n)
        return NULL;
    n->a = of;
    if (!at_sign(p, ":"))
        n->b = parse_expression(p);
    if (!at_sign(p, ":"))
        return parse_expect(p, T_SIGN, "]") ? n : NULL;
    n->kind = N_SLICE;
    parse_append(p, n, n->b);
    for (int i = 0; i < 2; i++) {
        part = NULL;
        if (parse_accept(p, T_SIGN, ":") && !at_sign(p, ":") && !at_sign(p, "]"))
            part = parse_expression(p);
        parse_append(p, n, part);
    }
    return parse_expect(p, T_SIGN, "]") ? n : NULL;
}

static struct chat_node *postfix(struct parser *p, struct chat_node *of)
{
    while (of && !p->err->code) {
        struct chat_node *n = NULL;

        if (parse_accept(p, T_SIGN, ".")) {
            if (p->now.kind != T_NAME)
                return parse_fail(p, "expected a name");
            n = parse_node(p, N_ATTRIBUTE);
            if (!n)
                return NULL;
            n->a = of;
            n->value = p->now.value;
            parse_next(p);
        } else if (parse_accept(p, T_SIGN, "[")) {
            n = subscript(p, of);
        } else if (parse_accept(p, T_SIGN, "(")) {
            n = parse_node(p, N_CALL);
            if (!n)
                return NULL;
            n->a = of;
            arguments(p, n);
        } else {
            return of;
        }
        of = n;
    }
    return p->err->code ? NULL : of;
}

/* Of a filter or a test: its name, and what stands in brackets behind it. */
static struct chat_node *apply(struct parser *p, enum node_kind kind, struct chat_node *of,
                               const char *expected)
{
    struct chat_node *n = parse_node(p, kind);

    if (!n || p->now.kind != T_NAME)
        return n ? parse_fail(p, expected) : NULL;
    n->a = of;
    n->value = p->now.value;
    if (parse_next(p) && parse_accept(p, T_SIGN, "("))
        arguments(p, n);
    return p->err->code ? NULL : n;
}

static struct chat_node *test(struct parser *p, struct chat_node *of)
{
    bool negated = parse_accept(p, T_NAME, "not");
    struct chat_node *n = apply(p, N_TEST, of, "expected the name of a test"), *outer;

    if (!negated || !n)
        return n;
    outer = parse_node(p, N_NOT);
    if (outer)
        outer->a = n;
    return outer;
}

static struct chat_node *filters_and_tests(struct parser *p, struct chat_node *of)
{
    while (of && !p->err->code) {
        if (parse_accept(p, T_SIGN, "|"))
            of = apply(p, N_FILTER, of, "expected the name of a filter");
        else if (parse_accept(p, T_NAME, "is"))
            of = test(p, of);
        else if (parse_accept(p, T_SIGN, "("))
            return parse_fail(p, "a call of what a filter gives is not handled");
        else
            return of;
    }
    return NULL;
}

static struct chat_node *unary(struct parser *p, bool with_filter)
{
    struct chat_node *n;

    if (!parse_enter(p))
        return NULL;
    if (at_sign(p, "-")) {
        n = parse_node(p, N_NEGATIVE);
        if (n && parse_next(p))
            n->a = unary(p, false);
    } else {
        n = primary(p);
    }
    n = postfix(p, p->err->code ? NULL : n);
    if (with_filter)
        n = filters_and_tests(p, n);
    p->depth--;
    return p->err->code ? NULL : n;
}

/* Operators of one binding strength after the other, the loosest first. */
static const char *const strengths[][4] = {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}};

static struct chat_node *binary(struct parser *p, size_t strength)
{
    const size_t levels = sizeof strengths / sizeof *strengths;
    struct chat_node *left = strength + 1 == levels ? unary(p, true) : binary(p, strength + 1);

    for (;;) {
        struct chat_node *n;
        bool found = false;

        for (size_t i = 0; i < 4 && strengths[strength][i]; i++)
            found |= at_sign(p, strengths[strength][i]);
        if (!found || !left || p->err->code)
            return p->err->code ? NULL : left;
        n = parse_node(p, N_BINARY);
        if (!n)
            return NULL;
        n->value = p->now.value;
        n->a = left;
        if (parse_next(p))
            n->b = strength + 1 == levels ? unary(p, true) : binary(p, strength + 1);
        left = n;
    }
}

/* The operator of a comparison that stands here; NULL = none. "not in" is taken up to its "in". */
static const char *comparison(struct parser *p)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">"};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (at_sign(p, signs[i]))
            return signs[i];
    if (at_name(p, "in"))
        return "in";
    if (!parse_accept(p, T_NAME, "not"))
        return NULL;
    if (!at_name(p, "in"))
        parse_fail(p, "expected in");
    return "not in";
}

/* a < b < c is a < b and b < c: not handled, for b would be computed twice. */
static struct chat_node *compare(struct parser *p)
{
    struct chat_node *left = binary(p, 0), *n;
    const char *op = left ? comparison(p) : NULL;

    if (!op || p->err->code)
        return p->err->code ? NULL : left;
    n = parse_node(p, N_BINARY);
    if (!n || !parse_next(p))
        return NULL;
    n->value = value_text(op, strlen(op));
    n->a = left;
    n->b = binary(p, 0);
    if (n->b && comparison(p))
        return parse_fail(p, "a chain of comparisons is not handled");
    return p->err->code ? NULL : n;
}

static struct chat_node *negation(struct parser *p)
{
    struct chat_node *n;

    if (!at_name(p, "not"))
        return compare(p);
    if (!parse_enter(p))
        return NULL;
    n = parse_node(p, N_NOT);
    if (n && parse_next(p))
        n->a = negation(p);
    p->depth--;
    return p->err->code ? NULL : n;
}

struct chat_node *parse_logical(struct parser *p, const char *op)
{
    bool or = op[0] == 'o';
    struct chat_node *left = or ? parse_logical(p, "and") : negation(p), *n;

    while (left && !p->err->code && at_name(p, op)) {
        n = parse_node(p, N_BINARY);
        if (!n || !parse_next(p))
            return NULL;
        n->value = value_text(op, strlen(op));
        n->a = left;
        n->b = or ? parse_logical(p, "and") : negation(p);
        left = n;
    }
    return p->err->code ? NULL : left;
}

struct chat_node *parse_expression(struct parser *p)
{
    struct chat_node *value, *n;

    if (!parse_enter(p))
        return NULL;
    value = parse_logical(p, "or");
    while (value && !p->err->code && at_name(p, "if")) {
        n = parse_node(p, N_CHOICE);
        if (!n || !parse_next(p))
            return NULL;
        n->a = value;
        n->b = parse_logical(p, "or");
        if (parse_accept(p, T_NAME, "else"))
            n->c = parse_expression(p);
        value = n;
    }
    p->depth--;
    return p->err->code ? NULL : value;
}
