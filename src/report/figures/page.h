/* Private to the figures: the page, its panels, and what draws them. */
#ifndef LENSWEEP_REPORT_FIGURES_PAGE_H
#define LENSWEEP_REPORT_FIGURES_PAGE_H

#include "report/figures/chart.h"

/* Where things stand on the page, in 1/96 inch. */
struct page {
    const struct chart *c;
    int left, right, above, below; /* around the panels */
    int width, height;             /* of one panel */
    int gap, row_gap, beside;      /* between panels; right of each, for its colours */
    int page_width, page_height;
};

/* How a form is drawn. The script's variable `first` is where the panel stands in the CSV. */
struct form_style {
    struct page page; /* the page without its size */
    void (*fit)(struct page *p);
    int (*head)(struct buf *gp, const struct page *p, struct err *err);
    int (*panel)(struct buf *gp, const struct page *p, size_t row, size_t column, struct err *err);
    int (*end)(struct buf *gp, const struct page *p, struct err *err);
};

extern const struct form_style lines_style, map_style, points_style;

/* A value and its interval, as they stand in the CSV. */
enum { INTERVAL = 3 };
extern const enum statistic interval[INTERVAL];

size_t panel_cells(const struct chart *c);
/* Cell i of a panel. */
void panel_cell(const struct chart *c, size_t row, size_t column, size_t i, size_t at[PLACES]);

/* Is it the first panel that is drawn in its row? Then it has the scale and its name. */
bool leads_row(const struct chart *c, size_t row, size_t column);

/* Columns of the CSV, from 1: stratum, step, the dimensions, then a value's mean and the two ends
   of its interval. */
size_t field_of(const struct chart *c, enum place p);
size_t field_of_value(const struct chart *c, size_t value);

/* The least and the greatest of a row of panels, with or without the intervals. */
struct range {
    double lo, hi;
};

void widen(struct range *r, double v); /* NaN changes nothing */
struct range range_of(const struct chart *c, size_t row, size_t value, bool intervals);

/* A step between whole numbers on an axis of n entries. */
int tic_step(size_t n);

/* The most queries that a number of the column is from; with `down`, of those of that entry only.
 */
double count_of(const struct chart *c, size_t column, const size_t *down);

#endif
