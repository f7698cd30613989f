#include "base/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int write_error(struct err *err)
{
    return err_set(err, ERR_IO, "cannot write to standard output: %s", strerror(errno));
}

int out_printf(struct err *err, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vprintf(fmt, ap);
    va_end(ap);
    return n < 0 ? write_error(err) : 0;
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
