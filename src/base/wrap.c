#include "base/wrap.h"

#include <stdbool.h>
#include <string.h>

int wrap_text(struct buf *b, const char *text, size_t indent, struct err *err)
{
    size_t at = indent;

    while (*text) {
        size_t n = strcspn(text, " ");
        bool first = at == indent, breaks = !first && at + 1 + n > WRAP_WIDTH;

        if ((breaks ? buf_printf(b, err, "\n%*s", (int)indent, "")
                    : buf_puts(b, first ? "" : " ", err)) ||
            buf_put(b, text, n, err))
            return err->code;
        at = breaks ? indent + n : at + !first + n;
        text += n + (text[n] == ' ');
    }
    return buf_puts(b, "\n", err);
}

int wrap_entry(struct buf *b, const char *key, const char *text, struct err *err)
{
    int code = strlen(key) + 3 > WRAP_KEY ? buf_printf(b, err, "  %s\n%*s", key, WRAP_KEY, "")
                                          : buf_printf(b, err, "  %-*s", WRAP_KEY - 2, key);

    return code ? code : wrap_text(b, text, WRAP_KEY, err);
}
