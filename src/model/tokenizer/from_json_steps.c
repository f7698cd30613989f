/* The parts of a tokenizer.json that are chains of steps: normalizer, pre-tokenizer, decoder. */
#include "base/json.h"
#include "base/utf8.h"
#include "model/tokenizer/parts.h"

#include <string.h>

enum { NESTED_MAX = 8, STRIP_MAX = 1 << 20 };

/* Adds one step, of an object with a type, to t. */
typedef int add_step_fn(struct tokenizer *t, const json_t *j, struct err *err);

/* The steps of a part in their order: a Sequence has more under `key`. */
static int each_step(struct tokenizer *t, const char *part, const json_t *j, const char *key,
                     add_step_fn *add, int depth, struct err *err)
{
    const json_t *list = json_object_get(j, key);

    if (!j || json_is_null(j))
        return 0;
    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "%s: is not an object", part);
    if (strcmp(part_type(j), "Sequence") != 0)
        return err_if(err, add(t, j, err));
    if (!json_is_array(list))
        return err_set(err, ERR_FORMAT, "%s: \"%s\" is not an array", part, key);
    if (depth == NESTED_MAX)
        return refuse_part(part, "a Sequence nested so deep", "a plain one", err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_object(json_array_get(list, i)))
            return err_set(err, ERR_FORMAT, "%s: step %zu is not an object", part, i);
        if (each_step(t, part, json_array_get(list, i), key, add, depth + 1, err))
            return err->code;
    }
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
    if (take_pattern(j, &text, &n, &regex, err) ||
        json_take_string(j, "content", true, to, ERR_FORMAT, err))
        return err->code;
    return regex ? regex_new(code, text, n, err) : regex_new_literal(code, text, n, err);
}

static int read_prepend(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *prepend = NULL;

    if (json_take_string(j, "prepend", true, &prepend, ERR_FORMAT, err))
        return err_wrap(err, "normalizer: Prepend");
    return steps_add(&t->normalizer, NORMALIZE_PREPEND, NULL, prepend, NULL, err);
}

static int read_replace(struct tokenizer *t, const json_t *j, struct err *err)
{
    const char *to;
    void *code;

    if (take_replace(j, &code, &to, err))
        return err_wrap(err, "normalizer: Replace");
    return steps_add(&t->normalizer, NORMALIZE_REPLACE, NULL, to, code, err);
}

static int read_strip(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool left = true, right = true;
    struct text_steps *z = &t->normalizer;

    if (json_take_bool(j, "strip_left", true, &left, ERR_FORMAT, err) ||
        json_take_bool(j, "strip_right", true, &right, ERR_FORMAT, err) ||
        steps_add(z, NORMALIZE_STRIP, NULL, NULL, NULL, err))
        return err_wrap(err, "normalizer: Strip");
    z->step[z->n - 1].left = left;
    z->step[z->n - 1].right = right;
    return 0;
}

static int add_normalizer(struct tokenizer *t, const json_t *j, struct err *err)
{
    static const struct {
        const char *type;
        enum step_kind kind;
    } plain[] = {
        {"NFC", NORMALIZE_NFC},
        {"NFD", NORMALIZE_NFD},
        {"NFKC", NORMALIZE_NFKC},
        {"NFKD", NORMALIZE_NFKD},
        {"Lowercase", NORMALIZE_LOWERCASE},
    };
    const char *type = part_type(j);

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(type, plain[i].type))
            return steps_add(&t->normalizer, plain[i].kind, NULL, NULL, NULL, err);
    if (!strcmp(type, "Prepend"))
        return read_prepend(t, j, err);
    if (!strcmp(type, "Replace"))
        return read_replace(t, j, err);
    if (!strcmp(type, "Strip"))
        return read_strip(t, j, err);
    return refuse_type("normalizer", j,
                       "NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace, a Sequence of "
                       "them or null",
                       err);
}

int tokenizer_read_normalizer(struct tokenizer *t, const json_t *root, struct err *err)
{
    return each_step(t, "normalizer", json_object_get(root, "normalizer"), "normalizers",
                     add_normalizer, 0, err);
}

static int take_behavior(const json_t *j, enum split_behavior *out, struct err *err)
{
    static const char *const names[] = {
        [SPLIT_ISOLATED] = "Isolated",
        [SPLIT_REMOVED] = "Removed",
        [SPLIT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [SPLIT_MERGED_WITH_NEXT] = "MergedWithNext",
        [SPLIT_CONTIGUOUS] = "Contiguous",
    };
    const char *name = "Isolated";

    if (json_take_string(j, "behavior", false, &name, ERR_FORMAT, err))
        return err->code;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name)) {
            *out = (enum split_behavior)i;
            return 0;
        }
    return refuse_part("behavior", name,
                       "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous", err);
}

static int read_split(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum split_behavior behavior = SPLIT_ISOLATED;
    bool invert = false, regex;
    const char *text;
    size_t n;

    if (take_behavior(j, &behavior, err) ||
        json_take_bool(j, "invert", false, &invert, ERR_FORMAT, err) ||
        take_pattern(j, &text, &n, &regex, err))
        return err->code;
    return pretok_add_split(&t->pre, text, n, !regex, behavior, invert, err);
}

static int read_digits(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool individual = false;

    return err_if(err, json_take_bool(j, "individual_digits", true, &individual, ERR_FORMAT, err) ||
                           pretok_add_class(&t->pre, regex_digit,
                                            individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS, err));
}

static int read_punctuation(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum split_behavior behavior = SPLIT_ISOLATED;

    return err_if(err, take_behavior(j, &behavior, err) ||
                           pretok_add_class(&t->pre, regex_punctuation, behavior, err));
}

/* The one character that stands for a space. */
static int take_replacement(const json_t *j, const char **s, struct err *err)
{
    int32_t c = -1;

    if (json_take_string(j, "replacement", true, s, ERR_FORMAT, err))
        return err->code;
    if (!**s || utf8_next(*s, strlen(*s), &c) != strlen(*s) || c < 0)
        return refuse_part("replacement", *s, "one character", err);
    return 0;
}

/* Older files have add_prefix_space in place of prepend_scheme. */
static int take_scheme(const json_t *j, enum prefix_scheme *scheme, struct err *err)
{
    static const char *const names[] = {
        [PREFIX_NEVER] = "never", [PREFIX_FIRST] = "first", [PREFIX_ALWAYS] = "always"};
    const char *name = "always";
    bool prefix = true;

    if (json_take_string(j, "prepend_scheme", false, &name, ERR_FORMAT, err) ||
        json_take_bool(j, "add_prefix_space", false, &prefix, ERR_FORMAT, err))
        return err->code;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name)) {
            *scheme = prefix ? (enum prefix_scheme)i : PREFIX_NEVER;
            return 0;
        }
    return refuse_part("prepend_scheme", name, "always, first or never", err);
}

static int read_metaspace(struct tokenizer *t, const json_t *j, struct err *err)
{
    enum prefix_scheme scheme = PREFIX_ALWAYS;
    const char *space = NULL;
    bool split = true;

    return err_if(err, take_replacement(j, &space, err) || take_scheme(j, &scheme, err) ||
                           json_take_bool(j, "split", false, &split, ERR_FORMAT, err) ||
                           pretok_add_metaspace(&t->pre, space, scheme, split, err));
}

/* The step that turns text into bytes: it comes last, once. */
static int read_byte_level(struct tokenizer *t, const json_t *j, struct err *err)
{
    bool prefix_space = false, use_regex = true;

    if (json_take_bool(j, "add_prefix_space", true, &prefix_space, ERR_FORMAT, err) ||
        json_take_bool(j, "use_regex", false, &use_regex, ERR_FORMAT, err))
        return err->code;
    t->bpe.byte_level = true;
    return pretok_add_byte_level(&t->pre, prefix_space, use_regex, err);
}

static int add_pretok(struct tokenizer *t, const json_t *j, struct err *err)
{
    static const struct {
        const char *type;
        add_step_fn *read;
    } kinds[] = {
        {"Split", read_split},
        {"Digits", read_digits},
        {"Punctuation", read_punctuation},
        {"Metaspace", read_metaspace},
        {"ByteLevel", read_byte_level},
    };
    const char *type = part_type(j);

    if (t->bpe.byte_level)
        return refuse_part("pre_tokenizer", "a step behind ByteLevel", "ByteLevel as the last step",
                           err);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(type, kinds[i].type))
            return kinds[i].read(t, j, err) ? err_wrap(err, "pre_tokenizer: %s", type) : 0;
    return refuse_type("pre_tokenizer", j,
                       "Split, Digits, Punctuation, Metaspace, ByteLevel, a Sequence of them or "
                       "null",
                       err);
}

int tokenizer_read_pretok(struct tokenizer *t, const json_t *root, struct err *err)
{
    if (each_step(t, "pre_tokenizer", json_object_get(root, "pre_tokenizer"), "pretokenizers",
                  add_pretok, 0, err))
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

    if (take_replacement(j, &space, err) || take_scheme(j, &scheme, err) ||
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
    int32_t c = -1;

    if (json_take_string(j, "content", true, &content, ERR_FORMAT, err) ||
        json_take_int(j, "start", true, 0, STRIP_MAX, &start, ERR_FORMAT, err) ||
        json_take_int(j, "stop", true, 0, STRIP_MAX, &stop, ERR_FORMAT, err))
        return err->code;
    if (!*content || utf8_next(content, strlen(content), &c) != strlen(content) || c < 0)
        return refuse_part("content", content, "one character", err);
    if (steps_add(d, DECODE_STRIP, content, NULL, NULL, err))
        return err->code;
    d->step[d->n - 1].start = (size_t)start;
    d->step[d->n - 1].stop = (size_t)stop;
    return 0;
}

static int add_decoder(struct tokenizer *t, const json_t *j, struct err *err)
{
    static const struct {
        const char *type;
        add_step_fn *read; /* NULL: it has no more than its kind */
        enum step_kind kind;
    } kinds[] = {
        {"ByteLevel", NULL, DECODE_BYTE_LEVEL},
        {"Metaspace", decode_metaspace, DECODE_METASPACE},
        {"Replace", decode_replace, DECODE_REPLACE},
        {"ByteFallback", NULL, DECODE_BYTE_FALLBACK},
        {"Fuse", NULL, DECODE_FUSE},
        {"Strip", decode_strip, DECODE_STRIP},
    };
    const char *type = part_type(j);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(type, kinds[i].type))
            return (kinds[i].read ? kinds[i].read(t, j, err)
                                  : steps_add(&t->decoder, kinds[i].kind, NULL, NULL, NULL, err))
                       ? err_wrap(err, "decoder: %s", type)
                       : 0;
    return refuse_type("decoder", j,
                       "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, a Sequence of "
                       "them or null",
                       err);
}

int tokenizer_read_decoder(struct tokenizer *t, const json_t *root, struct err *err)
{
    const json_t *j = json_object_get(root, "decoder");

    t->decoder.apart = !j || json_is_null(j);
    return each_step(t, "decoder", j, "decoders", add_decoder, 0, err);
}
