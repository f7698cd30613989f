/* The parts of a tokenizer.json that are chains of steps: normalizer, pre-tokenizer, decoder. */
#include "base/choice.h"
#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"
#include "model/tokenizer/parts.h"

#include <string.h>

enum { NESTED_MAX = 8, STRIP_MAX = 1 << 20 };

/* A type of steps, and what adds one of it to t; read NULL: it has no more than its kind. */
struct step_type {
    const char *type;
    int (*read)(struct tokenizer *t, const json_t *j, struct err *err);
    enum step_kind kind;
};

struct step_part {
    const char *name, *list; /* a Sequence has more steps under `list` */
    const char *expected;
    const struct step_type *types; /* ends with a type NULL */
    bool last;                     /* nothing may stand behind ByteLevel */
};

static int read_step(struct tokenizer *t, const struct step_part *part, const json_t *j,
                     struct err *err)
{
    const struct step_type *k = part->types;

    if (part->last && t->bpe.byte_level)
        return refuse_part(part->name, "a step behind ByteLevel", "ByteLevel as the last step",
                           err);
    while (k->type && !str_eq(k->type, part_type(j)))
        k++;
    if (!k->type)
        return refuse_type(part->name, j, part->expected, err);
    if (k->read ? k->read(t, j, err)
                : steps_add(k->kind < DECODE_BYTE_LEVEL ? &t->normalizer : &t->decoder, k->kind,
                            NULL, NULL, NULL, err))
        return err_wrap(err, "%s: %s", part->name, k->type);
    return 0;
}

/* The steps of a part in their order. */
static int each_step(struct tokenizer *t, const struct step_part *part, const json_t *j, int depth,
                     struct err *err)
{
    const json_t *list = json_object_get(j, part->list);

    if (!j || json_is_null(j))
        return 0;
    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "%s: is not an object", part->name);
    if (!str_eq(part_type(j), "Sequence"))
        return read_step(t, part, j, err);
    if (!json_is_array(list))
        return err_set(err, ERR_FORMAT, "%s: \"%s\" is not an array", part->name, part->list);
    if (depth == NESTED_MAX)
        return refuse_part(part->name, "a Sequence nested so deep", "a plain one", err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_object(json_array_get(list, i)))
            return err_set(err, ERR_FORMAT, "%s: step %zu is not an object", part->name, i);
        if (each_step(t, part, json_array_get(list, i), depth + 1, err))
            return err->code;
    }
    return 0;
}

/* A word of the list under key, if it is there; expected: the list in words. */
static int take_word(const json_t *j, const char *key, const struct choice *words,
                     const char *expected, int *out, struct err *err)
{
    const char *word = NULL;

    if (json_take_string(j, key, false, &word, err))
        return err->code;
    if (word && choice_value(words, word) == NO_CHOICE)
        return refuse_part(key, word, expected, err);
    *out = word ? choice_value(words, word) : *out;
    return 0;
}

/* The one character under key. */
static int take_character(const json_t *j, const char *key, const char **s, struct err *err)
{
    int32_t c = -1;

    if (json_take_string(j, key, true, s, err))
        return err->code;
    if (!**s || utf8_next(*s, strlen(*s), &c) != strlen(*s) || c < 0)
        return refuse_part(key, *s, "one character", err);
    return 0;
}

/* "pattern": {"String": "..."} or {"Regex": "..."}; *n is of *text. */
static int take_pattern(const json_t *j, const char **text, size_t *n, bool *regex, struct err *err)
{
    const json_t *pattern = json_object_get(j, "pattern");
    const json_t *s = json_object_get(pattern, "String"), *r = json_object_get(pattern, "Regex");

    *regex = json_is_string(r);
    if (json_is_string(s) == json_is_string(r))
        return refuse_part(part_type(j), "this pattern",
                           "{\"String\": \"...\"} or {\"Regex\": \"...\"}", err);
    *text = json_string_value(*regex ? r : s);
    *n = json_string_length(*regex ? r : s);
    return 0;
}

/* Of a Replace, for the normalizer or the decoder. */
static int take_replace(const json_t *j, void **code, const char **to, struct err *err)
{
    const char *text;
    bool regex;
    size_t n;

    *code = NULL;
    *to = NULL;
    if (take_pattern(j, &text, &n, &regex, err) || json_take_string(j, "content", true, to, err))
        return err->code;
    return regex ? regex_new(code, text, n, err) : regex_new_literal(code, text, n, err);
}

static int read_prepend(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *prepend = NULL;

    return err_if(err, json_take_string(j, "prepend", true, &prepend, err) ||
                           steps_add(&t->normalizer, NORMALIZE_PREPEND, NULL, prepend, NULL, err));
}

static int read_replace(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *to;
    void *code;

    return err_if(err, take_replace(j, &code, &to, err) ||
                           steps_add(&t->normalizer, NORMALIZE_REPLACE, NULL, to, code, err));
}

static int read_strip(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool left = true, right = true;
    struct text_steps *z = &t->normalizer;

    if (json_take_bool(j, "strip_left", true, &left, err) ||
        json_take_bool(j, "strip_right", true, &right, err) ||
        steps_add(z, NORMALIZE_STRIP, NULL, NULL, NULL, err))
        return err->code;
    z->step[z->n - 1].left = left;
    z->step[z->n - 1].right = right;
    return 0;
}

int tokenizer_read_normalizer(struct tokenizer *t, const json_t *root, struct err *err)
{
    static const struct step_type types[] = {
        {"NFC", NULL, NORMALIZE_NFC},
        {"NFD", NULL, NORMALIZE_NFD},
        {"NFKC", NULL, NORMALIZE_NFKC},
        {"NFKD", NULL, NORMALIZE_NFKD},
        {"Lowercase", NULL, NORMALIZE_LOWERCASE},
        {"Prepend", read_prepend, 0},
        {"Replace", read_replace, 0},
        {"Strip", read_strip, 0},
        {NULL, NULL, 0},
    };
    static const struct step_part part = {
        "normalizer", "normalizers",
        "NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace, a Sequence of them or null",
        types, false};

    return each_step(t, &part, json_object_get(root, "normalizer"), 0, err);
}

static int take_behavior(const json_t *j, enum split_behavior *out, struct err *err)
{
    static const struct choice words[] = {
        {"Isolated", SPLIT_ISOLATED},
        {"Removed", SPLIT_REMOVED},
        {"MergedWithPrevious", SPLIT_MERGED_WITH_PREVIOUS},
        {"MergedWithNext", SPLIT_MERGED_WITH_NEXT},
        {"Contiguous", SPLIT_CONTIGUOUS},
        {NULL, 0},
    };
    int behavior = SPLIT_ISOLATED;

    if (take_word(j, "behavior", words,
                  "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous", &behavior,
                  err))
        return err->code;
    *out = (enum split_behavior)behavior;
    return 0;
}

static int read_split(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum split_behavior behavior = SPLIT_ISOLATED;
    bool invert = false, regex;
    const char *text;
    size_t n;

    if (take_behavior(j, &behavior, err) || json_take_bool(j, "invert", false, &invert, err) ||
        take_pattern(j, &text, &n, &regex, err))
        return err->code;
    return pretok_add_split(&t->pre, text, n, !regex, behavior, invert, err);
}

static int read_digits(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool individual = false;

    return err_if(err, json_take_bool(j, "individual_digits", true, &individual, err) ||
                           pretok_add_class(&t->pre, regex_digit,
                                            individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS, err));
}

static int read_punctuation(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum split_behavior behavior = SPLIT_ISOLATED;

    return err_if(err, take_behavior(j, &behavior, err) ||
                           pretok_add_class(&t->pre, regex_punctuation, behavior, err));
}

/* Older files have add_prefix_space in place of prepend_scheme. */
static int take_scheme(const json_t *j, enum prefix_scheme *scheme, struct err *err)
{
    static const struct choice words[] = {
        {"never", PREFIX_NEVER}, {"first", PREFIX_FIRST}, {"always", PREFIX_ALWAYS}, {NULL, 0}};
    int word = PREFIX_ALWAYS;
    bool prefix = true;

    if (take_word(j, "prepend_scheme", words, "always, first or never", &word, err) ||
        json_take_bool(j, "add_prefix_space", false, &prefix, err))
        return err->code;
    *scheme = prefix ? (enum prefix_scheme)word : PREFIX_NEVER;
    return 0;
}

static int read_metaspace(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum prefix_scheme scheme = PREFIX_ALWAYS;
    const char *space = NULL;
    bool split = true;

    return err_if(err, take_character(j, "replacement", &space, err) ||
                           take_scheme(j, &scheme, err) ||
                           json_take_bool(j, "split", false, &split, err) ||
                           pretok_add_metaspace(&t->pre, space, scheme, split, err));
}

/* The step that turns text into bytes: it comes last, once. */
static int read_byte_level(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool prefix_space = false, use_regex = true;

    if (json_take_bool(j, "add_prefix_space", true, &prefix_space, err) ||
        json_take_bool(j, "use_regex", false, &use_regex, err))
        return err->code;
    t->bpe.byte_level = true;
    return pretok_add_byte_level(&t->pre, prefix_space, use_regex, err);
}

int tokenizer_read_pretok(struct tokenizer *t, const json_t *root, struct err *err)
{
    static const struct step_type types[] = {
        {"Split", read_split, 0},
        {"Digits", read_digits, 0},
        {"Punctuation", read_punctuation, 0},
        {"Metaspace", read_metaspace, 0},
        {"ByteLevel", read_byte_level, 0},
        {NULL, NULL, 0},
    };
    static const struct step_part part = {
        "pre_tokenizer", "pretokenizers",
        "Split, Digits, Punctuation, Metaspace, ByteLevel, a Sequence of them or null", types,
        true};

    if (each_step(t, &part, json_object_get(root, "pre_tokenizer"), 0, err))
        return err->code;
    if (t->bpe.byte_level && t->bpe.byte_fallback)
        return refuse_part("model", "byte_fallback with ByteLevel", "false", err);
    return 0;
}

static int decode_metaspace(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum prefix_scheme scheme = PREFIX_ALWAYS;
    struct text_steps *d = &t->decoder;
    const char *space = NULL;

    if (take_character(j, "replacement", &space, err) || take_scheme(j, &scheme, err) ||
        steps_add(d, DECODE_METASPACE, space, NULL, NULL, err))
        return err->code;
    d->step[d->n - 1].keep_first = scheme == PREFIX_NEVER;
    return 0;
}

static int decode_replace(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *to;
    void *code;

    return err_if(err, take_replace(j, &code, &to, err) ||
                           steps_add(&t->decoder, DECODE_REPLACE, NULL, to, code, err));
}

static int decode_strip(struct tokenizer *t, const json_t *j, struct err *err)
{
    struct text_steps *d = &t->decoder;
    int64_t start = 0, stop = 0;
    const char *content = NULL;

    if (take_character(j, "content", &content, err) ||
        json_take_int(j, "start", true, 0, STRIP_MAX, &start, err) ||
        json_take_int(j, "stop", true, 0, STRIP_MAX, &stop, err))
        return err->code;
    if (steps_add(d, DECODE_STRIP, content, NULL, NULL, err))
        return err->code;
    d->step[d->n - 1].start = (size_t)start;
    d->step[d->n - 1].stop = (size_t)stop;
    return 0;
}

int tokenizer_read_decoder(struct tokenizer *t, const json_t *root, struct err *err)
{
    static const struct step_type types[] = {
        {"ByteLevel", NULL, DECODE_BYTE_LEVEL},
        {"Metaspace", decode_metaspace, 0},
        {"Replace", decode_replace, 0},
        {"ByteFallback", NULL, DECODE_BYTE_FALLBACK},
        {"Fuse", NULL, DECODE_FUSE},
        {"Strip", decode_strip, 0},
        {NULL, NULL, 0},
    };
    static const struct step_part part = {
        "decoder", "decoders",
        "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, a Sequence of them or null",
        types, false};
    const json_t *j = json_object_get(root, "decoder");

    t->decoder.apart = !j || json_is_null(j);
    return each_step(t, &part, j, 0, err);
}
