/*
 * Figures as data. A group of a result file declares its figures (results/describe.h): each names
 * averages over queries, and says where on the page each of their dimensions lies.
 *
 *     // One figure of a group: its pages with their CSV and scripts.
 *     int draw(struct gallery *out, struct result *r, const struct result_group *g,
 *              const struct figure *figure, size_t *n, struct err *err)
 *     {
 *         struct material s;
 *         bool found;
 *
 *         // material.c: the averages; chart.c: pages and panels; script.c: each page
 *         if (!material_open(&s, r, g, figure, 0, &found, err) && found)
 *             charts_save(out, &s, n, err);
 *         material_close(&s); // also after an error
 *         return err->code;
 *     }
 *
 * The dimension `stratum` is spread by itself: a page for each (dataset, template), a column of
 * panels for each step. A dimension that has no place gets a page for each of its entries.
 *
 * A page's CSV has one line for each cell, panel by panel (row by row), in a panel by SERIES,
 * DOWN, ALONG, the last fastest. So a script finds a panel, a line of it or a cell by counting.
 */
#ifndef LENSWEEP_REPORT_FIGURES_CHART_H
#define LENSWEEP_REPORT_FIGURES_CHART_H

#include "report/figures/gallery.h"
#include "results/average.h"
#include "results/result.h"

enum place { ROW, COLUMN, SERIES, DOWN, ALONG, PLACES };

enum form { LINES, MAP, POINTS, INTERVALS, GRAPH };

enum { VALUES_MAX = 2, AVERAGES_MAX = 2 * VALUES_MAX + 1 };

/* An average, and its numbers of the page at hand. */
struct plotted {
    struct average average;
    size_t stride[DIMS_MAX]; /* for each dimension of the first average; 0 = it lacks that one */
    double *v[STATISTICS];   /* (steps of the page, elements); NULL = the file has none */
};

/* What a figure is drawn from. */
struct material {
    const char *group;    /* its name */
    struct figure figure; /* texts that it does not give are "" */
    enum form form;
    struct average_dim dim[DIMS_MAX]; /* (n_dims) of the first average */
    size_t n_dims;
    const char **shown[DIMS_MAX]; /* (size) the labels in words, layers as they are counted */
    const char *axis[PLACES];     /* along_label and down_label, with where it counts from */
    struct graph_ends ends[2];    /* GRAPH: who writes, who reads */
    int at[PLACES];               /* index of the dimension in each place; -1 = none */
    struct plotted average[AVERAGES_MAX];  /* n_values that are drawn, then those beside */
    size_t n_averages, n_values, n_beside; /* what is left is the mark */
    double fdr;
    const char *unit;   /* what counts as one observation: "items" */
    bool authors;       /* templates are averaged as the authors do */
    size_t *slot;       /* (n_strata) where a stratum of the page stands in v */
    struct arena arena; /* of v */
};

/* found = false: the group does not have the averages, or not with the dimensions that the figure
   needs. layers_from: the number of the first layer. ERR_IO if the declaration is none. Labels live
   as long as r. */
int material_open(struct material *s, struct result *r, const struct result_group *group,
                  const struct figure *f, int layers_from, bool *found, struct err *err);
void material_close(struct material *s);

/* Are two strata on one page? They differ by their step alone. */
bool same_page(const struct stratum_info *a, const struct stratum_info *b);
/* Reads the numbers of all strata on the page of stratum `like`, in place of those before. */
int material_load(struct material *s, size_t like, struct err *err);

static inline const struct stratum_info *material_strata(const struct material *s)
{
    return s->average[0].average.stratum;
}

static inline size_t material_n_strata(const struct material *s)
{
    return s->average[0].average.n_strata;
}

struct chart {
    const struct material *of;
    const char *name, *title, *stratum;
    size_t fixed[DIMS_MAX];    /* entries of the dimensions without a place */
    size_t *entry[PLACES];     /* (n[place]) */
    size_t *stratum_of;        /* (n[COLUMN]) a column's */
    size_t n[PLACES];          /* 1 where there is no dimension */
    size_t left_out[PLACES];   /* entries that have values but no room */
    const struct chart *whole; /* that its one column was parted from; NULL = none */
};

size_t chart_cells(const struct chart *c); /* lines of the CSV */
void chart_cell(const struct chart *c, size_t i, size_t at[PLACES]);
double chart_value(const struct chart *c, const struct plotted *a, enum statistic what,
                   const size_t at[PLACES]);
/* As the file has it, and as a reader sees it; "" = no dimension. */
const char *chart_label(const struct chart *c, enum place p, size_t i);
const char *chart_words(const struct chart *c, enum place p, size_t i);
/* "answer 1 corrupted, step 2, " of a column of panels. */
void chart_column_words(const struct chart *c, size_t column, struct buf *b, struct err *err);

/* Every page of a figure; *n goes up by how many. */
int charts_save(struct gallery *out, struct material *s, size_t *n, struct err *err);

/* How high its page is on paper of a width, 1/96 inch. */
int chart_height(const struct chart *c, double width, double *height, struct err *err);
int chart_script(struct buf *gp, const struct gallery *out, const struct chart *c, struct err *err);

#endif
