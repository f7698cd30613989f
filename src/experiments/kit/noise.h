/*
 * The scale of causal tracing's noise (docs/methods.md 3.2): one number, the published ones for a
 * model and dataset, or three standard deviations of the embeddings of what is corrupted.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_NOISE_H
#define LENSWEEP_EXPERIMENTS_KIT_NOISE_H

#include "experiments/experiment.h"

enum noise_source { NOISE_PUBLISHED, NOISE_COMPUTED };
extern const struct choice noise_sources[];

struct noise_levels {
    double *level; /* (queries, spans); 0 where the query has none, and in a plan of `computed` */
    size_t n_spans;
};

/*
 * Levels of the spans for every query that x computes. Mistakes of the config go to problems.
 *
 * published: file is JSON {dataset: {model: {subject: x, answers: y}}}, the model by its whole name
 * or its last part; a model or dataset that it does not name is a problem.
 *
 * computed: 3 x the standard deviation (n - 1) over all elements of the embeddings of all queries
 * of the same dataset, template and step, duplicates kept. In files of the one_to_many layout those
 * of the string `subject` for the span `subject`, of the three answers' strings for an answer, each
 * tokenised alone; elsewhere, and for other spans, those of the span's own tokens in the prompt.
 * Nothing is computed where the model is open without weights.
 */
int noise_open(struct noise_levels *n, struct experiment *x, const struct real_or_choice *noise,
               const char *file, const struct string_list *spans, struct problems *problems,
               struct err *err);

/* The level of span `i` for query q. */
double noise_level(const struct noise_levels *n, const struct experiment *x, const struct query *q,
                   size_t i);

/* Of all levels of a query: part of its units' keys. */
struct hash noise_fingerprint(const struct noise_levels *n, const struct experiment *x,
                              const struct query *q);

#endif
