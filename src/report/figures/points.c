/* Panels of points, one for each head. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include <math.h>

#define EDGE 0.04 /* of the range, around it: the points at zero are seen whole */
enum { LABELS_MAX = 8, LABEL_HEIGHT = 11, POINT_SIZE = 4 };

/* A head's name beside its point, in 1/96 inch from the panel's lower left corner. */
struct tag {
    size_t cell;
    double x, y, width; /* middle */
};

/* Both axes have the same range in all panels, a whole number of tens of percent. */
static double share_range(const struct chart *c)
{
    double most = 0;

    for (size_t r = 0; r < c->n[ROW]; r++)
        for (size_t v = 0; v < c->of->n_values + c->of->n_beside; v++)
            most = fmax(most, 100 * range_of(c, r, v, false).hi);
    return fmin(100, fmax(10, 10 * ceil(most / 10 + 1e-9)));
}

/* A share of the range as a share of the panel, and back. */
static double inside(double x)
{
    return (x + EDGE) / (1 + 2 * EDGE);
}

static double outside(double x)
{
    return x * (1 + 2 * EDGE) - EDGE;
}

/* Where the point of a cell is; a name there would be so wide. */
static struct tag tag_of(const struct page *p, const struct panel *on, size_t cell, double most)
{
    const struct chart *c = p->c;
    size_t at[PLACES];
    double v[2];

    panel_cell(c, on->row, on->column, cell, at);
    for (size_t i = 0; i < 2; i++)
        v[i] = inside(100 * chart_value(c, &c->of->average[i], STAT_MEAN, at) / most);
    return (struct tag){cell, p->panel_width * v[0], p->panel_height * v[1],
                        4 + gp_small_width(chart_words(c, DOWN, at[DOWN])) +
                            gp_small_width(chart_words(c, ALONG, at[ALONG]))};
}

/* Does a box of a size about a middle overlap the name? */
static bool covers(const struct tag *t, const struct tag *box, double width, double height)
{
    return fabs(t->x - box->x) < (t->width + width) / 2 &&
           fabs(t->y - box->y) < (LABEL_HEIGHT + height) / 2;
}

/* Inside the panel, on no other name and on no point. */
static bool is_free(const struct page *p, const struct panel *on, double most, const struct tag *t,
                    const struct tag *placed, size_t n)
{
    if (t->x - t->width / 2 < 0 || t->x + t->width / 2 > p->panel_width || t->y < 6 ||
        t->y > p->panel_height - 6)
        return false;
    for (size_t i = 0; i < n; i++)
        if (covers(t, &placed[i], placed[i].width + 6, LABEL_HEIGHT))
            return false;
    for (size_t i = 0; i < panel_cells(p->c); i++) {
        const struct tag point = tag_of(p, on, i, most);

        if (covers(t, &point, POINT_SIZE, POINT_SIZE))
            return false;
    }
    return true;
}

/* Beside its point, above or below, where nothing else is; false = nowhere. */
static bool find_room(const struct page *p, const struct panel *on, double most, struct tag *t,
                      const struct tag *placed, size_t n)
{
    const double side = t->width / 2 + 4, x = t->x, y = t->y;
    const double move[][2] = {{side, 8}, {side, -8}, {-side, 8}, {-side, -8},
                              {side, 0}, {-side, 0}, {0, 10},    {0, -10}};

    for (size_t k = 0; k < sizeof move / sizeof *move; k++) {
        t->x = x + move[k][0];
        t->y = y + move[k][1];
        if (is_free(p, on, most, t, placed, n))
            return true;
    }
    return false;
}

/* The strongest head of a panel that is weaker than `than`, or as strong and comes later. */
static bool next_strongest(const struct chart *c, size_t row, size_t column, double *than,
                           size_t *cell)
{
    double best = -1;
    size_t at[PLACES], from = *cell, found = 0;

    for (size_t i = 0; i < panel_cells(c); i++) {
        double v;

        panel_cell(c, row, column, i, at);
        v = fmax(chart_value(c, &c->of->average[0], STAT_MEAN, at),
                 chart_value(c, &c->of->average[1], STAT_MEAN, at));
        if (v > best && (v < *than || (v == *than && i > from))) {
            best = v;
            found = i;
        }
    }
    *than = best;
    *cell = found;
    return best > 0;
}

static size_t place_tags(const struct page *p, const struct panel *on, double most,
                         struct tag tag[LABELS_MAX])
{
    double than = INFINITY;
    size_t cell = 0, n = 0;

    for (int tries = 0; tries < 2 * LABELS_MAX && n < LABELS_MAX; tries++) {
        if (!next_strongest(p->c, on->row, on->column, &than, &cell))
            break;
        tag[n] = tag_of(p, on, cell, most);
        n += find_room(p, on, most, &tag[n], tag, n);
    }
    return n;
}

/* The mean over heads of what they would have by chance: hardly any differs from it. */
static void put_chance(struct buf *gp, const struct chart *c, size_t row, size_t column,
                       struct err *err)
{
    double mean[VALUES_MAX] = {0};
    size_t at[PLACES], n = 0;

    for (size_t i = 0; i < panel_cells(c) && c->of->n_beside > 1; i++) {
        double x, y;

        panel_cell(c, row, column, i, at);
        x = chart_value(c, &c->of->average[c->of->n_values], STAT_MEAN, at);
        y = chart_value(c, &c->of->average[c->of->n_values + 1], STAT_MEAN, at);
        if (!isfinite(x) || !isfinite(y))
            continue;
        mean[0] += x;
        mean[1] += y;
        n++;
    }
    if (n)
        buf_printf(gp, err,
                   "set arrow 1 from %.4g,0 to %.4g,most nohead back dashtype (8,6) linecolor "
                   "'#707070' linewidth 0.8\n"
                   "set arrow 2 from 0,%.4g to most,%.4g nohead back dashtype (8,6) linecolor "
                   "'#707070' linewidth 0.8\n",
                   100 * mean[0] / (double)n, 100 * mean[0] / (double)n, 100 * mean[1] / (double)n,
                   100 * mean[1] / (double)n);
}

static void points_head(struct buf *gp, const struct page *p, struct err *err)
{
    const struct chart *c = p->c;
    const double most = share_range(c), edge = EDGE * most;
    const double step = fitting_step((struct range){0, most}, p->panel_width);

    buf_printf(gp, err,
               "most = %g\nset xrange [%g:%g]\nset yrange [%g:%g]\n"
               "set xtics %g offset 0,0.4\nset ytics %g offset 0.6,0\n"
               "set style textbox opaque fillcolor '#ffffff' noborder margins 0.2,0.2\n"
               "set jitter overlap 0.1 spread 0.3 wrap 1\n"
               "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 "
               "'#b5de2b')\nset cbrange [0:%zu]\n",
               most, -edge, most + edge, -edge, most + edge, step, step,
               c->n[DOWN] > 1 ? c->n[DOWN] - 1 : 1);
    put_entries(gp, "cbtics", c, DOWN, p->panel_height, true, err);
    buf_puts(gp, "set cbtics scale 0.3 offset -0.8,0\n", err);
}

/* "3.5" beside the head 5 of layer 3. */
static void put_tag(struct buf *gp, const struct page *p, const struct tag *t,
                    const size_t at[PLACES], double most, struct err *err)
{
    struct arena a = {0};
    const char *name = arena_printf(&a, err, "%s.%s", chart_words(p->c, DOWN, at[DOWN]),
                                    chart_words(p->c, ALONG, at[ALONG]));

    buf_puts(gp, "set label ", err);
    gp_text(gp, name ? name : "", err);
    buf_printf(gp, err, " at %.4g,%.4g center front boxed\n", most * outside(t->x / p->panel_width),
               most * outside(t->y / p->panel_height));
    arena_release(&a);
}

static void put_tagged(struct buf *gp, const struct page *p, const struct panel *at,
                       const struct tag *tag, size_t n, double most, struct err *err)
{
    const size_t x = field_of_value(p->c, 0), y = field_of_value(p->c, 1);
    size_t cell[PLACES];

    for (size_t i = 0; i < n; i++) {
        panel_cell(p->c, at->row, at->column, tag[i].cell, cell);
        put_tag(gp, p, &tag[i], cell, most, err);
    }
    buf_puts(gp, "plot ", err);
    for (size_t i = 0; i < n; i++)
        buf_printf(gp, err,
                   "data skip 1 every ::first+%zu::first+%zu using (100*$%zu):(100*$%zu):"
                   "(100*$%zu):(100*$%zu):(100*$%zu):(100*$%zu) \\\n    with xyerrorbars "
                   "linecolor '#b8b8b8' linewidth 0.6 pointtype 0 notitle, \\\n  ",
                   tag[i].cell, tag[i].cell, x, y, x + 1, x + 2, y + 1, y + 2);
}

static void points_panel(struct buf *gp, const struct page *p, const struct panel *at,
                         struct err *err)
{
    const struct chart *c = p->c;
    const double most = share_range(c);
    struct tag tag[LABELS_MAX];
    size_t n = place_tags(p, at, most, tag);

    put_chance(gp, c, at->row, at->column, err);
    buf_printf(gp, err, "set format y '%s'\n", at->first ? "%g" : "");
    put_tagged(gp, p, at, tag, n, most, err);
    buf_printf(gp, err,
               "data skip 1 every ::first::first+%zu using (100*$%zu):(100*$%zu):"
               "(int($0)/%zu) \\\n    with points pointtype 7 pointsize 0.3 linecolor "
               "palette notitle\n",
               panel_cells(c) - 1, field_of_value(c, 0), field_of_value(c, 1), c->n[ALONG]);
}

/* Layers have the colours, with a bar of their own at the end of each line. */
static void points_fit(struct page *p, struct err *err)
{
    p->least = p->width > 400 ? 120 : 84;
    p->most = 150;
    p->square = true;
    p->panel_height = 120; /* until the width is known */
    p->scale = 28;
    p->side = p->c->of->figure.value_label;
    p->bar = 32;
    (void)err;
}

const struct form_style points_style = {
    .fit = points_fit, .head = points_head, .panel = points_panel};
