/*
 * Private to the tokenizer: added tokens, which are found in the text before anything splits it.
 *
 *     void text(const char *s, size_t n);          // between added tokens
 *
 *     void split(const struct added *a, const char *s, size_t n)   // a is sealed
 *     {
 *         struct added_hit hit;
 *         size_t done = 0;
 *
 *         for (size_t at = 0; added_next(a, s, n, done, &at, &hit); done = hit.hi)
 *             if (hit.lo > done)
 *                 text(s + done, hit.lo - done);
 *         text(s + done, n - done);
 *     }
 *
 * The match furthest left is taken, of those that begin there the longest, as the `tokenizers`
 * package does; also the order in which its flags act is that of the package.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_ADDED_H
#define LENSWEEP_MODEL_TOKENIZER_ADDED_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ADDED_SINGLE_WORD = 1, /* not inside a word */
    ADDED_LSTRIP = 2,      /* takes the white space left of it */
    ADDED_RSTRIP = 4,      /* and right of it */
    ADDED_SPECIAL = 8      /* a mark, not text: only told, does not change what is found */
};

struct added_token {
    char *s; /* owned */
    size_t n;
    int32_t id;
    unsigned flags;
};

struct added {
    struct added_token *v; /* owned; sorted bytewise once sealed */
    size_t n, cap;
    bool first[256]; /* a token begins with this byte */
    void *word;      /* a pattern: one character of a word; NULL when no token needs it */
};

/* Contents are not empty, and differ: added_seal reports two that are the same. */
int added_push(struct added *a, const char *s, size_t n, int32_t id, unsigned flags,
               struct err *err);
int added_seal(struct added *a, struct err *err);
void added_release(struct added *a);

struct added_hit {
    size_t lo, hi; /* what it takes away; lo may be below `done`, when two take the same spaces */
    int32_t id;
};

/* The token with exactly this content; NULL = there is none. Needs no seal. */
const struct added_token *added_find(const struct added *a, const char *s, size_t n);

/* The longest token that s[0..n) begins with; NULL = there is none. */
const struct added_token *added_longest(const struct added *a, const char *s, size_t n);

/* The next token of s[0..n), looking from *at on, which moves behind it; text before `done` has
   been taken already. */
bool added_next(const struct added *a, const char *s, size_t n, size_t done, size_t *at,
                struct added_hit *hit);

#endif
