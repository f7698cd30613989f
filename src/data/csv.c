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

/* The characters of a field in quotes, up to behind the closing one, to `out` unless it is NULL;
   returns how many. */
static size_t take_quoted(struct csv *c, char *out, const char **fault)
{
    size_t n = 0;

    for (c->at++; !at_end(c); c->at++) {
        if (c->s[c->at] == '"' && (++c->at == c->n || c->s[c->at] != '"'))
            return n;
        c->line += c->s[c->at] == '\n';
        if (out)
            out[n] = c->s[c->at];
        n++;
    }
    *fault = "a quote that is not closed";
    return n;
}

static size_t take_plain(struct csv *c, char *out)
{
    size_t begin = c->at, n;

    while (!at_end(c) && c->s[c->at] != ',' && c->s[c->at] != '\n' &&
           (c->s[c->at] != '\r' || (c->at + 1 < c->n && c->s[c->at + 1] != '\n')))
        c->at++;
    n = c->at - begin;
    if (out)
        memcpy(out, c->s + begin, n);
    return n;
}

static size_t take_text(struct csv *c, char *out, const char **fault)
{
    return !at_end(c) && c->s[c->at] == '"' ? take_quoted(c, out, fault) : take_plain(c, out);
}

static int take_field(struct csv *c, struct csv_row *row, struct arena *a, struct err *err)
{
    struct csv measured = *c;
    size_t n = take_text(&measured, NULL, &row->fault);
    bool quoted = !at_end(c) && c->s[c->at] == '"';
    char *out = arena_alloc(a, n + 1, 1, err);

    if (!out)
        return err->code;
    take_text(c, out, &row->fault);
    if (quoted && !at_end(c) && !memchr(",\r\n", c->s[c->at], 3) && !row->fault)
        row->fault = "text after a closing quote";
    while (quoted && !at_end(c) && c->s[c->at] != ',' && c->s[c->at] != '\n')
        c->at++; /* also the CR of a line's end */
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
