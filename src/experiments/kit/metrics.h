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
   (repetition), or of those that are not (recall); the target `subject` is not an answer. NaN where
   the set is empty. */
float answer_mass(const struct dataset *ds, const struct query *q, const float *logprob,
                  bool foils);

/* As configs call those that have effects. */
const char *metric_word(enum metric metric);

/* A variable of a metric. */
struct measure {
    const char *name;
    unsigned bit;
    enum vtype type;
    bool per_target; /* else one for a cell */
    const char *units, *text;
    const char *clean, *clean_text; /* the clean run's beside it; NULL = there is none */
    bool effect;                    /* statistics are made of it, minus the clean run's */
    bool sign;                      /* it may go either way, and is not another's double: tested */
    bool blurred; /* answers that begin with the same token cannot be told apart */
};
enum { MEASURES = 11 };
extern const struct measure measures[MEASURES];

/* Of target t (or of the cell), from all targets' logits and log-probabilities: of the measures
   that these two suffice for. */
float measure_of(const struct measure *m, const struct dataset *ds, const struct query *q,
                 const float *logit, const float *logprob, size_t t);

/* Numbers of a cell that its statistics are made of, as NAME/stats labels them: logit.answer_1,
   ..., logit_difference, ...; and which of them have a sign. */
struct effect_list {
    unsigned metrics;
    size_t n;
    const char **label;   /* (n) */
    bool *sign, *blurred; /* (n) */
    const char *of;       /* what they are the sums of (struct aggregate) */
};

/* For these metrics as far as they have effects. variable: the field that has them all; NULL = the
   measures and, where they have one, the clean run's. */
int effect_list_open(struct effect_list *e, unsigned metrics, const char *variable,
                     const struct dataset *ds, struct arena *a, struct err *err);

/* The headline of effects in NAME/stats, each metric apart; zero: they are of zeroing. */
struct headline effects_headline(const char *title, const char *unit, bool zero);

/* Of one answer, and of the clean run's logits and log-probabilities: out (n). Of metrics that both
   suffice for. */
void effect_list_fill(const struct effect_list *e, const struct dataset *ds, const struct query *q,
                      const struct answer *a, const float *clean_logit, const float *clean_logprob,
                      float *out);

#endif
