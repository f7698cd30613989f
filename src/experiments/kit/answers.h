/* What several experiments ask of a variant, and how they decode it. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_ANSWERS_H
#define LENSWEEP_EXPERIMENTS_KIT_ANSWERS_H

#include "engine/lens.h"
#include "experiments/experiment.h"

/* An answer for the query's targets; mlps: with room for every layer's MLP output. NULL and err on
   failure. */
struct answer *answer_new(const struct scene *s, const struct query *q, bool mlps, struct arena *a,
                          struct err *err);

/* The cell has one variant: the query's first run with these edits, asked for ASK_VOCAB or
   ASK_LOGITS and, with `mlps`, for every layer's MLP output. */
int cell_ask(struct cell *cell, const struct scene *s, const struct edit *edits, int n,
             unsigned asks, bool mlps, struct arena *a, struct err *err);

/* The variant's answer is asked for other tokens as well: those of control_ids (controls.h), the
   query's targets first. */
int ask_controls(struct variant *v, const struct scene *s, const struct query *q, struct arena *a,
                 struct err *err);

/* A run's logits and log-probabilities of the query's n targets; NaN where it has none. */
void run_targets(const struct run *run, const struct query *q, size_t n, float *logit,
                 float *logprob);

/* Decodes the n vectors r + i * stride, all under one divisor. stats as in engine_decode. */
int decode_rows(struct worker *w, size_t n, const float *r, int64_t stride, float rms,
                const struct vocab_stats *stats, const struct lens_ask *ask, struct err *err);

/* For one vector per layer, to a field of the row: (layer, target). */
int decode_layers(struct worker *w, struct row *row, const char *field, const float *r,
                  int64_t stride, float rms, struct err *err);

#endif
