/*
 * Control tokens beside the targets: what any answer, or any subject, would get from the same
 * vector. A target is compared with its own sort: the target named `subject` with first tokens of
 * other subjects, every other one with those of other items' answers (docs/methods.md 3.1, 3.5).
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_CONTROLS_H
#define LENSWEEP_EXPERIMENTS_KIT_CONTROLS_H

#include "experiments/experiment.h"

/* Ids to decode for: the targets, the controls, the controls of the subject. How many, and the
   list, in the arena; NULL and err on failure. */
size_t control_ids_n(const struct dataset *ds);
int32_t *control_ids(const struct dataset *ds, const struct query *q, struct arena *a,
                     struct err *err);

bool is_subject(const struct experiment *x, size_t target);

/* Fields control_logit and subject_control_logit over these dims. */
int declare_controls(struct experiment *x, const char *dims, struct err *err);

/* Splits logits (vectors, control_ids_n) into the row's logit (vectors, targets), at vector
   `first`, and the means of both fields of controls; NaN where there are none. */
void put_logits(struct row *row, const float *logit, size_t first, size_t vectors);

/* Means of logits over the controls of both sorts, from (control_ids_n) logits of the row's query;
   NaN = has none. */
void control_means(const struct row *row, const float *logit, float *answers, float *subjects);

/* The averages mean_logit and mean_centred_logit of the field `logit`, over dims; what h and f have
   not said of them, as its headline and its two figures, the second with the title `centred`. */
int declare_centred(struct experiment *x, const char *dims, struct headline h, struct figure f,
                    const char *centred, struct err *err);

/* What a headline about them needs, in words. */
extern const char controls_needed[];

/* What is left of a target's logit beyond its controls: for add_sum. */
#define CENTRED_LOGIT "logit -control_logit[target!=subject] -subject_control_logit[target=subject]"

#endif
