/* Where the panels of a chart stand. */
#include "report/figures/page.h"

#include "report/figures/gnuplot.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

const enum statistic interval[INTERVAL] = {STAT_MEAN, STAT_LO, STAT_HI};

/* Cells ------------------------------------------------------------------------------------ */

size_t panel_cells(const struct chart *c)
{
    return c->n[SERIES] * c->n[DOWN] * c->n[ALONG];
}

size_t panel_first(const struct chart *c, size_t row, size_t column)
{
    return (row * c->n[COLUMN] + column) * panel_cells(c);
}

void panel_cell(const struct chart *c, size_t row, size_t column, size_t i, size_t at[PLACES])
{
    chart_cell(c, panel_first(c, row, column) + i, at);
}

bool has_values(const struct chart *c, enum statistic what, size_t first, size_t n)
{
    size_t at[PLACES];

    for (size_t i = first; i < first + n; i++) {
        chart_cell(c, i, at);
        if (isfinite(chart_value(c, &c->of->average[0], what, at)))
            return true;
    }
    return false;
}

size_t field_of(const struct chart *c, enum place p)
{
    return 3 + (size_t)c->of->at[p];
}

size_t field_of_value(const struct chart *c, size_t value)
{
    return 3 + c->of->n_dims + INTERVAL * value;
}

/* Ranges ----------------------------------------------------------------------------------- */

void range_widen(struct range *r, double v)
{
    if (!isfinite(v))
        return;
    r->lo = fmin(r->lo, v);
    r->hi = fmax(r->hi, v);
}

/* The row of the whole that a parted chart's row is. */
static size_t row_of_whole(const struct chart *c, size_t row)
{
    size_t i = 0;

    while (c->whole->entry[ROW][i] != c->entry[ROW][row])
        i++;
    return i;
}

struct range range_of(const struct chart *c, size_t row, size_t value, bool intervals)
{
    struct range r = {INFINITY, -INFINITY};
    const size_t cells = c->n[COLUMN] * panel_cells(c);
    const bool all = c->of->figure.compare != NULL;
    size_t at[PLACES];

    if (c->whole)
        return range_of(c->whole, row_of_whole(c, row), value, intervals);
    for (size_t i = all ? 0 : row * cells; i < (all ? c->n[ROW] : row + 1) * cells; i++) {
        chart_cell(c, i, at);
        for (size_t k = 0; k < (intervals ? INTERVAL : 1); k++)
            range_widen(&r, chart_value(c, &c->of->average[value], interval[k], at));
    }
    return r;
}

struct range axis_range(const struct chart *c, size_t row)
{
    struct range r = range_of(c, row, 0, true);
    double room;

    range_widen(&r, 0);
    room = r.hi > r.lo ? 0.05 * (r.hi - r.lo) : 1;
    return (struct range){r.lo - room, r.hi + room};
}

double count_of(const struct chart *c, size_t column, const size_t *down)
{
    struct range n = {INFINITY, -INFINITY};
    size_t at[PLACES];

    for (size_t r = 0; r < c->n[ROW]; r++)
        for (size_t i = 0; i < panel_cells(c); i++) {
            panel_cell(c, r, column, i, at);
            if (!down || at[DOWN] == *down)
                range_widen(&n, chart_value(c, &c->of->average[0], STAT_N, at));
        }
    return n.hi;
}

double round_step(struct range r, int n)
{
    const double step = (r.hi - r.lo) / n, power = pow(10, floor(log10(step)));

    if (!(step > 0) || !isfinite(step))
        return 1;
    return power * (step < 1.5 * power ? 1 : step < 3.5 * power ? 2 : step < 7.5 * power ? 5 : 10);
}

double numbers_width(struct range r, double step)
{
    double widest = 0;

    for (int i = 0; i <= 10; i++) {
        const double v = step * (ceil(r.lo / step) + i);
        char text[32];

        if (v > r.hi)
            break;
        snprintf(text, sizeof text, "%g", v);
        widest = fmax(widest, gp_small_width(text));
    }
    return widest;
}

double fitting_step(struct range r, double length)
{
    for (int n = 5; n > 1; n--) {
        const double step = round_step(r, n);

        if ((numbers_width(r, step) + 6) * (r.hi - r.lo) / step <= length)
            return step;
    }
    return round_step(r, 1);
}

double entry_width(const struct chart *c, enum place p, size_t i)
{
    return p == DOWN ? GP_LINE : gp_small_width(chart_words(c, p, i));
}

static bool is_number(const struct chart *c, enum place p, size_t i)
{
    return isdigit((unsigned char)*chart_words(c, p, i));
}

/* The entries from `begin` on that are numbers, or all from 0 if none is: the least step at which
   n names as wide as the widest have room. */
struct entry_names entry_names(const struct chart *c, enum place p, double length)
{
    static const size_t steps[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};
    double widest = 0;
    size_t begin = 0, i = 0;

    while (begin < c->n[p] && !is_number(c, p, begin))
        begin++;
    begin %= c->n[p];
    for (size_t k = 0; k < c->n[p]; k++)
        if (is_number(c, p, k) == is_number(c, p, begin))
            widest = fmax(widest, entry_width(c, p, k));
    for (; i + 1 < sizeof steps / sizeof *steps; i++) {
        const size_t named = (c->n[p] + steps[i] - 1) / steps[i];

        if ((widest + 6) * (double)named <= length)
            break;
    }
    return (struct entry_names){c, p, length / (double)c->n[p], begin, steps[i]};
}

bool entry_named(const struct entry_names *names, size_t i)
{
    const struct chart *c = names->c;
    const enum place p = names->p;
    const size_t begin = names->begin;

    if (is_number(c, p, i) != is_number(c, p, begin))
        return true;
    for (size_t k = 0; k < c->n[p]; k++)
        if (is_number(c, p, k) != is_number(c, p, begin) &&
            fabs((double)i - (double)k) * names->each <
                (entry_width(c, p, i) + entry_width(c, p, k)) / 2 + 6)
            return false;
    return i >= begin && (i - begin) % names->step == 0;
}

/* Panels ----------------------------------------------------------------------------------- */

const char *panel_title(struct page *p, size_t row, size_t column, struct err *err)
{
    struct buf b = {0};
    const char *s = NULL;

    if (p->flows)
        return chart_words(p->c, ROW, row);
    chart_column_words(p->c, column, &b, err);
    buf_printf(&b, err, "n\u00a0=\u00a0%.0f", count_of(p->c, column, NULL));
    if (buf_str(&b, err))
        s = arena_strdup(&p->arena, b.data, err);
    buf_release(&b);
    return s;
}

static int find_panels(struct page *p, struct err *err)
{
    const struct chart *c = p->c;

    p->panel = arena_alloc(&p->arena, c->n[ROW] * c->n[COLUMN], sizeof *p->panel, err);
    for (size_t r = 0; p->panel && r < c->n[ROW]; r++)
        for (size_t k = 0; k < c->n[COLUMN]; k++)
            if (has_values(c, STAT_MEAN, panel_first(c, r, k), panel_cells(c)))
                p->panel[p->n++] = (struct panel){.row = r, .column = k};
    return p->panel ? 0 : err->code;
}

/* No more than `most`, and a number that fills all lines where that takes few lines: 1 does. */
static size_t fill_lines(size_t n, size_t most)
{
    enum { FEW = 4 };

    for (size_t across = most; n / across <= FEW; across--)
        if (n % across == 0)
            return across;
    return most;
}

/* As many panels across as there is room for, and as evenly as can be. */
static void set_across(struct page *p)
{
    const size_t n = p->flows ? p->n : p->c->n[COLUMN];
    const double gap = p->gap + (p->bars ? p->bar : 0) + (p->scales ? p->scale : 0);
    const double room = p->width - p->left - p->right;
    size_t lines;

    p->across = (size_t)fmax(1, (room + gap) / (p->least + gap));
    p->across = p->across < n ? p->across : n;
    lines = (n + p->across - 1) / p->across;
    p->across = (n + lines - 1) / lines;
    if (p->flows)
        p->across = fill_lines(n, p->across);
    lines = (n + p->across - 1) / p->across;
    p->lines = p->flows ? lines : lines * p->c->n[ROW];
    p->gap = gap;
    p->panel_width = fmin(p->most, (room - (double)(p->across - 1) * gap) / (double)p->across);
    if (p->square)
        p->panel_height = p->panel_width;
}

/* Which line and which place in it. */
static void slot_of(const struct page *p, size_t i, size_t *line, size_t *slot)
{
    const struct panel *at = &p->panel[i];
    const size_t per_row = (p->c->n[COLUMN] + p->across - 1) / p->across;

    *line = p->flows ? i / p->across : at->row * per_row + at->column / p->across;
    *slot = (p->flows ? i : at->column) % p->across;
}

/* What stands around a panel follows from which ones stand beside it. */
static void set_neighbours(struct page *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct panel *at = &p->panel[i];
        size_t line, slot, other, place;

        slot_of(p, i, &line, &slot);
        at->first = at->bar = at->lowest = at->titled = true;
        for (size_t k = 0; k < p->n; k++) {
            slot_of(p, k, &other, &place);
            at->first &= !(other == line && place < slot);
            at->bar &= p->bars || !(other == line && place > slot);
            at->lowest &= !(place == slot && other > line);
            at->titled &=
                p->flows || p->across < p->c->n[COLUMN] || !(place == slot && other < line);
        }
    }
}

static int set_titles(struct page *p, struct err *err)
{
    const double room = p->panel_width + (p->scales || p->bars ? 0 : p->gap / 2);

    for (size_t i = 0; i < p->n; i++) {
        const char *s = panel_title(p, p->panel[i].row, p->panel[i].column, err);
        size_t n = s ? gp_lines(s, room, GP_SMALL) : 0;

        if (!s)
            return err->code;
        p->title_lines = n > p->title_lines && p->panel[i].titled ? n : p->title_lines;
    }
    return 0;
}

/* All lines of panels are equally far apart where each may have titles or the axis' name. */
static void set_places(struct page *p)
{
    const double title = GP_LINE * (double)p->title_lines + (p->title_lines ? 2 : 0);
    const bool each = p->flows || p->across < p->c->n[COLUMN];
    const double used = (double)p->across * (p->panel_width + p->gap) - p->gap;
    const double middle = fmax(0, (p->width - p->left - p->right - used) / 2);

    p->left += middle;
    for (size_t i = 0; i < p->n; i++) {
        size_t line, slot;

        slot_of(p, i, &line, &slot);
        p->panel[i].x = p->left + (double)slot * (p->panel_width + p->gap);
        p->panel[i].y =
            p->above + title + (double)line * (p->panel_height + p->line_gap + (each ? title : 0));
    }
    p->height = p->above + title + p->below +
                (double)p->lines * (p->panel_height + p->line_gap + (each ? title : 0)) -
                p->line_gap - (each ? title : 0);
}

const char *bar_label(const struct chart *c)
{
    return c->of->form == POINTS ? c->of->axis[DOWN] : c->of->figure.value_label;
}

/* The page --------------------------------------------------------------------------------- */

size_t key_place(const struct page *p, size_t i, double *x)
{
    const struct chart *c = p->c;
    size_t line = 0;

    *x = 0;
    for (size_t k = 0;; k++) {
        double width = KEY_SAMPLE + gp_small_width(chart_words(c, SERIES, k));

        if (*x > 0 && *x + width > p->width - 8) {
            *x = 0;
            line++;
        }
        if (k == i)
            return line;
        *x += width + KEY_GAP;
    }
}

/* The names of rows stand upright at the left edge, and the panels are not lower than they. */
static void fit_names(struct page *p)
{
    for (size_t r = 0; r < p->c->n[ROW] && !p->flows; r++) {
        const char *s = chart_words(p->c, ROW, r);

        if (!*s)
            continue;
        p->names = GP_LINE + 2;
        p->panel_height = fmax(p->panel_height, gp_small_width(s) + 4);
    }
}

/* Is there a panel below which nothing stands, though its line is not the last? */
static bool has_hole(const struct page *p)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t line, slot;

        slot_of(p, i, &line, &slot);
        if (p->panel[i].lowest && line + 1 < p->lines)
            return true;
    }
    return false;
}

int page_open(struct page *p, const struct chart *c, const char *caption, double width,
              struct err *err)
{
    const struct form_style *style = style_of(c);
    const bool key = style->key && c->of->at[SERIES] >= 0;
    double x, name;

    *p = (struct page){.c = c, .width = width, .side = "", .gap = 10};
    p->flows = c->n[COLUMN] == 1;
    if (find_panels(p, err))
        return err->code;
    style->fit(p, err);
    fit_names(p);
    p->left = 4 + p->names + GP_LINE * (double)gp_lines(p->side, p->panel_height + 8, GP_SMALL) +
              p->scale;
    p->right += 6 + p->bar;
    if (p->bar > 0)
        p->right += GP_LINE * (double)gp_lines(bar_label(c), p->panel_height + 8, GP_SMALL);
    set_across(p);
    set_neighbours(p);
    if (set_titles(p, err))
        return err->code;
    name = GP_LINE * (double)gp_lines(c->of->axis[ALONG], p->panel_width + p->gap / 2, GP_SMALL);
    p->line_gap = 24 + p->upright + (has_hole(p) ? name : 0);
    p->above = 8 + GP_TITLE * (double)gp_lines(c->title, width - 8, GP_LARGE) +
               (key ? GP_LINE * (double)(key_place(p, c->n[SERIES] - 1, &x) + 1) + 6 : 4);
    p->below = 24 + p->upright + name + GP_LINE * (double)gp_lines(caption, width - 8, GP_SMALL);
    set_places(p);
    return 0;
}

void page_close(struct page *p)
{
    arena_release(&p->arena);
}
