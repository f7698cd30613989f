/*
 * Where figures go: a folder, the names used in it, and for each figure a tidy CSV, a gnuplot
 * script that runs by hand, and the picture.
 *
 *     // NAME.csv, NAME.gp and NAME.png of one figure.
 *     int save(const struct buf *csv, const struct buf *gp, struct buf *said, struct err *err)
 *     {
 *         struct gallery g = {.dir = "figures", .format = "png", .result = "", .said = said};
 *         const char *name = gallery_name(&g, "decode_cities", err); // unique in the folder
 *
 *         if (name &&
 *             !gallery_save(&g, &(struct drawing){name, "decode", "Cities"}, csv, gp, err))
 *             gallery_end(&g, err);
 *         gallery_release(&g);
 *         return err->code;
 *     }
 *
 * gnuplot is started with an argument vector, never through a shell. Without it the CSV and the
 * script are written all the same, and gallery_end says in one line what is missing.
 */
#ifndef LENSWEEP_REPORT_FIGURES_GALLERY_H
#define LENSWEEP_REPORT_FIGURES_GALLERY_H

#include "base/buf.h"
#include "base/mem.h"

#include <stdbool.h>

/* A picture that was drawn: NAME.FORMAT in the folder. */
struct drawing {
    const char *name, *group, *title;
};

struct gallery {
    const char *dir;         /* made when the first figure is saved */
    const char *format;      /* png, svg or pdf */
    double width;            /* of a figure, in 1/96 inch */
    int layers_from;         /* the number of the first layer */
    const char *result;      /* whose figures they are, where several share a folder; "" = one */
    struct buf *said;        /* the path of each picture, a line each */
    const char **name;       /* used so far, in the arena */
    size_t n, cap, scripts;  /* scripts: not drawn, for want of gnuplot */
    struct drawing *picture; /* (n_pictures) in the arena */
    size_t n_pictures, max_pictures;
    struct arena arena;
};

/* A name made of letters, digits, '.', '-' and '_', that no other figure of the folder has. */
const char *gallery_name(struct gallery *g, const char *wanted, struct err *err);

int gallery_save(struct gallery *g, const struct drawing *p, const struct buf *csv,
                 const struct buf *gp, struct err *err);

/* ERR_IO with one line if gnuplot was missing. */
int gallery_end(const struct gallery *g, struct err *err);
void gallery_release(struct gallery *g);

#endif
