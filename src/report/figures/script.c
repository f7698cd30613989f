/* The script of a chart: its texts, and its panels where the page has them. */
#include "base/str.h"
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Labels ----------------------------------------------------------------------------------- */

enum align { LEFT, CENTRE, UPRIGHT, TITLE };

/* n bytes of a text, their middle line at y; CENTRE, UPRIGHT: their middle at x, y. */
static void put_label(struct buf *gp, const struct page *p, const char *s, size_t n, double x,
                      double y, enum align align, const char *more, struct err *err)
{
    static const char *const words[] = {
        [LEFT] = "left", [CENTRE] = "center", [UPRIGHT] = "center rotate by 90", [TITLE] = "left"};
    struct arena a = {0};
    const char *line = arena_strndup(&a, s, n, err);

    buf_puts(gp, "set label ", err);
    gp_text(gp, line ? line : "", err);
    buf_printf(gp, err, " at screen %.4f,%.4f %s%s\n", x / p->width, 1 - y / p->height,
               words[align], more);
    arena_release(&a);
}

/* A text in lines of a width, the first at x, y; upright ones stand side by side. TITLE: large. */
static void put_text(struct buf *gp, const struct page *p, const char *s, double width, double x,
                     double y, enum align align, const char *more, struct err *err)
{
    while (*s) {
        size_t n = gp_line(s, width, align == TITLE ? GP_LARGE : GP_SMALL);

        put_label(gp, p, s, n, x, y, align, more, err);
        s = gp_next_line(s, n);
        if (align == UPRIGHT)
            x += GP_LINE;
        else
            y += align == TITLE ? GP_TITLE : GP_LINE;
    }
}

/* Texts of the page ------------------------------------------------------------------------ */

static void put_left_out(struct buf *text, const struct chart *c, struct err *err)
{
    for (int p = 0; p < PLACES; p++)
        if (c->left_out[p])
            buf_printf(text, err, "; %zu more %ss not shown", c->left_out[p],
                       p == COLUMN ? "column" : c->of->dim[c->of->at[p]].name);
}

/* Of a map: cells without a value, and what dots are. */
static void put_cells(struct buf *text, const struct chart *c, struct err *err)
{
    const size_t marked = c->of->n_values + c->of->n_beside, cells = chart_cells(c);
    bool dots = false, grey = false;
    size_t at[PLACES];

    for (size_t i = 0; i < cells; i++) {
        chart_cell(c, i, at);
        grey |= isnan(chart_value(c, &c->of->average[0], STAT_MEAN, at));
        dots |= marked < c->of->n_averages &&
                chart_value(c, &c->of->average[marked], STAT_MEAN, at) <= c->of->fdr;
    }
    if (grey && !strstr(c->of->figure.note, "grey"))
        buf_puts(text, "; grey: no value", err);
    if (marked < c->of->n_averages)
        buf_printf(text, err, "; %s %s <= %g", dots ? "dots:" : "no cell has", c->of->figure.mark,
                   c->of->fdr);
}

/* What the intervals are, n, and what the figure has to say. */
static void put_caption(struct buf *text, const struct chart *c, struct err *err)
{
    static const char *const shown[] = {[LINES] = "; bands: ",
                                        [MAP] = "; in the CSV: ",
                                        [POINTS] = "; grey: ",
                                        [INTERVALS] = "; bars: ",
                                        [GRAPH] = "; in the CSV: "};
    const struct figure *f = &c->of->figure;
    const struct stratum_info *s = &material_strata(c->of)[c->stratum_of[0]];

    buf_puts(text, f->note, err);
    if (stratum_of_model(s))
        return;
    buf_printf(text, err, "%sMean %sover ", *f->note ? ". " : "",
               s->template >= 0 ? ""
               : *s->dataset    ? "of the templates' means, "
                                : "of the datasets' means, ");
    if (c->n[COLUMN] == 1)
        buf_printf(text, err, "%.0f %s", count_of(c, 0, NULL),
                   str_noun(count_of(c, 0, NULL), "query", "queries"));
    else
        buf_puts(text, "n queries", err);
    if (has_values(c, STAT_LO, 0, chart_cells(c))) /* else every stratum has a single item */
        buf_printf(text, err, "%s95 %% intervals over %s", shown[c->of->form], c->of->unit);
    if (c->of->form == GRAPH)
        buf_printf(text, err, "; thickest: %.3g", graph_most(c));
    if (c->of->n_beside && c->of->form == POINTS)
        buf_printf(text, err, "; dashed: %s", f->beside_words);
    if (c->of->form == MAP)
        put_cells(text, c, err);
    put_left_out(text, c, err);
}

/* A sample and a name for each of the series, below the title. */
static void put_key(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;
    const double top = 14 + GP_TITLE * (double)gp_lines(c->title, p->width - 8, GP_LARGE);

    for (size_t i = 0; i < c->n[SERIES]; i++) {
        const char *s = chart_words(c, SERIES, i);
        const struct gp_style *style = gp_style(chart_label(c, SERIES, i), i);
        double x, y = top + GP_LINE * (double)key_place(p, i, &x);
        char point[96];

        x += 4;
        snprintf(point, sizeof point, " point pointtype %d pointsize %g linecolor rgb '%s'",
                 style->point, style->size, style->colour);
        buf_printf(gp, err,
                   "set arrow from screen %.4f,%.4f to screen %.4f,%.4f nohead linewidth 1.2 "
                   "linecolor rgb '%s'\n",
                   x / p->width, 1 - y / p->height, (x + KEY_SAMPLE - 6) / p->width,
                   1 - y / p->height, style->colour);
        put_label(gp, p, "", 0, x + (KEY_SAMPLE - 6) / 2.0, y, LEFT, point, err);
        put_label(gp, p, s, strlen(s), x + KEY_SAMPLE, y, LEFT, "", err);
    }
}

/* With the first panel: they stand once. */
static void put_page_texts(struct buf *gp, const struct page *p, const char *caption,
                           struct err *err)
{
    const double lines = (double)gp_lines(caption, p->width - 8, GP_SMALL);
    char font[16];

    snprintf(font, sizeof font, " font ',%d'", GP_LARGE);
    put_text(gp, p, p->c->title, p->width - 8, 4, 12, TITLE, font, err);
    if (style_of(p->c)->key && p->c->of->at[SERIES] >= 0)
        put_key(gp, p, err);
    put_text(gp, p, caption, p->width - 8, 4, p->height - GP_LINE * lines + 4, LEFT,
             " textcolor rgb '#404040'", err);
}

/* A panel ---------------------------------------------------------------------------------- */

void put_entries(struct buf *gp, const char *axis, const struct chart *c, enum place p,
                 double length, bool names, struct err *err)
{
    const struct entry_names named = entry_names(c, p, length);

    buf_printf(gp, err, "set %s (", axis);
    for (size_t i = 0; i < c->n[p]; i++)
        if (entry_named(&named, i))
            gp_tic(gp, names ? chart_words(c, p, i) : "", i, err);
    buf_puts(gp, ")\n", err);
}

void put_series(struct buf *gp, const struct chart *c, struct err *err)
{
    const size_t n = c->n[SERIES];

    buf_printf(gp, err, "array colour[%zu]\narray shape[%zu]\narray size[%zu]\n", n, n, n);
    for (size_t i = 0; i < n; i++) {
        const struct gp_style *style = gp_style(chart_label(c, SERIES, i), i);

        buf_printf(gp, err, "colour[%zu] = '%s'; shape[%zu] = %d; size[%zu] = %g\n", i + 1,
                   style->colour, i + 1, style->point, i + 1, style->size);
    }
}

static void put_bar(struct buf *gp, const struct page *p, const struct panel *at, struct err *err)
{
    if (!at->bar || p->bar <= 0)
        buf_puts(gp, "unset colorbox\n", err);
    else
        buf_printf(gp, err, "set colorbox user origin screen %.4f,%.4f size screen %.4f,%.4f\n",
                   (at->x + p->panel_width + 6) / p->width,
                   1 - (at->y + p->panel_height) / p->height, 7 / p->width,
                   p->panel_height / p->height);
}

static void put_margins(struct buf *gp, const struct page *p, const struct panel *at,
                        struct err *err)
{
    buf_printf(gp, err,
               "\nunset label; unset arrow\n"
               "set lmargin at screen %.4f; set rmargin at screen %.4f\n"
               "set tmargin at screen %.4f; set bmargin at screen %.4f\n",
               at->x / p->width, (at->x + p->panel_width) / p->width, 1 - at->y / p->height,
               1 - (at->y + p->panel_height) / p->height);
}

/* The names beside a panel: of its row, of its axis, of its colours. */
static void put_sides(struct buf *gp, const struct page *p, const struct panel *at, struct err *err)
{
    const char *row = chart_words(p->c, ROW, at->row), *colours = bar_label(p->c);
    const double y = at->y + p->panel_height / 2, long_side = p->panel_height + 8;
    const double side = at->x - p->scale - GP_LINE * (double)gp_lines(p->side, long_side, GP_SMALL);
    bool ends = p->bar > 0;

    for (size_t i = 0; i < p->n; i++) /* the last of its line has the name of the colours */
        ends &= !(p->panel[i].y == at->y && p->panel[i].x > at->x);
    if (at->first && p->names > 0)
        put_label(gp, p, row, strlen(row), side - p->names + 6, y, UPRIGHT, "", err);
    if (at->first)
        put_text(gp, p, p->side, long_side, side + 5, y, UPRIGHT, "", err);
    if (ends)
        put_text(gp, p, colours, long_side, at->x + p->panel_width + p->bar + 6, y, UPRIGHT, "",
                 err);
}

static void put_panel(struct buf *gp, struct page *p, const struct panel *at, struct err *err)
{
    const double middle = at->x + p->panel_width / 2, room = p->panel_width + p->gap / 2;
    const double beneath = at->y + p->panel_height + 20 + p->upright;
    const char *title = panel_title(p, at->row, at->column, err);

    put_sides(gp, p, at, err);
    put_bar(gp, p, at, err);
    if (title && at->titled)
        put_text(gp, p, title, room, middle,
                 at->y + 4 - GP_LINE * (double)gp_lines(title, room, GP_SMALL), CENTRE, "", err);
    if (at->lowest)
        put_text(gp, p, p->c->of->axis[ALONG], room, middle, beneath + 1, CENTRE, "", err);
    buf_printf(gp, err, "first = %zu\n", panel_first(p->c, at->row, at->column));
    style_of(p->c)->panel(gp, p, at, err);
}

/* The page --------------------------------------------------------------------------------- */

const struct form_style *style_of(const struct chart *c)
{
    static const struct form_style *const styles[] = {[LINES] = &lines_style,
                                                      [MAP] = &map_style,
                                                      [POINTS] = &points_style,
                                                      [INTERVALS] = &intervals_style,
                                                      [GRAPH] = &graph_style};

    return styles[c->of->form];
}

static void put_head(struct buf *gp, const struct gallery *out, const struct page *p,
                     struct err *err)
{
    const char *name = p->c->name;

    buf_printf(gp, err, "# gnuplot %s.gp\n", name);
    gp_head(gp, out->format, name, p->width, p->height, err);
    buf_printf(gp, err,
               "# a panel's numbers stand in the table from line `first` on\n"
               "data = '%s.csv'\n"
               "set border 3 linecolor '#404040' linewidth 0.7\n"
               "set tics nomirror out scale 0.4\nset format '%%g'\nunset key\n",
               name);
    style_of(p->c)->head(gp, p, err);
}

static void put_page(struct buf *gp, const struct gallery *out, struct page *p, const char *caption,
                     struct err *err)
{
    put_head(gp, out, p, err);
    buf_puts(gp, "set multiplot\n", err);
    for (size_t i = 0; i < p->n; i++) {
        put_margins(gp, p, &p->panel[i], err);
        if (i == 0)
            put_page_texts(gp, p, caption, err);
        put_panel(gp, p, &p->panel[i], err);
    }
    buf_puts(gp, "\nunset multiplot\n", err);
}

int chart_height(const struct chart *c, double width, double *height, struct err *err)
{
    struct page p = {0};
    int code = page_open(&p, c, "", width, err);

    *height = p.height;
    page_close(&p);
    return code;
}

int chart_script(struct buf *gp, const struct gallery *out, const struct chart *c, struct err *err)
{
    struct buf caption = {0};
    struct page p = {0};

    put_caption(&caption, c, err);
    if (buf_str(&caption, err) && !page_open(&p, c, caption.data, out->width, err))
        put_page(gp, out, &p, caption.data, err);
    page_close(&p);
    buf_release(&caption);
    return err->code;
}
