/*
 * Text to token ids and back: byte-level BPE (GPT-2, Llama-3, SmolLM2) from a Hugging Face
 * tokenizer.json or a GGUF file's metadata, and BPE with byte fallback (Llama-2, Mistral) from a
 * tokenizer.json. Exact: the ids are those of the `tokenizers` package.
 *
 *     int count_tokens(const char *model_path, const char *text, size_t *n, struct err *err)
 *     {
 *         struct ids ids = {0};
 *         struct tokenizer *t;
 *
 *         if (tokenizer_open(&t, model_path, err))
 *             return err->code;
 *         tokenizer_encode(t, text, strlen(text), true, &ids, err);
 *         *n = ids.n;
 *         ids_release(&ids);
 *         tokenizer_close(t);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_TOKENIZER_H
#define LENSWEEP_MODEL_TOKENIZER_TOKENIZER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ids {
    int32_t *v; /* owned */
    size_t n, cap;
};

int ids_push(struct ids *ids, int32_t id, struct err *err);
void ids_release(struct ids *ids);

struct tokenizer;

/* path: a Hugging Face directory, a tokenizer.json, or a .gguf file. ERR_FORMAT for a kind that is
   not handled, in words that name the part (normalizer, pre-tokenizer, model, ...). */
int tokenizer_open(struct tokenizer **t, const char *path, struct err *err);
void tokenizer_close(struct tokenizer *t);

/* Appends the ids of text[0..n). Added tokens written out in the text are recognised. special: add
   what the tokenizer's own rules put around a text (a BOS, say). Invalid UTF-8 is ERR_CONFIG, with
   the offset. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool special,
                     struct ids *out, struct err *err);

/* The bytes that an id stands for, borrowed and of length *n; they may end inside a UTF-8 sequence.
   Special tokens give their own spelling. NULL for an id outside the vocabulary. */
const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n);

/* Appends the text of ids: their bytes joined; with `printable`, ill-formed UTF-8 (a sequence cut
   in the middle) becomes U+FFFD. Ids outside the vocabulary are ERR_CONFIG. */
int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t n, bool printable,
                     struct buf *out, struct err *err);

bool tokenizer_is_special(const struct tokenizer *t, int32_t id);
int32_t tokenizer_bos(const struct tokenizer *t);  /* -1 = has none */
int32_t tokenizer_eos(const struct tokenizer *t);  /* -1 = has none */
size_t tokenizer_vocab(const struct tokenizer *t); /* ids are below this */

#endif
