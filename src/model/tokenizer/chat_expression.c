/* Expressions of a chat template. */
#include "model/tokenizer/chat_parse.h"

#include <string.h>

static struct chat_node *unary(struct parser *p, bool with_filter);

/* Expressions up to `close`, with commas between. */
static struct chat_node *items(struct parser *p, const char *close)
{
    struct chat_node *n = parse_node(p, N_LIST, NULL);

    for (bool first = true; parse_more(p, close, first); first = false)
        parse_append(p, n, parse_expression(p));
    return n;
}

static struct chat_node *dictionary(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_DICT, NULL);

    for (bool first = true; parse_more(p, "}", first); first = false) {
        parse_append(p, n, parse_expression(p));
        parse_expect(p, T_SIGN, ":");
        parse_append(p, n, parse_expression(p));
    }
    return n;
}

/* ( ... ): an expression, or a tuple, which is a list here. */
static struct chat_node *parentheses(struct parser *p)
{
    struct chat_node *n = parse_node(p, N_LIST, NULL), *first;

    if (parse_accept(p, T_SIGN, ")"))
        return n;
    first = parse_expression(p);
    if (!at_sign(p, ",")) {
        parse_expect(p, T_SIGN, ")");
        return first;
    }
    parse_append(p, n, first);
    while (parse_more(p, ")", false))
        parse_append(p, n, parse_expression(p));
    return n;
}

static struct chat_node *literal(struct parser *p, struct value v)
{
    struct chat_node *n = parse_node(p, N_LITERAL, NULL);

    n->value = v;
    parse_next(p);
    return n;
}

static struct chat_node *primary(struct parser *p)
{
    if (p->now.kind == T_STRING || p->now.kind == T_INT)
        return literal(p, p->now.value);
    if (at_name(p, "true") || at_name(p, "True"))
        return literal(p, value_bool(true));
    if (at_name(p, "false") || at_name(p, "False"))
        return literal(p, value_bool(false));
    if (at_name(p, "none") || at_name(p, "None"))
        return literal(p, value_none());
    if (parse_accept(p, T_SIGN, "("))
        return parentheses(p);
    if (parse_accept(p, T_SIGN, "{"))
        return dictionary(p);
    if (parse_accept(p, T_SIGN, "["))
        return items(p, "]");
    return parse_named(p, N_NAME, NULL, "expected an expression");
}

/* Behind "(" of a call, a filter or a test. */
static void arguments(struct parser *p, struct chat_node *to)
{
    for (bool first = true; parse_more(p, ")", first); first = false) {
        struct chat_node *value = parse_expression(p), *keyword;

        if (value->kind == N_NAME && parse_accept(p, T_SIGN, "=")) {
            keyword = parse_node(p, N_KEYWORD, parse_expression(p));
            keyword->value = value->value;
            value = keyword;
        }
        parse_append(p, to, value);
    }
}

/* Behind "[": an item, or a slice. */
static struct chat_node *subscript(struct parser *p, struct chat_node *of)
{
    struct chat_node *n = parse_node(p, N_ITEM, of);

    if (!at_sign(p, ":"))
        n->b = parse_expression(p);
    if (at_sign(p, ":")) {
        n->kind = N_SLICE;
        parse_append(p, n, n->b);
        for (int i = 0; i < 2; i++) {
            bool given = parse_accept(p, T_SIGN, ":") && !at_sign(p, ":") && !at_sign(p, "]");

            parse_append(p, n, given ? parse_expression(p) : NULL);
        }
    }
    parse_expect(p, T_SIGN, "]");
    return n;
}

static struct chat_node *postfix(struct parser *p, struct chat_node *of)
{
    for (;;) {
        if (parse_accept(p, T_SIGN, ".")) {
            of = parse_named(p, N_ATTRIBUTE, of, "expected a name");
        } else if (parse_accept(p, T_SIGN, "[")) {
            of = subscript(p, of);
        } else if (parse_accept(p, T_SIGN, "(")) {
            of = parse_node(p, N_CALL, of);
            arguments(p, of);
        } else {
            return of;
        }
    }
}

/* Of a filter or a test: its name, and what stands in brackets behind it. */
static struct chat_node *apply(struct parser *p, enum node_kind kind, struct chat_node *of,
                               const char *expected)
{
    struct chat_node *n = parse_named(p, kind, of, expected);

    if (parse_accept(p, T_SIGN, "("))
        arguments(p, n);
    return n;
}

static struct chat_node *filters_and_tests(struct parser *p, struct chat_node *of)
{
    for (;;) {
        if (parse_accept(p, T_SIGN, "|")) {
            of = apply(p, N_FILTER, of, "expected the name of a filter");
        } else if (parse_accept(p, T_NAME, "is")) {
            bool negated = parse_accept(p, T_NAME, "not");

            of = apply(p, N_TEST, of, "expected the name of a test");
            of = negated ? parse_node(p, N_NOT, of) : of;
        } else if (parse_accept(p, T_SIGN, "(")) {
            return parse_fail(p, "a call of what a filter gives is not handled");
        } else {
            return of;
        }
    }
}

static struct chat_node *unary(struct parser *p, bool with_filter)
{
    struct chat_node *n;

    parse_enter(p);
    if (at_sign(p, "-")) {
        n = parse_node(p, N_NEGATIVE, NULL);
        parse_next(p);
        n->a = unary(p, false);
    } else {
        n = primary(p);
    }
    n = postfix(p, n);
    if (with_filter)
        n = filters_and_tests(p, n);
    p->depth--;
    return n;
}

/* Operators of one binding strength after the other, the loosest first. */
static const char *const strengths[][4] = {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}};

static struct chat_node *binary(struct parser *p, size_t strength)
{
    const bool tightest = strength + 1 == sizeof strengths / sizeof *strengths;
    struct chat_node *left = tightest ? unary(p, true) : binary(p, strength + 1);

    for (;;) {
        bool found = false;

        for (size_t i = 0; i < 4 && strengths[strength][i]; i++)
            found |= at_sign(p, strengths[strength][i]);
        if (!found)
            return left;
        left = parse_node(p, N_BINARY, left);
        left->value = p->now.value;
        parse_next(p);
        left->b = tightest ? unary(p, true) : binary(p, strength + 1);
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

/* Behind `left` comes op, which stands here: the node of both, but for what follows. */
static struct chat_node *operation(struct parser *p, const char *op, struct chat_node *left)
{
    struct chat_node *n = parse_node(p, N_BINARY, left);

    n->value = value_text(op, strlen(op));
    parse_next(p);
    return n;
}

/* a < b < c is a < b and b < c: not handled, for b would be computed twice. */
static struct chat_node *compare(struct parser *p)
{
    struct chat_node *n = binary(p, 0);
    const char *op = comparison(p);

    if (!op)
        return n;
    n = operation(p, op, n);
    n->b = binary(p, 0);
    return comparison(p) ? parse_fail(p, "a chain of comparisons is not handled") : n;
}

static struct chat_node *negation(struct parser *p)
{
    struct chat_node *n;

    if (!at_name(p, "not"))
        return compare(p);
    parse_enter(p);
    n = parse_node(p, N_NOT, NULL);
    parse_next(p);
    n->a = negation(p);
    p->depth--;
    return n;
}

struct chat_node *parse_logical(struct parser *p, const char *op)
{
    bool is_or = op[0] == 'o';
    struct chat_node *left = is_or ? parse_logical(p, "and") : negation(p);

    while (at_name(p, op)) {
        left = operation(p, op, left);
        left->b = is_or ? parse_logical(p, "and") : negation(p);
    }
    return left;
}

struct chat_node *parse_expression(struct parser *p)
{
    struct chat_node *n;

    parse_enter(p);
    n = parse_logical(p, "or");
    while (at_name(p, "if")) {
        n = parse_node(p, N_CHOICE, n);
        parse_next(p);
        n->b = parse_logical(p, "or");
        if (parse_accept(p, T_NAME, "else"))
            n->c = parse_expression(p);
    }
    p->depth--;
    return n;
}
