/*
 * Private to the tokenizer: what tokenizer.json and GGUF metadata are turned into.
 *
 *     text -> added tokens -> normalizer -> added tokens -> pre-tokenizer -> words -> BPE -> ids
 *
 * A reader fills bpe, pre, normalizer and the added tokens of a zeroed struct, and then calls
 * tokenizer_finish.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_PARTS_H
#define LENSWEEP_MODEL_TOKENIZER_PARTS_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/added.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/pretokenize.h"
#include "model/tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NORMALIZER_STEPS_MAX = 8 };

enum normalizer_kind { NORMALIZE_NFC, NORMALIZE_PREPEND, NORMALIZE_REPLACE };

struct normalizer_step {
    enum normalizer_kind kind;
    struct buf from, to; /* owned; prepend: to, before a text that is not empty */
};

struct normalizer {
    struct normalizer_step step[NORMALIZER_STEPS_MAX];
    size_t n;
};

struct tokenizer {
    struct bpe bpe;
    struct pretok pre;
    struct normalizer normalizer;
    struct added as_written; /* found before the text is normalized */
    struct added normalized; /* found after that */
    struct ids head, tail;   /* what the rules put around a text */
    int32_t bos, eos;
    bool strip_space;       /* decoding drops one space at the start */
    size_t n_ids;           /* ids are below this */
    struct buf pool;        /* what the ids stand for */
    struct spelling *bytes; /* (n_ids) in the pool */
    unsigned char *special; /* (n_ids) */
};

/* An added token; ERR_FORMAT for an id out of range or content that is no UTF-8. */
int tokenizer_add(struct tokenizer *t, const char *s, size_t n, int64_t id, unsigned flags,
                  bool normalized, struct err *err);

/* The id of a spelling, added or in the vocabulary; -1 = none. */
int32_t tokenizer_find(const struct tokenizer *t, const char *s, size_t n);
int tokenizer_finish(struct tokenizer *t, struct err *err);

/* Fill t from a source. Messages do not name the file. */
int tokenizer_from_json(struct tokenizer *t, const char *text, size_t n, struct err *err);
int tokenizer_from_gguf(struct tokenizer *t, const char *path, struct err *err);

/* BOS and EOS from tokenizer_config.json and config.json in dir, where they are there. */
int tokenizer_read_neighbours(struct tokenizer *t, const char *dir, struct err *err);

/* A tokenizer of a tokenizer.json in memory: for tests and the fuzzer. */
int tokenizer_open_json(struct tokenizer **t, const char *text, size_t n, struct err *err);

/* normalize.c */
int normalizer_add(struct normalizer *z, enum normalizer_kind kind, const char *from,
                   const char *to, struct err *err);
void normalizer_release(struct normalizer *z);

/* out becomes the normal form of s[0..n), which is well-formed UTF-8 and does not lie in out. */
int normalizer_run(const struct normalizer *z, const char *s, size_t n, struct buf *out,
                   struct err *err);

#endif
