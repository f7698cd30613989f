#include "report/web/html.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>

static void put_text(struct buf *b, const char *s, size_t n, struct err *err)
{
    int32_t c;

    for (size_t len; n && !err->code; s += len, n -= len) {
        len = utf8_next(s, n, &c);
        if (c == '&' || c == '<' || c == '>' || c == '"')
            buf_puts(b, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;", err);
        else if ((c >= 0 && c < ' ' && c != '\n') || (c >= 0x7f && c < 0xa0))
            buf_puts(b, " ", err);
        else
            utf8_put(b, s, len, err);
    }
}

int html_printf(struct buf *b, struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    for (size_t n; !err->code; fmt += n) {
        n = strcspn(fmt, "%");
        buf_put(b, fmt, n, err);
        fmt += n;
        if (!*fmt)
            break;
        n = fmt[1] == 's' ? 2 : fmt[1] == '.' ? 4 : 3;
        if (n == 3) {
            buf_printf(b, err, "%zu", va_arg(ap, size_t));
        } else {
            size_t most = n == 4 ? (size_t)va_arg(ap, int) : SIZE_MAX;
            const char *text = va_arg(ap, const char *);

            if (text)
                put_text(b, text, most < SIZE_MAX ? most : strlen(text), err);
        }
    }
    va_end(ap);
    return err->code;
}

int html_row(struct buf *b, const char *name, const char *text, struct err *err)
{
    return html_printf(b, err, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, text);
}
