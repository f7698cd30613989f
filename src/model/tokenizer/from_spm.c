/*
 * A SentencePiece model (tokenizer.model): BPE by scores, or unigram. What its own library does
 * with a text is done, with two differences that the other sources of a tokenizer have as well:
 * marks (control tokens) written out in a text are found, and each text between them is one of its
 * own.
 */
#include "base/mem.h"
#include "base/utf8.h"
#include "model/tokenizer/charsmap.h"
#include "model/tokenizer/parts.h"
#include "model/tokenizer/protobuf.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

enum { MODEL_PIECES = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum {
    TRAINER_KIND = 3,
    TRAINER_SUFFIX = 24,
    TRAINER_BYTES = 35,
    TRAINER_BOS = 46,
    TRAINER_EOS = 47,
    TRAINER_PAD = 48
};
enum { KIND_UNIGRAM = 1, KIND_BPE = 2 };
enum { NORMAL_MAP = 2, NORMAL_PREFIX = 3, NORMAL_TRIM = 4, NORMAL_ESCAPE = 5 };

struct spm_piece {
    const char *s; /* (n), borrowed */
    size_t n;
    float score;
    uint64_t type;
};

struct text {
    const char *s; /* (n), borrowed */
    size_t n;
};

struct spm {
    struct spm_piece *piece; /* (n), owned */
    size_t n, cap;
    uint64_t kind;
    bool bytes, suffix;        /* byte fallback; spaces belong to the word before them */
    bool prefix, trim, escape; /* of the normalizer */
    struct text map;           /* " : its map of characters */
    struct text bos, eos, pad; /* how these are spelled */
};

static int malformed(struct err *err)
{
    return err_set(err, ERR_FORMAT, "is not a SentencePiece model, or is cut off");
}

static int read_piece(struct spm *m, const struct pb_field *field, struct err *err)
{
    struct cursor c = {(const unsigned char *)field->data, field->n, 0, 0};
    struct spm_piece p = {.type = TYPE_NORMAL};
    struct pb_field f;

    while (pb_next(&c, &f))
        if (f.number == PIECE_TEXT && f.type == PB_BYTES) {
            p.s = f.data;
            p.n = f.n;
        } else if (f.number == PIECE_SCORE) {
            p.score = pb_float(&f);
        } else if (f.number == PIECE_TYPE && f.type == PB_VARINT) {
            p.type = f.value;
        }
    if (c.bad)
        return malformed(err);
    if (m->n == BPE_IDS_MAX)
        return err_set(err, ERR_FORMAT, "more than %d pieces", BPE_IDS_MAX);
    if (mem_room(&m->piece, m->n, &m->cap, sizeof *m->piece, err))
        return err->code;
    m->piece[m->n++] = p;
    return 0;
}

/* What is read of the trainer's and the normalizer's part of a model. */
static const struct spm_field {
    unsigned part, number;
    enum { SPM_NUMBER, SPM_FLAG, SPM_TEXT } is;
    size_t offset;
} fields[] = {
    {MODEL_TRAINER, TRAINER_KIND, SPM_NUMBER, offsetof(struct spm, kind)},
    {MODEL_TRAINER, TRAINER_SUFFIX, SPM_FLAG, offsetof(struct spm, suffix)},
    {MODEL_TRAINER, TRAINER_BYTES, SPM_FLAG, offsetof(struct spm, bytes)},
    {MODEL_TRAINER, TRAINER_BOS, SPM_TEXT, offsetof(struct spm, bos)},
    {MODEL_TRAINER, TRAINER_EOS, SPM_TEXT, offsetof(struct spm, eos)},
    {MODEL_TRAINER, TRAINER_PAD, SPM_TEXT, offsetof(struct spm, pad)},
    {MODEL_NORMALIZER, NORMAL_MAP, SPM_TEXT, offsetof(struct spm, map)},
    {MODEL_NORMALIZER, NORMAL_PREFIX, SPM_FLAG, offsetof(struct spm, prefix)},
    {MODEL_NORMALIZER, NORMAL_TRIM, SPM_FLAG, offsetof(struct spm, trim)},
    {MODEL_NORMALIZER, NORMAL_ESCAPE, SPM_FLAG, offsetof(struct spm, escape)},
};

static void take_field(struct spm *m, const struct spm_field *to, const struct pb_field *f)
{
    void *at = (char *)m + to->offset;

    if (to->is == SPM_NUMBER)
        *(uint64_t *)at = f->value;
    else if (to->is == SPM_FLAG)
        *(bool *)at = f->value != 0;
    else if (f->type == PB_BYTES)
        *(struct text *)at = (struct text){f->data, f->n};
}

static int read_part(struct spm *m, const struct pb_field *part, struct err *err)
{
    struct cursor c = {(const unsigned char *)part->data, part->n, 0, 0};
    struct pb_field f;

    while (pb_next(&c, &f))
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (fields[i].part == part->number && fields[i].number == f.number)
                take_field(m, &fields[i], &f);
    return c.bad ? malformed(err) : 0;
}

static int read_model(struct spm *m, const void *data, size_t n, struct err *err)
{
    struct cursor c = {data, n, 0, 0};
    struct pb_field f;
    int status = 0;

    *m = (struct spm){.kind = KIND_UNIGRAM,
                      .prefix = true,
                      .trim = true,
                      .escape = true,
                      .bos = {"<s>", 3},
                      .eos = {"</s>", 4},
                      .pad = {"<pad>", 5}};
    while (!status && pb_next(&c, &f)) {
        if (f.type != PB_BYTES)
            continue;
        if (f.number == MODEL_PIECES)
            status = read_piece(m, &f, err);
        else if (f.number == MODEL_TRAINER || f.number == MODEL_NORMALIZER)
            status = read_part(m, &f, err);
    }
    if (!status && (c.bad || !m->n))
        return malformed(err);
    return status;
}

static int check_model(const struct spm *m, struct err *err)
{
    if (m->kind != KIND_UNIGRAM && m->kind != KIND_BPE)
        return refuse_part("trainer_spec", "this model_type", "UNIGRAM or BPE", err);
    if (m->suffix)
        return refuse_part("trainer_spec", "treat_whitespace_as_suffix", "false", err);
    if (!m->escape)
        return refuse_part("normalizer_spec", "escape_whitespaces false", "true", err);
    for (size_t i = 0; m->kind == KIND_UNIGRAM && i < m->n; i++)
        if (m->piece[i].type == TYPE_USER_DEFINED)
            return refuse_part("trainer_spec", "a unigram model with user_defined_symbols",
                               "none, or a BPE model", err);
    return charsmap_check(m->map.s, m->map.n, err) ? err_wrap(err, "normalizer_spec") : 0;
}

/* Marks are found as they are written; symbols that the user defined in the normal form, and
   are never taken apart. */
static int add_pieces(struct tokenizer *t, const struct spm *m, struct err *err)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct spm_piece *p = &m->piece[i];
        bool mark = p->type == TYPE_CONTROL || p->type == TYPE_UNKNOWN;
        int status = 0;

        if (!p->n || p->type == TYPE_UNUSED)
            continue;
        if (!utf8_valid(p->s, p->n))
            return err_set(err, ERR_FORMAT, "piece %zu is not UTF-8", i);
        if (bpe_add(&t->bpe, (int64_t)i, p->s, p->n, err))
            return err->code;
        if (mark)
            status = added_push(&t->as_written, p->s, p->n, (int32_t)i, ADDED_SPECIAL, err);
        else if (p->type == TYPE_USER_DEFINED)
            status = added_push(&t->normalized, p->s, p->n, (int32_t)i, 0, err);
        if (status)
            return status;
        if (p->type == TYPE_UNKNOWN)
            t->bpe.unk = (int32_t)i;
    }
    return 0;
}

static int read_scores(struct tokenizer *t, const struct spm *m, struct err *err)
{
    float *score = mem_alloc(m->n, sizeof *score, err), worst = FLT_MAX;

    for (size_t i = 0; score && i < m->n; i++) {
        const struct spm_piece *p = &m->piece[i];

        score[i] = p->type == TYPE_NORMAL ? p->score : NAN;
        worst = fminf(worst, score[i]); /* which passes over NAN */
    }
    if (score && m->kind == KIND_BPE)
        bpe_merge_by_score(&t->bpe, score, err);
    else if (score)
        unigram_init(&t->unigram, &t->bpe, score, worst, err);
    mem_free(score);
    return err->code;
}

static int add_spaces(struct tokenizer *t, const struct spm *m, struct err *err)
{
    struct text_steps *z = &t->normalizer;

    if (steps_add(z, NORMALIZE_CHARSMAP, NULL, NULL, NULL, err))
        return err->code;
    z->step[0].left = m->trim;
    z->step[0].right = m->prefix;
    z->keep = &t->normalized;
    return err_if(err, (m->map.n && buf_put(&z->step[0].from, m->map.s, m->map.n, err)) ||
                           (steps_replace(z, NORMALIZE_REPLACE, " ", BPE_SPACE, err)
                                ? err->code
                                : decoder_add_spaces(&t->decoder, m->prefix, err)));
}

/* A mark of this spelling; -1 = there is none. */
static int32_t find_mark(const struct tokenizer *t, struct text spelled)
{
    const struct added_token *a = added_find(&t->as_written, spelled.s, spelled.n);

    return a ? a->id : -1;
}

static int build(struct tokenizer *t, const struct spm *m, struct err *err)
{
    if (check_model(m, err) || bpe_init(&t->bpe, m->n, m->n, 0, err))
        return err->code;
    t->bpe.byte_fallback = m->bytes;
    t->bpe.fuse_unk = true;
    if (add_pieces(t, m, err) || read_scores(t, m, err) || add_spaces(t, m, err))
        return err->code;
    t->bos = t->chat_bos = find_mark(t, m->bos);
    t->eos = t->chat_eos = find_mark(t, m->eos);
    t->chat_pad = find_mark(t, m->pad);
    t->chat_unk = t->bpe.unk;
    return 0;
}

int tokenizer_from_spm(struct tokenizer *t, const void *data, size_t n, struct err *err)
{
    struct spm m;
    int status = read_model(&m, data, n, err);

    if (!status)
        status = build(t, &m, err);
    mem_free(m.piece);
    return status;
}
