/*
 * Mean and spread of decoded vectors over the vocabulary, made once for a model.
 */
#ifndef LENSWEEP_ENGINE_VOCAB_STATS_H
#define LENSWEEP_ENGINE_VOCAB_STATS_H

#include "engine/engine.h"

/* Mean and standard deviation over the vocabulary of any decoded vector, in d^2 instead of V d: the
   mean row of w_final * U and the centred Gram matrix of its rows, made once for a model. */
struct vocab_stats {
    int d;
    float *mean; /* (d) */
    float *gram; /* (d, d) sum over the vocabulary of (u - mean)(u - mean)^T / V */
    float *bias; /* (d) covariance of u with the logits of the biases: all 0 if there are none */
    double bias_mean, bias_var; /* of those */

    bool embeds; /* set before they are made or loaded: these as well, for what weights alone say */
    float *embed; /* (d, d) covariance of the rows e of the embedding: its element i with j */
    float *cross; /* (d, d) of the same token's e and u: e's element i with u's j */
};

/* What making it costs. */
double vocab_stats_flops(const struct model *m, bool embeds);
int vocab_stats_compute(struct vocab_stats *s, struct engine *e, struct arena *a, struct err *err);
/* Beside the journal: a file that belongs to this model, or nothing (0 and s->d = 0). */
int vocab_stats_load(struct vocab_stats *s, const struct model *m, const char *path,
                     struct arena *a, struct err *err);
int vocab_stats_save(const struct vocab_stats *s, const struct model *m, const char *path,
                     struct err *err);

#endif
