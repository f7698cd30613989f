/*
 * A growable byte buffer, and a cursor that reads untrusted bytes without ever leaving them.
 *
 *     int write_name(struct buf *b, const char *name, struct err *err)
 *     {
 *         return buf_u64(b, strlen(name), err) || buf_puts(b, name, err);
 *     }
 *
 *     const char *read_name(const struct buf *b, uint64_t *n)
 *     {
 *         struct cursor c = {(const unsigned char *)b->data, b->len, 0, 0};
 *
 *         *n = cursor_u64(&c);
 *         return cursor_take(&c, *n);      // NULL and c.bad when the bytes end before that
 *     }
 *
 * Numbers are little-endian. A cursor that has gone bad stays bad and reads zeros, so a parser
 * checks once, where it matters.
 */
#ifndef LENSWEEP_BASE_BUF_H
#define LENSWEEP_BASE_BUF_H

#include "base/err.h"
#include "base/hash.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* owned; not terminated unless buf_str asked for it */
    size_t len, cap;
};

int buf_reserve(struct buf *b, size_t more, struct err *err);
int buf_put(struct buf *b, const void *p, size_t n, struct err *err);
int buf_u32(struct buf *b, uint32_t v, struct err *err);
int buf_u64(struct buf *b, uint64_t v, struct err *err);
int buf_f64(struct buf *b, double v, struct err *err);
int buf_hash(struct buf *b, struct hash h, struct err *err);

/* Text: from here to buf_shown nothing is added once err is set, so that a page is written piece by
   piece and asked for its error at the end. */
int buf_puts(struct buf *b, const char *s, struct err *err);
/* As few digits (at least `least`) as give the same number back, of a float if it is `single`. */
int buf_real(struct buf *b, double v, int least, bool single, struct err *err);
int buf_printf(struct buf *b, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
int buf_vprintf(struct buf *b, struct err *err, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* A name or text of others as one line that a terminal takes for text: control characters, line
   separators, characters that turn the direction of writing, bytes that are not UTF-8, and the
   backslash itself are escaped (\n, \t, \xHH, \uHHHH). Different texts stay different. */
int buf_escaped(struct buf *b, const char *s, struct err *err);
/* A word for a shell, between quotes where it needs them. */
int buf_word(struct buf *b, const char *s, struct err *err);
/* Lines of text of which parts may be others': the same, but for newlines, tabs and backslashes. */
int buf_shown(struct buf *b, const char *s, size_t n, struct err *err);

/* The contents as a C string (a terminator stands after them, not counted in len); NULL on error.
 */
char *buf_str(struct buf *b, struct err *err);
void buf_clear(struct buf *b); /* length 0, memory kept */
void buf_release(struct buf *b);

struct cursor {
    const unsigned char *data; /* borrowed */
    size_t size, pos;
    int bad; /* set once something did not fit */
};

const void *cursor_take(struct cursor *c, uint64_t n);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
double cursor_f64(struct cursor *c);
struct hash cursor_hash(struct cursor *c);

#endif
