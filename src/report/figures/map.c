/* Panels of coloured cells. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"
#include "report/words.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
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

/* Was the token of that role changed? `subject_last` where the column is `subject`. */
static bool is_struck(const struct chart *c, size_t column, const char *role)
{
    const char *name = chart_label(c, COLUMN, column);
    size_t n = strlen(name);

    return n && strncmp(role, name, n) == 0 && role[n] == '_';
}

static int put_down_numbers(struct buf *gp, const struct chart *c, bool names, struct err *err)
{
    if (buf_printf(gp, err, "set yrange [-0.5:%zu.5]\nset ylabel ", c->n[DOWN] - 1) ||
        gp_text(gp, names ? c->of->figure.down_label : "", err) ||
        buf_puts(gp, "\nset ytics (", err))
        return err->code;
    for (size_t i = 0; i < c->n[DOWN]; i += (size_t)tic_step(c->n[DOWN]))
        if (buf_puts(gp, i ? ", " : "", err) ||
            gp_text(gp, names ? chart_label(c, DOWN, i) : "", err) ||
            buf_printf(gp, err, " %zu", i))
            return err->code;
    return buf_puts(gp, ")\n", err);
}

/* Names of what lies downwards stand left of the first panel; in each, a star where tokens were
   changed, and how many queries have the entry if not all do. */
static int put_down_tics(struct buf *gp, const struct page *p, size_t row, size_t column,
                         struct err *err)
{
    const struct chart *c = p->c;
    bool names = leads_row(c, row, column);
    double n = count_of(c, column, NULL);
    struct arena a = {0};
    int code;

    if (c->of->dim[c->of->at[DOWN]].numbers)
        return put_down_numbers(gp, c, names, err);
    code = buf_printf(gp, err, "set yrange [%zu.5:-0.5]\nset ytics (", c->n[DOWN] - 1);
    for (size_t i = 0; i < c->n[DOWN] && !code; i++) {
        const char *name = chart_label(c, DOWN, i);
        const char *words = names ? words_of(&a, name, err) : "", *text, *few = "";
        double have = count_of(c, column, &i);

        if (have > 0 && have < n)
            few = arena_printf(&a, err, " (%.0f)", have);
        text = words && few ? arena_printf(&a, err, "%s%s%s", words,
                                           is_struck(c, column, name) ? " *" : "", few)
                            : NULL;
        if (!text || (i && buf_puts(gp, ", ", err)) || gp_text(gp, text, err) ||
            buf_printf(gp, err, " %zu", i))
            code = err->code;
    }
    arena_release(&a);
    return code ? code : buf_puts(gp, ")\n", err);
}

/* Digits that tell the ends of a scale apart. */
static int digits_of(struct range v)
{
    double times = fmax(fabs(v.lo), fabs(v.hi)) / (v.hi - v.lo);

    return times < 3 ? 2 : (int)fmin(8, 2 + ceil(log10(times)));
}

/* Colours of a panel: from the level beside its values up to the row's greatest, or about zero. */
static int put_colours(struct buf *gp, const struct page *p, size_t row, size_t column,
                       struct err *err)
{
    const struct chart *c = p->c;
    const struct material *of = c->of;
    const char *name = chart_label(c, ROW, row), *colours = diverging;
    struct range v = range_of(c, row, 0, false);
    size_t at[PLACES], k = 0;
    int digits;

    if (of->n_beside) {
        panel_cell(c, row, column, 0, at);
        v.lo = chart_value(c, &of->average[of->n_values], STAT_MEAN, at);
        while (*palettes[k].row && !str_eq(palettes[k].row, name))
            k++;
        colours = palettes[k].colours;
    } else {
        v.hi = fmax(1e-6, fmax(fabs(v.lo), fabs(v.hi)));
        v.lo = -v.hi;
    }
    if (!(v.hi > v.lo))
        v.hi = v.lo + 0.01;
    digits = digits_of(v);
    return buf_printf(
        gp, err,
        "set palette defined (%s)\nset cbrange [%.8g:%.8g]\n"
        "set cbtics ('%.*g' %.8g, '%.*g' %.8g, '%.*g' %.8g) scale 0.4 offset -0.8,0\n",
        colours, v.lo, v.hi, digits, v.lo, v.lo, digits, (v.lo + v.hi) / 2, (v.lo + v.hi) / 2,
        digits, v.hi, v.hi);
}

/* Cells stand by their number on both axes; the axes have their labels where those differ. */
static int put_along_tics(struct buf *gp, const struct chart *c, struct err *err)
{
    int step = tic_step(c->n[ALONG]);
    bool plain = true;

    for (size_t i = 0; i < c->n[ALONG]; i++)
        plain &= strtod(chart_label(c, ALONG, i), NULL) == (double)i;
    if (buf_printf(gp, err, "set xrange [-0.5:%zu.5]\nset xtics %d\n", c->n[ALONG] - 1, step))
        return err->code;
    if (plain)
        return 0;
    if (buf_puts(gp, "set xtics (", err))
        return err->code;
    for (size_t i = 0; i < c->n[ALONG]; i += (size_t)step)
        if (buf_puts(gp, i ? ", " : "", err) || gp_text(gp, chart_label(c, ALONG, i), err) ||
            buf_printf(gp, err, " %zu", i))
            return err->code;
    return buf_puts(gp, ")\n", err);
}

static int map_head(struct buf *gp, const struct page *p, struct err *err)
{
    return buf_printf(gp, err,
                      "along = %zu\ndown = %zu\nfdr = %g\n"
                      "set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "
                      "'#e6e6e6' fillstyle solid noborder\n",
                      p->c->n[ALONG], p->c->n[DOWN], p->c->of->fdr) ||
                   put_along_tics(gp, p->c, err)
               ? err->code
               : 0;
}

/* Cells overlap by a little, so that no seam shows between them; dots mark them from above. */
static int map_panel(struct buf *gp, const struct page *p, size_t row, size_t column,
                     struct err *err)
{
    const struct chart *c = p->c;
    const struct material *of = c->of;
    size_t beside = of->n_values + of->n_beside;

    if (put_down_tics(gp, p, row, column, err) || put_colours(gp, p, row, column, err) ||
        buf_printf(gp, err,
                   "plot for [i=0:down-1] data skip 1 every ::first+i*along::first+(i+1)*along-1 "
                   "\\\n    using 0:(i):($0 - 0.52):($0 + 0.52):(i - 0.52):(i + 0.52):%zu "
                   "\\\n    with boxxyerror fillcolor palette fillstyle solid noborder notitle",
                   field_of_value(c, 0)))
        return err->code;
    if (of->n_averages > beside &&
        buf_printf(gp, err,
                   ", \\\n  for [i=0:down-1] data skip 1 every "
                   "::first+i*along::first+(i+1)*along-1 \\\n"
                   "    using 0:($%zu <= fdr ? i : NaN) with points pointtype 7 pointsize 0.3 "
                   "linecolor '#000000' notitle",
                   field_of_value(c, of->n_values) + of->n_beside))
        return err->code;
    return buf_puts(gp, "\n", err);
}

/* Roles need a line and room for their names. */
static void map_fit(struct page *p)
{
    if (p->c->of->dim[p->c->of->at[DOWN]].numbers)
        return;
    p->left = 238;
    p->height = 14 * (int)p->c->n[DOWN];
}

const struct form_style map_style = {
    .page = {.left = 68,
             .right = 24,
             .above = 64,
             .below = 84,
             .width = 270,
             .height = 260,
             .gap = 40,
             .row_gap = 30,
             .beside = 58},
    .fit = map_fit,
    .head = map_head,
    .panel = map_panel,
};
