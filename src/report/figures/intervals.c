/* Panels of values with their intervals, one under the other, controls beside what they are of. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

enum { APART = 5 }; /* from one of the series to the next, 1/96 inch */

/* The entry that a control is of; the entry itself if it is none. */
static size_t of_which(const struct chart *c, size_t i)
{
    const char *control = c->of->figure.control, *name = chart_label(c, ALONG, i);
    const size_t n = control ? strlen(control) : 0;

    if (!n || strncmp(name, control, n))
        return i;
    for (size_t k = 0; k < c->n[ALONG]; k++)
        if (str_eq(chart_label(c, ALONG, k), name + n))
            return k;
    return i;
}

/* Entries that have a line of their own, and which one entry i stands on. */
static size_t line_of(const struct chart *c, size_t i)
{
    size_t lines = 0;

    for (size_t k = 0; k < i; k++)
        lines += of_which(c, k) == k;
    return lines;
}

static void put_names(struct buf *gp, const struct chart *c, bool names, struct err *err)
{
    buf_puts(gp, "set ytics (", err);
    for (size_t i = 0, n = 0; i < c->n[ALONG]; i++)
        if (of_which(c, i) == i)
            gp_tic(gp, names ? chart_words(c, ALONG, i) : "", n++, err);
    buf_puts(gp, ") scale 0 offset 0.6,0\n", err);
}

static void intervals_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;
    const size_t n = c->n[ALONG];

    put_series(gp, c, err);
    buf_printf(gp, err,
               "along = %zu\narray line[%zu]\narray control[%zu]\nset yrange [%zu.5:-0.5]\n"
               "set grid xtics linetype 1 linecolor '#e4e4e4' linewidth 0.5\n"
               "set xtics offset 0,0.4\n",
               n, n, n, line_of(c, n) - 1);
    for (size_t i = 0; i < n; i++)
        buf_printf(gp, err, "line[%zu] = %zu; control[%zu] = %d\n", i + 1,
                   line_of(c, of_which(c, i)), i + 1, of_which(c, i) != i);
}

/* Of each of the series its entries and their controls, hollow and light, on the line of their
   name, a control a little below what it is of. */
static void intervals_panel(struct buf *gp, const struct page *p, const struct panel *at,
                            struct err *err)
{
    const struct chart *c = p->c;
    const struct range x = axis_range(c, at->row);
    const size_t mean = field_of_value(c, 0);
    const double lines = (double)line_of(c, c->n[ALONG]);
    const double shift = APART * lines / p->panel_height;

    put_names(gp, c, at->first, err);
    buf_printf(gp, err,
               "set xrange [%.6g:%.6g]\nset xtics %.6g\n"
               "set arrow from 0, graph 0 to 0, graph 1 nohead back dashtype (8,6) linecolor "
               "'#606060' linewidth 0.6\n"
               "y(k, i) = line[k] + %.4f*(i - %g + 0.5*control[k])\nplot ",
               x.lo, x.hi, fitting_step(x, p->panel_width), shift, 0.75 + (double)c->n[SERIES] / 2);
    for (int control = 1; control >= 0; control--)
        buf_printf(gp, err,
                   "for [i=1:|colour|] data skip 1 every ::first+(i-1)*along::first+i*along-1 "
                   "\\\n    using (control[$0+1] == %d ? $%zu : NaN):(y($0+1, i)):%zu:%zu "
                   "\\\n    with xerrorbars linecolor rgb %s pointtype %s pointsize %s "
                   "linewidth 0.8 notitle%s",
                   control, mean, mean + 1, mean + 2, control ? "'#a0a0a0'" : "colour[i]",
                   control ? "6" : "shape[i]", control ? "0.4" : "size[i]",
                   control ? ", \\\n  " : "\n");
}

static void intervals_fit(struct page *p, struct err *err)
{
    const struct chart *c = p->c;
    const double line = fmax(GP_LINE, APART * (double)c->n[SERIES] + 5);

    p->least = p->width > 400 ? 110 : 66;
    p->most = 300;
    p->panel_height = fmax(24, line * (double)line_of(c, c->n[ALONG]));
    for (size_t i = 0; i < c->n[ALONG]; i++)
        if (of_which(c, i) == i)
            p->scale = fmax(p->scale, 8 + gp_small_width(chart_words(c, ALONG, i)));
    (void)err;
}

const struct form_style intervals_style = {
    .fit = intervals_fit, .head = intervals_head, .panel = intervals_panel, .key = true};
