/*
 * Private to the tokenizer: SentencePiece's map of characters, as a tokenizer.model or a GGUF file
 * carries it: a table of what beginnings of a text (one character or several) become. It is a u32
 * (the bytes of the trie), the trie (units of a double array, u32), and texts, each ended by a NUL.
 *
 * The longest beginning that the trie has is replaced by the text at the place that it tells, and
 * else one character stays. All of it is untrusted: charsmap_run never leaves the bytes.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHARSMAP_H
#define LENSWEEP_MODEL_TOKENIZER_CHARSMAP_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/added.h"

#include <stdbool.h>
#include <stddef.h>

/* Are these bytes a map? ERR_FORMAT; none at all are one that changes nothing. */
int charsmap_check(const void *data, size_t n, struct err *err);

/* How SentencePiece treats spaces. */
enum {
    SPACES_TRIM = 1,  /* they go from both ends, and of several in a row one stays */
    SPACES_PREFIX = 2 /* one is put before a text that is not empty */
};

/* Appends s[0..n) as the map has it. keep: what stays as it is, NULL = nothing. */
int charsmap_run(const struct buf *map, const struct added *keep, unsigned spaces, const char *s,
                 size_t n, struct buf *out, struct err *err);

#endif
