/*
 * Whole answers (docs/methods.md 6.2): the log-probability of all tokens of an answer, teacher
 * forced, in the clean run and under a cell's edits.
 *
 * In a kind's config WHOLE_ROWS; in `open` whole_declare makes the fields; `runs` adds the prompt
 * with each answer behind it (whole_runs), `variants` the cell's edits of those runs, after its own
 * (whole_ask, for each sample of the cell); whole_query and whole_cell reduce.
 *
 * An edit at a named position acts there and its rows reach the answer's as they do any later row;
 * a standing one of the last row acts on every row of the answer too.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_WHOLE_H
#define LENSWEEP_EXPERIMENTS_KIT_WHOLE_H

#include "experiments/experiment.h"

struct whole_config {
    bool answer_logprob, standing;
};

#define ANSWER_ROW(st, wanted)                                                    \
    CONFIG_ROW(st, wanted, "answer_logprob", config_bool, "false", 0, 0, RESULTS, \
               "log-probability of whole answers, where the data gives them")

/* The rows of a config struct st that has one as its member w; `stands`: what standing does. */
#define WHOLE_ROWS(st, w, stands)     \
    ANSWER_ROW(st, w.answer_logprob), \
        CONFIG_ROW(st, w.standing, "standing", config_bool, "false", 0, 0, RESULTS, stands)

/* `answer_logprob` of these dimensions, which begin with "query" and end before "target", and
   `clean_answer_logprob` (query, target). Problems, under the key answer_logprob, if the data has
   no whole answers, or a query would have too many runs: `others` beside the clean one and
   theirs. */
int whole_declare(struct experiment *x, const char *dims, size_t others, struct problems *problems,
                  struct err *err);

/* A kind's slot `extra`: FLOP of the logits that the clean run's sums are read from. */
double whole_extra(const struct experiment *x, const struct query *q);

/* For a kind's `skip`: no room behind this prompt for what its runs have there; else NULL. */
const char *too_long(const struct experiment *x, const struct query *q);

/* Adds to the n runs of a query one for each of its whole answers; returns how many there are. */
int whole_runs(const struct experiment *x, const struct query *q, struct run_spec *spec, int n,
               struct arena *a, struct err *err);

/* Adds to the variants of a cell one for each of the query's whole answers; first: the place of the
   first run of whole_runs. */
int whole_ask(const struct experiment *x, struct cell *cell, int first, const struct edit *edit,
              int n, bool standing, struct arena *a, struct err *err);

/* The same edits, those that name the last row of an n-row prompt also for all rows after it, up to
   `end`, with the last row's operand; in the arena. NULL on failure. */
const struct edit *edits_standing(const struct edit *edit, int n_edits, int n, int end,
                                  struct arena *a, struct err *err);

/* Fills clean_answer_logprob from the runs, answer_logprob from the cell's last variants, its mean
   over the samples that were asked for; NaN for targets of which no whole answer is known. */
int whole_query(const struct experiment *x, const struct cell *cell, int first, struct row *row,
                struct worker *w, struct err *err);
int whole_cell(const struct experiment *x, const struct cell *cell, int samples, struct row *row,
               struct worker *w, struct err *err);

#endif
