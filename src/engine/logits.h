/*
 * Private to the engine: rows of logits. The whole vocabulary's pass by in panels, each read by all
 * that want something of it, and are not kept.
 */
#ifndef LENSWEEP_ENGINE_LOGITS_H
#define LENSWEEP_ENGINE_LOGITS_H

#include "engine/engine.h"

float capped(float logit, float cap); /* as vec_cap has it */

/* Logits of the tokens alone, for n rows that have passed the final norm: norm (n, d), out (n,
   n_ids), without bias and cap. Their bits are those that read_logits sees. An id < 0 gives 0. Uses
   e->a. */
void token_logits(struct engine *e, int n, const float *norm, const int32_t *id, int n_ids,
                  float *out);

/* The unembedding's bias to such logits: of the rows that are `whole` (n), NULL = of all. */
void add_token_bias(const struct engine *e, int n, const int32_t *id, int n_ids, const bool *whole,
                    float *out);

/* What one row wants of its logits, and what it has seen so far. */
struct logit_reader {
    const int32_t *target; /* (n_targets) ids < 0 are passed over */
    const float *logit;    /* (n_targets) theirs, from token_logits with the bias added */
    const float *bias;     /* (V) added to the logits; NULL: none */
    float cap;             /* of the logits, once it is added; 0 = none */
    int n_targets;
    int32_t *rank;          /* (n_targets) strictly greater logits than theirs */
    const struct run *base; /* NULL, or whose distribution it is compared with */
    float *keep;            /* NULL, or where all of them go before the cap, (V) */
    float *keep_capped;     /* the same after it */

    struct log_sum z;
    float max;
    int32_t argmax;    /* the lowest id of the largest; -1 if none is a number */
    double difference; /* sum of the base's p (base's logit - this one) */
};

/* One that wants nothing but the sum and the largest. */
struct logit_reader logit_reader(void);

/* All logits of n rows, norm (n, d), past their readers. */
void read_logits(struct engine *e, int n, const float *norm, struct logit_reader *reader);

#endif
