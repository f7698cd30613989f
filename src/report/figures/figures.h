/*
 * Figures as data. A row of chart_kinds (plot_kinds.c) names averages over queries that a group of
 * the result file has, and says where on the page each of their dimensions lies:
 *
 *     {.kind = "decode", .form = LINES, .value = {"mean_logit"},
 *      .place = {[ROW] = "component", [SERIES] = "target", [ALONG] = "layer"}, ...}
 *
 *     averages_read(&g, kind, f, "decode", &found, err);   // plot_averages.c: the averages, with
 * intervals charts_save(&out, &g, "decode", err);            // plot_chart.c: which panels and
 * entries
 *                                                      // there are, the CSV;
 *     chart_script(&gp, &out, c, err);                 // plot_script.c: the page and its panels
 *
 * The dimension `stratum` is spread by itself: a figure for each (dataset, template), a column of
 * panels for each step. A dimension that has no place gets a figure for each of its entries.
 *
 * A figure's CSV has one line for each cell, panel by panel (row by row), in a panel by SERIES,
 * DOWN, ALONG, the last fastest. So a script finds a panel, a line of it or a cell by counting.
 */
#ifndef LENSWEEP_REPORT_FIGURES_FIGURES_H
#define LENSWEEP_REPORT_FIGURES_FIGURES_H

#include "report/figures/figure.h"
#include "results/column.h"

enum place { ROW, COLUMN, SERIES, DOWN, ALONG, PLACES };

enum form {
    LINES,  /* values against ALONG, a line for each of SERIES */
    MAP,    /* a coloured cell for each of DOWN x ALONG */
    POINTS, /* the second value against the first, a point for each of DOWN x ALONG */
};

enum { VALUES_MAX = 2, AVERAGES_MAX = 4 };

struct chart_kind {
    const char *kind;   /* of the group */
    const char *inside; /* where in the group its averages are: "" or "/stats" */
    const char *suffix; /* of the figure's name */
    enum form form;
    const char *value[VALUES_MAX]; /* what is drawn; POINTS have two */
    /* Further averages of the same cells, or of less dimensions. MAP: where the colours begin
       (without it they are centred at zero). POINTS: what each value would be by chance. */
    const char *beside[VALUES_MAX];
    const char *mark;          /* MAP: cells whose value of this is at most `fdr` have a dot */
    const char *along;         /* LINES: the variable that says where the entries of ALONG stand, on
                                  a logarithmic axis; NULL = one after the other */
    const char *without;       /* a dimension that the first value must not have */
    const char *place[PLACES]; /* the dimension that lies there; NULL = none */
    bool
        apart; /* columns whose names begin alike (answer_1, answer_2) have a figure of their own */
    const char *title, *value_label, *along_label, *down_label, *note;
    const char *column_words; /* what befell the column's entry: "corrupted" */
};

extern const struct chart_kind chart_kinds[];
extern const size_t n_chart_kinds;

/* A name of the file in words, in the arena: "answer_1_first" is "answer 1: first token". */
char *words_of(struct arena *a, const char *name, struct err *err);

enum statistic { MEAN, LO, HI, COUNT, STATISTICS };

/* One variable with its interval and count. */
struct average {
    const char *name;
    double *v[STATISTICS]; /* NULL = the file has none; mem_free'd by averages_release */
    size_t
        stride[DIMS_MAX]; /* for each dimension of struct averages; 0 = it lacks that dimension */
};

struct dimension {
    const char *name;
    size_t size;
    char **label; /* (size) */
    bool numbers; /* the labels are */
};

struct averages {
    struct arena arena;
    struct catalogue all; /* of the file */
    const struct chart_kind *kind;
    struct dimension dim[DIMS_MAX]; /* of the first value; the first is `stratum` */
    size_t n_dims;
    int at[PLACES];                        /* index of the dimension in each place; -1 = none */
    struct average average[AVERAGES_MAX];  /* n_values that are drawn, then those beside */
    size_t n_averages, n_values, n_beside; /* what is left is the mark */
    double fdr;
    char **dataset;          /* (stratum) "" = mean of datasets */
    double *template, *step; /* (stratum) template -1 = mean of templates, 0 = not known */
    const char *unit;        /* what the bootstrap draws: "items" */
    bool authors;            /* templates are averaged as the authors do */
};

/* found = false: the group has not all of the kind's dimensions and averages. */
int averages_read(struct averages *g, const struct chart_kind *kind, struct h5file *f,
                  const char *group, bool *found, struct err *err);
void averages_release(struct averages *g);

struct chart_column {
    size_t stratum, entry;
};

struct chart {
    const struct averages *of;
    const char *name, *title, *stratum;
    size_t fixed[DIMS_MAX];      /* entries of the dimensions without a place */
    struct chart_column *column; /* (n[COLUMN]) */
    size_t *entry[PLACES];       /* (n[place]) of the other places */
    size_t n[PLACES];            /* 1 where there is no dimension */
    size_t left_out[PLACES];     /* entries that have values but no room */
};

size_t chart_cells(const struct chart *c); /* lines of the CSV */
void chart_cell(const struct chart *c, size_t i, size_t at[PLACES]);
double chart_value(const struct chart *c, const struct average *a, enum statistic what,
                   const size_t at[PLACES]);
const char *chart_label(const struct chart *c, enum place p, size_t i); /* "" = no dimension */

/* Every figure of the averages; *n goes up by how many. */
int charts_save(struct figures *out, struct averages *g, const char *group, size_t *n,
                struct err *err);

int chart_script(struct buf *gp, const struct figures *out, const struct chart *c, struct err *err);

#endif
