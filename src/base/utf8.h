/* UTF-8, one character at a time. */
#ifndef LENSWEEP_BASE_UTF8_H
#define LENSWEEP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The character at s, n > 0 bytes before the end: its length, and its code point in *c. For an
   ill-formed one *c = -1 and the length is that of the bytes that one U+FFFD stands for: the
   longest beginning of a well-formed sequence, at least 1. */
static inline size_t utf8_next(const char *s, size_t n, int32_t *c)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned char lo = 0x80, hi = 0xbf;
    size_t need;
    int32_t v;

    *c = -1;
    if (u[0] < 0x80) {
        *c = u[0];
        return 1;
    }
    if (u[0] < 0xc2 || u[0] > 0xf4)
        return 1;
    need = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    v = u[0] & (0x7f >> need);
    /* The second byte's bounds shut out overlong forms, surrogates and what is above U+10FFFF. */
    if (u[0] == 0xe0)
        lo = 0xa0;
    else if (u[0] == 0xed)
        hi = 0x9f;
    else if (u[0] == 0xf0)
        lo = 0x90;
    else if (u[0] == 0xf4)
        hi = 0x8f;
    for (size_t i = 1; i < need; i++) {
        if (i == n || u[i] < lo || u[i] > hi)
            return i;
        v = v << 6 | (u[i] & 0x3f);
        lo = 0x80;
        hi = 0xbf;
    }
    *c = v;
    return need;
}

/* Characters of s; a byte that is part of none counts as one. */
static inline size_t utf8_length(const char *s)
{
    size_t left = strlen(s), n, length = 0;
    int32_t c;

    for (; left; s += n, left -= n, length++)
        n = utf8_next(s, left, &c);
    return length;
}

/* Writes c (a valid code point) to out; returns its length. */
static inline size_t utf8_write(char out[4], int32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* The white space of Unicode (property White_Space). */
static inline bool utf8_is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

#endif
