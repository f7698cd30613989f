#include "base/out.h"

#include "base/buf.h"

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
    struct buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&text, err, fmt, ap);
    va_end(ap);
    out_text(text.data, text.len, err);
    buf_release(&text);
    return err->code;
}

int out_write(const void *p, size_t n, struct err *err)
{
    return err->code ? err->code : !n || fwrite(p, 1, n, stdout) == n ? 0 : write_error(err);
}

int out_flush(struct err *err)
{
    return fflush(stdout) ? write_error(err) : 0;
}

int out_word(const char *s, struct err *err)
{
    struct buf word = {0};

    if (!buf_word(&word, s, err))
        out_write(word.data, word.len, err);
    buf_release(&word);
    return err->code;
}
