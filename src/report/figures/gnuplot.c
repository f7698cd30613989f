#include "report/figures/gnuplot.h"

#include "base/str.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Fields are never quoted, for gnuplot reads the comma, the doubled quote and the line break of a
   quoted field as if it were not. */
static char in_field(char c)
{
    if ((unsigned char)c < ' ' || c == 127)
        return ' ';
    return c == ',' ? ';' : c == '"' || c == '`' ? '\'' : c;
}

void csv_text(struct buf *csv, const char *s, struct err *err)
{
    for (; *s; s++)
        buf_printf(csv, err, "%c", in_field(*s));
}

void csv_number(struct buf *csv, double v, struct err *err)
{
    if (isfinite(v))
        buf_printf(csv, err, "%.9g", v);
}

/* Between single quotes gnuplot takes everything as it is but the quote itself, which it would want
   doubled, and two of them in a row it takes for the end (5.4): a typographic one stands for it. A
   backquote would be safe there; it is changed all the same, for elsewhere it runs commands. */
void gp_text(struct buf *gp, const char *s, struct err *err)
{
    buf_puts(gp, "'", err);
    for (; *s; s++) {
        char c = *s == ',' || *s == '"' ? *s : in_field(*s);

        buf_puts(gp, c == '\'' ? "\u2019" : (char[]){c, '\0'}, err);
    }
    buf_puts(gp, "'", err);
}

void gp_tic(struct buf *gp, const char *name, size_t i, struct err *err)
{
    if (!err->code && gp->data[gp->len - 1] != '(')
        buf_puts(gp, ", ", err);
    gp_text(gp, name, err);
    buf_printf(gp, err, " %zu", i);
}

/* The three terminals differ in what they take for a point: the factors make them draw alike. PNG
   has 300 dots to the inch. */
void gp_head(struct buf *gp, const char *format, const char *name, double width, double height,
             struct err *err)
{
    const double dots = 300.0 / 96;

    if (str_eq(format, "png"))
        buf_printf(gp, err,
                   "set terminal pngcairo size %.0f,%.0f font 'Sans,%d' fontscale %g "
                   "linewidth %g pointscale %g dashlength 1 background 'white'\n",
                   width * dots, height * dots, GP_SMALL, dots, dots, dots);
    else if (str_eq(format, "svg"))
        buf_printf(gp, err,
                   "set terminal svg size %.0f,%.0f dynamic font 'sans-serif,%d' fontscale "
                   "%.4f linewidth 1 background 'white'\n",
                   width, height, GP_SMALL, 96.0 / 72);
    else
        buf_printf(gp, err,
                   "set terminal pdfcairo size %.3f,%.3f font 'Sans,%d' fontscale 0.75 "
                   "linewidth 0.75 pointscale 0.75\n",
                   width / 96, height / 96, GP_SMALL);
    buf_printf(gp, err,
               "set output '%s.%s'\n"
               "set termoption noenhanced\n"
               "set encoding utf8\n"
               "set datafile separator comma\n"
               "set datafile commentschars ''\n" /* a dataset may be called #1 */
               "set datafile missing NaN\n",
               name, format);
}

/* Widths of the usual sans serif faces, of which the widest counts. */
static double letter_width(int32_t c)
{
    if (c >= 0x2e80)
        return 1;
    if (c < 128 && strchr(" iljtfrI.,:;'!|()[]-", (int)c))
        return 0.38;
    return c < 128 && strchr("mwMWQGO@%+<>=&", (int)c) ? 0.93 : 0.63;
}

double gp_width(const char *s, size_t n, int points)
{
    double em = 0;
    int32_t c;

    for (size_t i = 0; i < n;) {
        i += utf8_next(s + i, n - i, &c);
        em += letter_width(c);
    }
    return em * points * 96 / 72;
}

double gp_small_width(const char *s)
{
    return gp_width(s, strlen(s), GP_SMALL);
}

size_t gp_line(const char *s, double width, int points)
{
    size_t n = strlen(s), fits = 0;

    if (gp_width(s, n, points) <= width)
        return n;
    for (size_t i = 1; i < n; i++)
        if (s[i] == ' ' && (!fits || gp_width(s, i, points) <= width))
            fits = i;
    return fits ? fits : n;
}

size_t gp_lines(const char *s, double width, int points)
{
    size_t lines = 0;

    for (; *s; lines++)
        s = gp_next_line(s, gp_line(s, width, points));
    return lines;
}

const char *gp_next_line(const char *s, size_t n)
{
    return s + n + (s[n] == ' ');
}

const struct gp_style *gp_style(const char *name, size_t i)
{
    static const struct {
        const char *name;
        struct gp_style style;
    } known[] = {
        {"answer_1", {"#0072B2", 7, 0.44}}, /* blue circle */
        {"answer_2", {"#E69F00", 5, 0.4}},  /* orange square */
        {"answer_3", {"#009E73", 9, 0.52}}, /* green triangle */
        {"subject", {"#D55E00", 3, 0.64}},  /* red star */
    };
    static const struct gp_style others[] = {
        {"#CC79A7", 11, 0.52}, {"#56B4E9", 13, 0.52}, {"#000000", 1, 0.48}, {"#7F6000", 6, 0.44},
        {"#5E3C99", 4, 0.4},   {"#4D4D4D", 8, 0.52},  {"#0072B2", 6, 0.44}, {"#E69F00", 4, 0.4},
        {"#009E73", 8, 0.52},  {"#D55E00", 2, 0.48},
    };

    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (str_eq(known[k].name, name))
            return &known[k].style;
    return &others[i % (sizeof others / sizeof *others)];
}
