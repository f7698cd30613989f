#include "base/buf.h"

#include "base/bits.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int buf_reserve(struct buf *b, size_t more, struct err *err)
{
    size_t need, cap = b->cap ? b->cap : 256;

    if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
        return err_set(err, ERR_MEMORY, "a buffer of %zu + %zu bytes is too large", b->len, more);
    need = b->len + more;
    if (need <= b->cap)
        return 0;
    while (cap < need)
        cap *= 2;
    if (mem_grow((void **)&b->data, b->cap, cap, 1, err))
        return err->code;
    b->cap = cap;
    return 0;
}

int buf_put(struct buf *b, const void *p, size_t n, struct err *err)
{
    if (buf_reserve(b, n, err))
        return err->code;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    return 0;
}

static int put_le(struct buf *b, uint64_t v, size_t bytes, struct err *err)
{
    unsigned char le[8];

    for (size_t i = 0; i < bytes; i++)
        le[i] = (unsigned char)(v >> (8 * i));
    return buf_put(b, le, bytes, err);
}

int buf_u32(struct buf *b, uint32_t v, struct err *err)
{
    return put_le(b, v, 4, err);
}

int buf_u64(struct buf *b, uint64_t v, struct err *err)
{
    return put_le(b, v, 8, err);
}

int buf_f64(struct buf *b, double v, struct err *err)
{
    return buf_u64(b, bits_of_double(v), err);
}

int buf_hash(struct buf *b, struct hash h, struct err *err)
{
    return err_if(err, buf_u64(b, h.hi, err) || buf_u64(b, h.lo, err));
}

int buf_puts(struct buf *b, const char *s, struct err *err)
{
    return err->code ? err->code : buf_put(b, s, strlen(s), err);
}

int buf_vprintf(struct buf *b, struct err *err, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (err->code || buf_reserve(b, (size_t)n + 1, err))
        return err->code;
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return 0;
}

int buf_printf(struct buf *b, struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, err, fmt, ap);
    va_end(ap);
    return err->code;
}

int buf_real(struct buf *b, double v, int least, bool single, struct err *err)
{
    char text[40];

    for (int digits = least; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            break;
    }
    return buf_puts(b, text, err);
}

/* Control characters, and what breaks a line or turns the direction of what follows. */
static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* One character of n bytes; c < 0: bytes that are none. */
static void put_escaped(struct buf *b, const char *s, size_t n, int32_t c, struct err *err)
{
    if (c == '\\')
        buf_puts(b, "\\\\", err);
    else if (c == '\n' || c == '\t')
        buf_puts(b, c == '\n' ? "\\n" : "\\t", err);
    else if (c >= 0x80 && is_control(c))
        buf_printf(b, err, "\\u%04x", (unsigned)c);
    else if (!is_control(c))
        buf_put(b, s, n, err);
    else
        for (size_t i = 0; i < n; i++)
            buf_printf(b, err, "\\x%02x", (unsigned char)s[i]);
}

/* lines: newlines, tabs and backslashes stay as they are. */
static int escape(struct buf *b, const char *s, size_t left, bool lines, struct err *err)
{
    int32_t c;

    for (size_t n; left && !err->code; s += n, left -= n) {
        bool plain = lines && (*s == '\n' || *s == '\t' || *s == '\\');

        n = utf8_next(s, left, &c);
        if (plain)
            buf_put(b, s, n, err);
        else
            put_escaped(b, s, n, c, err);
    }
    return err->code;
}

int buf_escaped(struct buf *b, const char *s, struct err *err)
{
    return escape(b, s, strlen(s), false, err);
}

int buf_word(struct buf *b, const char *s, struct err *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./-+=:,@%";

    if (*s && !s[strspn(s, plain)])
        return buf_puts(b, s, err);
    buf_puts(b, "'", err);
    for (; *s; s++)
        buf_put(b, *s == '\'' ? "'\\''" : s, *s == '\'' ? 4 : 1, err);
    return buf_puts(b, "'", err);
}

int buf_shown(struct buf *b, const char *s, size_t n, struct err *err)
{
    return escape(b, s, n, true, err);
}

char *buf_str(struct buf *b, struct err *err)
{
    if (buf_reserve(b, 1, err))
        return NULL;
    b->data[b->len] = '\0';
    return b->data;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

void buf_release(struct buf *b)
{
    mem_free(b->data);
    memset(b, 0, sizeof *b);
}

const void *cursor_take(struct cursor *c, uint64_t n)
{
    const void *p;

    if (c->bad || n > c->size - c->pos) {
        c->bad = 1;
        return NULL;
    }
    p = c->data + c->pos;
    c->pos += (size_t)n;
    return p;
}

static uint64_t take_le(struct cursor *c, size_t bytes)
{
    const unsigned char *p = cursor_take(c, bytes);
    uint64_t v = 0;

    for (size_t i = 0; p && i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)take_le(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)take_le(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)take_le(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return take_le(c, 8);
}

double cursor_f64(struct cursor *c)
{
    return double_of_bits(cursor_u64(c));
}

struct hash cursor_hash(struct cursor *c)
{
    uint64_t hi = cursor_u64(c);

    return (struct hash){hi, cursor_u64(c)};
}
