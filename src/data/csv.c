#include "data/csv.h"

#include <string.h>

static bool at_end(const struct csv *c)
{
    return c->at == c->n;
}

/* Passes the end of a line, if one stands here. */
static bool take_newline(struct csv *c)
{
    size_t n = c->n - c->at, cr = n && c->s[c->at] == '\r';

    if (n > cr && c->s[c->at + cr] == '\n')
        c->at += cr + 1;
    else if (cr && n == 1) /* the last line, cut */
        c->at++;
    else
        return false;
    c->line++;
    return true;
}

/* The characters of a field in quotes, up to behind the closing one, to `out`; returns how many. */
static size_t take_quoted(struct csv *c, char *out, const char **fault)
{
    size_t n = 0;

    for (c->at++; !at_end(c); c->at++) {
        if (c->s[c->at] == '"') {
            if (c->at + 1 == c->n || c->s[c->at + 1] != '"') {
                c->at++;
                return n;
            }
            c->at++;
        }
        c->line += c->s[c->at] == '\n';
        out[n++] = c->s[c->at];
    }
    *fault = "a quote that is not closed";
    return n;
}

static size_t take_plain(struct csv *c, char *out)
{
    size_t n = 0;

    for (; !at_end(c) && c->s[c->at] != ',' && c->s[c->at] != '\n'; c->at++) {
        if (c->s[c->at] == '\r' && (c->at + 1 == c->n || c->s[c->at + 1] == '\n'))
            break;
        out[n++] = c->s[c->at];
    }
    return n;
}

/* How long the field may be at most: to the end of the text, or of the line if it has no quotes. */
static size_t room(const struct csv *c)
{
    const char *s = c->s + c->at, *end;

    if (at_end(c))
        return 0;
    end = *s == '"' ? NULL : memchr(s, '\n', c->n - c->at);
    if (*s == '"') { /* the closing quote stands before the first one that is not doubled */
        size_t i = c->at + 1;

        while (i < c->n && (c->s[i] != '"' || (i + 1 < c->n && c->s[i + 1] == '"')))
            i += c->s[i] == '"' ? 2 : 1;
        end = i < c->n ? c->s + i : NULL;
    }
    return end ? (size_t)(end - s) : c->n - c->at;
}

static int take_field(struct csv *c, struct csv_row *row, struct arena *a, struct err *err)
{
    char *out = arena_alloc(a, room(c) + 1, 1, err);
    size_t n;

    if (!out)
        return err->code;
    if (!at_end(c) && c->s[c->at] == '"') {
        n = take_quoted(c, out, &row->fault);
        if (!at_end(c) && !memchr(",\r\n", c->s[c->at], 3) && !row->fault)
            row->fault = "text after a closing quote";
        while (!at_end(c) && c->s[c->at] != ',' && c->s[c->at] != '\n')
            c->at++; /* also the CR of a line's end */
    } else {
        n = take_plain(c, out);
    }
    if (row->n == CSV_FIELDS_MAX) {
        row->fault = "too many fields";
        return 0;
    }
    row->field[row->n] = out;
    row->length[row->n++] = n;
    return 0;
}

int csv_next(struct csv *c, struct csv_row *row, struct arena *a, bool *end, struct err *err)
{
    while (take_newline(c))
        ;
    *end = at_end(c);
    row->n = 0;
    row->fault = NULL;
    row->line = c->line;
    while (!*end) {
        if (take_field(c, row, a, err))
            return err->code;
        if (at_end(c) || take_newline(c))
            break;
        c->at++; /* the comma */
    }
    return 0;
}
