/*
 * Private to the tokenizer: from a text to the words that the model works on.
 *
 *     int print_word(void *arg, const char *word, size_t n, struct err *err);
 *
 *     int split(const char *text, struct err *err)
 *     {
 *         struct regex_run regex = {0};
 *         struct pretok_run run = {.word = print_word, .regex = &regex};
 *         struct pretok p = {0};
 *
 *         if (!pretok_add_split(&p, PATTERN_GPT2, strlen(PATTERN_GPT2), false, SPLIT_ISOLATED,
 *                               false, err) &&
 *             !regex_run_init(&regex, err))
 *             pretok_split(&p, &run, text, strlen(text), true, err); // print_word for every word
 *         pretok_run_release(&run);
 *         regex_run_release(&regex);
 *         pretok_release(&p);
 *         return err->code;
 *     }
 *
 * Each step splits the pieces that the step before it has left: what its pattern matches is a
 * piece, and so is what lies between two matches; its behaviour joins or drops some of them.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_PRETOKENIZE_H
#define LENSWEEP_MODEL_TOKENIZER_PRETOKENIZE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/regex.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_GPT2 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

enum { PRETOK_STEPS_MAX = 16 };

/* What becomes of a match: a piece of its own; dropped; joined with the piece before or after it;
   joined with the matches beside it. */
enum split_behavior {
    SPLIT_ISOLATED,
    SPLIT_REMOVED,
    SPLIT_MERGED_WITH_PREVIOUS,
    SPLIT_MERGED_WITH_NEXT,
    SPLIT_CONTIGUOUS
};

/* Which pieces get a space at the front that do not begin with one. */
enum prefix_scheme { PREFIX_NEVER, PREFIX_FIRST, PREFIX_ALWAYS };

struct pretok_step {
    void *code; /* NULL = the piece stays whole */
    enum split_behavior behavior;
    bool invert; /* what matches and what does not change places */
    enum prefix_scheme prefix;
    char space[5]; /* the space that is put in front ... */
    bool replace;  /* and stands for every U+0020 */
};

struct pretok {
    struct pretok_step step[PRETOK_STEPS_MAX];
    size_t n;
};

/* By a pattern, or a text as it stands. ERR_FORMAT for a pattern that cannot be run exactly. */
int pretok_add_split(struct pretok *p, const char *text, size_t n, bool literal,
                     enum split_behavior behavior, bool invert, struct err *err);

/* By one of the characters that regex.h names: regex_digit, regex_punctuation. */
int pretok_add_class(struct pretok *p, const char *class, enum split_behavior behavior,
                     struct err *err);

/* ByteLevel's: perhaps a space before each piece, perhaps GPT-2's pattern. */
int pretok_add_byte_level(struct pretok *p, bool prefix_space, bool use_regex, struct err *err);

/* space: one character that stands for U+0020; split: a piece ends before each. */
int pretok_add_metaspace(struct pretok *p, const char *space, enum prefix_scheme prefix, bool split,
                         struct err *err);

void pretok_release(struct pretok *p);

/* One thread's state; word and arg are the caller's. */
struct pretok_run {
    int (*word)(void *arg, const char *word, size_t n, struct err *err);
    void *arg;
    struct regex_run *regex; /* borrowed */
    struct split_piece *piece;
    size_t n_pieces, cap;
};

void pretok_run_release(struct pretok_run *run);

/* first: the text begins where the whole input does. */
int pretok_split(const struct pretok *p, struct pretok_run *run, const char *text, size_t n,
                 bool first, struct err *err);

#endif
