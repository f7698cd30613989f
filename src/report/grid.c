#include "report/grid.h"

#include "base/str.h"
#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int grid_put(struct grid *g, struct err *err, const char *fmt, ...)
{
    char text[STR_NAME];
    va_list ap;

    va_start(ap, fmt);
    str_vfit(text, sizeof text, fmt, ap);
    va_end(ap);
    if (err->code || arena_grow(&g->arena, &g->text, g->n, &g->cap, sizeof *g->text, err))
        return err->code;
    for (char *s = text; *s; s++) /* what would break the line */
        if ((unsigned char)*s < ' ' || *s == 127)
            *s = ' ';
    g->text[g->n] = arena_strdup(&g->arena, text, err);
    return g->text[g->n++] ? 0 : err->code;
}

int grid_number(struct grid *g, double v, int decimals, bool sign, struct err *err)
{
    if (isnan(v))
        return grid_put(g, err, "-");
    return grid_put(g, err, sign ? "%+.*f" : "%.*f", decimals, v);
}

/* "-", "1.5", "+0.3", nothing: the column of a number has nothing else but its heading. */
static bool is_number(const char *s)
{
    char *end;

    if (!strcmp(s, "-") || !strcmp(s, " "))
        return true;
    strtod(s, &end);
    return *s && !*end;
}

static bool is_right(const struct grid *g, size_t column)
{
    for (size_t i = g->columns + column; i < g->n; i += g->columns)
        if (!is_number(g->text[i]))
            return false;
    return true;
}

int grid_text(const struct grid *g, struct buf *out, struct err *err)
{
    size_t width[GRID_COLUMNS_MAX] = {0};
    bool right[GRID_COLUMNS_MAX];

    if (err->code)
        return err->code;
    if (!g->columns || g->columns > GRID_COLUMNS_MAX)
        return err_set(err, ERR_BUG, "a table of %zu columns", g->columns);
    for (size_t c = 0; c < g->columns; c++)
        right[c] = is_right(g, c);
    for (size_t i = 0; i < g->n; i++) {
        size_t w = utf8_length(g->text[i], strlen(g->text[i]));

        if (w > width[i % g->columns])
            width[i % g->columns] = w;
    }
    for (size_t i = 0; i < g->n; i++) {
        size_t c = i % g->columns;
        bool last = c + 1 == g->columns;
        int pad = (int)(width[c] - utf8_length(g->text[i], strlen(g->text[i])));

        buf_printf(out, err, "  %*s%s%*s%s", right[c] ? pad : 0, "", g->text[i],
                   right[c] || last ? 0 : pad, "", last ? "\n" : "");
    }
    return err->code;
}

void grid_release(struct grid *g)
{
    arena_release(&g->arena);
    *g = (struct grid){0};
}
