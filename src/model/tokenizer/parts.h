/*
 * Private to the tokenizer: what tokenizer.json and GGUF metadata are turned into.
 *
 *     text -> added tokens -> normalizer -> added tokens -> pre-tokenizer -> words -> model -> ids
 *     ids -> spellings -> decoder -> text
 *
 * A reader fills the parts of a zeroed struct (the normalizer before the added tokens, which it
 * changes), and then calls tokenizer_finish.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_PARTS_H
#define LENSWEEP_MODEL_TOKENIZER_PARTS_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tokenizer/added.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/pretokenize.h"
#include "model/tokenizer/tokenizer.h"
#include "model/tokenizer/unigram.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEPS_MAX = 16 };

/* A token's type in SentencePiece's files, and in GGUF's tokenizer.ggml.token_type. */
enum { TYPE_NORMAL = 1, TYPE_UNKNOWN, TYPE_CONTROL, TYPE_USER_DEFINED, TYPE_UNUSED, TYPE_BYTE };

enum step_kind {
    NORMALIZE_NFC,
    NORMALIZE_NFD,
    NORMALIZE_NFKC,
    NORMALIZE_NFKD,
    NORMALIZE_LOWERCASE,
    NORMALIZE_STRIP,      /* white space at the left, at the right */
    NORMALIZE_PREPEND,    /* to, before a text that is not empty */
    NORMALIZE_REPLACE,    /* what code matches by to */
    NORMALIZE_CHARSMAP,   /* SentencePiece's: from is its map of characters (charsmap.h) */
    DECODE_BYTE_LEVEL,    /* letters back to bytes, but for added tokens: these are as written */
    DECODE_METASPACE,     /* from by a space; at the very start by nothing, unless keep_first */
    DECODE_BYTE_FALLBACK, /* <0x41> by its byte */
    DECODE_FUSE,          /* all tokens become one */
    DECODE_REPLACE,       /* what code matches by to */
    DECODE_STRIP          /* up to `start` characters `from` at the left, `stop` at the right */
};

/* One step of a normalizer or of a decoder, and all of them. */
struct text_step {
    enum step_kind kind;
    struct buf from, to; /* owned */
    void *code;          /* owned */
    bool left, right;    /* of NORMALIZE_STRIP; of CHARSMAP left: runs of spaces become one, none at
                            the ends */
    size_t start, stop;
    bool keep_first;
};

struct text_steps {
    struct text_step step[STEPS_MAX];
    size_t n;
    const struct added *keep; /* of a normalizer: what CHARSMAP leaves as it is; NULL = nothing */
    bool first_only;          /* " and it puts a space before the input's beginning only */
    bool apart;               /* of a decoder: tokens have a space between them */
};

enum { TOKEN_KNOWN = 1, TOKEN_SPECIAL = 2, TOKEN_ADDED = 4 };

struct tokenizer {
    struct bpe bpe; /* the vocabulary, also of the other model */
    struct unigram unigram;
    struct pretok pre;
    struct text_steps normalizer, decoder;
    struct added as_written; /* found before the text is normalized */
    struct added normalized; /* found after that */
    struct ids head, tail;   /* what the rules put around a text */
    int32_t bos, eos;
    char *chat;                                     /* the chat template; NULL = has none */
    int32_t chat_bos, chat_eos, chat_unk, chat_pad; /* what it calls so; -1 = nothing */
    size_t n_ids;                                   /* ids are below this */
    size_t limit;             /* those of a text must be below this; 0 = n_ids is enough */
    struct buf pool;          /* what the ids stand for */
    struct spelling *bytes;   /* (n_ids) in the pool, by itself */
    struct spelling *written; /* (n_ids) in the pool, an added token as it is found in a text */
    unsigned char *flags;     /* (n_ids) TOKEN_... */
};

/* An added token; ERR_FORMAT for an id out of range or content that is not UTF-8. */
int tokenizer_add(struct tokenizer *t, const char *s, size_t n, int64_t id, unsigned flags,
                  bool normalized, struct err *err);

/* Is it the id of a token, in the vocabulary or added? */
bool tokenizer_has(const struct tokenizer *t, int64_t id);

/* The id of a spelling, added or in the vocabulary; -1 = none. */
int32_t tokenizer_find(const struct tokenizer *t, const char *s, size_t n);
int tokenizer_finish(struct tokenizer *t, struct err *err);

/* Fill t from a source. Messages do not name the file. */
int tokenizer_from_json(struct tokenizer *t, const char *text, size_t n, struct err *err);
int tokenizer_from_gguf(struct tokenizer *t, const char *path, struct err *err);
int tokenizer_from_gguf_bytes(struct tokenizer *t, const void *data, size_t n, struct err *err);
int tokenizer_from_spm(struct tokenizer *t, const void *data, size_t n, struct err *err);
/* GPT-2's two files, the vocabulary and the merges. */
int tokenizer_from_vocab(struct tokenizer *t, const char *vocab, size_t n_vocab, const char *merges,
                         size_t n_merges, struct err *err);

/* from_json.c: the vocabulary of ids by spellings, with room for merges. */
int tokenizer_read_vocab(struct tokenizer *t, json_t *vocab, size_t n_merges, struct err *err);

/* from_json_steps.c: the three parts that are chains of steps. */
int tokenizer_read_normalizer(struct tokenizer *t, const json_t *root, struct err *err);
int tokenizer_read_pretok(struct tokenizer *t, const json_t *root, struct err *err);
int tokenizer_read_decoder(struct tokenizer *t, const json_t *root, struct err *err);
const char *part_type(const json_t *part); /* its "type"; "" when it has none */
int refuse_part(const char *part, const char *what, const char *expected, struct err *err);
int refuse_type(const char *part, const json_t *j, const char *expected, struct err *err);

/* neighbours.c: the added tokens of tokenizer_config.json and added_tokens.json in dir, for a
   tokenizer whose own file has none; before tokenizer_finish. */
int tokenizer_read_added(struct tokenizer *t, const char *dir, struct err *err);

/* s[0..n) becomes the chat template. */
int tokenizer_keep_chat(struct tokenizer *t, const char *s, size_t n, struct err *err);

/* BOS, EOS and the chat template from tokenizer_config.json, config.json and what stands beside
   them in dir, where they are there. rules: the tokenizer's own file does not say what is put
   around a text; then add_bos_token and add_eos_token do, and else these. */
enum { RULES_NONE = 0, RULES_BOS = 1, RULES_EOS = 2, RULES_OPEN = 4 };
int tokenizer_read_neighbours(struct tokenizer *t, const char *dir, unsigned rules,
                              struct err *err);

/* A tokenizer of a tokenizer.json, a tokenizer.model or a GGUF file in memory: for tests and the
   fuzzers. */
int tokenizer_open_json(struct tokenizer **t, const char *text, size_t n, struct err *err);
int tokenizer_open_spm(struct tokenizer **t, const void *data, size_t n, struct err *err);
int tokenizer_open_gguf(struct tokenizer **t, const void *data, size_t n, struct err *err);

/* steps.c. A step; from and to may be NULL. Takes the code in any case. */
int steps_add(struct text_steps *s, enum step_kind kind, const char *from, const char *to,
              void *code, struct err *err);
/* A step that replaces one text by another. */
int steps_replace(struct text_steps *s, enum step_kind kind, const char *from, const char *to,
                  struct err *err);
void steps_release(struct text_steps *s);
/* Appends s[0..n) to out with what the step's code matches replaced; *first is cleared when the
   beginning of the text is not in it any more. */
int step_replace(const struct text_step *step, struct regex_run *run, const char *s, size_t n,
                 bool *first, struct buf *out, struct err *err);

/* normalize.c: out becomes the normal form of s[0..n), which is well-formed UTF-8 and does not lie
   in out.
   *first (NULL = not wanted) is cleared if the beginning of the text is not in it any more. */
int normalizer_run(const struct text_steps *z, struct regex_run *run, const char *s, size_t n,
                   bool *first, struct buf *out, struct err *err);

/* decode.c. What SentencePiece's kinds have; strip: one space at the start is not in the text. */
int decoder_add_spaces(struct text_steps *d, bool strip, struct err *err);

/* Appends the bytes that one token stands for inside a text: they may end inside a character. */
struct decoder_work {
    struct regex_run regex; /* the caller's regex_run_init */
    struct buf text[2];
};

int decoder_bytes(const struct tokenizer *t, struct decoder_work *w, const char *s, size_t n,
                  bool added, struct buf *out, struct err *err);
void decoder_work_release(struct decoder_work *w);

#endif
