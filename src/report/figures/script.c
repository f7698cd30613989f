/* The script of a chart: the page, its texts and where its panels stand. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"
#include "report/words.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

enum { NARROWEST = 560 }; /* title, key and caption want as much */

const enum statistic interval[INTERVAL] = {STAT_MEAN, STAT_LO, STAT_HI};

/* Panels ----------------------------------------------------------------------------------- */

size_t panel_cells(const struct chart *c)
{
    return c->n[SERIES] * c->n[DOWN] * c->n[ALONG];
}

void panel_cell(const struct chart *c, size_t row, size_t column, size_t i, size_t at[PLACES])
{
    chart_cell(c, (row * c->n[COLUMN] + column) * panel_cells(c) + i, at);
}

static bool is_drawn(const struct chart *c, size_t row, size_t column)
{
    size_t at[PLACES];

    for (size_t i = 0; i < panel_cells(c); i++) {
        panel_cell(c, row, column, i, at);
        if (isfinite(chart_value(c, &c->of->average[0], STAT_MEAN, at)))
            return true;
    }
    return false;
}

bool leads_row(const struct chart *c, size_t row, size_t column)
{
    for (size_t k = 0; k < column; k++)
        if (is_drawn(c, row, k))
            return false;
    return true;
}

static bool heads_column(const struct chart *c, size_t row, size_t column)
{
    for (size_t r = 0; r < row; r++)
        if (is_drawn(c, r, column))
            return false;
    return true;
}

static bool ends_column(const struct chart *c, size_t row, size_t column)
{
    for (size_t r = row + 1; r < c->n[ROW]; r++)
        if (is_drawn(c, r, column))
            return false;
    return true;
}

size_t field_of(const struct chart *c, enum place p)
{
    return 3 + (size_t)c->of->at[p];
}

size_t field_of_value(const struct chart *c, size_t value)
{
    return 3 + c->of->n_dims + INTERVAL * value;
}

void widen(struct range *r, double v)
{
    if (!isfinite(v))
        return;
    r->lo = fmin(r->lo, v);
    r->hi = fmax(r->hi, v);
}

struct range range_of(const struct chart *c, size_t row, size_t value, bool intervals)
{
    struct range r = {INFINITY, -INFINITY};
    size_t at[PLACES];

    for (size_t i = 0; i < c->n[COLUMN] * panel_cells(c); i++) {
        panel_cell(c, row, 0, i, at);
        for (size_t k = 0; k < (intervals ? INTERVAL : 1); k++)
            widen(&r, chart_value(c, &c->of->average[value], interval[k], at));
    }
    return r;
}

double count_of(const struct chart *c, size_t column, const size_t *down)
{
    struct range n = {INFINITY, -INFINITY};
    size_t at[PLACES];

    for (size_t r = 0; r < c->n[ROW]; r++)
        for (size_t i = 0; i < panel_cells(c); i++) {
            panel_cell(c, r, column, i, at);
            if (!down || at[DOWN] == *down)
                widen(&n, chart_value(c, &c->of->average[0], STAT_N, at));
        }
    return n.hi;
}

int tic_step(size_t n)
{
    return n <= 10 ? 1 : n <= 20 ? 2 : n <= 60 ? 5 : n <= 120 ? 10 : 100;
}

/* Text ------------------------------------------------------------------------------------- */

/* "answer 1 corrupted, step 2, n = 17" */
static int put_column_title(struct buf *gp, const struct chart *c, size_t column, struct err *err)
{
    struct arena a = {0};
    struct buf text = {0};
    int step = material_strata(c->of)[c->column[column].stratum].step;
    const char *s = NULL, *what = words_of(&a, chart_label(c, COLUMN, column), err);
    int code = what ? 0 : err->code;

    if (!code && *what)
        code = buf_printf(&text, err, "%s %s, ", what, c->of->figure.column_words);
    if (!code && step > 0)
        code = buf_printf(&text, err, "step %d, ", step);
    if (!code)
        code = buf_printf(&text, err, "n = %.0f", count_of(c, column, NULL));
    if (!code)
        s = buf_str(&text, err);
    if (!s || buf_puts(gp, "set title ", err) || gp_text(gp, s, err) ||
        buf_puts(gp, " offset 0,-0.5\n", err))
        code = err->code;
    buf_release(&text);
    arena_release(&a);
    return code;
}

/* Not with `bootstrap: 0`, nor where every stratum has a single item. */
static bool has_intervals(const struct chart *c)
{
    size_t at[PLACES];

    for (size_t i = 0; i < chart_cells(c); i++) {
        chart_cell(c, i, at);
        if (isfinite(chart_value(c, &c->of->average[0], STAT_LO, at)))
            return true;
    }
    return false;
}

/* What the intervals are, n, and what the figure has to say. */
static int caption(struct buf *text, const struct chart *c, struct err *err)
{
    static const char *const shown[] = {
        [LINES] = "; bands: ", [MAP] = "; in the CSV: ", [POINTS] = ", with "};
    const struct figure *f = &c->of->figure;

    if (buf_printf(text, err, "%s%sMean over n queries", f->note, *f->note ? ". " : "") ||
        (has_intervals(c) && buf_printf(text, err, "%s95 %% bootstrap intervals over %s",
                                        shown[c->of->form], c->of->unit)))
        return err->code;
    if (c->of->n_beside && c->of->form == POINTS &&
        buf_printf(text, err, "; dashed: %s", f->beside_words))
        return err->code;
    if (c->of->n_averages > c->of->n_values + c->of->n_beside &&
        buf_printf(text, err, "; dots: %s <= %g", f->mark, c->of->fdr))
        return err->code;
    for (int p = 0; p < PLACES; p++)
        if (c->left_out[p] &&
            buf_printf(text, err, "; %zu more of %s not shown", c->left_out[p],
                       p == COLUMN ? "the columns" : c->of->dim[c->of->at[p]].name))
            return err->code;
    return 0;
}

/* The line of `text` that fits on the page: up to its last space there. */
static size_t line_length(const char *text, int page_width)
{
    size_t n = strlen(text), most = (size_t)(page_width - 20) * 10 / 63; /* 6.3 for a letter */

    if (n <= most)
        return n;
    for (n = most; n > 1 && text[n] != ' ';)
        n--;
    return n;
}

static int put_line(struct buf *gp, const struct page *p, int label, const char *text, size_t n,
                    double y, int size, struct err *err)
{
    struct buf line = {0};
    const char *s = buf_put(&line, text, n, err) ? NULL : buf_str(&line, err);
    int code = !s || buf_printf(gp, err, "set label %d ", label) || gp_text(gp, s, err) ||
                       buf_printf(gp, err, " at screen 0.5,%.4f center font ',%d'\n",
                                  y / p->page_height, size)
                   ? err->code
                   : 0;

    buf_release(&line);
    return code;
}

static int put_texts(struct buf *gp, const struct page *p, struct err *err)
{
    const char *title = p->c->title, *s;
    struct buf text = {0};
    int code = caption(&text, p->c, err);

    s = code ? NULL : buf_str(&text, err);
    if (!s) {
        code = err->code;
    } else {
        size_t n = line_length(s, p->page_width);

        code = put_line(gp, p, 1, s, n, 28, 8, err) ||
                       (s[n] && put_line(gp, p, 2, s + n + 1, strlen(s + n + 1), 13, 8, err)) ||
                       put_line(gp, p, 3, title, strlen(title), p->page_height - 20, 11, err)
                   ? err->code
                   : 0;
    }
    buf_release(&text);
    return code;
}

/* The page --------------------------------------------------------------------------------- */

static const struct form_style *const styles[] = {
    [LINES] = &lines_style, [MAP] = &map_style, [POINTS] = &points_style};

static struct page page_of(const struct chart *c)
{
    const struct form_style *style = styles[c->of->form];
    struct page p = style->page;

    p.c = c;
    if (style->fit)
        style->fit(&p);
    p.page_width = p.left + p.right + (int)c->n[COLUMN] * (p.width + p.beside + p.gap) - p.gap;
    if (p.page_width < NARROWEST)
        p.page_width = NARROWEST;
    p.page_height = p.above + p.below + (int)c->n[ROW] * (p.height + p.row_gap) - p.row_gap;
    return p;
}

static int put_place(struct buf *gp, const struct page *p, size_t row, size_t column,
                     struct err *err)
{
    double left = p->left + (double)column * (p->width + p->beside + p->gap);
    double top = p->page_height - p->above - (double)row * (p->height + p->row_gap);
    double w = p->page_width, h = p->page_height;

    if (buf_printf(gp, err,
                   "\nset lmargin at screen %.4f; set rmargin at screen %.4f\n"
                   "set tmargin at screen %.4f; set bmargin at screen %.4f\n",
                   left / w, (left + p->width) / w, top / h, (top - p->height) / h))
        return err->code;
    if (p->c->of->form == LINES)
        return 0;
    if (p->c->of->form == MAP &&
        (buf_puts(gp, "set cblabel ", err) ||
         gp_text(gp, column + 1 == p->c->n[COLUMN] ? p->c->of->figure.value_label : "", err) ||
         buf_puts(gp, " offset -0.8,0\n", err)))
        return err->code;
    if (!p->beside && !(row == 0 && column + 1 == p->c->n[COLUMN]))
        return buf_puts(gp, "unset colorbox\n", err);
    return buf_printf(gp, err, "set colorbox user origin screen %.4f,%.4f size screen %.4f,%.4f\n",
                      (left + p->width + 6) / w, (top - p->height) / h, 8 / w, p->height / h);
}

static int put_row_name(struct buf *gp, const struct page *p, size_t row, struct err *err)
{
    const char *name = chart_label(p->c, ROW, row), *words, *text = NULL;
    const bool map = p->c->of->form == MAP;
    struct arena a = {0};
    int code = 0;

    words = words_of(&a, name, err);
    if (words)
        text = map ? words
                   : arena_printf(&a, err, "%s%s%s", words, *words ? ": " : "",
                                  p->c->of->figure.value_label);
    if (!text || buf_puts(gp, map ? "set label 9 " : "set ylabel ", err) || gp_text(gp, text, err))
        code = err->code;
    else if (map) /* at the page's edge, however long the names of roles are */
        code = buf_printf(
            gp, err, " at screen %.4f,%.4f center rotate by 90\n", 12.0 / p->page_width,
            (p->page_height - p->above - (double)row * (p->height + p->row_gap) - p->height / 2.0) /
                p->page_height);
    else
        code = buf_puts(gp, " offset 0.5,0\n", err);
    arena_release(&a);
    return code;
}

static int put_along_label(struct buf *gp, const struct chart *c, size_t row, size_t column,
                           struct err *err)
{
    if (!ends_column(c, row, column))
        return buf_puts(gp, "unset xlabel\n", err);
    return buf_puts(gp, "set xlabel ", err) || gp_text(gp, c->of->figure.along_label, err)
               ? err->code
               : buf_puts(gp, " offset 0,0.4\n", err);
}

static int put_panel(struct buf *gp, const struct page *p, size_t row, size_t column,
                     struct err *err)
{
    const struct chart *c = p->c;

    if (put_place(gp, p, row, column, err) ||
        (heads_column(c, row, column) ? put_column_title(gp, c, column, err)
                                      : buf_puts(gp, "unset title\n", err)) ||
        (leads_row(c, row, column) ? put_row_name(gp, p, row, err)
                                   : buf_puts(gp, "unset ylabel; unset label 9\n", err)) ||
        put_along_label(gp, c, row, column, err) ||
        buf_printf(gp, err, "first = %zu\n", (row * c->n[COLUMN] + column) * panel_cells(c)))
        return err->code;
    return styles[c->of->form]->panel(gp, p, row, column, err);
}

static int put_panels(struct buf *gp, const struct page *p, struct err *err)
{
    bool any = false;

    for (size_t r = 0; r < p->c->n[ROW]; r++)
        for (size_t k = 0; k < p->c->n[COLUMN]; k++) {
            if (!is_drawn(p->c, r, k))
                continue;
            if (put_panel(gp, p, r, k, err) || (!any && buf_puts(gp, "unset label\n", err)))
                return err->code; /* title and caption stand once */
            any = true;
        }
    return 0;
}

int chart_script(struct buf *gp, const char *format, const struct chart *c, struct err *err)
{
    struct page p = page_of(c);
    const enum form form = c->of->form;

    if (buf_printf(gp, err, "# gnuplot %s.gp\n", c->name) ||
        gp_head(gp, format, c->name, p.page_width, p.page_height, err) ||
        buf_printf(gp, err,
                   "# a panel's numbers stand in the table from line `first` on\n"
                   "data = '%s.csv'\n",
                   c->name) ||
        buf_puts(gp,
                 "set border 3 linecolor '#404040'\nset tics nomirror out scale 0.6\nunset key\n",
                 err) ||
        put_texts(gp, &p, err) || styles[form]->head(gp, &p, err) ||
        buf_puts(gp, "set multiplot\n", err) || put_panels(gp, &p, err) ||
        (styles[form]->end && styles[form]->end(gp, &p, err)) ||
        buf_puts(gp, "\nunset multiplot\n", err))
        return err->code;
    return 0;
}
