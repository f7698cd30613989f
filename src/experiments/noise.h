/* The scale of causal tracing's noise: one number, or the published ones for a model and dataset.
 */
#ifndef LENSWEEP_EXPERIMENTS_NOISE_H
#define LENSWEEP_EXPERIMENTS_NOISE_H

#include "experiments/experiment.h"

struct noise_level {
    const char *dataset;
    double subject, answers;
};

struct noise_levels {
    bool fixed;
    double value;              /* fixed */
    struct noise_level *level; /* (n) published, one per dataset */
    size_t n;
};

/* file: JSON {dataset: {model: {subject: x, answers: y}}}, the model by its whole name or its last
   part. A model or dataset that it does not name is a problem. */
int noise_open(struct noise_levels *n, struct experiment *x, const struct real_or_choice *noise,
               const char *file, struct problems *problems, struct err *err);

/* For a query and a corrupted span. */
double noise_level(const struct noise_levels *n, const struct query *q, const char *span);

#endif
