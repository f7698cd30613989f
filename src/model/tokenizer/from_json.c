#include "model/tokenizer/parts.h"

#include "base/json.h"

#include <string.h>

enum { NESTED_MAX = 8 };

const char *part_type(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));

    return type ? type : "";
}

int refuse_part(const char *part, const char *what, const char *expected, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s: %.60s is not handled, expected %s", part, what, expected);
}

int refuse_type(const char *part, const json_t *j, const char *expected, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s: type \"%.60s\" is not handled, expected %s", part,
                   part_type(j), expected);
}

int tokenizer_read_vocab(struct tokenizer *t, json_t *vocab, size_t n_merges, struct err *err)
{
    json_int_t largest = -1;
    const char *s;
    json_t *id;

    json_object_foreach(vocab, s, id)
    {
        json_int_t v = json_integer_value(id);

        if (!json_is_integer(id) || v < 0 || v >= BPE_IDS_MAX)
            return err_set(err, ERR_FORMAT,
                           "the id of token \"%.40s\" is not an integer from 0 to %d", s,
                           BPE_IDS_MAX - 1);
        largest = v > largest ? v : largest;
    }
    if (bpe_init(&t->bpe, (size_t)(largest + 1), json_object_size(vocab), n_merges, err))
        return err->code;
    json_object_foreach(vocab, s, id)
    {
        if (*s && bpe_add(&t->bpe, json_integer_value(id), s, strlen(s), err))
            return err->code;
    }
    return 0;
}

static int read_merge_pair(struct tokenizer *t, size_t i, const json_t *pair, struct err *err)
{
    const char *left = json_string_value(json_array_get(pair, 0));
    const char *right = json_string_value(json_array_get(pair, 1));

    if (json_array_size(pair) != 2 || !left || !right)
        return err_set(err, ERR_FORMAT, "model: merge %zu is not a pair of strings", i);
    return bpe_merge(&t->bpe, i, left, strlen(left), right, strlen(right), err);
}

/* All are strings, or all are pairs. A version line among the strings has no rank. */
static int read_merges(struct tokenizer *t, const json_t *merges, struct err *err)
{
    bool pairs = json_is_array(json_array_get(merges, 0));
    size_t rank = 0;

    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *m = json_array_get(merges, i);
        const char *s = json_string_value(m);

        if (!pairs && s && !strncmp(s, "#version", 8))
            continue;
        if (!pairs && !s)
            return err_set(err, ERR_FORMAT, "model: merge %zu is not a string", i);
        if (pairs ? read_merge_pair(t, i, m, err)
                  : bpe_merge_text(&t->bpe, rank++, s, strlen(s), err))
            return err->code;
    }
    return 0;
}

static int read_unk(struct tokenizer *t, const json_t *model, struct err *err)
{
    const char *unk = NULL;

    if (json_take_string(model, "unk_token", false, &unk, err))
        return err->code;
    if (!unk)
        return 0;
    t->bpe.unk = bpe_find(&t->bpe, unk, strlen(unk));
    t->bpe.unk_missing = t->bpe.unk < 0;
    return 0;
}

/* The parts of other kinds of BPE: prefixes of subwords, random merges. */
static int check_model(const json_t *model, struct err *err)
{
    const char *prefix = "", *suffix = "";
    double dropout = 0;

    if (*part_type(model) && strcmp(part_type(model), "BPE") != 0)
        return refuse_type("model", model, "BPE", err);
    if (json_take_string(model, "continuing_subword_prefix", false, &prefix, err) ||
        json_take_string(model, "end_of_word_suffix", false, &suffix, err) ||
        json_take_real(model, "dropout", false, &dropout, err))
        return err->code;
    if (*prefix)
        return refuse_part("model", "continuing_subword_prefix", "null or \"\"", err);
    if (*suffix)
        return refuse_part("model", "end_of_word_suffix", "null or \"\"", err);
    return dropout == 0 ? 0 : refuse_part("model", "dropout", "null or 0", err);
}

static int read_model(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *model = json_object_get(root, "model");
    json_t *vocab = json_object_get(model, "vocab");
    const json_t *merges = json_object_get(model, "merges");

    if (!json_is_object(model))
        return err_set(err, ERR_FORMAT, "model: is missing or not an object");
    if (check_model(model, err))
        return err->code;
    if (!json_is_object(vocab) || !json_is_array(merges))
        return err_set(err, ERR_FORMAT,
                       "model: expected an object \"vocab\" and an array "
                       "\"merges\"");
    if (tokenizer_read_vocab(t, vocab, json_array_size(merges), err) ||
        read_merges(t, merges, err) ||
        json_take_bool(model, "ignore_merges", false, &t->bpe.ignore_merges, err) ||
        json_take_bool(model, "fuse_unk", false, &t->bpe.fuse_unk, err) ||
        json_take_bool(model, "byte_fallback", false, &t->bpe.byte_fallback, err) ||
        read_unk(t, model, err))
        return err_wrap(err, "model");
    return 0;
}

static int read_added_token(struct tokenizer *t, const json_t *j, size_t *next, struct err *err)
{
    bool single = false, left = false, right = false, normalized = true, special = false;
    const char *s = NULL;
    int64_t id = 0;
    int32_t known;

    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "is not an object");
    if (json_take_string(j, "content", true, &s, err) ||
        json_take_int(j, "id", true, 0, BPE_IDS_MAX - 1, &id, err) ||
        json_take_bool(j, "single_word", false, &single, err) ||
        json_take_bool(j, "lstrip", false, &left, err) ||
        json_take_bool(j, "rstrip", false, &right, err) ||
        json_take_bool(j, "normalized", false, &normalized, err) ||
        json_take_bool(j, "special", false, &special, err))
        return err->code;
    if (!*s)
        return 0;
    /* The package goes by the vocabulary, and else counts on from its size, whatever the file says:
       where the two differ it is not known which row of the embedding is meant. */
    known = bpe_find(&t->bpe, s, strlen(s));
    if (known < 0)
        known = (int32_t)(*next)++;
    if (known != id)
        return err_set(err, ERR_FORMAT, "\"%.40s\" has id %lld, where the vocabulary makes it %d",
                       s, (long long)id, known);
    return tokenizer_add(t, s, strlen(s), id,
                         (single ? ADDED_SINGLE_WORD : 0u) | (left ? ADDED_LSTRIP : 0u) |
                             (right ? ADDED_RSTRIP : 0u) | (special ? ADDED_SPECIAL : 0u),
                         normalized, err);
}

static int read_added(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *list = json_object_get(root, "added_tokens");
    size_t next = json_object_size(json_object_get(json_object_get(root, "model"), "vocab"));

    if (list && !json_is_array(list))
        return err_set(err, ERR_FORMAT, "added_tokens: is not an array");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (read_added_token(t, json_array_get(list, i), &next, err))
            return err_wrap(err, "added_tokens: number %zu", i);
    return 0;
}

/* The ids that a special token of a template stands for. */
static int template_token(struct ids *out, const json_t *table, const json_t *token,
                          struct err *err)
{
    const char *name = json_string_value(json_object_get(token, "id"));
    const json_t *ids = json_object_get(name ? json_object_get(table, name) : NULL, "ids");

    if (!json_is_array(ids))
        return err_set(err, ERR_FORMAT, "post_processor: special token \"%.40s\" has no ids",
                       name ? name : "");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);

        if (!json_is_integer(id) || json_integer_value(id) < 0 ||
            json_integer_value(id) >= BPE_IDS_MAX)
            return err_set(err, ERR_FORMAT,
                           "post_processor: special token \"%.40s\" has an id "
                           "that is not valid",
                           name);
        if (ids_push(out, (int32_t)json_integer_value(id), err))
            return err->code;
    }
    return 0;
}

static int read_template(struct tokenizer *t, const json_t *j, struct err *err)
{
    const json_t *single = json_object_get(j, "single");
    const json_t *table = json_object_get(j, "special_tokens");
    size_t texts = 0;

    for (size_t i = 0; i < json_array_size(single); i++) {
        const json_t *piece = json_array_get(single, i);
        const json_t *token = json_object_get(piece, "SpecialToken");

        if (token && template_token(texts ? &t->tail : &t->head, table, token, err))
            return err->code;
        texts += !token;
        if (!token && !json_is_object(json_object_get(piece, "Sequence")))
            return refuse_part("post_processor", "a piece of this template",
                               "a SpecialToken or a Sequence", err);
    }
    return texts == 1
               ? 0
               : refuse_part("post_processor", "this template", "one Sequence in \"single\"", err);
}

static int read_post_step(struct tokenizer *t, const json_t *j, int *templates, int depth,
                          struct err *err)
{
    const json_t *list = json_object_get(j, "processors");
    const char *type = part_type(j);

    if (!strcmp(type, "ByteLevel")) /* moves offsets only */
        return 0;
    if (!strcmp(type, "TemplateProcessing") && !(*templates)++)
        return read_template(t, j, err);
    if (strcmp(type, "Sequence") != 0 || !json_is_array(list) || depth == NESTED_MAX)
        return refuse_type("post_processor", j,
                           "ByteLevel, one TemplateProcessing, a Sequence of them or null", err);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (read_post_step(t, json_array_get(list, i), templates, depth + 1, err))
            return err->code;
    return 0;
}

static int read_post(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *post = json_object_get(root, "post_processor");
    int templates = 0;

    return !post || json_is_null(post) ? 0 : read_post_step(t, post, &templates, 0, err);
}

static int check_ids(const struct tokenizer *t, const struct ids *ids, struct err *err)
{
    for (size_t i = 0; i < ids->n; i++)
        if (!tokenizer_has(t, ids->v[i]))
            return err_set(err, ERR_FORMAT, "post_processor: id %d is not in the vocabulary",
                           ids->v[i]);
    return 0;
}

/* "truncation" and "padding" are settings that a training script happened to leave in the file;
   transformers resets them for each text, and a prompt must never be cut. */
static int read_parts(struct tokenizer *t, const json_t *root, struct err *err)
{
    if (!json_is_object(root))
        return err_set(err, ERR_FORMAT, "is not a JSON object");
    if (read_model(t, root, err) || tokenizer_read_normalizer(t, root, err) ||
        tokenizer_read_pretok(t, root, err) || tokenizer_read_decoder(t, root, err) ||
        read_added(t, root, err) || read_post(t, root, err) || tokenizer_finish(t, err) ||
        check_ids(t, &t->head, err) || check_ids(t, &t->tail, err))
        return err->code;
    if (t->head.n)
        t->bos = t->head.v[0];
    if (t->tail.n)
        t->eos = t->tail.v[t->tail.n - 1];
    return 0;
}

int tokenizer_from_json(struct tokenizer *t, const char *text, size_t n, struct err *err)
{
    json_t *root = json_parse_foreign(text, n, "tokenizer.json", err);
    int status;

    if (!root)
        return err->code;
    status = read_parts(t, root, err);
    json_decref(root);
    return status;
}
