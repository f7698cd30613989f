#include "base/json_write.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Control characters, and what libyaml refuses or takes for a line break. */
static bool needs_escape(int32_t c)
{
    return (c >= 0 && c < ' ') || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           c == 0xfeff || c == 0xfffe || c == 0xffff;
}

int json_quoted(struct buf *b, const char *s, struct err *err)
{
    size_t n = strlen(s), len;

    buf_puts(b, "\"", err);
    for (size_t i = 0; i < n && !err->code; i += len) {
        int32_t c;

        len = utf8_next(s + i, n - i, &c);
        if (c == '"' || c == '\\')
            buf_printf(b, err, "\\%c", (int)c);
        else if (needs_escape(c))
            buf_printf(b, err, "\\u%04x", (unsigned)c);
        else if (c < 0)
            buf_puts(b, UTF8_REPLACEMENT, err);
        else
            buf_put(b, s + i, len, err);
    }
    return buf_puts(b, "\"", err);
}

/* What stands before a value: a comma, a line of its own, its key. */
static void put_key(struct json_out *j, const char *key, struct err *err)
{
    if (j->more)
        buf_puts(j->out, ",", err);
    if (j->depth)
        buf_printf(j->out, err, "\n%*s", 2 * j->depth, "");
    j->more = true;
    if (key) {
        json_quoted(j->out, key, err);
        buf_puts(j->out, ": ", err);
    }
}

int json_begin(struct json_out *j, const char *key, char bracket, struct err *err)
{
    put_key(j, key, err);
    j->depth++;
    j->more = false;
    return buf_printf(j->out, err, "%c", bracket);
}

int json_end(struct json_out *j, char bracket, struct err *err)
{
    j->depth--;
    if (j->more)
        buf_printf(j->out, err, "\n%*s", 2 * j->depth, "");
    j->more = true;
    return buf_printf(j->out, err, j->depth ? "%c" : "%c\n", bracket);
}

int json_str(struct json_out *j, const char *key, const char *s, struct err *err)
{
    put_key(j, key, err);
    return s ? json_quoted(j->out, s, err) : buf_puts(j->out, "null", err);
}

int json_int(struct json_out *j, const char *key, int64_t v, struct err *err)
{
    put_key(j, key, err);
    return buf_printf(j->out, err, "%lld", (long long)v);
}

int json_num(struct json_out *j, const char *key, double v, struct err *err)
{
    put_key(j, key, err);
    return buf_printf(j->out, err, isfinite(v) ? "%.9g" : "null", v);
}

int json_flag(struct json_out *j, const char *key, bool v, struct err *err)
{
    put_key(j, key, err);
    return buf_puts(j->out, v ? "true" : "false", err);
}
