/* Private to the figures: the page, its panels, and what draws them. Lengths are in 1/96 inch. */
#ifndef LENSWEEP_REPORT_FIGURES_PAGE_H
#define LENSWEEP_REPORT_FIGURES_PAGE_H

#include "report/figures/chart.h"

/* A panel that has anything to show, and where it stands. */
struct panel {
    size_t row, column;
    double x, y; /* its upper left corner from the page's */
    bool first;  /* of its line: the names and the scale beside it are its own */
    bool lowest; /* of those one under the other: the axis' name is below it */
    bool titled, bar;
};

/* Panels stand in lines across the page. Where there is one column of them (one step) they follow
   each other like words; else a row has lines of its own. */
struct page {
    const struct chart *c;
    double width, height;
    double left, right, above, below; /* around the panels */
    double panel_width, panel_height;
    double least, most;   /* what the width of a panel may be */
    bool square;          /* a panel is as high as wide */
    double scale;         /* room for the numbers or names beside the first panel of a line */
    double names;         /* for the names of rows at the page's edge */
    double gap, line_gap; /* between panels, and between lines of them */
    double bar;           /* room for a colour bar; 0 = none */
    double upright;       /* more room below a panel, for names that stand upright; 0 = none do */
    bool bars;            /* right of each panel, else right of the last of a line */
    bool scales;          /* beside each panel, else beside the first of a line */
    const char *side;     /* the name of the axis beside the panels */
    size_t title_lines;   /* above each panel that is titled */
    size_t across, lines;
    bool flows;
    struct panel *panel; /* (n) in the arena */
    size_t n;
    struct arena arena;
};

/* How a form is drawn. The script's variable `first` is where the panel stands in the CSV. */
struct form_style {
    /* least, most, panel_height or square, scale, bar, side ... */
    void (*fit)(struct page *p, struct err *err);
    void (*head)(struct buf *gp, const struct page *p, struct err *err);
    void (*panel)(struct buf *gp, const struct page *p, const struct panel *at, struct err *err);
    bool key; /* of the series, below the title */
};

extern const struct form_style lines_style, map_style, points_style, intervals_style, graph_style;
const struct form_style *style_of(const struct chart *c);

/* Lays out the page of a chart. */
int page_open(struct page *p, const struct chart *c, const char *caption, double width,
              struct err *err);
void page_close(struct page *p);

/* The name above a panel: its row's where panels flow, else its column's; in the arena of p. */
const char *panel_title(struct page *p, size_t row, size_t column, struct err *err);

/* Of a graph the edges that are strongest in any panel, as entries of ALONG: how many there are. */
enum { GRAPH_EDGES = 20 };
size_t graph_strongest(const struct chart *c, size_t out[GRAPH_EDGES]);
/* The absolute value of the thickest arc; of a chart that was parted, in the whole. */
double graph_most(const struct chart *c);

/* What the colours are. */
const char *bar_label(const struct chart *c);

/* Entries of the key, greedily set in lines: where entry i begins, from the left of its line. */
enum { KEY_SAMPLE = 22, KEY_GAP = 12 };
size_t key_place(const struct page *p, size_t i, double *x);

/* A value and its interval, as they stand in the CSV. */
enum { INTERVAL = 3 };
extern const enum statistic interval[INTERVAL];

/* Cells of a panel; which of the chart's its first is; its i-th. */
size_t panel_cells(const struct chart *c);
size_t panel_first(const struct chart *c, size_t row, size_t column);
void panel_cell(const struct chart *c, size_t row, size_t column, size_t i, size_t at[PLACES]);

/* Has any of n cells a value? */
bool has_values(const struct chart *c, enum statistic what, size_t first, size_t n);

/* Columns of the CSV, from 1: stratum, step, the dimensions, then a value's mean and the two ends
   of its interval. */
size_t field_of(const struct chart *c, enum place p);
size_t field_of_value(const struct chart *c, size_t value);

/* The least and the greatest of a row of panels, or of all that are compared with it, with or
   without the intervals; of a chart that was parted, as in the whole. */
struct range {
    double lo, hi;
};

void range_widen(struct range *r, double v); /* NaN changes nothing */
struct range range_of(const struct chart *c, size_t row, size_t value, bool intervals);
/* Of an axis for the first value of a row: with its intervals, zero, and some room. */
struct range axis_range(const struct chart *c, size_t row);

/* A step between the numbers of an axis: 1, 2 or 5 times a power of ten, about n of them. */
double round_step(struct range r, int n);
/* Of the widest number on an axis; and a step with which they fit side by side. */
double numbers_width(struct range r, double step);
double fitting_step(struct range r, double length);
/* Of an entry of an axis: how long its name is along the axis. */
double entry_width(const struct chart *c, enum place p, size_t i);

/* Which entries of an axis as long as this are named: names that are not numbers are if any is a
   number, and every n-th of the numbers that are not near them, so that names do not touch. */
struct entry_names {
    const struct chart *c;
    enum place p;
    double each; /* of the length */
    size_t begin, step;
};
struct entry_names entry_names(const struct chart *c, enum place p, double length);
bool entry_named(const struct entry_names *names, size_t i);

/* The most queries that a number of the column is from; with `down`, of those of that entry only.
 */
double count_of(const struct chart *c, size_t column, const size_t *down);

/* "set xtics (...)": entries of a place along an axis of a length, with their names or without. */
void put_entries(struct buf *gp, const char *axis, const struct chart *c, enum place p,
                 double length, bool names, struct err *err);
/* How each of the series is drawn, as arrays that the panels' loops run through. */
void put_series(struct buf *gp, const struct chart *c, struct err *err);

#endif
