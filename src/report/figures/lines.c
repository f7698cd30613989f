/* Panels of lines with bands. */
#include "report/figures/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* From the least to the greatest number that ALONG stands at, and some room. */
static void put_logarithmic(struct buf *gp, const struct chart *c, struct err *err)
{
    struct range x = {INFINITY, -INFINITY};

    for (size_t i = 0; i < c->n[ALONG]; i++)
        range_widen(&x, strtod(chart_label(c, ALONG, i), NULL));
    buf_printf(gp, err, "set logscale x\nset xrange [%.6g:%.6g]\n", 0.8 * x.lo, 1.25 * x.hi);
}

/* The lines' values stand in the table one after the other, `along` of them each. */
static void lines_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;

    put_series(gp, c, err);
    buf_printf(gp, err,
               "along = %zu\n"
               "set style fill transparent solid 0.18 noborder\n"
               "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.5\n"
               "set ytics offset 0.6,0\nset xtics offset 0,0.4\n",
               c->n[ALONG]);
    if (c->of->figure.along_values) {
        put_logarithmic(gp, c, err);
        return;
    }
    buf_printf(gp, err, "set xrange [-0.5:%zu.5]\n", c->n[ALONG] - 1);
    put_entries(gp, "xtics", c, ALONG, p->panel_width, true, err);
}

/* The bands first, then zero, the lines on top, with marks no closer than they are wide. */
static void lines_panel(struct buf *gp, const struct page *p, const struct panel *at,
                        struct err *err)
{
    const struct chart *c = p->c;
    const struct range y = axis_range(c, at->row);
    const size_t mean = field_of_value(c, 0);
    char x[32] = "0"; /* the number of the entry, from 0 */
    int apart = (int)ceil(6 * (double)c->n[ALONG] / p->panel_width);

    if (c->of->figure.along_values)
        snprintf(x, sizeof x, "%zu", field_of(c, ALONG));
    buf_printf(gp, err,
               "set yrange [%.6g:%.6g]\nset ytics %.6g\nset format y '%s'\n"
               "plot for [i=1:|colour|] data skip 1 every ::first+(i-1)*along::first+i*along-1 "
               "\\\n    using %s:%zu:%zu with filledcurves fillcolor rgb colour[i] notitle, \\\n"
               "  0 with lines linecolor '#606060' dashtype (8,6) linewidth 0.6 notitle, \\\n"
               "  for [i=1:|colour|] data skip 1 every ::first+(i-1)*along::first+i*along-1 \\\n"
               "    using %s:%zu with linespoints linecolor rgb colour[i] linewidth 1.1 \\\n"
               "    pointtype shape[i] pointsize size[i] pointinterval %d notitle\n",
               y.lo, y.hi, round_step(y, 4), at->first || p->scales ? "%g" : "", x, mean + 1,
               mean + 2, x, mean, apart);
}

/* Half of the first name and of the last stand over the ends of a panel, but for half a cell: wide
   ones ("20-24") do not touch those of the next panel, nor leave the page. */
static void fit_along(struct page *p)
{
    const struct chart *c = p->c;
    const double cell = p->least / (double)c->n[ALONG];
    const double first = entry_width(c, ALONG, 0), last = entry_width(c, ALONG, c->n[ALONG] - 1);

    if (c->of->figure.along_values)
        return;
    p->gap = fmax(p->gap, (first + last) / 2 - cell + 4);
    p->right = fmax(p->right, (last - cell) / 2 - 4);
}

/* Rows that are not compared have a scale each. */
static void lines_fit(struct page *p, struct err *err)
{
    p->least = p->width > 400 ? 120 : 72;
    p->most = 400;
    fit_along(p);
    /* many rows are lower: all on one sheet */
    p->panel_height = fmin(p->width > 400 ? 120 : 92, 600 / (double)p->c->n[ROW]);
    p->side = p->c->of->figure.value_label;
    p->scales = p->flows && p->n > 1 && !p->c->of->figure.compare;
    for (size_t r = 0; r < p->c->n[ROW]; r++) {
        const struct range y = axis_range(p->c, r);

        p->scale = fmax(p->scale, 8 + numbers_width(y, round_step(y, 4)));
    }
    (void)err;
}

const struct form_style lines_style = {
    .fit = lines_fit, .head = lines_head, .panel = lines_panel, .key = true};
