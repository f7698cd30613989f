/*
 * Private to the tokenizer: patterns as tokenizer.json has them, Oniguruma's, run by PCRE2.
 *
 *     // How many runs of white space s has; negative on error.
 *     int count_gaps(const char *s, size_t n, struct err *err)
 *     {
 *         struct regex_run run = {0}; // one thread's state of matching
 *         struct regex_at at = {0};
 *         void *code = NULL;
 *         size_t lo, hi;
 *         int count = 0;
 *
 *         if (!regex_new(&code, "\\s+", 3, err) && !regex_run_init(&run, err))
 *             while (regex_next(code, &run, s, n, &at, &lo, &hi, err) > 0)
 *                 count++; // the match is s[lo, hi)
 *         regex_run_release(&run);
 *         regex_free(code);
 *         return err->code ? -1 : count;
 *     }
 *
 * A pattern is rewritten where the two libraries differ (pattern.c), and what would mean something
 * else is refused.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_REGEX_H
#define LENSWEEP_MODEL_TOKENIZER_REGEX_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_MAX = 4096 }; /* bytes of a pattern in a file */

/* ERR_FORMAT for a pattern that cannot be run exactly. */
int regex_new(void **code, const char *pattern, size_t n, struct err *err);
/* The text itself, which may hold anything. */
int regex_new_literal(void **code, const char *text, size_t n, struct err *err);
/* A pattern of our own, in PCRE2's form. */
int regex_new_own(void **code, const char *pattern, struct err *err);
void regex_free(void *code);

extern const char regex_digit[], regex_punctuation[]; /* one such character; for regex_new_own */
/* A text that begins with a character of words as Rust's \w has them, for added tokens that may not
   stand inside one. */
extern const char regex_word[];

struct regex_run {
    void *match, *context; /* of PCRE2 */
};

int regex_run_init(struct regex_run *run, struct err *err);
void regex_run_release(struct regex_run *run);

/* Where a search through one text stands; zero it first. */
struct regex_at {
    size_t from, last; /* the next search begins at; the last match ended at (plus 1; 0 = none) */
};

/* The next match in s[0..n): 1 and its bounds, 0 = none, or -1 and an error. An empty match counts,
   but not where the last match ended. */
int regex_next(const void *code, struct regex_run *run, const char *s, size_t n,
               struct regex_at *at, size_t *lo, size_t *hi, struct err *err);

/* Does s[0..n) match? Without a thread's state, and bounds: for regex_word. */
bool regex_matches(const void *code, const char *s, size_t n);

/* Rewrites an Oniguruma pattern for PCRE2 (pattern.c). */
int pattern_translate(struct buf *out, const char *pattern, size_t n, struct err *err);

#endif
