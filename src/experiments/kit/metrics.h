/* What an ablated run is measured by (docs/methods.md 4). */
#ifndef LENSWEEP_EXPERIMENTS_KIT_METRICS_H
#define LENSWEEP_EXPERIMENTS_KIT_METRICS_H

#include "experiments/experiment.h"

/* What a sweep may store of a cell: bits. */
enum metric {
    METRIC_LOGIT = 1,
    METRIC_LOGPROB = 2,
    METRIC_RANK = 4,
    METRIC_DIFFERENCE = 8,
    METRIC_RECALL = 16,
    METRIC_REPETITION = 32,
    METRIC_KL = 64,
    METRIC_ARGMAX = 128,
    METRIC_DIRECT = 256,
    METRIC_ANSWER = 512, /* of whole answers */
};

/* What a variant must be asked for these metrics (bits): ASK_LOGITS if their logits are enough. */
unsigned metric_asks(unsigned metrics);

/* Logit of the right target minus the mean of its foils; NaN where there are none. */
float logit_difference(const struct dataset *ds, const struct query *q, const float *logit);

/* Log of the summed probability of the distinct first tokens of the answers that are foils
   (repetition), or of those that are none (recall); the target `subject` is no answer. NaN where
   the set is empty. */
float answer_mass(const struct dataset *ds, const struct query *q, const float *logprob,
                  bool foils);

/* As configs call those that have effects. */
const char *metric_word(enum metric metric);

/* Numbers of a cell that its statistics are made of, as NAME/stats labels them: logit.answer_1,
   ..., logit_difference, ..., each edited minus clean; and which of them have a sign. */
struct effect_list {
    unsigned metrics;
    size_t n;
    const char **label;   /* (n) */
    bool *sign, *blurred; /* (n) blurred: of no use where targets collide */
};

/* For these metrics as far as they have effects. */
int effect_list_open(struct effect_list *e, unsigned metrics, const struct dataset *ds,
                     struct arena *a, struct err *err);

/* Of one answer, and of the clean run's logits and log-probabilities: out (n). */
void effect_list_fill(const struct effect_list *e, const struct dataset *ds, const struct query *q,
                      const struct answer *a, const float *clean_logit, const float *clean_logprob,
                      float *out);

#endif
