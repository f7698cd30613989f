#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_clear(struct err *err)
{
    memset(err, 0, sizeof *err);
    err->rank = -1;
}

/* A message is one line whatever a hostile file name or key put into it. */
static void keep_one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            *s = '?';
}

int err_set_at(struct err *err, int code, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    const char *base = strrchr(file, '/');

    err->code = code;
    err->rank = -1;
    err->line = line;
    snprintf(err->file, sizeof err->file, "%s", base ? base + 1 : file);
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    keep_one_line(err->msg);
    return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char context[ERR_MESSAGE / 2 - 2];
    char msg[ERR_MESSAGE / 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    memcpy(msg, err->msg, sizeof msg);
    msg[sizeof msg - 1] = '\0';
    snprintf(err->msg, sizeof err->msg, "%s: %s", context, msg);
    keep_one_line(err->msg);
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
        snprintf(item->where, sizeof item->where, "%s:%zu:%zu", file, line, column);
    else if (line)
        snprintf(item->where, sizeof item->where, "%s:%zu", file, line);
    else
        snprintf(item->where, sizeof item->where, "%s", file);
    va_start(ap, fmt);
    vsnprintf(item->msg, sizeof item->msg, fmt, ap);
    va_end(ap);
    keep_one_line(item->where);
    keep_one_line(item->msg);
}
