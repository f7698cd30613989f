#include "model/tokenizer/parts.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { CONFIG_FILE_MAX = 1 << 26 };

/* The "type" of a part; "" when it has none. */
static const char *type_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));

    return type ? type : "";
}

static int refuse(const char *part, const char *what, const char *expected, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s: %.60s is not handled, expected %s", part, what, expected);
}

static int refuse_type(const char *part, const json_t *j, const char *expected, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s: type \"%.60s\" is not handled, expected %s", part,
                   type_of(j), expected);
}

/* The steps of a part: of a Sequence its members (under `key`), else the part itself. NULL and
 *n = 0 for null. */
struct steps {
    const json_t *list, *one;
    size_t n;
};

static int steps_of(struct steps *s, const char *part, const json_t *j, const char *key,
                    struct err *err)
{
    *s = (struct steps){0};
    if (!j || json_is_null(j))
        return 0;
    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "%s: is no object", part);
    s->one = j;
    s->n = 1;
    if (strcmp(type_of(j), "Sequence") != 0)
        return 0;
    s->list = json_object_get(j, key);
    s->n = json_array_size(s->list);
    return json_is_array(s->list) ? 0
                                  : err_set(err, ERR_FORMAT, "%s: \"%s\" is no array", part, key);
}

static const json_t *step_at(const struct steps *s, size_t i)
{
    return s->list ? json_array_get(s->list, i) : i < s->n ? s->one : NULL;
}

static int read_token(struct tokenizer *t, const char *s, const json_t *id, struct err *err)
{
    if (!json_is_integer(id))
        return err_set(err, ERR_FORMAT, "model: the id of token \"%.40s\" is no integer", s);
    return *s ? bpe_add(&t->bpe, json_integer_value(id), s, strlen(s), err) : 0;
}

static int read_vocab(struct tokenizer *t, json_t *vocab, size_t n_merges, struct err *err)
{
    json_int_t largest = -1;
    const char *s;
    json_t *id;

    json_object_foreach(vocab, s, id)
    {
        if (json_integer_value(id) > largest)
            largest = json_integer_value(id);
    }
    if (largest >= BPE_IDS_MAX)
        return err_set(err, ERR_FORMAT, "model: id %lld is too large, expected less than %d",
                       (long long)largest, BPE_IDS_MAX);
    if (bpe_init(&t->bpe, (size_t)(largest + 1), json_object_size(vocab), n_merges, err))
        return err->code;
    json_object_foreach(vocab, s, id)
    {
        if (read_token(t, s, id, err))
            return err->code;
    }
    return 0;
}

/* "left right": two parts with one space between them. */
static int read_merge_text(struct tokenizer *t, size_t i, size_t rank, const char *s,
                           struct err *err)
{
    const char *space = strchr(s, ' ');

    if (!space || strchr(space + 1, ' '))
        return err_set(err, ERR_FORMAT,
                       "model: merge %zu is \"%.40s\", expected two tokens with a "
                       "space between",
                       i, s);
    return bpe_merge(&t->bpe, rank, s, (size_t)(space - s), space + 1, strlen(space + 1), err);
}

static int read_merge_pair(struct tokenizer *t, size_t i, const json_t *pair, struct err *err)
{
    const char *left = json_string_value(json_array_get(pair, 0));
    const char *right = json_string_value(json_array_get(pair, 1));

    if (json_array_size(pair) != 2 || !left || !right)
        return err_set(err, ERR_FORMAT, "model: merge %zu is no pair of strings", i);
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
            return err_set(err, ERR_FORMAT, "model: merge %zu is no string", i);
        if (pairs ? read_merge_pair(t, i, m, err) : read_merge_text(t, i, rank++, s, err))
            return err->code;
    }
    return 0;
}

static int read_unk(struct tokenizer *t, const json_t *model, struct err *err)
{
    const char *unk = NULL;

    if (json_take_string(model, "unk_token", false, &unk, ERR_FORMAT, err))
        return err->code;
    if (!unk)
        return 0;
    t->bpe.unk = bpe_find(&t->bpe, unk, strlen(unk));
    if (t->bpe.unk < 0)
        return err_set(err, ERR_FORMAT, "unk_token \"%.40s\" is not in the vocabulary", unk);
    return 0;
}

/* The parts of other kinds of BPE: prefixes of subwords, random merges. */
static int check_model(const json_t *model, struct err *err)
{
    const char *prefix = "", *suffix = "";
    double dropout = 0;

    if (*type_of(model) && strcmp(type_of(model), "BPE") != 0)
        return refuse_type("model", model, "BPE", err);
    if (json_take_string(model, "continuing_subword_prefix", false, &prefix, ERR_FORMAT, err) ||
        json_take_string(model, "end_of_word_suffix", false, &suffix, ERR_FORMAT, err) ||
        json_take_real(model, "dropout", false, &dropout, ERR_FORMAT, err))
        return err->code;
    if (*prefix)
        return refuse("model", "continuing_subword_prefix", "null or \"\"", err);
    if (*suffix)
        return refuse("model", "end_of_word_suffix", "null or \"\"", err);
    return dropout == 0 ? 0 : refuse("model", "dropout", "null or 0", err);
}

static int read_model(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *model = json_object_get(root, "model");
    json_t *vocab = json_object_get(model, "vocab");
    const json_t *merges = json_object_get(model, "merges");

    if (!json_is_object(model))
        return err_set(err, ERR_FORMAT, "model: is missing or no object");
    if (check_model(model, err))
        return err->code;
    if (!json_is_object(vocab) || !json_is_array(merges))
        return err_set(err, ERR_FORMAT,
                       "model: expected an object \"vocab\" and an array "
                       "\"merges\"");
    if (read_vocab(t, vocab, json_array_size(merges), err) || read_merges(t, merges, err) ||
        json_take_bool(model, "ignore_merges", false, &t->bpe.ignore_merges, ERR_FORMAT, err) ||
        json_take_bool(model, "fuse_unk", false, &t->bpe.fuse_unk, ERR_FORMAT, err) ||
        json_take_bool(model, "byte_fallback", false, &t->bpe.byte_fallback, ERR_FORMAT, err) ||
        read_unk(t, model, err))
        return err_wrap(err, "model");
    return 0;
}

static int read_prepend(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *prepend = NULL;

    if (json_take_string(j, "prepend", true, &prepend, ERR_FORMAT, err))
        return err_wrap(err, "normalizer: Prepend");
    return normalizer_add(&t->normalizer, NORMALIZE_PREPEND, "", prepend, err);
}

/* The strings of a Replace, of the normalizer or the decoder. */
static int take_replace(const json_t *j, const char **from, const char **to, struct err *err)
{
    const json_t *pattern = json_object_get(j, "pattern");

    *from = json_string_value(json_object_get(pattern, "String"));
    *to = json_string_value(json_object_get(j, "content"));
    return *from && *to && **from
               ? 0
               : refuse("Replace", "this pattern", "{\"String\": \"...\"} and \"content\"", err);
}

static int read_replace(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *from, *to;

    if (take_replace(j, &from, &to, err))
        return err_wrap(err, "normalizer");
    return normalizer_add(&t->normalizer, NORMALIZE_REPLACE, from, to, err);
}

static int read_normalizer_step(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *type = type_of(j);

    if (!strcmp(type, "NFC"))
        return normalizer_add(&t->normalizer, NORMALIZE_NFC, "", "", err);
    if (!strcmp(type, "Prepend"))
        return read_prepend(t, j, err);
    if (!strcmp(type, "Replace"))
        return read_replace(t, j, err);
    return refuse_type("normalizer", j, "NFC, Prepend, Replace, a Sequence of them or null", err);
}

static int read_normalizer(struct tokenizer *t, const json_t *root, struct err *err)
{
    struct steps s;

    if (steps_of(&s, "normalizer", json_object_get(root, "normalizer"), "normalizers", err))
        return err->code;
    for (size_t i = 0; i < s.n; i++)
        if (read_normalizer_step(t, step_at(&s, i), err))
            return err->code;
    return 0;
}

static int read_split(struct tokenizer *t, const json_t *j, struct err *err)
{
    const json_t *pattern = json_object_get(j, "pattern");
    const char *behavior = "", *regex = NULL;
    bool invert = false;

    if (json_take_string(j, "behavior", true, &behavior, ERR_FORMAT, err) ||
        json_take_bool(j, "invert", false, &invert, ERR_FORMAT, err))
        return err_wrap(err, "pre_tokenizer: Split");
    if (strcmp(behavior, "Isolated") != 0)
        return refuse("pre_tokenizer: Split: behavior", behavior, "Isolated", err);
    if (invert)
        return refuse("pre_tokenizer: Split", "invert", "false", err);
    if (!json_is_object(pattern) ||
        json_take_string(pattern, "Regex", true, &regex, ERR_FORMAT, err))
        return refuse("pre_tokenizer: Split", "this pattern", "{\"Regex\": \"...\"}", err);
    return pretok_add(&t->pre, regex, strlen(regex), false, err)
               ? err_wrap(err, "pre_tokenizer: Split")
               : 0;
}

static int read_digits(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool individual = false;

    if (json_take_bool(j, "individual_digits", true, &individual, ERR_FORMAT, err) ||
        pretok_add_digits(&t->pre, individual, err))
        return err_wrap(err, "pre_tokenizer: Digits");
    return 0;
}

/* The step that turns text into bytes: it comes last, once. */
static int read_byte_level(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool prefix_space = false, use_regex = true;

    if (json_take_bool(j, "add_prefix_space", true, &prefix_space, ERR_FORMAT, err) ||
        json_take_bool(j, "use_regex", false, &use_regex, ERR_FORMAT, err) ||
        pretok_add(&t->pre, use_regex ? PATTERN_GPT2 : NULL, strlen(PATTERN_GPT2), prefix_space,
                   err))
        return err_wrap(err, "pre_tokenizer: ByteLevel");
    t->bpe.byte_level = true;
    return 0;
}

static int read_pretok_step(struct tokenizer *t, const json_t *j, int depth, struct err *err);

static int read_pretok_list(struct tokenizer *t, const json_t *list, int depth, struct err *err)
{
    if (!json_is_array(list))
        return err_set(err, ERR_FORMAT, "pre_tokenizer: \"pretokenizers\" is no array");
    if (depth > PRETOK_STEPS_MAX)
        return refuse("pre_tokenizer", "a Sequence nested so deep", "a plain one", err);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (read_pretok_step(t, json_array_get(list, i), depth + 1, err))
            return err->code;
    return 0;
}

static int read_pretok_step(struct tokenizer *t, const json_t *j, int depth, struct err *err)
{
    const char *type = type_of(j);

    if (!strcmp(type, "Sequence"))
        return read_pretok_list(t, json_object_get(j, "pretokenizers"), depth, err);
    if (t->bpe.byte_level)
        return refuse("pre_tokenizer", "a step behind ByteLevel", "ByteLevel as the last step",
                      err);
    if (!strcmp(type, "Split"))
        return read_split(t, j, err);
    if (!strcmp(type, "Digits"))
        return read_digits(t, j, err);
    if (!strcmp(type, "ByteLevel"))
        return read_byte_level(t, j, err);
    return refuse_type("pre_tokenizer", j, "Split, Digits, ByteLevel or a Sequence of them", err);
}

/* Without ByteLevel the text must not be split at all: SentencePiece's kind. */
static int read_pretok(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *j = json_object_get(root, "pre_tokenizer");

    if (j && !json_is_null(j) && read_pretok_step(t, j, 0, err))
        return err->code;
    if (t->bpe.byte_level && t->bpe.byte_fallback)
        return refuse("model", "byte_fallback with ByteLevel", "false", err);
    if (!t->bpe.byte_level && (t->pre.n || !t->bpe.byte_fallback))
        return refuse("pre_tokenizer", "a tokenizer without ByteLevel",
                      "ByteLevel, or null with byte_fallback", err);
    return 0;
}

/* Replace "\u2581" by " ", ByteFallback, Fuse, and perhaps Strip one space at the start. */
static int read_fallback_decoder(struct tokenizer *t, const struct steps *s, struct err *err)
{
    static const char *const types[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
    const json_t *strip = step_at(s, 3);
    const char *from, *to, *content;
    bool ok = s->list && s->n >= 3 && s->n <= 4;

    for (size_t i = 0; ok && i < s->n; i++)
        ok = !strcmp(type_of(step_at(s, i)), types[i]);
    if (!ok)
        return refuse("decoder", "this chain of steps", "Replace, ByteFallback, Fuse, Strip", err);
    if (take_replace(step_at(s, 0), &from, &to, err))
        return err_wrap(err, "decoder");
    content = json_string_value(json_object_get(strip, "content"));
    t->strip_space = strip != NULL;
    if (strcmp(from, BPE_SPACE) != 0 || strcmp(to, " ") != 0 ||
        (strip && (!content || strcmp(content, " ") != 0 ||
                   json_integer_value(json_object_get(strip, "start")) != 1 ||
                   json_integer_value(json_object_get(strip, "stop")) != 0)))
        return refuse("decoder", "what these steps replace and strip", "one space at the start",
                      err);
    return 0;
}

static int read_decoder(struct tokenizer *t, const json_t *root, struct err *err)
{
    struct steps s;

    if (steps_of(&s, "decoder", json_object_get(root, "decoder"), "decoders", err))
        return err->code;
    if (!t->bpe.byte_level)
        return read_fallback_decoder(t, &s, err);
    if (s.n != 1 || strcmp(type_of(step_at(&s, 0)), "ByteLevel") != 0)
        return refuse_type("decoder", s.n ? step_at(&s, 0) : NULL, "ByteLevel", err);
    return 0;
}

static int read_added_token(struct tokenizer *t, const json_t *j, size_t *next, struct err *err)
{
    bool single = false, left = false, right = false, normalized = true, special = false;
    const char *s = NULL;
    int64_t id = 0;
    int32_t known;

    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "is no object");
    if (json_take_string(j, "content", true, &s, ERR_FORMAT, err) ||
        json_take_int(j, "id", true, 0, BPE_IDS_MAX - 1, &id, ERR_FORMAT, err) ||
        json_take_bool(j, "single_word", false, &single, ERR_FORMAT, err) ||
        json_take_bool(j, "lstrip", false, &left, ERR_FORMAT, err) ||
        json_take_bool(j, "rstrip", false, &right, ERR_FORMAT, err) ||
        json_take_bool(j, "normalized", false, &normalized, ERR_FORMAT, err) ||
        json_take_bool(j, "special", false, &special, ERR_FORMAT, err))
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
        return err_set(err, ERR_FORMAT, "added_tokens: is no array");
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
                           "that is none",
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
            return refuse("post_processor", "a piece of this template",
                          "a SpecialToken or a Sequence", err);
    }
    return texts == 1
               ? 0
               : refuse("post_processor", "this template", "one Sequence in \"single\"", err);
}

static int read_post(struct tokenizer *t, const json_t *root, struct err *err)
{
    struct steps s;
    int templates = 0;

    if (steps_of(&s, "post_processor", json_object_get(root, "post_processor"), "processors", err))
        return err->code;
    for (size_t i = 0; i < s.n; i++) {
        const char *type = type_of(step_at(&s, i));

        if (!strcmp(type, "ByteLevel")) /* moves offsets only */
            continue;
        if (strcmp(type, "TemplateProcessing") != 0 || templates++)
            return refuse_type("post_processor", step_at(&s, i),
                               "ByteLevel, one TemplateProcessing, a Sequence of them or null",
                               err);
        if (read_template(t, step_at(&s, i), err))
            return err->code;
    }
    return 0;
}

static int check_ids(const struct tokenizer *t, const struct ids *ids, struct err *err)
{
    for (size_t i = 0; i < ids->n; i++)
        if (!t->n_ids || (size_t)ids->v[i] >= t->n_ids || !t->bytes[ids->v[i]].n)
            return err_set(err, ERR_FORMAT, "post_processor: id %d is not in the vocabulary",
                           ids->v[i]);
    return 0;
}

/* "truncation" and "padding" are settings that a training script happened to leave in the file;
   transformers resets them for each text, and a prompt must never be cut. */
static int read_parts(struct tokenizer *t, const json_t *root, struct err *err)
{
    if (!json_is_object(root))
        return err_set(err, ERR_FORMAT, "is no JSON object");
    if (read_model(t, root, err) || read_normalizer(t, root, err) || read_pretok(t, root, err) ||
        read_decoder(t, root, err) || read_added(t, root, err) || read_post(t, root, err) ||
        tokenizer_finish(t, err) || check_ids(t, &t->head, err) || check_ids(t, &t->tail, err))
        return err->code;
    if (t->head.n)
        t->bos = t->head.v[0];
    if (t->tail.n)
        t->eos = t->tail.v[t->tail.n - 1];
    return 0;
}

int tokenizer_from_json(struct tokenizer *t, const char *text, size_t n, struct err *err)
{
    json_t *root = json_parse(n ? text : "", n, ERR_FORMAT, "tokenizer.json", 1, err);
    int status;

    if (!root)
        return err->code;
    status = read_parts(t, root, err);
    json_decref(root);
    return status;
}

/* A token by its spelling ("<s>" or {"content": "<s>"}), or by its id (1 or [1, 2]). */
static void take_token(const struct tokenizer *t, const json_t *j, int32_t *id)
{
    const char *s = json_string_value(json_is_object(j) ? json_object_get(j, "content") : j);
    const json_t *number = json_is_array(j) ? json_array_get(j, 0) : j;
    json_int_t v = json_is_integer(number) ? json_integer_value(number) : -1;

    if (s)
        v = tokenizer_find(t, s, strlen(s));
    if (v >= 0 && (size_t)v < t->n_ids && t->bytes[v].n)
        *id = (int32_t)v;
}

static int read_neighbour(struct tokenizer *t, const char *dir, const char *name, const char *bos,
                          const char *eos, struct err *err)
{
    struct arena a = {0};
    struct buf text = {0};
    json_t *root = NULL;
    const char *path = file_join(&a, dir, name, err);
    int status = path ? 0 : err->code;

    if (status || !file_exists(path))
        goto out;
    status = file_read(&text, path, CONFIG_FILE_MAX, err);
    if (status)
        goto out;
    root = json_parse(text.len ? text.data : "", text.len, ERR_FORMAT, path, 1, err);
    if (!root) {
        status = err->code;
        goto out;
    }
    take_token(t, json_object_get(root, bos), &t->bos);
    take_token(t, json_object_get(root, eos), &t->eos);
out:
    json_decref(root);
    buf_release(&text);
    arena_release(&a);
    return status;
}

/* tokenizer_config.json has the last word. */
int tokenizer_read_neighbours(struct tokenizer *t, const char *dir, struct err *err)
{
    if (read_neighbour(t, dir, "config.json", "bos_token_id", "eos_token_id", err))
        return err->code;
    return read_neighbour(t, dir, "tokenizer_config.json", "bos_token", "eos_token", err);
}
