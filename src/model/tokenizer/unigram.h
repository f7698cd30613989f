/*
 * Private to the tokenizer: SentencePiece's other model. A word is cut into the tokens whose scores
 * have the largest sum; the vocabulary is that of a struct bpe without merges, complete before
 * unigram_init.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_UNIGRAM_H
#define LENSWEEP_MODEL_TOKENIZER_UNIGRAM_H

#include "base/err.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/tokenizer.h"

#include <stddef.h>

struct unigram {
    float *score;    /* (n_ids), owned; NULL = the model is not of this kind */
    size_t longest;  /* bytes of the longest token that takes part */
    float unk_score; /* of one character without a token */
};

/* score: NAN for a token that takes no part in cutting (marks, bytes). worst: of normal tokens. */
int unigram_init(struct unigram *u, const struct bpe *b, const float *score, float worst,
                 struct err *err);
void unigram_release(struct unigram *u);

struct unigram_node {
    float score;     /* of the best way to cut what lies before */
    size_t from, to; /* where the token before begins, and where that behind ends */
    int32_t id;      /* the token before; -1 = a character without one */
    bool reached;
};

struct unigram_work {
    struct unigram_node *node; /* (cap) */
    size_t cap;
};

void unigram_work_release(struct unigram_work *w);

/* Appends the ids of a word, which is well-formed UTF-8: a character without a token becomes its
   bytes' tokens if the vocabulary has them, else b->unk, one for several in a row. */
int unigram_encode(const struct unigram *u, const struct bpe *b, const char *word, size_t n,
                   struct unigram_work *w, struct ids *out, struct err *err);

#endif
