#include "model/tokenizer/fold.h"

#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

static size_t without_bracket(const char *s, size_t n)
{
    size_t end = n;

    while (end && s[end - 1] == ' ')
        end--;
    if (!end || s[end - 1] != ')')
        return n;
    while (end && s[end - 1] != '(')
        end--;
    return end > 1 ? end - 1 : n;
}

static bool is_quote(int32_t c)
{
    return c == '\'' || c == '"' || c == '`' || c == 0xab || c == 0xbb || c == 0x2b9 ||
           c == 0x2bb || c == 0x2bc || (c >= 0x2018 && c <= 0x201f);
}

static bool is_letter(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* One character taken apart: its letters, or a space for what separates words. */
static int put_character(int32_t c, struct buf *out, size_t begin, struct err *err)
{
    utf8proc_int32_t part[32];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(
        c, part, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
        &boundary);

    for (utf8proc_ssize_t i = 0; i < n && i < 32; i++) {
        char text[4];

        if (is_letter(part[i])) {
            if (buf_put(out, text, utf8_write(text, part[i]), err))
                return err->code;
        } else if (part[i] == '&') {
            if (buf_puts(out, " and ", err))
                return err->code;
        } else if (!is_quote(part[i]) && out->len > begin && out->data[out->len - 1] != ' ' &&
                   buf_put(out, " ", 1, err)) {
            return err->code;
        }
    }
    return 0;
}

/* Spaces one at a time, none at the ends, no article in front. */
static void tidy(struct buf *out, size_t begin)
{
    static const char *const articles[] = {"the ", "a ", "an "};
    char *s = out->data + begin;
    size_t n = 0;

    for (size_t i = begin; i < out->len; i++)
        if (out->data[i] != ' ' || (n && s[n - 1] != ' '))
            s[n++] = out->data[i];
    while (n && s[n - 1] == ' ')
        n--;
    for (size_t k = 0; k < 3; k++) {
        size_t length = strlen(articles[k]);

        if (n <= length || memcmp(s, articles[k], length) != 0)
            continue;
        n -= length;
        memmove(s, s + length, n);
        break;
    }
    out->len = begin + n;
}

int text_fold(const char *s, size_t n, struct buf *out, struct err *err)
{
    size_t begin = out->len;

    err_clear(err);
    n = without_bracket(s, n);
    for (size_t i = 0; i < n;) {
        int32_t c;
        size_t length = utf8_next(s + i, n - i, &c);

        if (c < 0) {
            out->len = begin;
            return 0;
        }
        if (put_character(c, out, begin, err))
            return err->code;
        i += length;
    }
    if (out->len > begin)
        tidy(out, begin);
    return 0;
}
