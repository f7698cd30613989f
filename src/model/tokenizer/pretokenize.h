/*
 * Private to the tokenizer: from a text to the words that byte pair encoding works on.
 *
 *     int print_word(void *arg, const char *word, size_t n, struct err *err);
 *
 *     int split(const char *text, struct err *err)
 *     {
 *         struct pretok_run run = {.word = print_word};
 *         struct pretok p = {0};
 *
 *         if (!pretok_add(&p, PATTERN_GPT2, strlen(PATTERN_GPT2), false, err) &&
 *             !pretok_run_init(&run, err))
 *             pretok_split(&p, &run, text, strlen(text), err);     // print_word for every word
 *         pretok_run_release(&run);
 *         pretok_release(&p);
 *         return err->code;
 *     }
 *
 * Each step splits the pieces that the step before it has left: what its pattern matches is a
 * piece, and so is what lies between two matches. Patterns are Oniguruma's, as in a tokenizer.json;
 * PCRE2 runs them, rewritten where the two differ, and what would mean something else is refused.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_PRETOKENIZE_H
#define LENSWEEP_MODEL_TOKENIZER_PRETOKENIZE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_GPT2 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define PATTERN_LLAMA3                                                        \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" \
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

enum { PRETOK_STEPS_MAX = 16, PATTERN_MAX = 4096 };

struct pretok_step {
    void *code;        /* pcre2_code; NULL = the piece stays whole */
    bool prefix_space; /* a piece that does not begin with a space gets one first */
};

struct pretok {
    struct pretok_step step[PRETOK_STEPS_MAX];
    size_t n;
};

/* pattern NULL: no splitting. ERR_FORMAT for a pattern that cannot be run exactly. */
int pretok_add(struct pretok *p, const char *pattern, size_t n, bool prefix_space, struct err *err);

/* Digits (every character that is numeric) as pieces of their own, each or a run of them. */
int pretok_add_digits(struct pretok *p, bool individual, struct err *err);
void pretok_release(struct pretok *p);

/* One thread's state of matching; word and arg are the caller's. */
struct pretok_run {
    int (*word)(void *arg, const char *word, size_t n, struct err *err);
    void *arg;
    void *match, *context; /* of PCRE2 */
};

int pretok_run_init(struct pretok_run *run, struct err *err);
void pretok_run_release(struct pretok_run *run);
int pretok_split(const struct pretok *p, struct pretok_run *run, const char *text, size_t n,
                 struct err *err);

/* The characters of words as Rust's \w has them, for added tokens that may not stand inside one. */
int word_class_new(void **code, struct err *err);
bool word_class_has(const void *code, const char *s, size_t n); /* the first character of s */
void word_class_free(void *code);

/* Rewrites an Oniguruma pattern for PCRE2 (pattern.c). */
int pattern_translate(struct buf *out, const char *pattern, size_t n, struct err *err);

#endif
