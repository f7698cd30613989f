/* gnuplot's SVG inside a page: no prologue, ids of its own, nothing that draws nothing. */
#include "report/web/html.h"
#include "report/web/web.h"

#include "base/str.h"

#include <string.h>

/* A line with the prefix before each of its ids, defined or used. */
static int put_line(struct buf *b, const char *s, size_t n, const char *prefix, struct err *err)
{
    static const char *const before[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    int code = 0;

    for (size_t i = 0; i < n && !code;) {
        size_t k = 0, len = 1;

        while (k < sizeof before / sizeof *before && !str_begins(s + i, before[k]))
            k++;
        if (k < sizeof before / sizeof *before)
            len = strlen(before[k]);
        code = buf_put(b, s + i, len, err);
        if (!code && len > 1)
            code = buf_puts(b, prefix, err);
        i += len;
    }
    return code ? err->code : buf_puts(b, "\n", err);
}

/* What stands between the prologue's <desc> and the end. */
int web_svg(struct buf *b, const char *svg, const char *prefix, const char *title, struct err *err)
{
    const char *box = strstr(svg, "viewBox="), *end = box ? strchr(box + 9, '"') : NULL;
    const char *s = strstr(svg, "</desc>"), *next;

    if (!box || !end || !s)
        return err_set(err, ERR_IO, "gnuplot's drawing is not as expected");
    if (buf_printf(b, err,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                   "xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" %.*s\">\n<title>",
                   (int)(end - box), box) ||
        html_text(b, title, err) || buf_puts(b, "</title>\n", err))
        return err->code;
    for (s += strcspn(s, "\n"); *s; s = next) {
        size_t n;

        s += *s == '\n';
        n = strcspn(s, "\n");
        next = s + n;
        if (str_begins(s, "<g fill=\"none\"") && str_begins(next, "\n</g>")) { /* an empty group */
            next += strlen("\n</g>");
            continue;
        }
        if (n && put_line(b, s, n, prefix, err))
            return err->code;
    }
    return 0;
}
