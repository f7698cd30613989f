/*
 * What a sweep does to values (docs/methods.md 4): set to zero, to a mean, to another run's,
 * noised, scaled, or added to. The keys `operation` and `source` of a config, what they need of
 * the data, and the edits that they are at a place of a query.
 *
 *     // The edits of head 3.0 at a place, appended to c->list.
 *     int change_head(struct change *c, const struct place *place, struct err *err)
 *     {
 *         bool found;
 *
 *         if (change_begin(c, place, &found) || !found)       // c: x, op, q, run, sample, list
 *             return err->code;
 *         return change_push(c, SITE_Z, (struct span){3, 4}, (struct span){0, 1});
 *     }
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_OPERATION_H
#define LENSWEEP_EXPERIMENTS_KIT_OPERATION_H

#include "experiments/kit/edit_list.h"
#include "experiments/kit/partners.h"
#include "experiments/kit/survey.h"

enum operation_kind { DO_ZERO, DO_MEAN, DO_RESAMPLE, DO_NOISE, DO_PATCH, DO_ADD, DO_SCALE };
enum source {
    FROM_CLEAN,
    FROM_CORRUPTED,
    FROM_COUNTERFACTUAL,
    FROM_STEP_1,
    FROM_STEP_2,
    FROM_STEP_3
};

struct operation_config {
    enum operation_kind kind;
    int64_t draws;
    struct choice_list match; /* of enum match */
    double scale, factor;
    const char *vector;
    enum source run; /* of a patch */
    const char *source_position, *source_span;
    double source_noise;
    int64_t source_sample;
};

extern const struct choice operation_kinds[], operation_sources[];

/* Rows of a kind's table for the operation_config that is the field `op` of its config `st`: the
   mapping `operation` (its kind where none is given; NULL: one must be), and `source`. */
#define OPERATION_ROWS(st, op, otherwise)                                                         \
    CONFIG_CHOICE(st, op.kind, "operation.kind", config_choice, otherwise, operation_kinds,       \
                  RESULTS,                                                                        \
                  "what is done; zero is off-distribution, resample the default for claims"),     \
        CONFIG_ROW_WHEN(st, op.draws, "operation.draws", config_int, "4", 1, DRAWS_MAX, RESULTS,  \
                        "operation.kind: resample | noise", "samples of each configuration"),     \
        CONFIG_CHOICE_WHEN(st, op.match, "operation.match", config_subset, "[template, step]",    \
                           match_choices, RESULTS, "operation.kind: resample",                    \
                           "what the other item's query has in common, beside the dataset"),      \
        CONFIG_ROW_WHEN(st, op.scale, "operation.scale", config_real, "1", 0, 1e6, RESULTS,       \
                        "operation.kind: noise",                                                  \
                        "times the standard deviation of the site and layer over the dataset"),   \
        CONFIG_ROW_WHEN(st, op.vector, "operation.vector", config_path, NULL, 0, 0, RESULTS,      \
                        "operation.kind: add",                                                    \
                        ".npy, float32 or float64: (width) or (layers, width) of the site; of a " \
                        "head its own width or that of all heads"),                               \
        CONFIG_ROW_WHEN(st, op.factor, "operation.factor", config_real, "1", -1e6, 1e6, RESULTS,  \
                        "operation.kind: add | scale", "times the vector, or the value")

#define SOURCE_ROWS(st, op)                                                                       \
    CONFIG_CHOICE_WHEN(st, op.run, "source.run", config_choice, NULL, operation_sources, RESULTS, \
                       "operation.kind: patch", "where a patch comes from"),                      \
        CONFIG_ROW_WHEN(st, op.source_position, "source.position", config_string, "\"\"", 0, 0,   \
                        RESULTS, "operation.kind: patch",                                         \
                        "span of the source; empty = the same place, matched by role"),           \
        CONFIG_ROW_WHEN(st, op.source_span, "source.span", config_string, NULL, 0, 0, RESULTS,    \
                        "operation.kind: patch; source.run: corrupted",                           \
                        "span whose embeddings are noised"),                                      \
        CONFIG_ROW_WHEN(st, op.source_noise, "source.noise", config_real, NULL, 0, 1e6, RESULTS,  \
                        "operation.kind: patch; source.run: corrupted",                           \
                        "factor of the normal deviates"),                                         \
        CONFIG_ROW_WHEN(st, op.source_sample, "source.sample", config_int, "0", 0, 999, RESULTS,  \
                        "operation.kind: patch; source.run: corrupted",                           \
                        "which noise sample, as causal_trace draws them")

struct operation {
    const struct operation_config *config;
    enum operation_kind kind;
    int draws;        /* samples of a configuration */
    bool drawn;       /* it has samples, even if only one */
    const int *order; /* span_order */

    struct partners partners; /* of a resample; or each query's own at another step */

    enum source source;         /* DO_PATCH */
    int step;                   /* FROM_STEP_1 and so on; 0 = of no step */
    struct place *source_place; /* NULL = the same place, by role */

    const float *vector; /* DO_ADD: (layers or 1, width or the width of a head) */
    size_t vector_layers, vector_width;
    struct hash hash; /* of what was read: part of the keys of units */
};

/* Where it will act: the survey's sites and layers (survey_open), the places, and for a vector the
   one site. */
struct operation_scope {
    const bool *wanted;
    const struct places *places;
    enum site site;
};

/* Makes it x->op. Mistakes of the config go to problems. May fill x->survey, and set x->needs and
   x->all_rows. */
int operation_open(struct operation *op, struct experiment *x, const struct operation_config *c,
                   const struct operation_scope *where, struct problems *problems, struct err *err);

/* What is done in words, for titles: "set to zero", "set to that of the run step_1". "" after
   an error. */
const char *operation_words(const struct operation *op, struct arena *a, struct err *err);

/* For query_skip, query_derived, query_likeness (beside the places) and query_runs. */
const char *operation_skip(const struct operation *op, const struct experiment *x,
                           const struct query *q);
struct hash operation_derived(const struct operation *op, const struct experiment *x,
                              const struct query *q);
int operation_likeness(const struct operation *op, const struct experiment *x,
                       const struct query *q, struct buf *b, struct err *err);
int operation_runs(const struct operation *op, const struct experiment *x, const struct query *q,
                   struct run_spec *spec, struct arena *a, struct err *err);

/* The query whose run values are taken from: another, or the query itself; NULL = it is the
   counterfactual, or there is none. */
const struct query *operation_source(const struct operation *op, const struct experiment *x,
                                     const struct query *q, int sample);

/* operation_edits.c: an operation at one place of a query, and the edits that it is. */
struct change {
    const struct experiment *x;
    const struct operation *op;
    const struct query *q;
    const struct run *run; /* the query's runs: the clean one, then operation_runs' */
    int sample;
    struct edit_list list;

    int *tok, *src; /* (n) rows, and the rows of the source; src NULL = no source */
    int *role;      /* of the query's tokens; for means */
    int n;
};

/* That of x, on a cell's query; its edits will stand in the arena. */
struct change cell_change(const struct experiment *x, const struct cell *cell, int sample,
                          struct arena *a, struct err *err);

/* Finds the rows; *found = false: the query lacks the place or its counterpart. */
int change_begin(struct change *c, const struct place *place, bool *found);

/* Appends the edits of the site's layers and heads (site_parts). */
int change_push(struct change *c, enum site site, struct span layer, struct span head);

#endif
