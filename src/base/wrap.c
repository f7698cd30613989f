#include "base/wrap.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static size_t width; /* 0 = not asked yet */

size_t wrap_set_width(size_t columns)
{
    size_t before = width;

    width = columns;
    return before;
}

size_t wrap_width(void)
{
    enum { LEAST = 40, MOST = 100 };
    struct winsize terminal;

    if (width)
        return width;
    width = MOST;
    if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &terminal) && terminal.ws_col &&
        terminal.ws_col < MOST)
        width = terminal.ws_col > LEAST ? terminal.ws_col : LEAST;
    return width;
}

int wrap_text(struct buf *b, const char *text, size_t indent, struct err *err)
{
    size_t at = indent, most = wrap_width();

    while (*text) {
        size_t n = strcspn(text, " ");
        bool first = at == indent, breaks = !first && at + 1 + n > most;

        if (breaks)
            buf_printf(b, err, "\n%*s", (int)indent, "");
        else
            buf_puts(b, first ? "" : " ", err);
        buf_printf(b, err, "%.*s", (int)n, text);
        at = breaks ? indent + n : at + !first + n;
        text += n + (text[n] == ' ');
    }
    return buf_puts(b, "\n", err);
}

int wrap_entry(struct buf *b, const char *key, const char *text, struct err *err)
{
    if (strlen(key) + 3 > WRAP_KEY)
        buf_printf(b, err, "  %s\n%*s", key, WRAP_KEY, "");
    else
        buf_printf(b, err, "  %-*s", WRAP_KEY - 2, key);
    return wrap_text(b, text, WRAP_KEY, err);
}

int wrap_line(struct buf *b, const char *before, struct buf *line, struct err *err)
{
    if (line->len && !err->code && buf_str(line, err)) {
        buf_puts(b, before, err);
        wrap_text(b, line->data, 2, err);
    }
    buf_release(line);
    return err->code;
}
