/*
 * Averages over queries in a result file: the one reader of them, for summary, `top`, `plot`,
 * export and rankings. An average NAME stands with NAME_se, NAME_lo, NAME_hi and NAME_n beside it
 * (in NAME/stats: mean, se, lo, hi, n, and the tests); its first dimension is `stratum`, or
 * `contrast`: a step minus the step before, item by item. Numbers that are not averages but the
 * model's own have neither, and are read as one stratum's.
 *
 *     int use(double mean, const char *label, struct err *err);
 *
 *     int each_mean(struct result *r, struct err *err)
 *     {
 *         struct average a;
 *
 *         average_open(&a, r, "decode", NULL, "mean_logit", err);   // 0 elements: there is none
 *         for (size_t s = 0; !err->code && s < a.n_strata; s++)
 *             if (a.stratum[s].widest && !average_seek(&a, s, err))
 *                 for (size_t i = 0; i < a.elements; i++)
 *                     use(average_get(&a, STAT_MEAN, i), average_label(&a, 0, i), err);
 *         average_close(&a);                                        // also after an error
 *         return err->code;
 *     }
 *
 * Large ones (sweeps) are read stratum by stratum. Labels and strata live as long as the result.
 */
#ifndef LENSWEEP_RESULTS_AVERAGE_H
#define LENSWEEP_RESULTS_AVERAGE_H

#include "base/mem.h"
#include "results/result.h"

#include <stdbool.h>

enum statistic {
    STAT_MEAN,
    STAT_SE,
    STAT_LO,
    STAT_HI,
    STAT_N,
    STAT_CLUSTERS,
    STAT_P,
    STAT_Q,
    STAT_Q_MIN,
    STATISTICS
};

/* Over which queries an average is. */
struct stratum_info {
    const char *dataset; /* "" = mean over datasets */
    int template;        /* -1 = mean over templates */
    int step;            /* -1 = of no query */
    int minus;           /* of contrasts: the step that is taken off step; else not used */
    bool widest;         /* of its step the one that averages over most: datasets, else templates */
};

struct average_dim {
    const char *name;
    size_t size;
    const char **label; /* (size) NAME_label where the group has it, else the coordinate as text */
    const char **shown; /* (size) the same for a line of a screen (str_name) */
    bool numbers;       /* the coordinate is a number */
};

struct average {
    const char *group; /* that holds it: "zero/stats" */
    const char *name, *long_name, *units;
    struct average_dim dim[DIMS_MAX]; /* (n_dims) after `stratum` */
    size_t n_dims;
    struct stratum_info *stratum; /* (n_strata) */
    size_t n_strata;
    bool of_model;   /* no average, and of no query */
    size_t elements; /* of a stratum */
    int layers_from; /* what the labels call the first layer */
    struct column column[STATISTICS];
};

/* The average `name` of a group, or of the group `inside` it (NULL = of its own). An average that
   is not there has 0 elements and is not an error; one of another shape than lensweep writes is. */
int average_open(struct average *a, struct result *r, const char *group, const char *inside,
                 const char *name, struct err *err);
void average_close(struct average *a);

bool average_has(const struct average *a, enum statistic s);
int average_seek(struct average *a, size_t stratum, struct err *err);
/* Of the stratum that was sought; NaN where the file does not have it. */
double average_get(const struct average *a, enum statistic s, size_t element);

/* Do a dimension's labels number layers? */
bool dim_is_layers(const char *name);
/* A label of the dimension as a reader has it who counts layers from `from`, in the arena if it is
   another: "3", "0-5", "0, 7" of layers; "23.4", layer and head, of pairs of heads. */
const char *label_raised(const char *dim, const char *label, int from, struct arena *a,
                         struct err *err);

/* The dimension of that name: its place in dim; n_dims = there is none. */
size_t average_dim(const struct average *a, const char *name);
/* The entry with the label `before` and, right behind it, `label`; d->size = there is none. */
size_t average_entry(const struct average_dim *d, const char *before, const char *label);
/* An element's place on each dimension, and back. */
void average_place(const struct average *a, size_t element, size_t at[DIMS_MAX]);
size_t average_element(const struct average *a, const size_t at[DIMS_MAX]);
const char *average_label(const struct average *a, size_t dim, size_t element);
const char *average_shown(const struct average *a, size_t dim, size_t element);
/* Is its place on dimension d (n_dims = no matter) this entry? */
bool average_is_at(const struct average *a, size_t element, size_t d, size_t entry);
/* Has the element a label of the list (list_has), on whichever dimension? */
bool average_labelled(const struct average *a, size_t element, const char *list);
/* The element of `a` whose labelled place is that of `of`'s element, where all dimensions of `a`
   are dimensions of `of` as well; a->elements if they are not. */
size_t average_match(const struct average *a, const struct average *of, size_t element);

/* Which strata are asked for: those of the dataset (NULL = any) and step (-1 = any), but none that
   another of them is a mean of. chosen: (n_strata). */
void strata_choose(const struct stratum_info *s, size_t n, const char *dataset, int64_t step,
                   bool *chosen);
/* Is it of no query, but the model's own? */
static inline bool stratum_of_model(const struct stratum_info *s)
{
    return s->step == -1;
}

/* "; cities, template 1" */
int stratum_words(const struct stratum_info *s, struct buf *b, struct err *err);

#endif
