/*
 * The unembedding as a lens: logits of any residual, and of any vector that is added to one.
 */
#ifndef LENSWEEP_ENGINE_LENS_H
#define LENSWEEP_ENGINE_LENS_H

#include "engine/engine.h"
#include "engine/vocab_stats.h"

/* Logits of n rows of the residual stream x_L: final norm with each row's own root mean square,
   unembedding; out (n, V), rms (n) or NULL. */
void engine_logits(struct engine *e, int n, const float *const *x, float *out, float *rms);

/*
 * decode(r; c) of docs/methods.md 2: what a vector that is added to the residual stream adds to the
 * logits, under the final norm of the run that it came from. Linear in r.
 */
struct lens_ask {
    const int32_t *id; /* (n_ids) tokens whose logits are wanted; < 0 gives NaN */
    int n_ids;
    float *logit;      /* (n, n_ids) */
    float *mean, *std; /* (n) over the vocabulary; NULL = not wanted; needs e's vocab_stats */
    int n_ranked;      /* the first n_ranked ids also get log-probability and rank; 0 = none */
    float *logprob;    /* (n, n_ranked) */
    int32_t *rank;     /* (n, n_ranked) */
};

/* r: n vectors of d floats; rms: (n) the divisor of each one's run (struct run's rms). */
void engine_decode(struct engine *e, int n, const float *const *r, const float *rms,
                   const struct vocab_stats *stats, const struct lens_ask *ask);

#endif
