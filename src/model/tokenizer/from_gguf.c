#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "model/checkpoint/gguf.h"

#include <math.h>
#include <string.h>

/* tokenizer.ggml.token_type */
enum {
    TYPE_NORMAL = 1,
    TYPE_UNKNOWN = 2,
    TYPE_CONTROL = 3,
    TYPE_USER_DEFINED = 4,
    TYPE_UNUSED = 5
};

/* A value of tokenizer.ggml.pre and what it stands for. */
struct scheme {
    const char *pre;
    bool scores;         /* SentencePiece's: scores in place of merges, U+2581 for spaces */
    bool digits;         /* each digit by itself, before the pattern */
    const char *pattern; /* the words */
    bool ignore_merges;
    bool bos; /* a text begins with BOS, where add_bos_token does not say */
};

static const struct scheme schemes[] = {
    {"gpt-2", false, false, PATTERN_GPT2, false, false},
    {"smollm", false, true, PATTERN_GPT2, false, false},
    {"llama-bpe", false, false, PATTERN_LLAMA3, true, true},
    {"llama3", false, false, PATTERN_LLAMA3, true, true},
    {"llama-v3", false, false, PATTERN_LLAMA3, true, true},
};

/* tokenizer.ggml.model "llama": Llama-2's and Mistral's. */
static const struct scheme sentencepiece = {"default", true, false, NULL, false, true};

static int find_scheme(const struct gguf *g, const struct scheme **scheme, struct err *err)
{
    struct gguf_string model = {0}, pre;

    if (gguf_take_string(g, "tokenizer.ggml.model", false, &model, err))
        return err->code;
    if (!model.n)
        return err_set(err, ERR_IO, "it has no tokenizer (no key tokenizer.ggml.model)");
    if (gguf_string_eq(model, "llama")) {
        *scheme = &sentencepiece;
        return 0;
    }
    if (!gguf_string_eq(model, "gpt2"))
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.model \"%.*s\" is not handled, expected gpt2 (byte-level "
                       "BPE) or llama (SentencePiece's BPE)",
                       model.n > 40 ? 40 : (int)model.n, model.s);
    if (gguf_take_string(g, "tokenizer.ggml.pre", true, &pre, err))
        return err->code;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (gguf_string_eq(pre, schemes[i].pre)) {
            *scheme = &schemes[i];
            return 0;
        }
    return err_set(err, ERR_FORMAT,
                   "tokenizer.ggml.pre \"%.*s\" names no pre-tokenizer that is handled, expected "
                   "gpt-2, smollm or llama-bpe",
                   pre.n > 40 ? 40 : (int)pre.n, pre.s);
}

/* Unless it says it, a type is that of text. An unknown token is a mark in SentencePiece's kind. */
static bool is_mark(const struct tokenizer *t, int32_t type)
{
    return type == TYPE_CONTROL || (type == TYPE_UNKNOWN && !t->bpe.byte_level);
}

static int read_tokens(struct tokenizer *t, const struct gguf_value *tokens,
                       const struct gguf_value *types, struct err *err)
{
    for (uint64_t i = 0, at = 0; i < tokens->count; i++) {
        struct gguf_string s = gguf_next_string(tokens, &at);
        int32_t type = types ? gguf_i32_at(types, i) : 1;
        bool added = is_mark(t, type) || type == TYPE_USER_DEFINED;

        if (!s.n || type == TYPE_UNUSED) /* fills the table up: no text has it */
            continue;
        if (bpe_add(&t->bpe, (int64_t)i, s.s, s.n, err))
            return err->code;
        if (added && tokenizer_add(t, s.s, s.n, (int64_t)i, is_mark(t, type) ? ADDED_SPECIAL : 0,
                                   false, err))
            return err->code;
    }
    return 0;
}

static int read_merges(struct tokenizer *t, const struct gguf_value *merges, struct err *err)
{
    for (uint64_t i = 0, at = 0; i < merges->count; i++) {
        struct gguf_string s = gguf_next_string(merges, &at);
        const char *space = s.n ? memchr(s.s, ' ', s.n) : NULL;
        size_t left = space ? (size_t)(space - s.s) : 0, right = s.n - left - 1;

        if (!space || memchr(space + 1, ' ', right))
            return err_set(err, ERR_FORMAT,
                           "tokenizer.ggml.merges: number %llu is \"%.*s\", expected two tokens "
                           "with a space between",
                           (unsigned long long)i, s.n > 40 ? 40 : (int)s.n, s.s);
        if (bpe_merge(&t->bpe, (size_t)i, s.s, left, space + 1, right, err))
            return err_wrap(err, "tokenizer.ggml.merges");
    }
    return 0;
}

/* Text merges into text only: never into the mark or the byte that is written so. */
static int read_scores(struct tokenizer *t, const struct gguf_value *scores,
                       const struct gguf_value *types, struct err *err)
{
    float *score;

    if (scores->count != t->bpe.n_ids)
        return err_set(err, ERR_FORMAT, "tokenizer.ggml.scores has %llu elements for %zu tokens",
                       (unsigned long long)scores->count, t->bpe.n_ids);
    score = mem_alloc(t->bpe.n_ids, sizeof *score, err);
    for (size_t i = 0; score && i < t->bpe.n_ids; i++) {
        int32_t type = types ? gguf_i32_at(types, i) : TYPE_NORMAL;

        score[i] = type == TYPE_NORMAL ? gguf_f32_at(scores, i) : NAN;
    }
    if (score && bpe_merge_by_score(&t->bpe, score, err))
        err_wrap(err, "tokenizer.ggml.scores");
    mem_free(score);
    return err->code;
}

static int read_vocabulary(struct tokenizer *t, const struct gguf *g, const struct scheme *scheme,
                           struct err *err)
{
    const struct gguf_value *tokens, *merges, *types;

    if (gguf_take_array(g, "tokenizer.ggml.tokens", true, GGUF_STRING, &tokens, err) ||
        (scheme->scores
             ? gguf_take_array(g, "tokenizer.ggml.scores", true, GGUF_F32, &merges, err)
             : gguf_take_array(g, "tokenizer.ggml.merges", true, GGUF_STRING, &merges, err)) ||
        gguf_take_array(g, "tokenizer.ggml.token_type", false, GGUF_I32, &types, err))
        return err->code;
    if (types && types->count != tokens->count)
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.token_type has %llu elements for %llu tokens",
                       (unsigned long long)types->count, (unsigned long long)tokens->count);
    if (bpe_init(&t->bpe, tokens->count, tokens->count, scheme->scores ? 0 : merges->count, err))
        return err->code;
    t->bpe.byte_level = !scheme->scores;
    t->bpe.byte_fallback = scheme->scores;
    t->bpe.fuse_unk = scheme->scores;
    if (read_tokens(t, tokens, types, err))
        return err_wrap(err, "tokenizer.ggml.tokens");
    return scheme->scores ? read_scores(t, merges, types, err) : read_merges(t, merges, err);
}

/* Spaces are written as U+2581, and one is put before a text that is not empty. */
static int read_spaces(struct tokenizer *t, const struct gguf *g, struct err *err)
{
    bool prefix = true, trim = false;

    if (gguf_take_bool(g, "tokenizer.ggml.add_space_prefix", false, &prefix, err) ||
        gguf_take_bool(g, "tokenizer.ggml.remove_extra_whitespaces", false, &trim, err))
        return err->code;
    if (trim)
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.remove_extra_whitespaces true is not handled with llama");
    t->strip_space = prefix;
    if (prefix && normalizer_add(&t->normalizer, NORMALIZE_PREPEND, "", BPE_SPACE, err))
        return err->code;
    return normalizer_add(&t->normalizer, NORMALIZE_REPLACE, " ", BPE_SPACE, err);
}

static int read_pre(struct tokenizer *t, const struct gguf *g, const struct scheme *scheme,
                    struct err *err)
{
    bool space = false;

    if (scheme->scores)
        return read_spaces(t, g, err);
    if (gguf_take_bool(g, "tokenizer.ggml.add_space_prefix", false, &space, err))
        return err->code;
    if (space)
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.add_space_prefix true is not handled with gpt2");
    t->bpe.ignore_merges = scheme->ignore_merges;
    if (scheme->digits && pretok_add_digits(&t->pre, true, err))
        return err->code;
    return pretok_add(&t->pre, scheme->pattern, strlen(scheme->pattern), false, err);
}

/* The id under key; -1 when absent. */
static int read_id(const struct tokenizer *t, const struct gguf *g, const char *key, int32_t *id,
                   struct err *err)
{
    int64_t v = -1;

    if (gguf_take_int(g, key, false, 0, (int64_t)t->n_ids - 1, &v, err))
        return err->code;
    *id = (int32_t)v;
    return 0;
}

static int read_ends(struct tokenizer *t, const struct gguf *g, const struct scheme *scheme,
                     struct err *err)
{
    bool bos = scheme->bos, eos = false;

    if (read_id(t, g, "tokenizer.ggml.bos_token_id", &t->bos, err) ||
        read_id(t, g, "tokenizer.ggml.eos_token_id", &t->eos, err) ||
        (scheme->scores && /* the other kind has a token for each byte, or drops it */
         read_id(t, g, "tokenizer.ggml.unknown_token_id", &t->bpe.unk, err)) ||
        gguf_take_bool(g, "tokenizer.ggml.add_bos_token", false, &bos, err) ||
        gguf_take_bool(g, "tokenizer.ggml.add_eos_token", false, &eos, err))
        return err->code;
    if ((bos && t->bos < 0) || (eos && t->eos < 0))
        return err_set(err, ERR_FORMAT, "tokenizer.ggml: %s is to be added, but has no id",
                       bos && t->bos < 0 ? "BOS" : "EOS");
    if (bos && ids_push(&t->head, t->bos, err))
        return err->code;
    return eos ? ids_push(&t->tail, t->eos, err) : 0;
}

int tokenizer_from_gguf(struct tokenizer *t, const char *path, struct err *err)
{
    const struct scheme *scheme = NULL;
    struct gguf g;
    int status;

    if (gguf_open(&g, path, GGUF_HEADER, err))
        return err->code;
    status = find_scheme(&g, &scheme, err);
    if (!status)
        status = read_vocabulary(t, &g, scheme, err);
    if (!status)
        status = read_pre(t, &g, scheme, err);
    if (!status)
        status = tokenizer_finish(t, err);
    if (!status)
        status = read_ends(t, &g, scheme, err);
    gguf_close(&g);
    return status;
}
