/*
 * What a result file says of a sweep (kind ablation): how it was made, and its configurations with
 * their labels, for the summary and `lensweep top`.
 *
 *     struct sweep s;
 *     sweep_read(&s, f, "zero", err);     // s.cells == 0: it has no statistics
 *     sweep_where(&s, cell, text);        // "20.4", "7 subject"
 *     sweep_free(&s);                     // also after an error
 */
#ifndef LENSWEEP_REPORT_SWEEP_H
#define LENSWEEP_REPORT_SWEEP_H

#include "results/column.h"

struct sweep {
    const char *site, *operation; /* words of its config; "" = it does not say */
    const char *stats;            /* the group NAME/stats */
    struct catalogue all;         /* of the file */
    struct h5info shape;          /* of NAME/stats: (stratum, a dimension or more, metric) */
    size_t cells, metrics;        /* configurations; numbers of each */
    const char **metric;          /* (metrics) */
    const char **label[DIMS_MAX]; /* of the dimensions between stratum and metric */
    double fdr, min_effect;       /* of its tests; NaN = it does not say */
    bool family[DIMS_MAX];        /* dimensions that tests are corrected over together */
    struct arena arena;
};

int sweep_read(struct sweep *s, struct h5file *f, const char *group, struct err *err);
void sweep_free(struct sweep *s);

/* The place of dimension `name` in the shape; 0 = it has none. */
size_t sweep_dim(const struct sweep *s, const char *name);

enum { WHERE_MAX = 128 };

/* A configuration in few letters: LAYER.HEAD or LAYER, and positions where there are several. */
const char *sweep_where(const struct sweep *s, size_t cell, char out[WHERE_MAX]);

#endif
