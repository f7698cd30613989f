/* Panels of lines with bands. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"
#include "report/words.h"

#include <math.h>
#include <stdlib.h>

enum { KEY_ABOVE = 56 };

/* How each line is drawn, as arrays that the panels' loops run through. */
static int put_styles(struct buf *gp, const struct chart *c, struct err *err)
{
    struct arena a = {0};
    int code = buf_printf(gp, err,
                          "array label[%zu]\narray colour[%zu]\narray shape[%zu]\n"
                          "array size[%zu]\n",
                          c->n[SERIES], c->n[SERIES], c->n[SERIES], c->n[SERIES]);

    for (size_t i = 0; i < c->n[SERIES] && !code; i++) {
        const char *name = chart_label(c, SERIES, i), *words = words_of(&a, name, err);
        const struct gp_style *style = gp_style(name, i);

        if (!words || buf_printf(gp, err, "label[%zu] = ", i + 1) || gp_text(gp, words, err) ||
            buf_printf(gp, err, "; colour[%zu] = '%s'; shape[%zu] = %d; size[%zu] = %g\n", i + 1,
                       style->colour, i + 1, style->point, i + 1, style->size))
            code = err->code;
    }
    arena_release(&a);
    return code;
}

/* From the least to the greatest number that ALONG stands at, and some room. */
static int put_logarithmic(struct buf *gp, const struct chart *c, struct err *err)
{
    struct range x = {(double)NAN, (double)NAN};

    for (size_t i = 0; i < c->n[ALONG]; i++)
        widen(&x, strtod(chart_label(c, ALONG, i), NULL));
    return buf_printf(gp, err, "set logscale x\nset format x '%%g'\nset xrange [%.6g:%.6g]\n",
                      0.8 * x.lo, 1.25 * x.hi);
}

/* The lines' values stand in the table one after the other, `along` of them each. */
static int lines_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;

    if (put_styles(gp, c, err) ||
        buf_printf(gp, err,
                   "along = %zu\n"
                   "set style fill transparent solid 0.18 noborder\n"
                   "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.5\n",
                   c->n[ALONG]))
        return err->code;
    return c->of->figure.along_values
               ? put_logarithmic(gp, c, err)
               : buf_printf(gp, err, "set xrange [0.5:%zu.5]\nset xtics %d\n", c->n[ALONG],
                            tic_step(c->n[ALONG]));
}

/* The bands first, then zero, the lines on top. All panels of a row share one range, with zero. */
static int lines_panel(struct buf *gp, const struct page *p, size_t row, size_t column,
                       struct err *err)
{
    const struct chart *c = p->c;
    struct range y = range_of(c, row, 0, true);
    size_t x = field_of(c, ALONG), mean = field_of_value(c, 0);
    int from = !c->of->figure.along_values; /* layers are counted from 1 */
    double room;

    widen(&y, 0);
    room = y.hi > y.lo ? 0.05 * (y.hi - y.lo) : 1;
    return buf_printf(
        gp, err,
        "set yrange [%.6g:%.6g]\nset format y '%s'\n"
        "plot for [i=1:|label|] data skip 1 every ::first+(i-1)*along::first+i*along-1 "
        "\\\n    using ($%zu + %d):%zu:%zu with filledcurves fillcolor rgb colour[i] "
        "notitle, \\\n"
        "  0 with lines linecolor '#D55E00' dashtype (12,8) linewidth 0.8 notitle, \\\n"
        "  for [i=1:|label|] data skip 1 every ::first+(i-1)*along::first+i*along-1 \\\n"
        "    using ($%zu + %d):%zu with linespoints linecolor rgb colour[i] \\\n"
        "    linewidth 1.2 pointtype shape[i] pointsize size[i] notitle\n",
        y.lo - room, y.hi + room, leads_row(c, row, column) ? "%g" : "", x, from, mean + 1,
        mean + 2, x, from, mean);
}

/* The key is a plot of its own, as wide as the page: in a panel it would be as narrow as that. */
static int lines_end(struct buf *gp, const struct page *p, struct err *err)
{
    return buf_printf(
        gp, err,
        "\nunset title; unset xlabel; unset ylabel; unset tics; unset border; unset grid\n"
        "set lmargin at screen 0; set rmargin at screen 1\n"
        "set key at screen 0.5,%.4f center horizontal Left reverse samplen 2.5 width 1\n"
        "plot for [i=1:|label|] NaN with linespoints linecolor rgb colour[i] \\\n"
        "    linewidth 1.2 pointtype shape[i] pointsize size[i] title label[i]\n",
        1 - KEY_ABOVE / (double)p->page_height);
}

/* Many rows of panels are lower ones. */
static void lines_fit(struct page *p)
{
    if (p->c->n[ROW] > 3)
        p->height = 150;
}

const struct form_style lines_style = {
    .page = {.left = 68,
             .right = 15,
             .above = 100,
             .below = 84,
             .width = 308,
             .height = 216,
             .gap = 22,
             .row_gap = 34},
    .fit = lines_fit,
    .head = lines_head,
    .panel = lines_panel,
    .end = lines_end,
};
