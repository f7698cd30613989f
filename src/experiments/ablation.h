/* Private to ablation*.c: a sweep's configurations, and the edits that one of them is. */
#ifndef LENSWEEP_EXPERIMENTS_ABLATION_H
#define LENSWEEP_EXPERIMENTS_ABLATION_H

#include "experiments/kit/partners.h"
#include "experiments/kit/select.h"
#include "experiments/kit/survey.h"

enum operation { DO_ZERO, DO_MEAN, DO_RESAMPLE, DO_NOISE, DO_PATCH, DO_ADD, DO_SCALE };
enum source {
    FROM_CLEAN,
    FROM_CORRUPTED,
    FROM_COUNTERFACTUAL,
    FROM_STEP_1,
    FROM_STEP_2,
    FROM_STEP_3
};

struct ablation_config {
    enum site site;
    struct selector layers, heads, positions, from, to;
    enum operation operation;
    int64_t draws;
    struct choice_list match; /* of enum match */
    double scale, factor;
    const char *vector;
    bool renormalise;
    enum source run; /* of a patch */
    const char *source_position, *source_span;
    double source_noise;
    int64_t source_sample;
    struct choice_list metrics; /* of enum metric */
};

struct ablation {
    enum site site;
    enum operation operation;
    struct selections layers, heads;
    struct places positions, from;                                    /* of an edge: to and from */
    int layer_axis, head_axis, position_axis, from_axis, sample_axis; /* -1 = no such axis */
    int draws;                                                        /* samples of a cell */
    const int *order;                                                 /* span_order */

    struct partners partners; /* of a resample; or each query's own at another step */

    enum source source;         /* DO_PATCH */
    int step;                   /* FROM_STEP_1 and so on; 0 = of no step */
    struct place *source_place; /* NULL = the same place, by role */

    const float *vector; /* DO_ADD: (layers or 1, width or d_head) */
    size_t vector_layers, vector_width;
    struct hash vector_hash;

    unsigned metrics;
    size_t n_effects; /* numbers of a cell in NAME/stats */
    const bool *sign; /* (n_effects) */
};

/* The query whose run a cell takes rows from: another, or the query itself; NULL = it is the
   counterfactual, or there is none. */
const struct query *source_query(const struct experiment *x, const struct query *q, int sample);

/* The edits of one cell, in the arena. *n = 0: the query lacks the place or its counterpart. */
int ablation_edits(const struct experiment *x, const struct cell *cell, const struct edit **edits,
                   int *n, struct arena *a, struct err *err);

/* ablation_measure.c: is `direct` among the metrics that the config names?; the axis and fields
   of NAME/stats, then the fields of NAME; and the slots that reduce. */
bool ablation_has_direct(const struct ablation *b);
int ablation_open_effects(struct experiment *x, struct ablation *b, struct err *err);
int ablation_declare(struct experiment *x, const struct ablation *b, struct err *err);
int ablation_query(const struct experiment *x, const struct cell *cell, struct row *row,
                   struct worker *w, struct err *err);
int ablation_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                  struct worker *w, struct err *err);

#endif
