/* UTF-8: one character at a time, and whole texts made well-formed. */
#ifndef LENSWEEP_BASE_UTF8_H
#define LENSWEEP_BASE_UTF8_H

#include "base/buf.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

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

/* Is s[0..n) well-formed (no overlong form, no surrogate, at most U+10FFFF)? NUL is a character. */
bool utf8_valid(const char *s, size_t n);

/* Characters of s[0..n); what one U+FFFD stands for counts as one. */
size_t utf8_length(const char *s, size_t n);

/* Where the last character of s[0..n) begins, n > 0. */
size_t utf8_last(const char *s, size_t n);

/* The white space of Unicode (property White_Space); where that before s[n] begins, and where that
   from s[at] on ends. */
bool utf8_is_space(int32_t c);
size_t utf8_spaces_before(const char *s, size_t n);
size_t utf8_spaces_behind(const char *s, size_t n, size_t at);

/* Appends s[0..n) with U+FFFD for what is ill-formed. */
int utf8_put(struct buf *b, const char *s, size_t n, struct err *err);

/* The same as a string in the arena, with U+FFFD for NUL as well; NULL on error. */
const char *utf8_clean(struct arena *a, const char *s, size_t n, struct err *err);

#endif
