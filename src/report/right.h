/* How often the model itself is right, and where not: from the group `queries` of a result file. */
#ifndef LENSWEEP_REPORT_RIGHT_H
#define LENSWEEP_REPORT_RIGHT_H

#include "results/result.h"

/* A query that has a right target and was computed. */
struct right_query {
    const char *item;
    const char *target, *target_token; /* the right one */
    const char *said;                  /* the model's own token; "" = not known */
    int step, template;
    int64_t rank; /* of the right target */
    size_t among; /* its place among the targets of the file */
};

/* The right target of most queries of a step; among equals the one that comes first. */
struct right_step {
    int step;
    const char *target;
    size_t n, n_right; /* queries of the step that say what is right; in which the model says it */
};

struct right {
    struct right_query *v;     /* (n) in the arena of the result */
    size_t n, n_right, unsaid; /* unsaid: queries whose data do not say what is right */
    struct right_step *step;   /* (n_steps) by step, in the arena of the result */
    size_t n_steps, max_steps;
};

/* n = 0: the data do not say what is right, or the file was written by an earlier lensweep. */
int right_read(struct right *all, struct result *r, struct err *err);

/* The right target of most queries of a step; NULL = there is none. */
const char *right_target(const struct right *all, int step);

/* The same, if it is what the model says in a tenth of them or more: such an answer was picked, or
   stands out, by the very logits that are looked at. NULL = it is not, or there is none. */
const struct right_step *right_own(const struct right *all, int step);

/* Does the label name the target: `answer_2`, `logit.answer_2`? */
bool names_target(const char *label, const char *target);

/* Appends "the model is right in 29 of 32 queries", by step: a sentence, without its full stop. */
int right_sentence(const struct right *all, struct buf *out, struct err *err);
/* Appends it as a line, and below it the wrong ones by name. */
int right_text(const struct right *all, struct buf *out, struct err *err);
/* One that is wrong, in words: "Bolivia, step 2: says " La", right is " Sucre" (rank 3)". */
int right_words(const struct right_query *q, struct buf *out, struct err *err);

#endif
