#include "base/out.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int write_error(struct err *err)
{
    return err_set(err, ERR_IO, "cannot write to standard output: %s", strerror(errno));
}

int out_text(const char *s, size_t n, struct err *err)
{
    struct buf shown = {0};

    if (!buf_shown(&shown, s, n, err))
        out_write(shown.data, shown.len, err);
    buf_release(&shown);
    return err->code;
}

int out_printf(struct err *err, const char *fmt, ...)
{
    char text[1024], *long_text = text;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return write_error(err);
    if ((size_t)n >= sizeof text) {
        long_text = mem_alloc((size_t)n + 1, 1, err);
        if (!long_text)
            return err->code;
        va_start(ap, fmt);
        vsnprintf(long_text, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    out_text(long_text, (size_t)n, err);
    if (long_text != text)
        mem_free(long_text);
    return err->code;
}

int out_write(const void *p, size_t n, struct err *err)
{
    return fwrite(p, 1, n, stdout) == n ? 0 : write_error(err);
}

int out_flush(struct err *err)
{
    return fflush(stdout) ? write_error(err) : 0;
}

int out_word(const char *s, struct err *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./-+=:,@%";

    if (*s && !s[strspn(s, plain)])
        return out_printf(err, "%s", s);
    if (out_printf(err, "'"))
        return err->code;
    for (; *s; s++)
        if (*s == '\'' ? out_printf(err, "'\\''") : out_write(s, 1, err))
            return err->code;
    return out_printf(err, "'");
}
