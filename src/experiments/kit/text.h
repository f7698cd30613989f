/*
 * What the model writes under a cell's edits (docs/methods.md 6.2): its tokens, its text, and
 * whether its first answer is right, repeats an earlier one, or neither.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_TEXT_H
#define LENSWEEP_EXPERIMENTS_KIT_TEXT_H

#include "experiments/experiment.h"

/* The row of a config struct st whose member is `tokens`; `done`: what stands. */
#define TEXT_ROW(st, tokens, done)                                               \
    CONFIG_ROW(st, tokens, "generate.tokens", config_int, "0", 0, 1024, RESULTS, \
               "so many tokens are written under " done ", and read as an answer")

/* In `open`: n tokens (0 = nothing is written) of each cell, `dims` begin with "query". Fields
   text_id, text, outcome; averages correct, repeats and other over `averaged`, which begin with
   "stratum"; a headline of `rows`. */
int text_declare(struct experiment *x, int n, const char *dims, const char *averaged,
                 const char *rows, struct err *err);

/* In `variants`: asks for it, under edits of the prompt; those of its last row stand. */
int text_ask(struct cell *cell, const struct edit *edit, int n_edits, int n, struct arena *a,
             struct err *err);

/* A token's text, in the arena; "" for -1, and where the tokenizer lacks it. NULL on failure. */
const char *token_text(const struct scene *s, int32_t id, struct arena *a, struct err *err);

/* When a cell is reduced; in a kind's `fill_late`. */
void text_cell(const struct cell *cell, struct row *row);
void text_late(const struct row *row);

#endif
