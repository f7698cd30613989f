/*
 * The figures of finished results: what each group declares is drawn, whatever its kind.
 *
 *     // said: paths of the pictures, and which groups have none.
 *     int draw_demo(struct buf *said, struct err *err)
 *     {
 *         struct plot_options o = {.format = "png"};
 *         const char *const paths[] = {"results/demo"};
 *
 *         return plot_results(&o, paths, 1, said, err);
 *     }
 */
#ifndef LENSWEEP_REPORT_FIGURES_PLOT_H
#define LENSWEEP_REPORT_FIGURES_PLOT_H

#include "base/buf.h"
#include "report/figures/gallery.h"
#include "results/result.h"

enum plot_width { PLOT_PAGE, PLOT_COLUMN }; /* 7 and 3.3 inches, as journals have them */

struct plot_options {
    const char *dir;    /* NULL = figures/ beside each result */
    const char *format; /* png, svg or pdf */
    enum plot_width width;
    int64_t layers_from; /* the number of the first layer: 0, or 1 as papers have it */
};

/* Result files, or the folders of runs. Says a line for each picture, and for each group that has
   none, also where an error follows. ERR_CONFIG: an option is none, or a result has nothing that
   can be drawn; ERR_IO: a file, or there is no gnuplot. */
int plot_results(const struct plot_options *o, const char *const *paths, size_t n, struct buf *said,
                 struct err *err);

/* The figures of one opened result into a gallery whose folder, format and width are set. *n goes
   up by how many. For want of gnuplot they are scripts alone. */
enum { PLOT_COLUMN_WIDTH = 317 };
int plot_groups(struct gallery *out, struct result *r, size_t *n, struct err *err);

#endif
