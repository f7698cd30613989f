/*
 * A template as tokens. White space as jinja2 has it with trim_blocks and lstrip_blocks: a block
 * or a comment takes the spaces before it on its line, and the end of line behind it; a minus sign
 * takes all white space on its side.
 */
#include "model/tokenizer/chat_parse.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* New lines of all kinds are \n, and one at the very end is not there. */
int lexer_begin(struct lexer *l, const char *text, size_t n, struct arena *a, struct err *err)
{
    char *s = arena_alloc(a, n + 1, 1, err);
    size_t len = 0;

    if (!s)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n' && i && text[i - 1] == '\r')
            continue;
        s[len++] = text[i] == '\r' ? '\n' : text[i];
    }
    if (len && s[len - 1] == '\n')
        len--;
    *l = (struct lexer){.s = s, .n = len, .line = 1, .line_start = true, .a = a};
    return 0;
}

static bool at(const struct lexer *l, size_t i, const char *what)
{
    size_t n = strlen(what);

    return l->n - i >= n && !memcmp(l->s + i, what, n);
}

static void advance(struct lexer *l, size_t to)
{
    for (; l->i < to; l->i++)
        l->line += l->s[l->i] == '\n';
}

static void skip_space(struct lexer *l)
{
    int32_t c;

    while (l->i < l->n) {
        size_t len = utf8_next(l->s + l->i, l->n - l->i, &c);

        if (!chat_is_space(c))
            return;
        advance(l, l->i + len);
    }
}

/* Behind a tag. */
static void end_tag(struct lexer *l, bool strip, bool trim)
{
    l->line_start = false;
    if (strip) {
        size_t from = l->i;

        skip_space(l);
        l->line_start = l->i > from && l->s[l->i - 1] == '\n';
    } else if (trim && l->i < l->n && l->s[l->i] == '\n') {
        advance(l, l->i + 1);
        l->line_start = true;
    }
}

/* Where the next {{, {% or {# is. */
static size_t find_tag(const struct lexer *l)
{
    for (size_t i = l->i; i + 1 < l->n; i++)
        if (l->s[i] == '{' && strchr("{%#", l->s[i + 1]) && l->s[i + 1])
            return i;
    return l->n;
}

/* The end of the text before a tag at `tag`. */
static size_t text_end(const struct lexer *l, size_t tag)
{
    char sign = tag + 2 < l->n ? l->s[tag + 2] : ' ';
    size_t n = tag - l->i, line;

    if (sign == '-') {
        chat_strip(l->s + l->i, &n, NULL, 0, false, true);
        return l->i + n;
    }
    if (tag == l->n || sign == '+' || l->s[tag + 1] == '{')
        return tag;
    for (line = tag; line > l->i && l->s[line - 1] != '\n'; line--)
        if (l->s[line - 1] != ' ' && l->s[line - 1] != '\t')
            return tag;
    return line > l->i || l->line_start ? line : tag;
}

/* Over a comment that begins at l->i. */
static int comment(struct lexer *l, struct err *err)
{
    size_t i = l->i + 2, line = l->line;

    while (i + 1 < l->n && !at(l, i, "#}"))
        i++;
    if (i + 1 >= l->n) {
        err_set(err, ERR_CONFIG, "a comment does not end");
        return chat_error(line, err);
    }
    advance(l, i + 2);
    end_tag(l, l->s[i - 1] == '-', l->s[i - 1] != '+');
    return 0;
}

static int text_token(struct lexer *l, struct token *t, struct err *err)
{
    for (;;) {
        size_t tag = find_tag(l), end = text_end(l, tag);

        *t = (struct token){.kind = T_TEXT, .line = l->line};
        if (end > l->i) {
            t->value = value_text(l->s + l->i, end - l->i);
            advance(l, end);
            l->line_start = false; /* text_end looks no further back than here */
            if (end < tag)         /* the white space is gone the next time */
                advance(l, tag);
            return 0;
        }
        advance(l, tag);
        if (tag == l->n) {
            t->kind = T_EOF;
            return 0;
        }
        if (l->s[tag + 1] != '#')
            break;
        if (comment(l, err))
            return err->code;
    }
    t->kind = l->s[l->i + 1] == '%' ? T_BLOCK : T_PRINT;
    t->line = l->line;
    l->close = l->s[l->i + 1] == '%' ? '%' : '}';
    l->in_tag = true;
    l->braces = 0;
    advance(l, l->i + 2);
    if (l->i < l->n && (l->s[l->i] == '-' || l->s[l->i] == '+'))
        advance(l, l->i + 1);
    return 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What stands behind a backslash. */
static int escape(char c, char *out, size_t *n, struct err *err)
{
    static const char plain[] = "\\\\''\"\"n\nr\rt\tb\bf\fa\av\v";

    if (c == '\n') /* goes on in the next line */
        return 0;
    for (size_t k = 0; k + 1 < sizeof plain; k += 2)
        if (c == plain[k]) {
            out[(*n)++] = plain[k + 1];
            return 0;
        }
    if (is_digit(c) || c == 'x' || c == 'u' || c == 'U')
        return err_set(err, ERR_CONFIG, "a character by its number, in a string, is not handled");
    out[(*n)++] = '\\'; /* not an escape: both stay */
    out[(*n)++] = c;
    return 0;
}

static int string_token(struct lexer *l, struct token *t, struct err *err)
{
    char quote = l->s[l->i], *out;
    size_t i = l->i + 1, end = i, n = 0;

    while (end < l->n && l->s[end] != quote)
        end += l->s[end] == '\\' ? 2 : 1;
    if (end >= l->n)
        return err_set(err, ERR_CONFIG, "a string does not end");
    out = arena_alloc(l->a, end - i + 1, 1, err);
    if (!out)
        return err->code;
    for (; i < end; i++) {
        if (l->s[i] != '\\')
            out[n++] = l->s[i];
        else if (escape(l->s[++i], out, &n, err))
            return err->code;
    }
    t->kind = T_STRING;
    t->value = value_text(out, n);
    advance(l, end + 1);
    return 0;
}

static int number_token(struct lexer *l, struct token *t, struct err *err)
{
    char text[20] = "";
    size_t n = 0;

    while (l->i + n < l->n && is_digit(l->s[l->i + n]) && n + 1 < sizeof text) {
        text[n] = l->s[l->i + n];
        n++;
    }
    if (n > 18)
        return err_set(err, ERR_CONFIG, "a number of more than 18 digits");
    if (l->n - l->i > n + 1 && l->s[l->i + n] == '.' && is_digit(l->s[l->i + n + 1]))
        return err_set(err, ERR_CONFIG, "a number with a fraction is not handled");
    t->kind = T_INT;
    t->value = value_int(strtoll(text, NULL, 10));
    advance(l, l->i + n);
    return 0;
}

static int sign_token(struct lexer *l, struct token *t, struct err *err)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "//", "**", "+", "-", "*",
                                        "/",  "%",  "~",  "<",  ">",  "=",  "(", ")", "[",
                                        "]",  "{",  "}",  ".",  ",",  ":",  "|"};

    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (at(l, l->i, signs[k])) {
            t->kind = T_SIGN;
            t->value = value_text(signs[k], strlen(signs[k]));
            if (strchr("([{", *signs[k]))
                l->braces++;
            else if (strchr(")]}", *signs[k]))
                l->braces--;
            advance(l, l->i + t->value.n);
            return 0;
        }
    return err_set(err, ERR_CONFIG, "the character \"%.*s\" is not handled",
                   (int)chat_offset(l->s + l->i, l->n - l->i, 1), l->s + l->i);
}

/* Is here the end of the tag? */
static bool tag_end(const struct lexer *l, size_t *length, char *sign)
{
    size_t i = l->i;

    if (l->braces > 0)
        return false;
    *sign = l->s[i] == '-' || (l->s[i] == '+' && l->close == '%') ? l->s[i] : ' ';
    i += *sign != ' ';
    if (l->n - i < 2 || l->s[i] != l->close || l->s[i + 1] != '}')
        return false;
    *length = i + 2 - l->i;
    return true;
}

static int tag_token(struct lexer *l, struct token *t, struct err *err)
{
    size_t length;
    char sign;

    skip_space(l);
    *t = (struct token){.kind = T_END, .line = l->line};
    if (l->i == l->n)
        return err_set(err, ERR_CONFIG, "a tag does not end");
    if (tag_end(l, &length, &sign)) {
        advance(l, l->i + length);
        l->in_tag = false;
        end_tag(l, sign == '-', l->close == '%' && sign != '+');
        return 0;
    }
    if (l->s[l->i] == '"' || l->s[l->i] == '\'')
        return string_token(l, t, err);
    if (is_digit(l->s[l->i]))
        return number_token(l, t, err);
    if (is_letter(l->s[l->i])) {
        size_t n = 1;

        while (l->i + n < l->n && (is_letter(l->s[l->i + n]) || is_digit(l->s[l->i + n])))
            n++;
        t->kind = T_NAME;
        t->value = value_text(l->s + l->i, n);
        advance(l, l->i + n);
        return 0;
    }
    return sign_token(l, t, err);
}

int lexer_next(struct lexer *l, struct token *t, struct err *err)
{
    if (!l->in_tag)
        return text_token(l, t, err);
    return tag_token(l, t, err) ? chat_error(l->line, err) : 0;
}
