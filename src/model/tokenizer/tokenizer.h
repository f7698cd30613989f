/*
 * Text to token ids and back, by a tokenizer.json, a GGUF file's metadata, a SentencePiece
 * tokenizer.model, or GPT-2's vocab.json and merges.txt. Exact: the ids are those of the packages
 * `tokenizers` and `sentencepiece`.
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

/* path: a Hugging Face directory, one of its files, or a .gguf file. ERR_IO when there is no
   tokenizer, ERR_FORMAT for a kind that is not handled, in words that name the part (normalizer,
   pre-tokenizer, model, ...). */
int tokenizer_open(struct tokenizer **t, const char *path, struct err *err);

/* Has the model, of which tokenizer_open failed with `why`, a tokenizer all the same, one that
   cannot be read or is not handled? */
bool tokenizer_is_there(const char *path, const struct err *why);
void tokenizer_close(struct tokenizer *t);

/* The model has so many rows, fewer than there are ids perhaps: a text that needs another is
   ERR_CONFIG from then on. */
void tokenizer_limit(struct tokenizer *t, int vocab);

/* Appends the ids of text[0..n). Added tokens written out in the text are recognised. special: add
   what the tokenizer's own rules put around a text (a BOS, say). Invalid UTF-8 is ERR_CONFIG, with
   the offset. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool special,
                     struct ids *out, struct err *err);

/* The bytes that an id stands for inside a text, borrowed and of length *n; they may end inside a
   UTF-8 sequence. Added tokens give their own spelling. NULL and
   *n = 0 for an id outside the vocabulary. */
const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n);

/* Appends the text of ids, by the tokenizer's own decoder: well-formed UTF-8, with U+FFFD for what
   is not (a character cut in the middle). Ids outside the vocabulary are ERR_CONFIG. */
int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t n, struct buf *out,
                     struct err *err);

struct chat_message {
    const char *role, *content; /* "user", "system", "assistant" */
};

/* Appends the text of a conversation by the model's chat template; prompt: with the beginning of an
   answer. Such a text has its special tokens written out: it is encoded without `special`.
   ERR_CONFIG when there is no template, or it refuses the conversation, or is not handled
   (chat.h). */
int tokenizer_chat(const struct tokenizer *t, const struct chat_message *messages, size_t n,
                   bool prompt, struct buf *out, struct err *err);

int32_t tokenizer_bos(const struct tokenizer *t);  /* -1 = has none */
int32_t tokenizer_eos(const struct tokenizer *t);  /* -1 = has none */
size_t tokenizer_vocab(const struct tokenizer *t); /* ids are below this */

#endif
