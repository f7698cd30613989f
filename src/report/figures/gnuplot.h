/*
 * The text of a figure's CSV and of its gnuplot script, whatever names a result file has.
 *
 *     // Terminal and output, then a title that no content can leave.
 *     void begin(struct buf *gp, const char *name, const char *title, struct err *err)
 *     {
 *         gp_head(gp, "svg", name, 672, 400, err);
 *         buf_puts(gp, "set title ", err);
 *         gp_text(gp, title, err);
 *     }
 *
 * Nothing is added once err is set.
 */
#ifndef LENSWEEP_REPORT_FIGURES_GNUPLOT_H
#define LENSWEEP_REPORT_FIGURES_GNUPLOT_H

#include "base/buf.h"

/* Fields of a CSV, without separators: what would need quotes is replaced; a number that is not
   finite is an empty field. */
void csv_text(struct buf *csv, const char *s, struct err *err);
void csv_number(struct buf *csv, double v, struct err *err);

/* Type, in points: that of all texts unless they say otherwise, and that of titles. */
enum { GP_SMALL = 7, GP_LARGE = 8 };
/* From a line of small type to the next, in 1/96 inch as all lengths. */
#define GP_LINE  12.0
#define GP_TITLE 15.0 /* of a title */

/* Terminal, output file NAME.FORMAT and how data are read. */
void gp_head(struct buf *gp, const char *format, const char *name, double width, double height,
             struct err *err);

/* About how wide the first n bytes of a text are, a little too wide rather than too narrow. */
double gp_width(const char *s, size_t n, int points);
double gp_small_width(const char *s); /* of all of it in small type */
/* Bytes of s that make a line of this width: up to a space, or all. */
size_t gp_line(const char *s, double width, int points);
size_t gp_lines(const char *s, double width, int points);
/* What follows a line of n bytes: the next begins behind the space that ends it. */
const char *gp_next_line(const char *s, size_t n);

/* s as a gnuplot string that no content can leave. */
void gp_text(struct buf *gp, const char *s, struct err *err);
/* The next name of a list of an axis (set xtics (...), at its i-th place. */
void gp_tic(struct buf *gp, const char *name, size_t i, struct err *err);

/* How a line's points are drawn: colours of Okabe and Ito, which the colour-blind tell apart. */
struct gp_style {
    const char *colour; /* #rrggbb */
    int point;          /* gnuplot's point type */
    double size;
};

/* Of an answer or the subject always the same; i: for other names. */
const struct gp_style *gp_style(const char *name, size_t i);

#endif
