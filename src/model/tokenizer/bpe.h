/*
 * Private to the tokenizer: byte pair encoding, from one word to ids.
 *
 * A vocabulary is a set of spellings with ids, and a list of merges, the first of which is applied
 * first. In a byte-level vocabulary a spelling is written in an alphabet of 256 printable
 * characters, one for each byte value ("Ġthe" for " the"); words come as plain bytes. In the other
 * kind, SentencePiece's, a word is a whole text in which U+2581 stands for a space, and characters
 * without a token become tokens of their bytes.
 *
 *     // Tokens a, b and ab, and the merge of a with b.
 *     int tiny(struct bpe *b, struct err *err)
 *     {
 *         if (bpe_init(b, 3, 3, 1, err) || bpe_add(b, 0, "a", 1, err) ||
 *             bpe_add(b, 1, "b", 1, err) || bpe_add(b, 2, "ab", 2, err) ||
 *             bpe_merge(b, 0, "a", 1, "b", 1, err))
 *             return err->code;
 *         bpe_seal(b);
 *         return 0;
 *     }
 *
 *     // From any thread, with its own work.
 *     int encode(const struct bpe *b, struct bpe_work *work, struct ids *ids, struct err *err)
 *     {
 *         return bpe_encode(b, "abab", 4, work, ids, err);
 *     }
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_BPE_H
#define LENSWEEP_MODEL_TOKENIZER_BPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/lookup.h"
#include "model/tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BPE_IDS_MAX = 1 << 22,    /* the largest vocabularies that exist have a million tokens */
    BPE_MERGES_MAX = 1 << 24, /* " and merges */
    BPE_WORD_MAX = 1 << 30,   /* bytes of one word */
    BPE_SCORED_MAX = 256,     /* bytes of a token that merges by score */
    ALPHABET = 256 + 68       /* code points that stand for a byte are below this */
};

/* What stands for a space in the spellings of a vocabulary that is not byte-level: U+2581. */
#define BPE_SPACE "\xe2\x96\x81"

struct spelling {
    uint32_t at, n; /* in a pool of bytes; n = 0: there is none */
};

struct merge {
    int32_t left, right; /* the ids of the pair */
    int32_t rank;
    int32_t id; /* what the pair becomes */
};

struct bpe {
    struct buf pool;        /* the spellings, one after the other */
    struct spelling *token; /* (n_ids) */
    size_t n_ids;           /* ids are below this */
    struct lookup spelled;  /* ids by their spellings */
    struct merge *merge;    /* (n_merges) */
    size_t n_merges, max_merges;
    struct lookup paired;     /* indices of merges by their pairs */
    uint16_t letter[256];     /* byte -> the code point that stands for it */
    int16_t byte[ALPHABET];   /* and back; -1 = stands for none */
    int32_t byte_id[256];     /* byte -> id of its token, -1 = it has none */
    int32_t fallback_id[256]; /* byte -> id of <0x00> ..., -1 = it has none */
    int32_t unk;              /* for characters without a token; -1 = they are dropped */
    bool unk_missing;         /* " there should be one, but the vocabulary does not have it */
    bool fuse_unk;            /* one unk for several such characters in a row */
    bool ignore_merges;       /* a word that is a token is that token */
    bool byte_level;          /* else words are split into characters */
    bool byte_fallback;       /* a character without a token becomes its bytes' <0x..> tokens */
};

/* Room for ids below n_ids, n_tokens spellings and n_merges merges. */
int bpe_init(struct bpe *b, size_t n_ids, size_t n_tokens, size_t n_merges, struct err *err);
void bpe_release(struct bpe *b);

/* ERR_FORMAT when the spelling or the id is there already, or does not fit. */
int bpe_add(struct bpe *b, int64_t id, const char *s, size_t n, struct err *err);

/* ERR_FORMAT when a part, or what they make together, is not in the vocabulary. A pair that comes
   again gets the later rank. */
int bpe_merge(struct bpe *b, size_t rank, const char *left, size_t n_left, const char *right,
              size_t n_right, struct err *err);

/* The same of "LEFT RIGHT", as files have it. */
int bpe_merge_text(struct bpe *b, size_t rank, const char *s, size_t n, struct err *err);

/* In place of merges (bpe_scores.c): two tokens merge when their spellings together are a token,
   the one with the highest score first, of equal ones that furthest left. score: (n_ids), NAN for a
   token that takes no part. */
int bpe_merge_by_score(struct bpe *b, const float *score, struct err *err);
int bpe_room_for_merges(struct bpe *b, size_t n, struct err *err); /* forgets those there are */

/* Looks up what bpe_encode needs of the finished vocabulary. */
void bpe_seal(struct bpe *b);

int32_t bpe_find(const struct bpe *b, const char *s, size_t n); /* -1 = no such spelling */

/* The spelling of an id, of length *n; NULL when it has none. */
const char *bpe_spelling(const struct bpe *b, size_t id, size_t *n);

/* Appends the bytes that a byte-level spelling stands for, letter by letter, or what is written if
   it has a character outside the alphabet. */
int bpe_letters_to_bytes(const struct bpe *b, const char *s, size_t n, struct buf *out,
                         struct err *err);

/* The value of "<0x41>"; -1 for other spellings. */
int bpe_byte_token(const char *s, size_t n);

/* Do the bytes of a character without a token become their own? All of them must have one. */
bool bpe_falls_back(const struct bpe *b, const char *s, size_t n);

/* What bpe_encode writes on; reused from word to word. Zero it first. */
struct bpe_work {
    struct symbol *symbol;  /* (cap) */
    struct candidate *heap; /* (3 cap) */
    size_t n, cap, n_heap;
    struct buf spelled; /* the word in the alphabet */
};

void bpe_work_release(struct bpe_work *w);

/* Appends the ids of a word, which is well-formed UTF-8 (or, byte-level, any bytes). */
int bpe_encode(const struct bpe *b, const char *word, size_t n, struct bpe_work *w, struct ids *out,
               struct err *err);

#endif
