/*
 * A result as one HTML page that needs nothing else: what was asked, model and data, is the model
 * right, findings with their numbers, figures, what was left out, checks, provenance, how to cite.
 * It knows no kind of experiment by name (results/describe.h).
 *
 *     int write(struct err *err)
 *     {
 *         struct web w = {.path = "report.html"};
 *
 *         web_write(&w, "results/demo", err);    // w.figures: how many are in it
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_REPORT_WEB_WEB_H
#define LENSWEEP_REPORT_WEB_WEB_H

#include "report/figures/gallery.h"
#include "results/result.h"

struct web {
    const char *path; /* of the page; NULL = report.html beside the result, set in the arena */
    int layers_from;  /* the number of the first layer */
    size_t figures;
    bool no_gnuplot; /* figures are missing, for want of it */
    struct arena arena;
};

/* The caller releases w->arena. */
int web_write(struct web *w, const char *result, struct err *err);

/* Parts, each a file: sections about the run as a whole (card.c); a drawing inside the page, whose
   ids begin with `prefix` so that those of two drawings differ (svg.c). */
int web_asked(struct result *r, struct buf *b, struct err *err);
int web_card(struct result *r, struct buf *b, struct err *err);
int web_left_out(struct result *r, struct buf *b, struct err *err);
int web_checks(struct result *r, struct buf *b, struct err *err);
int web_provenance(struct result *r, struct buf *b, struct err *err);
int web_svg(struct buf *b, const char *svg, const char *prefix, const char *title, struct err *err);

#endif
