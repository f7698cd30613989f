/* Private to ablation*.c: a sweep's configurations, and the edits that one of them is. */
#ifndef LENSWEEP_EXPERIMENTS_ABLATION_H
#define LENSWEEP_EXPERIMENTS_ABLATION_H

#include "experiments/kit/metrics.h"
#include "experiments/kit/operation.h"
#include "experiments/kit/select.h"
#include "experiments/kit/whole.h"

struct ablation_config {
    enum site site;
    struct selector layers, heads, neurons, positions, from, to;
    const char *neuron_file;
    struct operation_config op;
    bool renormalise;
    struct choice_list metrics; /* of enum metric */
    struct whole_config whole;
    int64_t tokens;
};

/* Hidden units that a configuration ablates together, of several layers: a line of neuron_file. */
struct neuron_set {
    const char *name;
    struct unit_range {
        int layer;
        struct span unit;
    } * v; /* (n) by layer, then unit */
    size_t n, cap;
};

struct ablation {
    enum site site;
    struct operation op;
    struct selections layers, parts; /* parts: heads, key and value heads, hidden units */
    struct neuron_set *set;          /* (parts.n) in their stead; NULL = none */
    bool pairs;                      /* layers and parts: of the i-th strongest head, by twos */
    struct hash set_hash;            /* of the file, or of the ranking */
    struct places positions, from;   /* of an edge: to and from */
    int layer_axis, part_axis, position_axis, from_axis, sample_axis; /* -1 = no such axis */

    unsigned metrics;
    struct effect_list effects; /* a cell's in NAME/stats */
};

/* The edits of one cell, in the arena. *n = 0: the query lacks the place or its counterpart. */
int ablation_edits(const struct experiment *x, const struct cell *cell, const struct edit **edits,
                   int *n, struct arena *a, struct err *err);

/* ablation_neurons.c: the sets of a file, "LAYER UNIT [SET]" in a line, # begins a comment; a line
   without a set belongs to the set `all`. Mistakes go to problems. */
int neuron_sets_read(struct ablation *b, struct experiment *x, const char *path,
                     struct problems *problems, struct err *err);

/* ablation_pairs.c: the strongest heads of a finished sweep, each alone and each two together:
   cells run over (first, second), both places in the ranking, first <= second. */
int pairs_open(struct ablation *b, struct experiment *x, struct problems *problems,
               struct err *err);
int pairs_axes(struct experiment *x, struct ablation *b, struct err *err);
/* The averages and what is shown of them; done: what is done, in words. */
int pairs_declare(struct experiment *x, const struct ablation *b, const char *done,
                  struct err *err);

/* ablation_measure.c: is `direct` among the metrics that the config names?; the axis and fields
   of NAME/stats, then the fields of NAME; and the slots that reduce. */
bool ablation_has_direct(const struct ablation *b);
int ablation_open_effects(struct experiment *x, struct ablation *b, struct err *err);
/* One query's effects: (cells without samples, metrics). */
void ablation_effects(const struct row *row, float *out);
int ablation_declare(struct experiment *x, const struct ablation *b, struct problems *problems,
                     struct err *err);
int ablation_query(const struct experiment *x, const struct cell *cell, struct row *row,
                   struct worker *w, struct err *err);
int ablation_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                  struct worker *w, struct err *err);

#endif
