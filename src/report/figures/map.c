/* Panels of coloured cells. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Light to dark of one hue each: their order is seen without seeing the hue. */
static const struct {
    const char *row, *colours;
} palettes[] = {
    {"attn", "0 '#ffffff', 1 '#fdcab5', 2 '#fb7050', 3 '#c2161b', 4 '#67000d'"},
    {"mlp", "0 '#ffffff', 1 '#c7e9c0', 2 '#73c476', 3 '#228a44', 4 '#00441b'"},
    {"", "0 '#ffffff', 1 '#c6dbef', 2 '#6aaed6', 3 '#2070b4', 4 '#08306b'"},
};
static const char diverging[] = "-1 '#2166ac', -0.5 '#92c5de', 0 '#ffffff', 0.5 '#f4a582', 1 "
                                "'#b2182b'";

/* What lies downwards ---------------------------------------------------------------------- */

static bool has_numbers(const struct chart *c)
{
    return c->of->dim[c->of->at[DOWN]].numbers;
}

/* Was the token of that role changed? `subject_last` where the column is `subject`. */
static bool is_struck(const struct chart *c, size_t column, const char *role)
{
    const char *name = chart_label(c, COLUMN, column);
    size_t n = strlen(name);

    return n && strncmp(role, name, n) == 0 && role[n] == '_';
}

/* "subject: last token * (12)": a star where tokens were changed, and how many queries have the
   entry if not all do. Left of the first panel of a line names stand before it. */
static void down_text(struct buf *b, const struct chart *c, size_t column, size_t i, bool names,
                      struct err *err)
{
    const double have = count_of(c, column, &i);

    buf_printf(b, err, "%s%s", names ? chart_words(c, DOWN, i) : "",
               is_struck(c, column, chart_label(c, DOWN, i)) ? " *" : "");
    if (have > 0 && have < count_of(c, column, NULL))
        buf_printf(b, err, " (%.0f)", have);
}

static void put_down_names(struct buf *gp, const struct chart *c, const struct panel *at,
                           struct err *err)
{
    buf_printf(gp, err, "set yrange [%zu.5:-0.5]\nset ytics (", c->n[DOWN] - 1);
    for (size_t i = 0; i < c->n[DOWN] && !err->code; i++) {
        struct buf b = {0};

        down_text(&b, c, at->column, i, at->first, err);
        if (buf_str(&b, err))
            gp_tic(gp, b.data, i, err);
        buf_release(&b);
    }
    buf_puts(gp, ")\n", err);
}

static void put_down(struct buf *gp, const struct page *p, const struct panel *at, struct err *err)
{
    const struct chart *c = p->c;

    if (!has_numbers(c)) {
        put_down_names(gp, c, at, err);
        return;
    }
    buf_printf(gp, err, "set yrange [-0.5:%zu.5]\n", c->n[DOWN] - 1);
    put_entries(gp, "ytics", c, DOWN, p->panel_height, at->first, err);
}

/* Room for the names, of the first panels or of the others. */
static double fit_down(const struct chart *c, bool names, struct err *err)
{
    double widest = 0;

    for (size_t k = 0; k < c->n[COLUMN]; k++)
        for (size_t i = 0; i < c->n[DOWN]; i++) {
            struct buf b = {0};

            down_text(&b, c, k, i, names, err);
            if (b.len)
                widest = fmax(widest, gp_width(b.data, b.len, GP_SMALL));
            buf_release(&b);
        }
    return widest;
}

/* Colours ---------------------------------------------------------------------------------- */

/* Its row's values are never negative. */
static bool is_sequential(const struct chart *c, size_t row)
{
    const char *which = c->of->figure.sequential;

    return which && (str_eq(which, "*") || list_has(which, chart_label(c, ROW, row)));
}

/* From the level beside the panel's values up to the row's greatest, from zero where they are never
   negative, else as far on both sides of zero; the greatest is a round number. */
static struct range colour_range(const struct chart *c, size_t row, size_t column)
{
    const struct material *of = c->of;
    struct range v = range_of(c, row, 0, false);
    const bool both = !of->n_beside && !is_sequential(c, row);
    size_t at[PLACES];
    double step;

    if (both)
        v.hi = fmax(1e-6, fmax(fabs(v.lo), fabs(v.hi)));
    v.lo = 0;
    if (of->n_beside) {
        panel_cell(c, row, column, 0, at);
        v.lo = chart_value(c, &of->average[of->n_values], STAT_MEAN, at);
    }
    if (!(v.hi > v.lo))
        v.hi = v.lo + 0.01;
    step = round_step(v, 6);
    v.hi = step * ceil(v.hi / step - 1e-9);
    return both ? (struct range){-v.hi, v.hi} : v;
}

static const char *colours_of(const struct chart *c, size_t row)
{
    size_t k = 0;

    if (!c->of->n_beside && !is_sequential(c, row))
        return diverging;
    while (*palettes[k].row && !str_eq(palettes[k].row, chart_label(c, ROW, row)))
        k++;
    return palettes[k].colours;
}

/* Digits that tell the ends of a scale apart. */
static int digits_of(struct range v)
{
    double times = fmax(fabs(v.lo), fabs(v.hi)) / (v.hi - v.lo);

    return times < 3 ? 2 : (int)fmin(8, 2 + ceil(log10(times)));
}

/* The numbers beside a colour bar: its ends and the middle, or a round one near it. */
enum { BAR_TICS = 3, NUMBER = 32 };

static void bar_tics(struct range v, double at[BAR_TICS], char text[BAR_TICS][NUMBER])
{
    at[0] = v.lo;
    at[1] = (v.lo + v.hi) / 2;
    at[2] = v.hi;
    if (v.lo > 0) /* the level beside the values, which is not round */
        at[1] = round_step(v, 8) * round(at[1] / round_step(v, 8));
    for (int i = 0; i < BAR_TICS; i++)
        snprintf(text[i], NUMBER, "%.*g", v.lo > 0 && i == 0 ? digits_of(v) : 6, at[i]);
}

static void put_colours(struct buf *gp, const struct page *p, const struct panel *at,
                        struct err *err)
{
    const struct range v = colour_range(p->c, at->row, at->column);
    double tic[BAR_TICS];
    char text[BAR_TICS][NUMBER];

    bar_tics(v, tic, text);
    buf_printf(gp, err,
               "set palette defined (%s)\nset cbrange [%.8g:%.8g]\n"
               "set cbtics ('%s' %.8g, '%s' %.8g, '%s' %.8g) scale 0.3 offset -0.8,0\n",
               colours_of(p->c, at->row), v.lo, v.hi, text[0], tic[0], text[1], tic[1], text[2],
               tic[2]);
}

static double bar_width(const struct chart *c)
{
    double widest = 0;

    for (size_t r = 0; r < c->n[ROW]; r++)
        for (size_t k = 0; k < c->n[COLUMN]; k++) {
            double tic[BAR_TICS];
            char text[BAR_TICS][NUMBER];

            bar_tics(colour_range(c, r, k), tic, text);
            for (int i = 0; i < BAR_TICS; i++)
                widest = fmax(widest, gp_small_width(text[i]));
        }
    return 18 + widest;
}

/* The form --------------------------------------------------------------------------------- */

/* Names that are not numbers all stand there, upright. */
static void put_along(struct buf *gp, const struct page *p, struct err *err)
{
    const double length = p->upright > 0 ? INFINITY : p->panel_width;

    buf_printf(gp, err, "set xtics %s\n",
               p->upright > 0 ? "rotate by 90 right offset 0,0.2" : "offset 0,0.4");
    put_entries(gp, "xtics", p->c, ALONG, length, true, err);
}

static void map_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;

    buf_printf(gp, err,
               "along = %zu\ndown = %zu\nfdr = %g\n"
               "set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "
               "'#e6e6e6' fillstyle solid noborder\n"
               "set ytics offset 0.6,0\nset xrange [-0.5:%zu.5]\n",
               c->n[ALONG], c->n[DOWN], c->of->fdr, c->n[ALONG] - 1);
    put_along(gp, p, err);
}

/* Cells overlap by a little, so that no seam shows between them; dots mark them from above. */
static void map_panel(struct buf *gp, const struct page *p, const struct panel *at, struct err *err)
{
    const struct chart *c = p->c;
    const struct material *of = c->of;
    const size_t beside = of->n_values + of->n_beside;

    put_down(gp, p, at, err);
    put_colours(gp, p, at, err);
    buf_printf(gp, err,
               "plot for [i=0:down-1] data skip 1 every ::first+i*along::first+(i+1)*along-1 "
               "\\\n    using 0:(i):($0 - 0.52):($0 + 0.52):(i - 0.52):(i + 0.52):%zu "
               "\\\n    with boxxyerror fillcolor palette fillstyle solid noborder notitle",
               field_of_value(c, 0));
    if (of->n_averages > beside)
        buf_printf(gp, err,
                   ", \\\n  for [i=0:down-1] data skip 1 every "
                   "::first+i*along::first+(i+1)*along-1 \\\n"
                   "    using 0:($%zu <= fdr ? i : NaN) with points pointtype 7 pointsize %.2g "
                   "linecolor '#000000' notitle",
                   field_of_value(c, of->n_values) + of->n_beside,
                   fmin(0.2, 0.06 * fmin(p->panel_width / (double)c->n[ALONG],
                                         p->panel_height / (double)c->n[DOWN])));
    buf_puts(gp, "\n", err);
}

/* Names below stand upright where the page is wide enough for all; else the last of a panel does
   not touch the first of the next. */
static void fit_along(struct page *p)
{
    enum { WIDE = 10 }; /* of a cell: a line of small type */
    const struct chart *c = p->c;
    const size_t n = c->n[ALONG];
    const double wide = WIDE * (double)n;

    if (c->of->dim[c->of->at[ALONG]].numbers || wide > p->width / 2) {
        p->gap = fmax(p->gap, (entry_width(c, ALONG, 0) + entry_width(c, ALONG, n - 1)) / 2);
        return;
    }
    for (size_t i = 0; i < n; i++)
        p->upright = fmax(p->upright, entry_width(c, ALONG, i));
    p->least = p->most = fmax(48, wide);
}

/* Roles need a line each, and room for their names. */
static void map_fit(struct page *p, struct err *err)
{
    const struct chart *c = p->c;

    p->least = p->width > 400 ? 96 : 56;
    p->most = 300;
    p->bar = bar_width(c);
    p->bars = c->of->n_beside || (p->flows && !c->of->figure.compare);
    p->side = c->of->axis[DOWN];
    fit_along(p);
    if (has_numbers(c)) {
        p->scale = 24;
        p->panel_height = fmin(240, fmax(84, 5.0 * (double)c->n[DOWN]));
        return;
    }
    p->scale = 10 + fit_down(c, true, err);
    p->gap += fit_down(c, false, err);
    p->panel_height = fmax(36, GP_LINE * (double)c->n[DOWN]);
}

const struct form_style map_style = {.fit = map_fit, .head = map_head, .panel = map_panel};
