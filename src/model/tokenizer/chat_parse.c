#include "model/tokenizer/chat_parse.h"

#include "base/utf8.h"

#include <string.h>

enum { NESTED_MAX = 64 };

struct parser {
    struct lexer lex;
    struct token now;
    struct arena *a;
    int depth;
    struct err *err;
};

int chat_error(size_t line, struct err *err)
{
    return err_wrap(err, "line %zu", line);
}

/* All parsing functions give NULL after an error. */
static struct chat_node *fail(struct parser *p, const char *what)
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

static bool next(struct parser *p)
{
    return !p->err->code && !lexer_next(&p->lex, &p->now, p->err);
}

static bool is(const struct parser *p, enum token_kind kind, const char *text)
{
    return p->now.kind == kind && p->now.value.n == strlen(text) &&
           !memcmp(p->now.value.s, text, p->now.value.n);
}

static bool sign(const struct parser *p, const char *text)
{
    return is(p, T_SIGN, text);
}

static bool name(const struct parser *p, const char *text)
{
    return is(p, T_NAME, text);
}

/* Takes the token if it is this one. */
static bool accept(struct parser *p, enum token_kind kind, const char *text)
{
    return is(p, kind, text) && next(p);
}

static bool expect(struct parser *p, enum token_kind kind, const char *text)
{
    char what[40] = "expected ";

    if (is(p, kind, text))
        return next(p);
    strncat(what, text, sizeof what - strlen(what) - 1);
    fail(p, what);
    return false;
}

static struct chat_node *node(struct parser *p, enum node_kind kind)
{
    struct chat_node *n = p->err->code ? NULL : arena_alloc(p->a, 1, sizeof *n, p->err);

    if (n) {
        n->kind = kind;
        n->line = p->now.line;
    }
    return n;
}

static bool append(struct parser *p, struct chat_node *to, struct chat_node *item)
{
    size_t cap = to->cap ? 2 * to->cap : 4;
    struct chat_node **more;

    if (p->err->code)
        return false;
    if (to->n == to->cap) {
        more = arena_alloc(p->a, cap, sizeof *more, p->err);
        if (!more)
            return false;
        if (to->n)
            memcpy(more, to->list, to->n * sizeof *more);
        to->list = more;
        to->cap = cap;
    }
    to->list[to->n++] = item;
    return true;
}

static struct chat_node *expression(struct parser *p);
static struct chat_node *unary(struct parser *p, bool with_filter);

static bool enter(struct parser *p)
{
    if (p->depth >= NESTED_MAX)
        fail(p, "nested too deep");
    p->depth++;
    return !p->err->code;
}

/* Expressions up to `close`, with commas between. */
static bool items(struct parser *p, struct chat_node *to, const char *close)
{
    while (!p->err->code && !sign(p, close)) {
        if (!append(p, to, expression(p)))
            return false;
        if (!accept(p, T_SIGN, ",") && !sign(p, close))
            fail(p, "expected a comma");
    }
    return expect(p, T_SIGN, close);
}

static struct chat_node *dictionary(struct parser *p)
{
    struct chat_node *n = node(p, N_DICT);

    while (n && !p->err->code && !sign(p, "}")) {
        if (!append(p, n, expression(p)) || !expect(p, T_SIGN, ":") || !append(p, n, expression(p)))
            return NULL;
        if (!accept(p, T_SIGN, ",") && !sign(p, "}"))
            fail(p, "expected a comma");
    }
    return n && expect(p, T_SIGN, "}") ? n : NULL;
}

/* ( ... ): an expression, or a tuple, which is a list here. */
static struct chat_node *parentheses(struct parser *p)
{
    struct chat_node *n = node(p, N_LIST), *first;

    if (!n || accept(p, T_SIGN, ")"))
        return n;
    first = expression(p);
    if (!sign(p, ","))
        return expect(p, T_SIGN, ")") ? first : NULL;
    return append(p, n, first) && next(p) && items(p, n, ")") ? n : NULL;
}

static struct chat_node *literal(struct parser *p, struct value v)
{
    struct chat_node *n = node(p, N_LITERAL);

    if (n)
        n->value = v;
    return n && next(p) ? n : NULL;
}

/* Strings that stand beside each other are one. */
static struct chat_node *strings(struct parser *p)
{
    struct chat_node *n = literal(p, p->now.value);

    while (n && p->now.kind == T_STRING) {
        char *s = arena_alloc(p->a, n->value.n + p->now.value.n + 1, 1, p->err);

        if (!s)
            return NULL;
        memcpy(s, n->value.s, n->value.n);
        memcpy(s + n->value.n, p->now.value.s, p->now.value.n);
        n->value = value_text(s, n->value.n + p->now.value.n);
        if (!next(p))
            return NULL;
    }
    return n;
}

static struct chat_node *primary(struct parser *p)
{
    struct chat_node *n;

    if (p->now.kind == T_STRING)
        return strings(p);
    if (p->now.kind == T_INT || p->now.kind == T_FLOAT)
        return literal(p, p->now.value);
    if (name(p, "true") || name(p, "True"))
        return literal(p, value_bool(true));
    if (name(p, "false") || name(p, "False"))
        return literal(p, value_bool(false));
    if (name(p, "none") || name(p, "None"))
        return literal(p, value_none());
    if (p->now.kind == T_NAME) {
        n = literal(p, p->now.value);
        if (n)
            n->kind = N_NAME;
        return n;
    }
    if (accept(p, T_SIGN, "("))
        return parentheses(p);
    if (accept(p, T_SIGN, "{"))
        return dictionary(p);
    n = sign(p, "[") ? node(p, N_LIST) : NULL;
    if (n)
        return next(p) && items(p, n, "]") ? n : NULL;
    return fail(p, "expected an expression");
}

/* Behind "(" of a call, a filter or a test. */
static bool arguments(struct parser *p, struct chat_node *to)
{
    while (!p->err->code && !sign(p, ")")) {
        struct chat_node *value = expression(p), *keyword;

        if (value && value->kind == N_NAME && accept(p, T_SIGN, "=")) {
            keyword = node(p, N_KEYWORD);
            if (!keyword)
                return false;
            keyword->value = value->value;
            keyword->a = expression(p);
            value = keyword;
        }
        if (!append(p, to, value))
            return false;
        if (!accept(p, T_SIGN, ",") && !sign(p, ")"))
            fail(p, "expected a comma");
    }
    return expect(p, T_SIGN, ")");
}

/* Behind "[": an item, or a slice. */
static struct chat_node *subscript(struct parser *p, struct chat_node *of)
{
    struct chat_node *n = node(p, N_ITEM), *part = NULL;

    if (!n)
        return NULL;
    n->a = of;
    if (!sign(p, ":"))
        n->b = expression(p);
    if (!sign(p, ":"))
        return expect(p, T_SIGN, "]") ? n : NULL;
    n->kind = N_SLICE;
    append(p, n, n->b);
    for (int i = 0; i < 2; i++) {
        part = NULL;
        if (accept(p, T_SIGN, ":") && !sign(p, ":") && !sign(p, "]"))
            part = expression(p);
        append(p, n, part);
    }
    return expect(p, T_SIGN, "]") ? n : NULL;
}

static struct chat_node *postfix(struct parser *p, struct chat_node *of)
{
    while (of && !p->err->code) {
        struct chat_node *n = NULL;

        if (accept(p, T_SIGN, ".")) {
            if (p->now.kind != T_NAME && p->now.kind != T_INT)
                return fail(p, "expected a name");
            n = node(p, p->now.kind == T_NAME ? N_ATTRIBUTE : N_ITEM);
            if (!n)
                return NULL;
            n->a = of;
            n->value = p->now.value;
            if (n->kind == N_ITEM)
                n->b = literal(p, p->now.value);
            else
                next(p);
        } else if (accept(p, T_SIGN, "[")) {
            n = subscript(p, of);
        } else if (accept(p, T_SIGN, "(")) {
            n = node(p, N_CALL);
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

static struct chat_node *filter(struct parser *p, struct chat_node *of)
{
    struct chat_node *n = node(p, N_FILTER);

    if (!n || p->now.kind != T_NAME)
        return n ? fail(p, "expected the name of a filter") : NULL;
    n->a = of;
    n->value = p->now.value;
    if (next(p) && accept(p, T_SIGN, "("))
        arguments(p, n);
    return p->err->code ? NULL : n;
}

/* Does an argument without parentheses follow: x is divisibleby 3? */
static bool bare_argument(const struct parser *p)
{
    if (p->now.kind == T_NAME)
        return !name(p, "else") && !name(p, "or") && !name(p, "and") && !name(p, "is") &&
               !name(p, "if") && !name(p, "not") && !name(p, "in");
    return p->now.kind == T_STRING || p->now.kind == T_INT || p->now.kind == T_FLOAT ||
           sign(p, "[") || sign(p, "{");
}

static struct chat_node *test(struct parser *p, struct chat_node *of)
{
    bool negated = accept(p, T_NAME, "not");
    struct chat_node *n = node(p, N_TEST), *outer;

    if (!n || p->now.kind != T_NAME)
        return n ? fail(p, "expected the name of a test") : NULL;
    n->a = of;
    n->value = p->now.value;
    if (next(p) && accept(p, T_SIGN, "("))
        arguments(p, n);
    else if (!p->err->code && bare_argument(p))
        append(p, n, postfix(p, primary(p)));
    if (!negated || p->err->code)
        return p->err->code ? NULL : n;
    outer = node(p, N_NOT);
    if (outer)
        outer->a = n;
    return outer;
}

static struct chat_node *filters_and_tests(struct parser *p, struct chat_node *of)
{
    while (of && !p->err->code) {
        if (accept(p, T_SIGN, "|"))
            of = filter(p, of);
        else if (accept(p, T_NAME, "is"))
            of = test(p, of);
        else if (accept(p, T_SIGN, "("))
            return fail(p, "a call of what a filter gives is not handled");
        else
            return of;
    }
    return NULL;
}

static struct chat_node *unary(struct parser *p, bool with_filter)
{
    struct chat_node *n;

    if (!enter(p))
        return NULL;
    if (sign(p, "-")) {
        n = node(p, N_NEGATIVE);
        if (n && next(p))
            n->a = unary(p, false);
    } else if (accept(p, T_SIGN, "+")) {
        n = unary(p, false);
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
            found |= sign(p, strengths[strength][i]);
        if (!found || !left || p->err->code)
            return p->err->code ? NULL : left;
        n = node(p, N_BINARY);
        if (!n)
            return NULL;
        n->value = p->now.value;
        n->a = left;
        if (next(p))
            n->b = strength + 1 == levels ? unary(p, true) : binary(p, strength + 1);
        left = n;
    }
}

/* The operator of a comparison that stands here; NULL = none. "not in" is taken up to its "in". */
static const char *comparison(struct parser *p)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">"};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (sign(p, signs[i]))
            return signs[i];
    if (name(p, "in"))
        return "in";
    if (!accept(p, T_NAME, "not"))
        return NULL;
    if (!name(p, "in"))
        fail(p, "expected in");
    return "not in";
}

/* a < b < c is a < b and b < c: not handled, for b would be computed twice. */
static struct chat_node *compare(struct parser *p)
{
    struct chat_node *left = binary(p, 0), *n;
    const char *op = left ? comparison(p) : NULL;

    if (!op || p->err->code)
        return p->err->code ? NULL : left;
    n = node(p, N_BINARY);
    if (!n || !next(p))
        return NULL;
    n->value = value_text(op, strlen(op));
    n->a = left;
    n->b = binary(p, 0);
    if (n->b && comparison(p))
        return fail(p, "a chain of comparisons is not handled");
    return p->err->code ? NULL : n;
}

static struct chat_node *negation(struct parser *p)
{
    struct chat_node *n;

    if (!name(p, "not"))
        return compare(p);
    if (!enter(p))
        return NULL;
    n = node(p, N_NOT);
    if (n && next(p))
        n->a = negation(p);
    p->depth--;
    return p->err->code ? NULL : n;
}

static struct chat_node *logical(struct parser *p, const char *op)
{
    bool or = op[0] == 'o';
    struct chat_node *left = or ? logical(p, "and") : negation(p), *n;

    while (left && !p->err->code && name(p, op)) {
        n = node(p, N_BINARY);
        if (!n || !next(p))
            return NULL;
        n->value = value_text(op, strlen(op));
        n->a = left;
        n->b = or ? logical(p, "and") : negation(p);
        left = n;
    }
    return p->err->code ? NULL : left;
}

static struct chat_node *expression(struct parser *p)
{
    struct chat_node *value, *n;

    if (!enter(p))
        return NULL;
    value = logical(p, "or");
    while (value && !p->err->code && name(p, "if")) {
        n = node(p, N_CHOICE);
        if (!n || !next(p))
            return NULL;
        n->a = value;
        n->b = logical(p, "or");
        if (accept(p, T_NAME, "else"))
            n->c = expression(p);
        value = n;
    }
    p->depth--;
    return p->err->code ? NULL : value;
}

/* An expression, or several with commas between: a tuple. */
static struct chat_node *tuple(struct parser *p)
{
    struct chat_node *first = expression(p), *n;

    if (!first || !sign(p, ","))
        return first;
    n = node(p, N_LIST);
    if (!n || !append(p, n, first))
        return NULL;
    while (accept(p, T_SIGN, ",") && p->now.kind != T_END)
        if (!append(p, n, expression(p)))
            return NULL;
    return p->err->code ? NULL : n;
}

static struct chat_node *block(struct parser *p, const char *const *ends);

static bool end_of_tag(struct parser *p)
{
    if (p->now.kind != T_END)
        fail(p, "expected the end of the tag");
    return next(p);
}

static struct chat_node *if_statement(struct parser *p)
{
    static const char *const ends[] = {"elif", "else", "endif", NULL}, *const last[] = {"endif",
                                                                                        NULL};
    struct chat_node *n = node(p, N_IF);

    if (!n)
        return NULL;
    n->a = tuple(p);
    if (!end_of_tag(p) || !append(p, n, block(p, ends)))
        return NULL;
    if (accept(p, T_NAME, "elif"))
        return enter(p) && append(p, n, if_statement(p)) && p->depth-- ? n : NULL;
    if (accept(p, T_NAME, "else"))
        return end_of_tag(p) && append(p, n, block(p, last)) && next(p) ? n : NULL;
    return next(p) ? n : NULL;
}

/* The names that a for or a set assigns to: N_NAME, or N_ATTRIBUTE of a name. */
static struct chat_node *targets(struct parser *p)
{
    struct chat_node *n = node(p, N_LIST), *one;
    bool closed = accept(p, T_SIGN, "(");

    do {
        if (!n || p->now.kind != T_NAME)
            return n ? fail(p, "expected a name") : NULL;
        one = literal(p, p->now.value);
        if (!one)
            return NULL;
        one->kind = N_NAME;
        if (accept(p, T_SIGN, ".")) {
            struct chat_node *of = one;

            one = node(p, N_ATTRIBUTE);
            if (!one || p->now.kind != T_NAME)
                return one ? fail(p, "expected a name") : NULL;
            one->a = of;
            one->value = p->now.value;
            next(p);
        }
        if (!append(p, n, one))
            return NULL;
    } while (accept(p, T_SIGN, ","));
    return !closed || expect(p, T_SIGN, ")") ? n : NULL;
}

static struct chat_node *for_statement(struct parser *p)
{
    static const char *const ends[] = {"else", "endfor", NULL}, *const last[] = {"endfor", NULL};
    struct chat_node *n = node(p, N_FOR);

    if (!n)
        return NULL;
    n->a = targets(p);
    if (!n->a || !expect(p, T_NAME, "in"))
        return NULL;
    n->b = logical(p, "or");
    if (accept(p, T_NAME, "if"))
        n->c = expression(p);
    if (name(p, "recursive"))
        return fail(p, "a recursive for is not handled");
    if (!end_of_tag(p) || !append(p, n, block(p, ends)))
        return NULL;
    if (accept(p, T_NAME, "else"))
        return end_of_tag(p) && append(p, n, block(p, last)) && next(p) ? n : NULL;
    return next(p) ? n : NULL;
}

static struct chat_node *set_statement(struct parser *p)
{
    static const char *const ends[] = {"endset", NULL};
    struct chat_node *n = node(p, N_SET);

    if (!n)
        return NULL;
    n->a = targets(p);
    if (n->a && accept(p, T_SIGN, "=")) {
        n->b = tuple(p);
        return p->err->code ? NULL : n;
    }
    if (!n->a || n->a->n != 1)
        return fail(p, "expected =");
    return end_of_tag(p) && append(p, n, block(p, ends)) && next(p) ? n : NULL;
}

static struct chat_node *macro_statement(struct parser *p)
{
    static const char *const ends[] = {"endmacro", NULL};
    struct chat_node *n = node(p, N_MACRO);

    if (!n || p->now.kind != T_NAME)
        return n ? fail(p, "expected the name of a macro") : NULL;
    n->value = p->now.value;
    n->a = node(p, N_LIST);
    n->b = node(p, N_LIST);
    if (!n->a || !n->b || !next(p) || !expect(p, T_SIGN, "("))
        return NULL;
    while (!p->err->code && !sign(p, ")")) {
        struct chat_node *parameter = p->now.kind == T_NAME ? literal(p, p->now.value) : NULL;

        if (!parameter)
            return fail(p, "expected the name of a parameter");
        if (!append(p, n->a, parameter) ||
            !append(p, n->b, accept(p, T_SIGN, "=") ? expression(p) : NULL))
            return NULL;
        if (!accept(p, T_SIGN, ",") && !sign(p, ")"))
            fail(p, "expected a comma");
    }
    return next(p) && end_of_tag(p) && append(p, n, block(p, ends)) && next(p) ? n : NULL;
}

static struct chat_node *generation(struct parser *p)
{
    static const char *const ends[] = {"endgeneration", NULL};
    struct chat_node *n = end_of_tag(p) ? block(p, ends) : NULL;

    return n && next(p) ? n : NULL;
}

/* Behind "{%"; the statement's last tag is not yet closed. */
static struct chat_node *statement(struct parser *p)
{
    if (accept(p, T_NAME, "if"))
        return if_statement(p);
    if (accept(p, T_NAME, "for"))
        return for_statement(p);
    if (accept(p, T_NAME, "set"))
        return set_statement(p);
    if (accept(p, T_NAME, "macro"))
        return macro_statement(p);
    if (accept(p, T_NAME, "generation"))
        return generation(p);
    if (accept(p, T_NAME, "break"))
        return node(p, N_BREAK);
    if (accept(p, T_NAME, "continue"))
        return node(p, N_CONTINUE);
    return fail(p, "this statement is not handled");
}

static bool ends_here(const struct parser *p, const char *const *ends)
{
    for (; ends && *ends; ends++)
        if (name(p, *ends))
            return true;
    return false;
}

/* One piece of a block, whose first token is p->now and not a statement. */
static struct chat_node *piece(struct parser *p)
{
    struct chat_node *n = node(p, p->now.kind == T_TEXT ? N_TEXT : N_PRINT);

    if (!n)
        return NULL;
    n->value = p->now.value;
    if (!next(p) || n->kind == N_TEXT)
        return n;
    n->a = tuple(p);
    return end_of_tag(p) ? n : NULL;
}

/* Up to "{% END", of which END is then p->now; NULL: up to the template's end. */
static struct chat_node *block(struct parser *p, const char *const *ends)
{
    struct chat_node *n = enter(p) ? node(p, N_BLOCK) : NULL, *one;

    while (n && !p->err->code && p->now.kind != T_EOF) {
        if (p->now.kind == T_BLOCK) {
            if (!next(p))
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
        if (!one || !append(p, n, one))
            return NULL;
    }
    if (ends)
        return fail(p, "the template ends inside a statement");
    p->depth--;
    return p->err->code ? NULL : n;
}

int chat_parse(struct chat_node **out, const char *text, size_t n, struct arena *a, struct err *err)
{
    struct parser p = {.a = a, .err = err};

    if (!utf8_valid(text, n))
        return err_set(err, ERR_CONFIG, "it is not UTF-8");
    if (lexer_begin(&p.lex, text, n, a, err) || !next(&p))
        return err->code;
    *out = block(&p, NULL);
    return err->code;
}
