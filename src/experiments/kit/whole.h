/*
 * Whole answers (docs/methods.md 6.2): the log-probability of all tokens of an answer, teacher
 * forced, in the clean run and under a cell's edits.
 *
 * In a kind's config WHOLE_ROWS; in `open` whole_declare makes the fields; in `variants` whole_ask
 * adds the cell's edits of the prompt with each answer behind it, for each sample of the cell. The
 * rest follows: these runs are the last of a query, and what is asked of them is reduced to the
 * fields. Where the config does not ask for whole answers all of it does nothing.
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

/* Of an experiment whose config asks for them. */
struct whole {
    bool standing;
    int *first; /* (queries) the first run with an answer; known once the query's runs are listed */
};

/* `answer_logprob` of these dimensions, which begin with "query" and end before "target", and
   `clean_answer_logprob` (query, target). Problems, under the key answer_logprob, if the data has
   no whole answers, or a query would have too many runs: `others` beside the clean one and
   theirs. */
int whole_declare(struct experiment *x, const struct whole_config *c, const char *dims,
                  size_t others, struct problems *problems, struct err *err);

/* Adds to the variants of a cell one for each of the query's whole answers, under these edits. */
int whole_ask(const struct experiment *x, struct cell *cell, const struct edit *edit, int n,
              struct arena *a, struct err *err);

/* The same edits, those that name the last row of an n-row prompt also for all rows after it, up to
   `end`, with the last row's operand; in the arena. NULL on failure. */
const struct edit *edits_standing(const struct edit *edit, int n_edits, int n, int end,
                                  struct arena *a, struct err *err);

/* For those who call a kind's slots. Adds to the n runs of a query those with its answers: returns
   how many there are. */
int whole_runs(const struct experiment *x, const struct query *q, struct run_spec *spec, int n,
               struct arena *a, struct err *err);
/* Tokens that stand behind a query's prompt at most: of its longest answer but the last. */
int whole_behind(const struct experiment *x, const struct query *q);
/* FLOP of the logits that the clean run's sums are read from. */
uint64_t whole_extra(const struct experiment *x, const struct query *q);
/* clean_answer_logprob from the runs; answer_logprob from the cell's last variants, its mean over
   the samples that were asked for; NaN for targets of which no whole answer is known. */
int whole_query(const struct experiment *x, const struct cell *cell, struct row *row,
                struct worker *w, struct err *err);
int whole_cell(const struct experiment *x, const struct cell *cell, struct row *row,
               struct worker *w, struct err *err);

#endif
