#include "report/web/html.h"

#include "base/utf8.h"

#include <string.h>

int html_text_n(struct buf *b, const char *s, size_t n, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < n && !code;) {
        int32_t c;
        size_t len = utf8_next(s + i, n - i, &c);

        if (c == '&' || c == '<' || c == '>' || c == '"')
            code = buf_puts(b,
                            c == '&'   ? "&amp;"
                            : c == '<' ? "&lt;"
                            : c == '>' ? "&gt;"
                                       : "&quot;",
                            err);
        else if ((c >= 0 && c < ' ' && c != '\n') || (c >= 0x7f && c < 0xa0))
            code = buf_puts(b, " ", err);
        else
            code = c < 0 ? buf_puts(b, UTF8_REPLACEMENT, err) : buf_put(b, s + i, len, err);
        i += len;
    }
    return err_if(err, code);
}

int html_text(struct buf *b, const char *s, struct err *err)
{
    return html_text_n(b, s, strlen(s), err);
}

int html_element(struct buf *b, const char *tag, const char *text, struct err *err)
{
    return err_if(err, buf_printf(b, err, "<%s>", tag) || html_text(b, text, err) ||
                           buf_printf(b, err, "</%.*s>\n", (int)strcspn(tag, " "), tag));
}

int html_row(struct buf *b, const char *name, const char *text, struct err *err)
{
    return err_if(err, buf_puts(b, "<tr><th scope=\"row\">", err) || html_text(b, name, err) ||
                           buf_puts(b, "</th><td>", err) || html_text(b, text, err) ||
                           buf_puts(b, "</td></tr>\n", err));
}
