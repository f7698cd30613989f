/*
 * The unembedding as a lens: logits of any residual, and of any vector that is added to one.
 */
#ifndef LENSWEEP_ENGINE_LENS_H
#define LENSWEEP_ENGINE_LENS_H

#include "engine/engine.h"
#include "engine/vocab_stats.h"

/* What the final norm divides a row of the residual stream by. */
float engine_rms(const struct model *m, const float *x);

/* Logits of n rows of the residual stream x_L: final norm with each row's own divisor, unembedding,
   cap; out (n, V). */
void engine_logits(struct engine *e, int n, const float *const *x, float *out);

/*
 * What a part of layer l's attention adds to the last row of a run's residual stream: n vectors z,
 * heads' outputs, through the output matrix and the norm after it, whose divisor is the run's: so
 * it is linear, and the shares of what z consists of add up to a_l less engine_share_bias. out (n,
 * d)
 */
void engine_share(struct engine *e, const struct run *run, int l, int n, const float *z,
                  float *out);
void engine_share_bias(const struct model *m, const struct run *run, int l, float *out);

/* What heads add to the residual stream, before the output matrix's bias and any norm after it:
   rows of their outputs through their own columns of it. Linear in z, so a difference of outputs
   gives a difference of what they add. Of n_parts heads of a layer, its matrix is widened once. */
struct head_part {
    int head, n;    /* rows */
    const float *z; /* (n, dh) */
    float *out;     /* (n, d) */
};
void engine_contributions(struct engine *e, int layer, const struct head_part *part, int n_parts);

/* a_l of n rows z, whole: with the bias, and the norm after it anew. */
void engine_attn(struct engine *e, int l, int n, const float *z, float *out);

/* The second step of engine_share for any token: n vectors a, in place, through the norm after
   layer l's attention with the run's divisor of row tok. */
void engine_share_norm(const struct model *m, const struct run *run, int l, int tok, int n,
                       float *a);

/*
 * decode(r; c) of docs/methods.md 2: what a vector that is added to the residual stream adds to the
 * logits, before a cap, under the final norm of the run that it came from. Linear in r. The biases
 * of the final norm and of the unembedding are what remains of the run's logits: they belong to no
 * r, unless it is the whole residual stream; those of a whole r = 0 are the biases alone.
 */
struct lens_ask {
    const int32_t *id; /* (n_ids) tokens whose logits are wanted; < 0 gives NaN */
    int n_ids;
    const bool *whole; /* (n) is r the whole residual stream? NULL: none is */
    float *logit;      /* (n, n_ids) */
    float *mean, *std; /* (n) over the vocabulary; NULL = not wanted; needs e's vocab_stats */
    int n_ranked;      /* the first n_ranked ids also get log-probability and rank; 0 = none */
    float *logprob;    /* (n, n_ranked) after the cap, as if r's logits were a token's */
    int32_t *rank;     /* (n, n_ranked) */
};

/* r: n vectors of d floats; rms: (n) the divisor of each one's run (struct run's rms; of a whole r,
   its own). */
void engine_decode(struct engine *e, int n, const float *const *r, const float *rms,
                   const struct vocab_stats *stats, const struct lens_ask *ask);

/* The same over the whole vocabulary, for at most as many vectors as a wave has rows: out (n, V),
   before the cap. */
void engine_decode_vocab(struct engine *e, int n, const float *const *r, const float *rms,
                         const bool *whole, float *out);

#endif
