/* How the chart of early decoding is drawn: a row of panels per component, a column per step. */
#include "cli/plot_decode.h"

#include "base/str.h"

#include <math.h>

enum { PANEL_WIDTH = 330, PANEL_HEIGHT = 250 }; /* 1/96 inch */

static const struct {
    const char *component, *label;
} rows[] = {{"attn", "attention output"}, {"mlp", "MLP output"}};

enum { ROWS = sizeof rows / sizeof *rows };

static bool find_component(const struct lens *l, const char *name, size_t *comp)
{
    for (*comp = 0; *comp < l->C; ++*comp)
        if (str_eq(l->component[*comp], name))
            return true;
    return false;
}

/* Panels of a row share one range of logits, with zero in it. */
static void row_range(const struct chart *c, size_t comp, double *lo, double *hi)
{
    double room;

    *lo = *hi = 0;
    for (size_t s = 0; s < c->S; s++)
        for (size_t layer = 0; layer < c->lens->L; layer++)
            for (size_t t = 0; t <= c->lens->T; t++) {
                const struct cell *x = cell_at(c, s, comp, layer, t);
                double half = isfinite(x->se) ? 1.96 * x->se : 0;

                if (x->n) {
                    *lo = fmin(*lo, x->mean - half);
                    *hi = fmax(*hi, x->mean + half);
                }
            }
    room = *hi > *lo ? 0.05 * (*hi - *lo) : 1;
    *lo -= room;
    *hi += room;
}

static int put_caption(struct buf *gp, const struct chart *c, struct err *err)
{
    struct buf text = {0};
    const char *s;
    int code =
        buf_printf(&text, err, "Mean over queries; bands: 95 %% confidence (mean ± 1.96 s.e.%s)",
                   c->macro ? " of the mean of strata" : "");

    for (size_t k = 0; k < c->S && !code; k++) {
        size_t n = 0;

        for (size_t i = 0; i < c->lens->C * c->lens->L * (c->lens->T + 1); i++) {
            const struct cell *x = cell_at(c, k, 0, 0, 0) + i;

            n = x->n > n ? x->n : n;
        }
        code = buf_printf(&text, err, "%s%zu", k ? ", " : "; n = ", n);
    }
    if (!code && c->S > 1)
        code = buf_puts(&text, " for the steps from left to right", err);
    if (!code && c->lens->control)
        code = buf_puts(&text, "; grey: mean of the control tokens", err);
    s = code ? NULL : buf_str(&text, err);
    if (!s || buf_puts(gp, "set label 1 ", err) || gp_text(gp, s, err))
        code = err->code;
    else
        code = buf_puts(gp, " at screen 0.5,0.022 center font ',8'\n", err);
    buf_release(&text);
    return code;
}

/* How each target is drawn, as arrays that the panels' loops run through. */
static int put_styles(struct buf *gp, const struct lens *l, struct err *err)
{
    int code = buf_printf(gp, err,
                          "array target[%zu]\narray colour[%zu]\narray shape[%zu]\n"
                          "array size[%zu]\n",
                          l->T, l->T, l->T, l->T);

    for (size_t t = 0; t < l->T && !code; t++) {
        const struct figure_style *style = figure_style(l->target[t], t);

        if (buf_printf(gp, err, "target[%zu] = ", t + 1) || gp_field(gp, l->target[t], err))
            return err->code;
        code = buf_printf(gp, err, "; colour[%zu] = '%s'; shape[%zu] = %d; size[%zu] = %g\n", t + 1,
                          style->colour, t + 1, style->point, t + 1, style->size);
    }
    return code;
}

/* What all panels share. at() picks one line's values from the tidy table. */
static int put_head(struct buf *gp, const struct chart *c, const char *name, struct err *err)
{
    if (buf_printf(gp, err, "data = '%s.csv'\n", name) || put_styles(gp, c->lens, err) ||
        buf_puts(gp,
                 "at(s, c, t, v) = (column(2) == s && strcol(3) eq c && strcol(5) eq t) ? v : NaN\n"
                 "set style fill transparent solid 0.18 noborder\n"
                 "set border 3 linecolor '#404040'\n"
                 "set tics nomirror out scale 0.6\n"
                 "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.5\n"
                 "unset key\n",
                 err) ||
        buf_printf(gp, err, "set xrange [0.5:%zu.5]\n", c->lens->L) || put_caption(gp, c, err) ||
        buf_puts(gp, "set label 2 ", err) || gp_text(gp, c->title, err) ||
        buf_puts(gp, " at screen 0.5,0.965 center font ',11'\n", err))
        return err->code;
    return 0;
}

/* The bands first, then zero and the control, the targets on top. */
static int put_curves(struct buf *gp, const struct chart *c, int step, const char *component,
                      struct err *err)
{
    if (buf_printf(gp, err,
                   "s = %d; c = '%s'\n"
                   "plot for [i=1:|target|] data skip 1 using ($4 + 1)\\\n"
                   "    :(at(s, c, target[i], $6 - 1.96 * $7)):(at(s, c, target[i], $6 + 1.96 * "
                   "$7)) \\\n"
                   "    with filledcurves fillcolor rgb colour[i] notitle, \\\n"
                   "  0 with lines linecolor '#D55E00' dashtype (12,8) linewidth 0.8 notitle, \\\n",
                   step, component))
        return err->code;
    if (c->lens->control && buf_puts(gp,
                                     "  data skip 1 using ($4 + 1):(at(s, c, 'control', $6)) \\\n"
                                     "    with lines linecolor '#8c8c8c' linewidth 1 notitle, \\\n",
                                     err))
        return err->code;
    return buf_puts(gp,
                    "  for [i=1:|target|] data skip 1 using ($4 + 1):(at(s, c, target[i], $6)) \\\n"
                    "    with linespoints linecolor rgb colour[i] linewidth 1.2 \\\n"
                    "    pointtype shape[i] pointsize size[i] notitle\n",
                    err);
}

/* The key is a plot of its own, as wide as the page: in a panel it would be as narrow as that. */
static int put_key(struct buf *gp, const struct chart *c, double top, struct err *err)
{
    if (buf_printf(
            gp, err,
            "\nunset title; unset xlabel; unset ylabel; unset tics; unset border; unset grid\n"
            "set lmargin at screen 0; set rmargin at screen 1\n"
            "set key at screen 0.5,%.4f center horizontal Left reverse samplen 2.5 width -1\n"
            "plot for [i=1:|target|] NaN with linespoints linecolor rgb colour[i] \\\n"
            "    linewidth 1.2 pointtype shape[i] pointsize size[i] title target[i]",
            top))
        return err->code;
    if (c->lens->control &&
        buf_puts(gp,
                 ", \\\n  NaN with lines linecolor '#8c8c8c' linewidth 1 title 'control tokens'",
                 err))
        return err->code;
    return buf_puts(gp, "\nunset multiplot\n", err);
}

/* Where things stand on the page, in 1/96 inch. */
enum { LEFT = 60, RIGHT = 15, BELOW = 72, ABOVE = 100, KEY_ABOVE = 56, GAP = 22, ROW_GAP = 34 };

struct page {
    size_t rows, columns;
    int width, height;
};

static struct page page_of(size_t n_rows, size_t columns)
{
    struct page p = {n_rows, columns, 0, 0};
    size_t wide = columns > 1 ? columns : 2; /* the caption and the key want their width */

    p.width = LEFT + RIGHT + (int)wide * PANEL_WIDTH;
    p.height = ABOVE + BELOW + (int)n_rows * PANEL_HEIGHT;
    return p;
}

static int put_place(struct buf *gp, const struct page *p, size_t row, size_t column,
                     struct err *err)
{
    double w = (p->width - LEFT - RIGHT + GAP) / (double)p->columns;
    double h = (p->height - ABOVE - BELOW + ROW_GAP) / (double)p->rows;
    double left = LEFT + w * (double)column, top = p->height - ABOVE - h * (double)row;

    return buf_printf(gp, err,
                      "\nset lmargin at screen %.4f; set rmargin at screen %.4f\n"
                      "set tmargin at screen %.4f; set bmargin at screen %.4f\n",
                      left / p->width, (left + w - GAP) / p->width, top / p->height,
                      (top - h + ROW_GAP) / p->height);
}

/* Titles stand above the first row, the layer's label below the last, the logit's at the left. */
static int put_panel(struct buf *gp, const struct chart *c, const struct page *p, size_t row,
                     size_t s, const char *label, const char *component, struct err *err)
{
    bool titled = row == 0 && c->S > 1;

    if (put_place(gp, p, row, s, err) ||
        (titled ? buf_printf(gp, err, "set title 'step %d' offset 0,-0.5\n", c->step[s])
                : buf_puts(gp, "unset title\n", err)) ||
        buf_puts(gp,
                 row + 1 == p->rows ? "set xlabel 'layer (from 1)' offset 0,0.4\n"
                                    : "unset xlabel\n",
                 err))
        return err->code;
    if (s == 0 ? buf_printf(gp, err,
                            "set ylabel '%s: logit (nat)' offset 1,0\nset format y '%%g'\n", label)
               : buf_puts(gp, "unset ylabel\nset format y ''\n", err))
        return err->code;
    if (put_curves(gp, c, c->step[s], component, err))
        return err->code;
    return row + s == 0 ? buf_puts(gp, "unset label\n", err) : 0; /* title and caption stand once */
}

static int put_row_of_panels(struct buf *gp, const struct chart *c, const struct page *p,
                             size_t row, size_t kind, size_t comp, struct err *err)
{
    double lo, hi;

    row_range(c, comp, &lo, &hi);
    if (buf_printf(gp, err, "set yrange [%.6g:%.6g]\n", lo, hi))
        return err->code;
    for (size_t s = 0; s < c->S; s++)
        if (put_panel(gp, c, p, row, s, rows[kind].label, rows[kind].component, err))
            return err->code;
    return 0;
}

int decode_script(struct buf *gp, const struct figures *out, const struct chart *c,
                  const char *name, struct err *err)
{
    size_t comp[ROWS], kind[ROWS], n = 0;
    struct page p;

    for (size_t r = 0; r < ROWS; r++)
        if (find_component(c->lens, rows[r].component, &comp[n]))
            kind[n++] = r;
    if (!n)
        return err_set(err, ERR_CONFIG, "neither attn nor mlp is among its components");
    p = page_of(n, c->S);
    if (buf_printf(gp, err, "# gnuplot %s.gp\n", name) ||
        gp_head(gp, out, name, p.width, p.height, err) || put_head(gp, c, name, err) ||
        buf_puts(gp, "set multiplot\n", err))
        return err->code;
    for (size_t r = 0; r < n; r++)
        if (put_row_of_panels(gp, c, &p, r, kind[r], comp[r], err))
            return err->code;
    return put_key(gp, c, 1 - KEY_ABOVE / (double)p.height, err);
}
