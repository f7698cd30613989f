#include "base/utf8.h"

#include <string.h>

bool utf8_valid(const char *s, size_t n)
{
    int32_t c = 0;

    for (size_t i = 0; i < n && c >= 0;)
        i += utf8_next(s + i, n - i, &c);
    return c >= 0;
}

size_t utf8_length(const char *s, size_t n)
{
    size_t length = 0;
    int32_t c;

    for (size_t i = 0; i < n; length++)
        i += utf8_next(s + i, n - i, &c);
    return length;
}

size_t utf8_last(const char *s, size_t n)
{
    size_t i = n - 1;

    while (i && ((unsigned char)s[i] & 0xc0) == 0x80)
        i--;
    return i;
}

size_t utf8_spaces_before(const char *s, size_t n)
{
    int32_t c;

    for (size_t i; n; n = i) {
        i = utf8_last(s, n);
        utf8_next(s + i, n - i, &c);
        if (!utf8_is_space(c))
            break;
    }
    return n;
}

size_t utf8_spaces_behind(const char *s, size_t n, size_t at)
{
    int32_t c;

    for (size_t length; at < n; at += length) {
        length = utf8_next(s + at, n - at, &c);
        if (!utf8_is_space(c))
            break;
    }
    return at;
}

bool utf8_is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

int utf8_put(struct buf *b, const char *s, size_t n, struct err *err)
{
    int code = 0;
    int32_t c;

    for (size_t i = 0, len; i < n && !code; i += len) {
        len = utf8_next(s + i, n - i, &c);
        code = c < 0 ? buf_puts(b, UTF8_REPLACEMENT, err) : buf_put(b, s + i, len, err);
    }
    return code;
}

const char *utf8_clean(struct arena *a, const char *s, size_t n, struct err *err)
{
    char *out = arena_alloc(a, (sizeof UTF8_REPLACEMENT - 1) * n + 1, 1, err), *p = out;
    int32_t c;

    for (size_t i = 0, len; out && i < n; i += len) {
        len = utf8_next(s + i, n - i, &c);
        if (c > 0) {
            memcpy(p, s + i, len);
            p += len;
        } else {
            memcpy(p, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1);
            p += sizeof UTF8_REPLACEMENT - 1;
        }
    }
    return out;
}
