#include "base/json_write.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

int json_quoted(struct buf *b, const char *s, struct err *err)
{
    size_t n = strlen(s);
    int code = buf_puts(b, "\"", err);

    for (size_t i = 0; i < n && !code;) {
        int32_t c;
        size_t len = utf8_next(s + i, n - i, &c);

        if (c == '"' || c == '\\')
            code = buf_printf(b, err, "\\%c", (int)c);
        else if (c >= 0 && c < ' ')
            code = buf_printf(b, err, "\\u%04x", (unsigned)c);
        else
            code = c < 0 ? buf_puts(b, UTF8_REPLACEMENT, err) : buf_put(b, s + i, len, err);
        i += len;
    }
    return code ? err->code : buf_puts(b, "\"", err);
}

/* What stands before a value: a comma, a line of its own, its key. */
static int put_key(struct json_out *j, const char *key, struct err *err)
{
    if (err->code || (j->more && buf_puts(j->out, ",", err)) ||
        (j->depth && buf_printf(j->out, err, "\n%*s", 2 * j->depth, "")))
        return err->code;
    j->more = true;
    return err_if(err, key && (json_quoted(j->out, key, err) || buf_puts(j->out, ": ", err)));
}

int json_begin(struct json_out *j, const char *key, char bracket, struct err *err)
{
    if (put_key(j, key, err) || buf_put(j->out, &bracket, 1, err))
        return err->code;
    j->depth++;
    j->more = false;
    return 0;
}

int json_end(struct json_out *j, char bracket, struct err *err)
{
    if (err->code)
        return err->code;
    j->depth--;
    if ((j->more && buf_printf(j->out, err, "\n%*s", 2 * j->depth, "")) ||
        buf_put(j->out, &bracket, 1, err))
        return err->code;
    j->more = true;
    return j->depth ? 0 : buf_puts(j->out, "\n", err);
}

int json_str(struct json_out *j, const char *key, const char *s, struct err *err)
{
    return err_if(err, put_key(j, key, err) ||
                           (s ? json_quoted(j->out, s, err) : buf_puts(j->out, "null", err)));
}

int json_int(struct json_out *j, const char *key, int64_t v, struct err *err)
{
    return err_if(err, put_key(j, key, err) || buf_printf(j->out, err, "%lld", (long long)v));
}

int json_num(struct json_out *j, const char *key, double v, struct err *err)
{
    return err_if(err, put_key(j, key, err) || (isfinite(v) ? buf_printf(j->out, err, "%.9g", v)
                                                            : buf_puts(j->out, "null", err)));
}

int json_flag(struct json_out *j, const char *key, bool v, struct err *err)
{
    return err_if(err, put_key(j, key, err) || buf_puts(j->out, v ? "true" : "false", err));
}
