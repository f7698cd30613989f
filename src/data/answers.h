/*
 * Answers in what a model wrote: one, or a list as models write them (`Zurich 2. Geneva 3. Bern`,
 * lines, bullets, commas, with quotes, bold and years around them).
 *
 *     bool first_of_three(const char *text, struct answer_place *place)
 *     {
 *         struct answer_places all;
 *
 *         answers_find(text, strlen(text), 3, true, &all);
 *         *place = all.place[0];
 *         return all.n > 0;
 *     }
 */
#ifndef LENSWEEP_DATA_ANSWERS_H
#define LENSWEEP_DATA_ANSWERS_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

enum { ANSWERS_MOST = 9 };

/* Bytes of the text, without a bracket behind the answer. `n` without what may not be part of it
   (after a comma, a dash, a colon), `most` with it. */
struct answer_place {
    size_t begin, n, most;
};

struct answer_places {
    int n;      /* how many there are, up to the number asked for */
    bool cut;   /* the last of them has no end: the text was cut within it, or right behind it */
    size_t end; /* of one answer: what stands before it, and is not part of the answer, ends it */
    struct answer_place place[ANSWERS_MOST];
};

/* The first `want` answers; ended: the writer had nothing more to say. A text may begin with the
   list's first mark ("1.", "-") or behind it. */
void answers_find(const char *text, size_t n, int want, bool ended, struct answer_places *out);

/* Would a text that goes on from the prompt with this answer have a space between them? Neither
   ends nor begins with one. */
bool wants_space(const char *prompt, const char *answer);

/* The tokens that spell any of the bytes [begin, begin + length) of a text; end: (n) where each of
   its tokens ends. Empty = none. */
struct span answer_tokens(const size_t *end, int n, size_t begin, size_t length);

#endif
