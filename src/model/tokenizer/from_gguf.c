#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "model/checkpoint/gguf_files.h"

#include <math.h>
#include <string.h>

/* Patterns in the form of the tokenizer.json that each family publishes. */
#define CONTRACTIONS          "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define PUNCTUATION_AND_SPACE " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define PATTERN_LLAMA3 \
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" PUNCTUATION_AND_SPACE
#define PATTERN_QWEN2 CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" PUNCTUATION_AND_SPACE
#define CASED_1                                                   \
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*" \
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
#define CASED_2                                                   \
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+" \
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
#define CASED_END      " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define PATTERN_GPT4O  CASED_1 CONTRACTIONS "?|" CASED_2 CONTRACTIONS "?|\\p{N}{1,3}|" CASED_END
#define PATTERN_TEKKEN CASED_1 "|" CASED_2 "|\\p{N}|" CASED_END

/* A value of tokenizer.ggml.pre and what it stands for. */
struct scheme {
    const char *pre;
    const char *pattern; /* the words; NULL = SentencePiece's kind: scores in place of merges */
    bool digits;         /* each digit by itself, before the pattern */
    bool nfc;
    bool ignore_merges;
    bool bos; /* a text begins with BOS, where add_bos_token does not say */
};

static const struct scheme schemes[] = {
    {"gpt-2", PATTERN_GPT2, false, false, false, false},
    {"phi-2", PATTERN_GPT2, false, false, false, false},
    {"smollm", PATTERN_GPT2, true, false, false, false},
    {"olmo", PATTERN_GPT2, false, true, false, false}, /* GPT-NeoX's, as Pythia's */
    {"mpt", PATTERN_GPT2, false, true, false, false},  /* " */
    {"llama-bpe", PATTERN_LLAMA3, false, false, true, true},
    {"llama3", PATTERN_LLAMA3, false, false, true, true},
    {"llama-v3", PATTERN_LLAMA3, false, false, true, true},
    {"dbrx", PATTERN_LLAMA3, false, false, false, false}, /* OLMo-2's, Phi-4's */
    {"qwen2", PATTERN_QWEN2, false, true, false, false},
    {"deepseek-r1-qwen", PATTERN_QWEN2, false, true, false, false},
    {"gpt-4o", PATTERN_GPT4O, false, false, false, false}, /* Phi-4-mini's */
    {"llama4", PATTERN_GPT4O, false, false, false, true},
    {"tekken", PATTERN_TEKKEN, false, false, true, true}, /* Mistral's since Nemo */
};

/* tokenizer.ggml.model "llama": Llama-2's, Mistral's, Gemma's. */
static const struct scheme sentencepiece = {"default", NULL, false, false, false, true};

/* Files that are older than the key, or do not know the tokenizer: by the architecture. */
static const char *pre_of_architecture(const struct gguf *g)
{
    static const char *const known[][2] = {{"gpt2", "gpt-2"},
                                           {"gptj", "gpt-2"},
                                           {"gptneox", "olmo"},
                                           {"qwen2", "qwen2"},
                                           {"qwen3", "qwen2"}};
    struct gguf_string arch = {0};
    struct err ignored = ERR_CLEAR;

    if (gguf_take_string(g, "general.architecture", false, &arch, &ignored))
        return "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (gguf_string_eq(arch, known[i][0]))
            return known[i][1];
    return "";
}

static int unknown_pre(struct gguf_string pre, struct err *err)
{
    struct buf names = {0};
    int status = 0;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !status; i++)
        status = buf_printf(&names, err, "%s%s", i ? ", " : "", schemes[i].pre);
    if (!status)
        err_set(err, ERR_FORMAT,
                "tokenizer.ggml.pre \"%.*s\" is not a pre-tokenizer that is handled, expected one "
                "of %.*s",
                pre.n > 40 ? 40 : (int)pre.n, pre.s, (int)names.len, names.data);
    buf_release(&names);
    return err->code;
}

static int find_pre(const struct gguf *g, const struct scheme **scheme, struct err *err)
{
    struct gguf_string pre = {"default", 7};

    if (gguf_take_string(g, "tokenizer.ggml.pre", false, &pre, err))
        return err->code;
    if (gguf_string_eq(pre, "default")) {
        const char *name = pre_of_architecture(g);

        if (*name)
            pre = (struct gguf_string){name, strlen(name)};
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (gguf_string_eq(pre, schemes[i].pre)) {
            *scheme = &schemes[i];
            return 0;
        }
    return unknown_pre(pre, err);
}

static int find_scheme(const struct gguf *g, const struct scheme **scheme, struct err *err)
{
    struct gguf_string model = {0};

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
    return find_pre(g, scheme, err);
}

/* Unless it says it, a type is that of text. An unknown token is a mark in SentencePiece's kind. */
static bool is_mark(const struct tokenizer *t, int32_t type)
{
    return type == TYPE_CONTROL || (type == TYPE_UNKNOWN && !t->bpe.byte_level);
}

/* Phi-3's marks take the white space behind them, which the file does not say. */
static bool strips(const struct gguf *g, const struct tokenizer *t, struct gguf_string s)
{
    static const char *const not_these[] = {"<unk>", "<s>", "<|endoftext|>"};
    struct gguf_string arch = {0};
    struct err ignored = ERR_CLEAR;

    if (t->bpe.byte_level || gguf_take_string(g, "general.architecture", false, &arch, &ignored) ||
        !arch.n || !gguf_string_eq(arch, "phi3"))
        return false;
    for (size_t i = 0; i < sizeof not_these / sizeof *not_these; i++)
        if (gguf_string_eq(s, not_these[i]))
            return false;
    return true;
}

static int read_tokens(struct tokenizer *t, const struct gguf *g, const struct gguf_value *tokens,
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
        if (added && tokenizer_add(t, s.s, s.n, (int64_t)i,
                                   (is_mark(t, type) ? ADDED_SPECIAL : 0u) |
                                       (strips(g, t, s) ? ADDED_RSTRIP : 0u),
                                   false, err))
            return err->code;
    }
    return 0;
}

static int read_merges(struct tokenizer *t, const struct gguf_value *merges, struct err *err)
{
    for (uint64_t i = 0, at = 0; i < merges->count; i++) {
        struct gguf_string s = gguf_next_string(merges, &at);

        if (bpe_merge_text(&t->bpe, (size_t)i, s.s, s.n, err))
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
    const struct gguf_value *tokens, *ranked, *types;

    if (gguf_take_array(g, "tokenizer.ggml.tokens", true, GGUF_STRING, &tokens, err) ||
        (!scheme->pattern
             ? gguf_take_array(g, "tokenizer.ggml.scores", true, GGUF_F32, &ranked, err)
             : gguf_take_array(g, "tokenizer.ggml.merges", true, GGUF_STRING, &ranked, err)) ||
        gguf_take_array(g, "tokenizer.ggml.token_type", false, GGUF_I32, &types, err))
        return err->code;
    if (types && types->count != tokens->count)
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.token_type has %llu elements for %llu tokens",
                       (unsigned long long)types->count, (unsigned long long)tokens->count);
    if (bpe_init(&t->bpe, tokens->count, tokens->count, !scheme->pattern ? 0 : ranked->count, err))
        return err->code;
    t->bpe.byte_level = scheme->pattern != NULL;
    t->bpe.byte_fallback = !scheme->pattern;
    t->bpe.fuse_unk = !scheme->pattern;
    if (read_tokens(t, g, tokens, types, err))
        return err_wrap(err, "tokenizer.ggml.tokens");
    return !scheme->pattern ? read_scores(t, ranked, types, err) : read_merges(t, ranked, err);
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
    return err_if(
        err, (prefix && steps_add(&t->normalizer, NORMALIZE_PREPEND, NULL, BPE_SPACE, NULL, err)) ||
                 steps_replace(&t->normalizer, NORMALIZE_REPLACE, " ", BPE_SPACE, err) ||
                 decoder_add_spaces(&t->decoder, prefix, err));
}

static int read_pre(struct tokenizer *t, const struct gguf *g, const struct scheme *scheme,
                    struct err *err)
{
    bool space = false;

    if (!scheme->pattern)
        return read_spaces(t, g, err);
    if (gguf_take_bool(g, "tokenizer.ggml.add_space_prefix", false, &space, err))
        return err->code;
    if (space)
        return err_set(err, ERR_FORMAT,
                       "tokenizer.ggml.add_space_prefix true is not handled with gpt2");
    t->bpe.ignore_merges = scheme->ignore_merges;
    if ((scheme->nfc && steps_add(&t->normalizer, NORMALIZE_NFC, NULL, NULL, NULL, err)) ||
        (scheme->digits && pretok_add_class(&t->pre, regex_digit, SPLIT_ISOLATED, err)) ||
        pretok_add_split(&t->pre, scheme->pattern, strlen(scheme->pattern), false, SPLIT_ISOLATED,
                         false, err))
        return err->code;
    return steps_add(&t->decoder, DECODE_BYTE_LEVEL, NULL, NULL, NULL, err);
}

/* The id under key; -1 when it is absent, or of no token. */
static int read_id(const struct tokenizer *t, const struct gguf *g, const char *key, int32_t *id,
                   struct err *err)
{
    int64_t v = -1;

    if (gguf_take_int(g, key, false, 0, (int64_t)t->n_ids - 1, &v, err))
        return err->code;
    *id = tokenizer_has(t, v) ? (int32_t)v : -1;
    return 0;
}

static int read_ends(struct tokenizer *t, const struct gguf *g, const struct scheme *scheme,
                     struct err *err)
{
    bool bos = scheme->bos, eos = false;

    if (read_id(t, g, "tokenizer.ggml.bos_token_id", &t->bos, err) ||
        read_id(t, g, "tokenizer.ggml.eos_token_id", &t->eos, err) ||
        (!scheme->pattern && /* the other kind has a token for each byte, or drops it */
         read_id(t, g, "tokenizer.ggml.unknown_token_id", &t->bpe.unk, err)) ||
        gguf_take_bool(g, "tokenizer.ggml.add_bos_token", false, &bos, err) ||
        gguf_take_bool(g, "tokenizer.ggml.add_eos_token", false, &eos, err))
        return err->code;
    if ((bos && t->bos < 0) || (eos && t->eos < 0))
        return err_set(
            err, ERR_FORMAT,
            "tokenizer.ggml: %s is to be added, but its id is missing, or is not that of a token",
            bos && t->bos < 0 ? "BOS" : "EOS");
    if (bos && ids_push(&t->head, t->bos, err))
        return err->code;
    return eos ? ids_push(&t->tail, t->eos, err) : 0;
}

static int read_chat(struct tokenizer *t, const struct gguf *g, struct err *err)
{
    struct gguf_string s = {0};

    if (gguf_take_string(g, "tokenizer.chat_template", false, &s, err) || !s.n ||
        tokenizer_keep_chat(t, s.s, s.n, err))
        return err->code;
    t->chat_bos = t->bos;
    t->chat_eos = t->eos;
    t->chat_unk = t->bpe.unk;
    return read_id(t, g, "tokenizer.ggml.padding_token_id", &t->chat_pad, err);
}

static int fill(struct tokenizer *t, const struct gguf *g, struct err *err)
{
    const struct scheme *scheme = NULL;

    return err_if(err, find_scheme(g, &scheme, err) || read_vocabulary(t, g, scheme, err) ||
                           read_pre(t, g, scheme, err) || tokenizer_finish(t, err) ||
                           read_ends(t, g, scheme, err) || read_chat(t, g, err));
}

int tokenizer_from_gguf(struct tokenizer *t, const char *path, struct err *err)
{
    struct gguf_files g;
    int status;

    if (gguf_files_open(&g, path, GGUF_HEADER, NULL, err))
        return err->code;
    status = fill(t, &g.v[0], err) ? err_wrap(err, "%s", path) : 0;
    gguf_files_close(&g);
    return status;
}

int tokenizer_from_gguf_bytes(struct tokenizer *t, const void *data, size_t n, struct err *err)
{
    struct gguf g;
    int status;

    if (gguf_parse(&g, data, n, GGUF_HEADER, err))
        return err->code;
    status = fill(t, &g, err);
    gguf_close(&g);
    return status;
}
