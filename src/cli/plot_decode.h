/* The chart of early decoding: between its numbers (plot_decode.c) and its script (plot_script.c).
 */
#ifndef LENSWEEP_CLI_PLOT_DECODE_H
#define LENSWEEP_CLI_PLOT_DECODE_H

#include "cli/plot.h"

enum { STEPS_MAX = 6 };

/* The group as it is read: sizes Q queries, L layers, C components, T targets. */
struct lens {
    size_t Q, L, C, T;
    double *logit;            /* (Q, L, C, T) */
    double *control;          /* (Q, L, C), NULL = there is none */
    double *template, *step;  /* (Q) */
    char **dataset, **status; /* (Q); status NULL = all are ok */
    char **component, **target;
};

struct cell {
    double mean, se; /* NAN = too few */
    size_t n;        /* queries */
    double m2;       /* sum of squared deviations, while it is gathered */
};

/* One figure: the means of a stratum, cells (S, C, L, T + 1), the last "target" is the control. */
struct chart {
    const struct lens *lens;
    size_t S;
    int step[STEPS_MAX];
    struct cell *cell;
    const char *stratum; /* the CSV's first column */
    const char *title;
    bool macro; /* a mean of strata */
};

static inline struct cell *cell_at(const struct chart *c, size_t s, size_t comp, size_t layer,
                                   size_t t)
{
    const struct lens *l = c->lens;

    return &c->cell[((s * l->C + comp) * l->L + layer) * (l->T + 1) + t];
}

/* The gnuplot script that draws NAME.csv. */
int decode_script(struct buf *gp, const struct figures *out, const struct chart *c,
                  const char *name, struct err *err);

#endif
