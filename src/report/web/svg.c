/* gnuplot's SVG inside a page: no prologue, ids of its own, nothing that draws nothing. */
#include "report/web/html.h"
#include "report/web/web.h"

#include "base/str.h"

#include <string.h>

/* A line with the prefix before each of its ids, defined or used. */
static void put_line(struct buf *b, const char *s, size_t n, const char *prefix, struct err *err)
{
    static const char *const before[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};

    for (size_t i = 0, len; i < n; i += len) {
        size_t k = 0;

        len = 1;

        while (k < sizeof before / sizeof *before && !str_begins(s + i, before[k]))
            k++;
        if (k < sizeof before / sizeof *before)
            len = strlen(before[k]);
        buf_put(b, s + i, len, err);
        buf_puts(b, len > 1 ? prefix : "", err);
    }
    buf_puts(b, "\n", err);
}

/* What stands between the prologue's <desc> and the end. */
int web_svg(struct buf *b, const char *svg, const char *prefix, const char *title, struct err *err)
{
    const char *box = strstr(svg, "viewBox="), *end = box ? strchr(box + 9, '"') : NULL;
    const char *s = strstr(svg, "</desc>"), *next;

    if (!box || !end || !s)
        return err_set(err, ERR_IO, "gnuplot's drawing is not as expected");
    buf_printf(b, err,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" "
               "xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" %.*s\">\n",
               (int)(end - box), box);
    html_printf(b, err, "<title>%s</title>\n", title);
    for (s += strcspn(s, "\n"); *s; s = next) {
        size_t n;

        s += *s == '\n';
        n = strcspn(s, "\n");
        next = s + n;
        if (str_begins(s, "<g fill=\"none\"") && str_begins(next, "\n</g>")) { /* an empty group */
            next += strlen("\n</g>");
            continue;
        }
        if (n)
            put_line(b, s, n, prefix, err);
    }
    return err->code;
}
