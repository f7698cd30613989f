/* What stands beside a tokenizer's file: BOS and EOS, added tokens, the chat template. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/tokenizer/parts.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_FILE_MAX = 1 << 26 };

/* *root = NULL when there is no such file. */
static int load(json_t **root, const char *dir, const char *name, struct err *err)
{
    struct arena a = {0};
    const char *path = file_join(&a, dir, name, err);
    bool there = path && file_exists(path);

    *root = there ? json_read_foreign(path, CONFIG_FILE_MAX, err) : NULL;
    arena_release(&a);
    return err_if(err, !path || (there && !*root));
}

/* "<s>", or {"content": "<s>"}. */
static const char *spelling_of(const json_t *j)
{
    return json_string_value(json_is_object(j) ? json_object_get(j, "content") : j);
}

/* A token by its spelling, or by its id (1 or [1, 2]). */
static void take_token(const struct tokenizer *t, const json_t *j, int32_t *id)
{
    const char *s = spelling_of(j);
    const json_t *number = json_is_array(j) ? json_array_get(j, 0) : j;
    json_int_t v = json_is_integer(number) ? json_integer_value(number) : -1;

    if (s)
        v = tokenizer_find(t, s, strlen(s));
    if (tokenizer_has(t, v))
        *id = (int32_t)v;
}

static unsigned flags_of(const json_t *j)
{
    return (json_is_true(json_object_get(j, "single_word")) ? ADDED_SINGLE_WORD : 0u) |
           (json_is_true(json_object_get(j, "lstrip")) ? ADDED_LSTRIP : 0u) |
           (json_is_true(json_object_get(j, "rstrip")) ? ADDED_RSTRIP : 0u) |
           (json_is_true(json_object_get(j, "special")) ? ADDED_SPECIAL : 0u);
}

/* An added token, unless the tokenizer has it as one. The vocabulary knows better than the file
   which id it has; one that is not in it has its place behind. */
static int add_token(struct tokenizer *t, const char *s, int64_t id, const json_t *flags,
                     struct err *err)
{
    size_t n = s ? strlen(s) : 0;
    int32_t known = n ? bpe_find(&t->bpe, s, n) : -1;

    if (!n || added_find(&t->as_written, s, n) || added_find(&t->normalized, s, n))
        return 0;
    if (known >= 0 && known != id)
        return err_set(err, ERR_FORMAT,
                       "added token \"%.40s\" has id %lld, in the vocabulary it has %d", s,
                       (long long)id, known);
    if (known < 0 && id >= 0 && (uint64_t)id < t->bpe.n_ids && t->bpe.token[id].n)
        return err_set(err, ERR_FORMAT,
                       "added token \"%.40s\" has id %lld, which the vocabulary gives to another",
                       s, (long long)id);
    return tokenizer_add(t, s, n, id, flags_of(flags),
                         json_is_true(json_object_get(flags, "normalized")), err);
}

/* "added_tokens_decoder": {"32000": {"content": "<x>", ...}, ...} */
static int add_decoder_tokens(struct tokenizer *t, json_t *list, struct err *err)
{
    const char *key;
    json_t *j;

    json_object_foreach(list, key, j)
    {
        char *end;
        long long id = strtoll(key, &end, 10);

        if (*end || end == key)
            return err_set(err, ERR_FORMAT, "added_tokens_decoder: \"%.40s\" is not an id", key);
        if (add_token(t, spelling_of(j), id, j, err))
            return err->code;
    }
    return 0;
}

/* added_tokens.json: {"<x>": 32000, ...} */
static int add_listed_tokens(struct tokenizer *t, json_t *list, struct err *err)
{
    const char *key;
    json_t *j;

    json_object_foreach(list, key, j)
    {
        if (!json_is_integer(j))
            return err_set(err, ERR_FORMAT,
                           "added_tokens.json: the id of \"%.40s\" is not an integer", key);
        if (add_token(t, key, json_integer_value(j), NULL, err))
            return err->code;
    }
    return 0;
}

/* The marks that tokenizer_config.json or special_tokens_map.json names and the vocabulary has. */
static int add_named_tokens(struct tokenizer *t, const json_t *root, struct err *err)
{
    static const char *const names[] = {"bos_token", "eos_token", "unk_token", "pad_token",
                                        "sep_token", "cls_token", "mask_token"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *j = json_object_get(root, names[i]);
        const char *s = spelling_of(j);
        int32_t id = s && *s ? bpe_find(&t->bpe, s, strlen(s)) : -1;

        if (id < 0 || added_find(&t->as_written, s, strlen(s)) ||
            added_find(&t->normalized, s, strlen(s)))
            continue;
        if (tokenizer_add(t, s, strlen(s), id,
                          ADDED_SPECIAL | (json_is_object(j) ? flags_of(j) : 0u), false, err))
            return err->code;
    }
    return 0;
}

int tokenizer_read_added(struct tokenizer *t, const char *dir, struct err *err)
{
    json_t *config = NULL, *list = NULL, *map = NULL;
    int failed = load(&config, dir, "tokenizer_config.json", err) ||
                 load(&list, dir, "added_tokens.json", err) ||
                 load(&map, dir, "special_tokens_map.json", err);

    /* Files of before and after transformers' change of a text behind a mark. */
    t->normalizer.first_only = json_is_false(json_object_get(config, "legacy"));
    failed = failed ||
             add_decoder_tokens(t, json_object_get(config, "added_tokens_decoder"), err) ||
             add_listed_tokens(t, list, err) || add_named_tokens(t, config, err) ||
             add_named_tokens(t, map, err);
    json_decref(config);
    json_decref(list);
    json_decref(map);
    return err_if(err, failed);
}

int tokenizer_keep_chat(struct tokenizer *t, const char *s, size_t n, struct err *err)
{
    mem_free(t->chat);
    t->chat = mem_alloc(n + 1, 1, err);
    if (!t->chat)
        return err->code;
    if (n)
        memcpy(t->chat, s, n);
    return 0;
}

/* A string, or a list of {"name": ..., "template": ...} of which "default" is meant. */
static int take_chat(struct tokenizer *t, const json_t *j, struct err *err)
{
    for (size_t i = 0; i < json_array_size(j); i++) {
        const json_t *one = json_array_get(j, i);
        const char *name = json_string_value(json_object_get(one, "name"));

        if (name && !strcmp(name, "default"))
            return take_chat(t, json_object_get(one, "template"), err);
    }
    return json_is_string(j)
               ? tokenizer_keep_chat(t, json_string_value(j), json_string_length(j), err)
               : 0;
}

/* chat_template.jinja has the last word. */
static int read_chat(struct tokenizer *t, const json_t *config, const char *dir, struct err *err)
{
    struct arena a = {0};
    struct buf text = {0};
    json_t *root = NULL;
    const char *path = file_join(&a, dir, "chat_template.jinja", err);

    if (path && !take_chat(t, json_object_get(config, "chat_template"), err) &&
        !load(&root, dir, "chat_template.json", err) &&
        !take_chat(t, json_object_get(root, "chat_template"), err) && file_exists(path) &&
        !file_read_foreign(&text, path, CONFIG_FILE_MAX, err))
        tokenizer_keep_chat(t, text.data, text.len, err);
    json_decref(root);
    buf_release(&text);
    arena_release(&a);
    return err->code;
}

static int put_around(struct tokenizer *t, const json_t *config, unsigned rules, struct err *err)
{
    const json_t *bos = json_object_get(config, "add_bos_token");
    const json_t *eos = json_object_get(config, "add_eos_token");

    if (json_is_boolean(bos) ? json_is_true(bos) : (rules & RULES_BOS) != 0)
        if (t->bos >= 0 && ids_push(&t->head, t->bos, err))
            return err->code;
    if (json_is_boolean(eos) ? json_is_true(eos) : (rules & RULES_EOS) != 0)
        if (t->eos >= 0 && ids_push(&t->tail, t->eos, err))
            return err->code;
    return 0;
}

int tokenizer_read_neighbours(struct tokenizer *t, const char *dir, unsigned rules, struct err *err)
{
    json_t *model = NULL, *config = NULL;

    err_clear(err);
    if (!load(&model, dir, "config.json", err) &&
        !load(&config, dir, "tokenizer_config.json", err)) { /* which has the last word */
        take_token(t, json_object_get(model, "bos_token_id"), &t->bos);
        take_token(t, json_object_get(model, "eos_token_id"), &t->eos);
        take_token(t, json_object_get(config, "bos_token"), &t->bos);
        take_token(t, json_object_get(config, "eos_token"), &t->eos);
        take_token(t, json_object_get(config, "bos_token"), &t->chat_bos);
        take_token(t, json_object_get(config, "eos_token"), &t->chat_eos);
        take_token(t, json_object_get(config, "unk_token"), &t->chat_unk);
        take_token(t, json_object_get(config, "pad_token"), &t->chat_pad);
        if (!read_chat(t, config, dir, err) && (rules & RULES_OPEN))
            put_around(t, config, rules, err);
    }
    json_decref(model);
    json_decref(config);
    return err->code;
}
