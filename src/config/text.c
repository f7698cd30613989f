#include "config/node.h"

#include "base/json_write.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum scan scan_int(const char *s, int64_t *v)
{
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    char *end;
    long long got;

    if (!isdigit((unsigned char)*digits))
        return SCAN_NO;
    errno = 0;
    got = strtoll(s, &end, 10);
    if (*end)
        return SCAN_NO;
    if (errno == ERANGE)
        return SCAN_RANGE;
    *v = got;
    return SCAN_OK;
}

/* strtod also takes hexadecimal, infinities and leading blanks: a number here begins with a digit
   or a point and is decimal. */
enum scan scan_prefix(const char **s, double *v)
{
    const char *p = *s;
    char *end;

    if (!isdigit((unsigned char)*p) && !(*p == '.' && isdigit((unsigned char)p[1])))
        return SCAN_NO;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
        return SCAN_NO;
    *v = strtod(p, &end);
    *s = end;
    return isfinite(*v) ? SCAN_OK : SCAN_RANGE;
}

enum scan scan_real(const char *s, double *v)
{
    bool minus = *s == '-';
    enum scan got;

    if (*s == '-' || *s == '+')
        s++;
    got = scan_prefix(&s, v);
    if (got == SCAN_NO || *s)
        return SCAN_NO;
    if (minus)
        *v = -*v;
    return got;
}

int put_int(struct buf *out, int64_t v, struct err *err)
{
    return buf_printf(out, err, "%lld", (long long)v);
}

int put_real(struct buf *out, double v, struct err *err)
{
    size_t begin = out->len, n;
    char text[40], *e;

    if (buf_real(out, v, 15, false, err))
        return err->code;
    n = out->len - begin;
    snprintf(text, sizeof text, "%.*s", (int)n, out->data + begin);
    e = strchr(text, 'e');
    if (!e || strchr(text, '.'))
        return 0;
    /* YAML 1.1 readers take a number with an exponent for a string unless it has a point. */
    out->len -= strlen(e);
    return buf_printf(out, err, ".0%s", e);
}

/* Letters, digits and marks that mean nothing to YAML wherever they stand. */
static bool is_plain(const char *s)
{
    if (!isalnum((unsigned char)*s) && *s != '_' && *s != '/' && *s != '.')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_./-", *s))
            return false;
    return true;
}

/* What one YAML reader or another would not take for a string. */
static bool is_lookalike(const char *s)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    char low[8] = "";
    double v;

    if (scan_real(s, &v) != SCAN_NO || *s == '.' || isdigit((unsigned char)*s))
        return true;
    if (strlen(s) >= sizeof low)
        return false;
    for (size_t i = 0; s[i]; i++)
        low[i] = (char)tolower((unsigned char)s[i]);
    return is_among(low, words, sizeof words / sizeof *words);
}

int put_string(struct buf *out, const char *s, struct err *err)
{
    if (is_plain(s) && (!is_lookalike(s) || (*s == '.' && strpbrk(s, "/"))))
        return buf_puts(out, s, err);
    return json_quoted(out, s, err);
}

int put_word(struct buf *out, const char *s, struct err *err)
{
    if (is_plain(s) && !str_eq(s, "null") && !str_eq(s, "Null") && !str_eq(s, "NULL"))
        return buf_puts(out, s, err);
    return json_quoted(out, s, err);
}

char *bounds_text(char out[BOUNDS_MAX], const struct config_row *row)
{
    const char *unit = row->type == &config_duration ? " seconds"
                       : row->type == &config_bytes  ? " bytes"
                                                     : "";

    out[0] = '\0';
    if (!(row->lo < row->hi))
        return out;
    if (isinf(row->hi))
        snprintf(out, BOUNDS_MAX, "at least %.16g%s", row->lo, unit);
    else if (isinf(row->lo))
        snprintf(out, BOUNDS_MAX, "at most %.16g%s", row->hi, unit);
    else
        snprintf(out, BOUNDS_MAX, "%.16g to %.16g%s", row->lo, row->hi, unit);
    return out;
}
