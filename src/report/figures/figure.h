/*
 * What every figure needs: names, a tidy CSV, a gnuplot script that runs by hand, and the picture.
 *
 *     struct figures out = {.dir = "figures", .format = "png", .result = ""};
 *     figure_name(&out, &name, err, "%s_%s", group, dataset);      // unique, fit for a file
 *     csv_text(&csv, dataset, err);  csv_number(&csv, mean, err);
 *     gp_head(&gp, &out, name, 1000, 600, err);                    // terminal and output
 *     gp_text(&gp, title, err);                                    // a quoted string
 *     figure_save(&out, name, &csv, &gp, err);                     // NAME.csv, NAME.gp, NAME.png
 *     figures_release(&out);
 *
 * gnuplot is started with an argument vector, never through a shell. Without it the CSV and the
 * script are written all the same, and figures_end says in one line what is missing.
 */
#ifndef LENSWEEP_REPORT_FIGURES_FIGURE_H
#define LENSWEEP_REPORT_FIGURES_FIGURE_H

#include "base/buf.h"
#include "base/mem.h"
#include "results/h5file.h"

#include <stdbool.h>

struct figures {
    const char *dir;        /* made when the first figure is saved */
    const char *format;     /* png, svg or pdf */
    const char *result;     /* whose figures they are, where several share a folder; "" = one */
    char **name;            /* used so far, in the arena */
    size_t n, cap, scripts; /* scripts: not drawn, for want of gnuplot */
    struct arena arena;
};

/* A name made of letters, digits, '.', '-' and '_', that no other figure of `f` has. */
int figure_name(struct figures *f, char **name, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Writes and draws; prints the path of what was made on standard output. */
int figure_save(struct figures *f, const char *name, const struct buf *csv, struct buf *gp,
                struct err *err);

/* ERR_IO with one line if gnuplot was missing. */
int figures_end(const struct figures *f, struct err *err);
void figures_release(struct figures *f);

/* Fields of a CSV, without separators: what would need quotes is replaced; a number that is none is
 * an empty field. */
int csv_text(struct buf *csv, const char *s, struct err *err);
int csv_number(struct buf *csv, double v, struct err *err);

/* Terminal, output file and how data are read; width and height in points of 1/96 inch. */
int gp_head(struct buf *gp, const struct figures *f, const char *name, int width, int height,
            struct err *err);

/* s as a gnuplot string that no content can leave; gp_field: as csv_text writes it, to compare. */
int gp_text(struct buf *gp, const char *s, struct err *err);
int gp_field(struct buf *gp, const char *s, struct err *err);

/* How a target token is drawn: colours of Okabe and Ito, which the colour-blind tell apart. */
struct figure_style {
    const char *colour; /* #rrggbb */
    int point;          /* gnuplot's point type */
    double size;
};

const struct figure_style *figure_style(const char *target, size_t i); /* i: for other names */

#endif
