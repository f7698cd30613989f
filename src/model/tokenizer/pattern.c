/*
 * Oniguruma patterns, rewritten for PCRE2.
 *
 * The two agree on most of what tokenizers use. Where they differ the pattern is rewritten (\s,
 * \p{L}, \p{N}, \d, \uHHHH), and what means something else, or is not known to mean the same, is
 * refused: \w \b \h, back-references, inline options, nested classes, {n}? and {n,m}+. ^ and $
 * stand at the ends of lines in both. Categories carry the ranges that Unicode 15 and 16 added,
 * since Oniguruma knows them and PCRE2 before 10.45 does not; with a newer PCRE2 they change
 * nothing.
 */
#include "model/tokenizer/regex.h"
#include "model/tokenizer/unicode.h"

#include <string.h>

#define SPACES                                                                          \
    "\\x09-\\x0d\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}" \
    "\\x{205f}\\x{3000}"
/* Digits are found by the standard library of Rust, which is one version of Unicode ahead. */
#define RUST_NUMERIC "[\\p{N}" NEW_N_ "\\x{11de0}-\\x{11de9}\\x{16ff4}-\\x{16ff6}]"

const char regex_digit[] = RUST_NUMERIC;
const char regex_punctuation[] = "[" PUNCTUATION "]";
const char regex_word[] = "\\A[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}" NEW_WORD "]";

struct translator {
    const char *p;
    size_t n, i;
    struct buf *out;
    int depth, caseless; /* open groups; the one that (?i: opened, 0 = none */
    bool in_class;
};

static int refuse(const struct translator *t, size_t at, const char *what, struct err *err)
{
    size_t n = t->n - at;

    return err_set(err, ERR_FORMAT, "pattern: %s at character %zu (\"%.*s\") is not handled", what,
                   at + 1, n > 12 ? 12 : (int)n, t->p + at);
}

static bool peek(const struct translator *t, const char *s)
{
    size_t n = strlen(s);

    return t->n - t->i >= n && !memcmp(t->p + t->i, s, n);
}

/* A set of characters: inside a class its members, outside a class of its own. */
static int put_set(struct translator *t, const char *members, struct err *err)
{
    return buf_printf(t->out, err, t->in_class ? "%s" : "[%s]", members);
}

static const char *const categories[] = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N",  "Nd", "Nl", "No", "P",  "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp",
};

static const char *new_members(const char *category)
{
    static const char *const lists[][2] = {
#define X(name, members) {name, members},
        NEW_MEMBERS(X)
#undef X
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!strcmp(lists[i][0], category))
            return lists[i][1];
    return "";
}

static int put_property(struct translator *t, const char *category, bool negated, struct err *err)
{
    const char *more = new_members(category);

    if (!negated && t->in_class)
        return buf_printf(t->out, err, "\\p{%s}%s", category, more);
    if (!negated)
        return *more ? buf_printf(t->out, err, "[\\p{%s}%s]", category, more)
                     : buf_printf(t->out, err, "\\p{%s}", category);
    if (!t->in_class)
        return *more ? buf_printf(t->out, err, "[^\\p{%s}%s]", category, more)
                     : buf_printf(t->out, err, "\\P{%s}", category);
    return buf_printf(t->out, err, "\\P{%s}", category);
}

/* \p{L}, \P{Nd}, \p{^Zs}: i stands behind the p. */
static int property(struct translator *t, size_t at, bool negated, struct err *err)
{
    const char *end;
    size_t n;

    if (!peek(t, "{"))
        return refuse(t, at, "\\p without braces", err);
    t->i++;
    if (peek(t, "^")) {
        negated = !negated;
        t->i++;
    }
    end = memchr(t->p + t->i, '}', t->n - t->i);
    n = end ? (size_t)(end - (t->p + t->i)) : 0;
    for (size_t k = 0; k < sizeof categories / sizeof *categories; k++)
        if (strlen(categories[k]) == n && !memcmp(categories[k], t->p + t->i, n)) {
            t->i += n + 1;
            return put_property(t, categories[k], negated, err);
        }
    return refuse(t, at, "a property other than a general category", err);
}

/* \uHHHH and \x{H...}: i stands behind the letter. */
static int code_point(struct translator *t, size_t at, bool braces, struct err *err)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    char digits[8];
    size_t n;

    if (braces && !peek(t, "{"))
        return refuse(t, at, "\\x without braces", err);
    t->i += braces;
    for (n = 0; n < (braces ? 6 : 4) && t->i < t->n && strchr(hex, t->p[t->i]) && t->p[t->i]; n++)
        digits[n] = t->p[t->i++];
    digits[n] = '\0';
    if (!n || (!braces && n < 4) || (braces && !peek(t, "}")))
        return refuse(t, at, "a code point that is not well formed", err);
    t->i += braces;
    return buf_printf(t->out, err, "\\x{%s}", digits);
}

/* A class in PCRE2 may not have a range that begins with a set: [\s-x]. */
static int check_no_range(struct translator *t, size_t at, struct err *err)
{
    if (t->in_class && peek(t, "-") && t->i + 1 < t->n && t->p[t->i + 1] != ']')
        return refuse(t, at, "a range that begins with a set", err);
    return 0;
}

static int escape_set(struct translator *t, size_t at, char c, struct err *err)
{
    int status;

    if (c == 's')
        status = put_set(t, SPACES, err);
    else if (c == 'S' && !t->in_class)
        status = buf_puts(t->out, "[^" SPACES "]", err);
    else if (c == 'S') /* PCRE2 takes U+180E for a space */
        status = buf_puts(t->out, "\\S\\x{180e}", err);
    else if (c == 'd' || c == 'D')
        status = put_property(t, "Nd", c == 'D', err);
    else
        status = property(t, at, c == 'P', err);
    return status ? status : check_no_range(t, at, err);
}

static int escape(struct translator *t, struct err *err)
{
    size_t at = t->i++;
    char c;

    if (t->i == t->n)
        return refuse(t, at, "a backslash with nothing behind it", err);
    c = t->p[t->i++];
    if (c == '\0')
        return refuse(t, at, "a NUL", err);
    if (strchr("sSdDpP", c))
        return escape_set(t, at, c, err);
    if (c == 'u' || c == 'x')
        return code_point(t, at, c == 'x', err);
    if (strchr("rntf", c) || (!t->in_class && strchr("Az", c)))
        return buf_put(t->out, t->p + at, 2, err);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return refuse(t, at, "this escape", err);
    if ((unsigned char)c >= 0x80) { /* an escaped character is itself */
        t->i--;
        return 0;
    }
    return buf_put(t->out, t->p + at, 2, err);
}

static int open_group(struct translator *t, struct err *err)
{
    static const char *const known[] = {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    size_t at = t->i;

    t->depth++;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (peek(t, known[k])) {
            if (k == 1 && !t->caseless)
                t->caseless = t->depth;
            t->i += strlen(known[k]);
            return buf_puts(t->out, known[k], err);
        }
    t->i++;
    if (peek(t, "?") || peek(t, "*"))
        return refuse(t, at, "this kind of group", err);
    return buf_puts(t->out, "(?:", err); /* there are no back-references */
}

static int close_group(struct translator *t, struct err *err)
{
    if (t->caseless == t->depth)
        t->caseless = 0;
    t->depth--;
    t->i++;
    return buf_puts(t->out, ")", err);
}

/* {n}, {n,} and {n,m}; what else a brace may mean differs. */
static int interval(struct translator *t, struct err *err)
{
    size_t at = t->i, commas = 0, digits = 0;

    for (t->i++; t->i < t->n && t->p[t->i] != '}'; t->i++) {
        if (t->p[t->i] == ',' && digits && !commas)
            commas = 1;
        else if (t->p[t->i] >= '0' && t->p[t->i] <= '9')
            digits++;
        else
            return refuse(t, at, "this brace", err);
    }
    if (t->i == t->n || !digits)
        return refuse(t, at, "this brace", err);
    t->i++;
    if (peek(t, "+") || (peek(t, "?") && !commas))
        return refuse(t, at, "a sign behind {n}", err);
    return buf_put(t->out, t->p + at, t->i - at, err);
}

/* Without regard to case Oniguruma takes some pairs of letters for one (ss and U+00DF, the
   ligatures ff, fi, fl, st), and folds more outside ASCII. */
static int check_caseless(struct translator *t, struct err *err)
{
    static const char *const pairs[] = {"ss", "st", "ff", "fi", "fl"};

    if ((unsigned char)t->p[t->i] >= 0x80)
        return refuse(t, t->i, "a character beyond ASCII in (?i:...)", err);
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs && t->n - t->i >= 2; k++)
        if ((t->p[t->i] | 0x20) == pairs[k][0] && (t->p[t->i + 1] | 0x20) == pairs[k][1])
            return refuse(t, t->i, "a pair of letters that may be a ligature in (?i:...)", err);
    return 0;
}

static int class_begin(struct translator *t, struct err *err)
{
    size_t at = t->i++;

    t->in_class = true;
    if (peek(t, "^"))
        t->i++;
    if (peek(t, "]"))
        return refuse(t, at, "an empty class", err);
    return buf_put(t->out, t->p + at, t->i - at, err);
}

static int class_item(struct translator *t, struct err *err)
{
    if (t->p[t->i] == '[')
        return refuse(t, t->i, "a class inside a class", err);
    if (peek(t, "&&"))
        return refuse(t, t->i, "an intersection of classes", err);
    if (t->p[t->i] == ']')
        t->in_class = false;
    return buf_put(t->out, &t->p[t->i++], 1, err);
}

static int item(struct translator *t, struct err *err)
{
    char c = t->p[t->i];

    if (c == '\0')
        return refuse(t, t->i, "a NUL", err);
    if (t->caseless && check_caseless(t, err))
        return err->code;
    if (c == '\\')
        return escape(t, err);
    if (t->in_class)
        return class_item(t, err);
    switch (c) {
    case '[':
        return class_begin(t, err);
    case '(':
        return open_group(t, err);
    case ')':
        return close_group(t, err);
    case '{':
        return interval(t, err);
    default:
        return buf_put(t->out, &t->p[t->i++], 1, err);
    }
}

int pattern_translate(struct buf *out, const char *pattern, size_t n, struct err *err)
{
    struct translator t = {.p = pattern, .n = n, .out = out};

    if (n > PATTERN_MAX)
        return err_set(err, ERR_FORMAT, "pattern: %zu bytes are longer than %d", n, PATTERN_MAX);
    while (t.i < n)
        if (item(&t, err))
            return err->code;
    return 0;
}
