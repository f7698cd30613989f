#include "base/err.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_clear(struct err *err)
{
    *err = (struct err)ERR_CLEAR;
}

/* A message is one line of UTF-8, whatever a hostile name, or a cut in one, put into it. */
static void keep_one_line(char *s)
{
    int32_t c;

    for (size_t n, left = strlen(s); left; s += n, left -= n) {
        n = utf8_next(s, left, &c);
        if (c < ' ' || c == 127)
            memset(s, '?', n);
    }
}

int err_set_at(struct err *err, int code, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    const char *base = strrchr(file, '/');

    err->code = code;
    err->rank = -1;
    err->line = line;
    err->placed = false;
    snprintf(err->file, sizeof err->file, "%s", base ? base + 1 : file);
    va_start(ap, fmt);
    str_vfit(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    keep_one_line(err->msg);
    return code;
}

static void wrap(struct err *err, const char *fmt, va_list ap)
{
    char context[ERR_MESSAGE / 2 - 2];
    char msg[ERR_MESSAGE / 2];

    str_vfit(context, sizeof context, fmt, ap);
    str_fit(msg, sizeof msg, "%s", err->msg);
    snprintf(err->msg, sizeof err->msg, "%s: %s", context, msg);
    keep_one_line(err->msg);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    wrap(err, fmt, ap);
    va_end(ap);
    return err->code;
}

int err_place(struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (err->placed)
        return err->code;
    err->placed = true;
    va_start(ap, fmt);
    wrap(err, fmt, ap);
    va_end(ap);
    return err->code;
}

void problems_add(struct problems *p, const char *file, size_t line, size_t column, const char *fmt,
                  ...)
{
    struct problem *item;
    va_list ap;

    if (p->count++ >= PROBLEMS_MAX)
        return;
    item = &p->item[p->count - 1];
    if (line && column)
        str_fit(item->where, sizeof item->where, "%s:%zu:%zu", file, line, column);
    else if (line)
        str_fit(item->where, sizeof item->where, "%s:%zu", file, line);
    else
        str_fit(item->where, sizeof item->where, "%s", file);
    va_start(ap, fmt);
    str_vfit(item->msg, sizeof item->msg, fmt, ap);
    va_end(ap);
    keep_one_line(item->where);
    keep_one_line(item->msg);
}
