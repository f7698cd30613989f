#include "report/figures/gnuplot.h"

#include "base/str.h"

#include <math.h>

/* Fields are never quoted, for gnuplot reads the comma, the doubled quote and the line break of a
   quoted field as if it were not. */
static char in_field(char c)
{
    if ((unsigned char)c < ' ' || c == 127)
        return ' ';
    return c == ',' ? ';' : c == '"' || c == '`' ? '\'' : c;
}

int csv_text(struct buf *csv, const char *s, struct err *err)
{
    int code = 0;

    for (; *s && !code; s++)
        code = buf_put(csv, &(char){in_field(*s)}, 1, err);
    return code;
}

int csv_number(struct buf *csv, double v, struct err *err)
{
    return isfinite(v) ? buf_printf(csv, err, "%.9g", v) : 0;
}

/* Between single quotes gnuplot takes everything as it is but the quote itself, which it would want
   doubled, and two of them in a row it takes for the end (5.4): a typographic one stands for it. A
   backquote would be safe there; it is changed all the same, for elsewhere it runs commands. */
int gp_text(struct buf *gp, const char *s, struct err *err)
{
    int code = buf_puts(gp, "'", err);

    for (; *s && !code; s++) {
        char c = *s == ',' || *s == '"' ? *s : in_field(*s);

        code = c == '\'' ? buf_puts(gp, "\u2019", err) : buf_put(gp, &c, 1, err);
    }
    return code ? code : buf_puts(gp, "'", err);
}

/* A picture of points is drawn at twice the resolution of the screen. */
int gp_head(struct buf *gp, const char *format, const char *name, int width, int height,
            struct err *err)
{
    int code;

    if (str_eq(format, "png"))
        code = buf_printf(gp, err,
                          "set terminal pngcairo size %d,%d font 'Sans,9' fontscale 2 linewidth 2 "
                          "pointscale 2 dashlength 1 background 'white'\n",
                          2 * width, 2 * height);
    else if (str_eq(format, "svg"))
        code = buf_printf(gp, err,
                          "set terminal svg size %d,%d dynamic font 'sans-serif,12' linewidth 1 "
                          "background 'white'\n",
                          width, height);
    else
        code = buf_printf(gp, err,
                          "set terminal pdfcairo size %.3f,%.3f font 'Sans,9' fontscale 0.75 "
                          "linewidth 1 pointscale 0.75\n",
                          width / 96.0, height / 96.0);
    if (code)
        return code;
    return buf_printf(gp, err,
                      "set output '%s.%s'\n"
                      "set termoption noenhanced\n"
                      "set encoding utf8\n"
                      "set datafile separator comma\n"
                      "set datafile commentschars ''\n" /* a dataset may be called #1 */
                      "set datafile missing NaN\n",
                      name, format);
}

const struct gp_style *gp_style(const char *name, size_t i)
{
    static const struct {
        const char *name;
        struct gp_style style;
    } known[] = {
        {"answer_1", {"#0072B2", 7, 0.55}}, /* blue circle */
        {"answer_2", {"#E69F00", 5, 0.5}},  /* orange square */
        {"answer_3", {"#009E73", 9, 0.65}}, /* green triangle */
        {"subject", {"#D55E00", 3, 0.8}},   /* red star */
    };
    static const struct gp_style others[] = {
        {"#CC79A7", 11, 0.65}, {"#56B4E9", 13, 0.65}, {"#000000", 1, 0.6},
        {"#7F6000", 6, 0.55},  {"#5E3C99", 4, 0.5},   {"#4D4D4D", 8, 0.65},
    };

    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (str_eq(known[k].name, name))
            return &known[k].style;
    return &others[i % (sizeof others / sizeof *others)];
}
