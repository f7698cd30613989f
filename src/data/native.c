/* The native format: docs/data.md. */
#include "data/native.h"

#include "base/str.h"
#include "base/utf8.h"
#include "data/answers.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/messages.h"
#include "data/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct data_key native_keys[] = {
    {"ids", "array of integers", "from text",
     "token ids of the prompt; what is computed, text or not", true},
    {"text", "string", "from ids",
     "the prompt; without ids it is tokenised as the model's tokenizer does it, BOS included",
     true},
    {"messages", "array of {role, content}", "none",
     "a chat in place of text: the prompt is what the model's chat template makes of it", true},
    {"spans", "{name: [begin, end]}", "{}",
     "named spans in tokens of the prompt; first, last, other, all, each, none, self, previous, "
     "random_..., numbers and names with [ ] or + are reserved",
     true},
    {"char_spans", "{name: [begin, end]}", "{}",
     "the same in characters (code points) of text: the tokens that spell any of them", true},
    {"targets", "{name: token}", "the answers' first tokens",
     "tokens to follow: an id, or a text whose first token is meant; at least one, or an answer",
     false},
    {"answers", "{name: text or array of ids}", "none",
     "whole answers, of any number of tokens, under the names of targets: for an "
     "experiment's answer_logprob",
     false},
    {"target", "name", "answer_STEP, or the only one", "the target that counts as right", false},
    {"foils", "array of names", "answers before the step",
     "targets that the right one is compared with", false},
    {"controls", "array of tokens", "drawn",
     "control tokens, each an id or a text whose first token is meant", false},
    {"counterfactual", "object", "drawn",
     "another prompt of equal length: ids or text, spans, char_spans", false},
    {"item", "string", "subject, or a hash of the prompt", "the unit of statistics", false},
    {"subject", "string", "empty", "name of the subject", false},
    {"dataset", "string", "the file's name", "what controls and partners are drawn within", false},
    {"template", "0 to 127", "from the folder, or 0",
     "number of the prompt's wording; 0 = not known", false},
    {"step", "0 to 127", "0", "number of the answer that comes next; 0 = not known", false},
};

/* All keys of a line, or of the counterfactual in it. */
static void check_keys(struct loader *l, const json_t *obj)
{
    const char *key, *keys[COUNT(native_keys)];
    size_t n = 0;
    json_t *v;

    for (size_t i = 0; i < COUNT(native_keys); i++)
        if (!l->outer || native_keys[i].both)
            keys[n++] = native_keys[i].name;
    json_object_foreach((json_t *)obj, key, v)
    {
        const char *usual = data_usual_key(key),
                   *meant = usual ? usual : str_did_you_mean(key, keys, n);

        if (str_index(keys, n, key) == n)
            line_problem(l, key, NULL,
                         meant ? "unknown key \"%.64s\", did you mean \"%s\"?"
                               : "unknown key \"%.64s\"; lensweep help data lists the keys",
                         key, meant);
    }
}

/* What stands under key; NULL = nothing, or null. */
static const json_t *given(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_null(v) ? NULL : v;
}

/* An object under key, or NULL: absent, null, or no object (a problem). */
static const json_t *take_object(struct loader *l, const json_t *obj, const char *key,
                                 const char *expected)
{
    const json_t *v = given(obj, key);

    if (!v || json_is_object(v))
        return v;
    line_problem(l, key, NULL, "%s is %s, expected %s", key, json_kind(v), expected);
    return NULL;
}

static int read_ids(struct loader *l, const json_t *obj, struct draft_prompt *p, struct err *err)
{
    const json_t *ids = given(obj, "ids"), *text = given(obj, "text");
    const json_t *messages = given(obj, "messages");

    if (messages && (ids || text))
        line_problem(l, "messages", NULL, "messages beside ids or text, expected one of them");
    else if (messages)
        return read_messages(l, messages, p, err);
    if (text && !json_is_string(text))
        line_problem(l, "text", NULL, "text is %s, expected a string", json_kind(text));
    p->text = json_string_value(text);
    if (p->text) {
        p->text = arena_strdup(&l->ds->arena, p->text, err);
        if (!p->text)
            return err->code;
    }
    p->given = ids;
    if (ids)
        return take_ids(l, ids, "ids", NULL, "", &p->ids, &p->n, err);
    if (p->text)
        return encode_text(l, "", p->text, true, &p->ids, &p->n, err);
    if (!text && !messages)
        line_problem(l, NULL, NULL, "neither ids nor text, expected one of them");
    return 0;
}

/* [begin, end) in characters of the text -> the tokens that spell any of them. */
static struct span tokens_of(const struct draft_prompt *p, size_t (*ranges)[2],
                             const int64_t pair[2])
{
    struct span s = {-1, -1};
    size_t bytes[2] = {strlen(p->text), strlen(p->text)}, i;
    int64_t character = -1;

    for (i = 0; p->text[i]; i++) {
        character += ((unsigned char)p->text[i] & 0xc0) != 0x80;
        for (int k = 0; k < 2; k++)
            if (character == pair[k] + (int64_t)p->shift && i < bytes[k])
                bytes[k] = i;
    }
    for (i = 0; i < p->n; i++) {
        if (ranges[i][1] <= bytes[0] || ranges[i][0] >= bytes[1] || ranges[i][0] == ranges[i][1])
            continue;
        s.lo = s.lo < 0 ? (int)i : s.lo;
        s.hi = (int)i + 1;
    }
    return s;
}

/* Has the name a meaning of its own as a position, token set or key of attention, or as a label of
   one: `3`, `5-7`, `subject[0]`, `first+last`, random_SPAN? */
static bool reserved(const char *name)
{
    static const char *const words[] = {"first", "last", "other", "all",
                                        "each",  "none", "self",  "previous"};
    const size_t n = sizeof words / sizeof *words;

    return str_index(words, n, name) < n || !name[strspn(name, "0123456789-")] ||
           name[strcspn(name, "[]+")] || str_begins(name, "random_");
}

static bool has_span(const struct draft_prompt *p, int name)
{
    for (size_t i = 0; i < p->n_spans; i++)
        if (p->span[i].name == name)
            return true;
    return false;
}

/* [begin, end), any integers; false after a problem. */
static bool take_pair(struct loader *l, const json_t *v, const char *key, const char *name,
                      int64_t pair[2])
{
    for (size_t i = 0; i < 2; i++) {
        const json_t *e = json_array_get(v, i);

        if (json_array_size(v) != 2 || !json_is_integer(e)) {
            line_problem(l, key, name, "span \"%.64s\" is %s, expected [begin, end)", name,
                         json_is_array(v) ? "not a pair of integers" : json_kind(v));
            return false;
        }
        pair[i] = json_integer_value(e);
    }
    return true;
}

/* Under number i of the names; one that does not lie in the prompt is the query's status. */
static int add_span(struct loader *l, int i, const int64_t pair[2], size_t (*ranges)[2],
                    struct draft_prompt *p, struct err *err)
{
    size_t n = !ranges ? p->n : p->counted ? p->counted : utf8_length(p->text, strlen(p->text));
    const char *name = l->ds->span_name[i];
    struct span at;

    if (pair[0] < 0 || pair[0] > (int64_t)n || pair[1] > (int64_t)n)
        return query_bad(l, err,
                         "span %.64s [%" PRId64 ", %" PRId64 ") lies outside the prompt of %zu %s",
                         name, pair[0], pair[1], n, ranges ? "characters" : "tokens");
    if (pair[0] >= pair[1])
        return query_bad(l, err, "span %.64s [%" PRId64 ", %" PRId64 ") %s", name, pair[0], pair[1],
                         pair[0] > pair[1] ? "is reversed" : "is empty");
    at = ranges ? tokens_of(p, ranges, pair) : (struct span){(int)pair[0], (int)pair[1]};
    if (!span_empty(at))
        p->span[p->n_spans++] = (struct named_span){i, at};
    return 0;
}

int native_span(struct loader *l, const char *key, const char *name, const json_t *v,
                size_t (*ranges)[2], struct draft_prompt *p, struct err *err)
{
    int64_t pair[2];
    int i;

    if (reserved(name))
        line_problem(l, key, name, "span \"%s\" is a reserved name, use another", name);
    if (reserved(name) || !v || json_is_null(v) || !take_pair(l, v, key, name, pair))
        return 0;
    i = span_index(l, name, key, err);
    if (i >= 0 && has_span(p, i))
        line_problem(l, key, name, "span \"%.64s\" is given in tokens and in characters", name);
    if (i < 0 || has_span(p, i))
        return err_if(err, i < 0);
    return add_span(l, i, pair, ranges, p, err);
}

/* The spans under `key`: spans, or char_spans if there are ranges. */
static int read_spans(struct loader *l, const json_t *spans, const char *key, size_t (*ranges)[2],
                      struct draft_prompt *p, struct err *err)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)spans, name, v)
    {
        if (native_span(l, key, name, v, ranges, p, err))
            return err->code;
    }
    return 0;
}

static int read_prompt(struct loader *l, const json_t *obj, struct draft_prompt *p, struct err *err)
{
    const json_t *spans, *chars;
    size_t(*ranges)[2] = NULL;
    size_t n;

    if (read_ids(l, obj, p, err))
        return err->code;
    spans = take_object(l, obj, "spans", "an object of [begin, end) by name");
    chars = take_object(l, obj, "char_spans", "an object of [begin, end) by name");
    n = json_object_size(spans) + json_object_size(chars);
    p->span = arena_alloc(&l->scratch, n, sizeof *p->span, err);
    if (!p->span)
        return err->code;
    if (!p->ids) /* then there is a status or a problem already */
        return 0;
    if (read_spans(l, spans, "spans", NULL, p, err) || !json_object_size(chars))
        return err->code;
    if (!p->text)
        return query_bad(l, err, "char_spans without text");
    if (!l->codec->bytes)
        return query_bad(l, err, "char_spans without a tokenizer");
    if (spell_text(l, p, &ranges, err))
        return err->code;
    if (!ranges)
        return query_bad(l, err, "char_spans: the tokens do not spell the text");
    return read_spans(l, chars, "char_spans", ranges, p, err);
}

/* Counts a target whose text lacks the space that a text would have after this prompt, if that
   makes it another token. The target stays what the data says. */
static int check_space(struct loader *l, const char *name, const struct named_target *t,
                       struct err *err)
{
    const char *spaced, *prompt = l->d.own.text, *status = l->q.status;
    int32_t *ids;
    size_t n;

    if (!prompt || !t->text || !t->n_ids || !wants_space(prompt, t->text))
        return 0;
    spaced = arena_printf(&l->scratch, err, " %s", t->text);
    if (!spaced || encode_text(l, "", spaced, false, &ids, &n, err))
        return err->code;
    l->q.status = status; /* it is not what the data ask for that has no tokens */
    if (!n || ids[0] == t->ids[0] || l->ds->n_unspaced++)
        return 0;
    l->ds->unspaced =
        arena_printf(&l->ds->arena, err,
                     "%s:%zu: target %s is \"%s\", token %d; after this prompt a text goes on with "
                     "\"%s\", token %d",
                     l->path, l->line_no, name, t->text, (int)t->ids[0], spaced, (int)ids[0]);
    return l->ds->unspaced ? 0 : err->code;
}

/* A token as its id, or as text of which the first token is meant. */
static int read_token(struct loader *l, const json_t *v, const char *key, const char *name,
                      struct named_target *t, struct err *err)
{
    char what[96];
    int32_t *ids;

    t->id = -1;
    /* the key is a plural: "targets" -> "target NAME: " */
    snprintf(what, sizeof what, "%.*s %.64s: ", (int)strlen(key) - 1, key, name);
    if (json_is_integer(v))
        return check_id(l, what, json_integer_value(v), &t->id, err);
    if (!json_is_string(v)) {
        line_problem(l, key, json_is_array(v) ? NULL : name, "%.*s is %s, expected an id or a text",
                     (int)strlen(what) - 2, what, json_kind(v));
        return 0;
    }
    t->text = arena_strdup(&l->scratch, json_string_value(v), err);
    if (!t->text || encode_text(l, what, t->text, false, &ids, &t->n_ids, err))
        return err->code;
    if (!t->n_ids)
        return query_bad(l, err, "%sno tokens", what);
    t->ids = ids;
    t->id = ids[0];
    for (size_t i = 0; i < t->n_ids; i++)
        if (check_id(l, what, ids[i], &ids[i], err))
            return err->code;
    return 0;
}

static int read_target(struct loader *l, const char *name, const json_t *v, struct err *err)
{
    struct named_target *t = &l->d.target[l->d.n_targets];

    if (!*name)
        line_problem(l, "targets", NULL, "target without a name");
    *t = (struct named_target){.name = target_index(l, name, "targets", err)};
    if (t->name < 0)
        return err->code;
    l->d.n_targets++;
    return read_token(l, v, "targets", name, t, err) ? err->code : check_space(l, name, t, err);
}

static struct named_target *target_of(struct loader *l, int name)
{
    for (size_t i = 0; i < l->d.n_targets; i++)
        if (l->d.target[i].name == name)
            return &l->d.target[i];
    return NULL;
}

/* All tokens of an answer: those of a target that is there already, or of a new one. */
static int read_answer(struct loader *l, const char *name, const json_t *v, struct err *err)
{
    struct named_target t = {.whole = true}, *known;
    char what[96];

    snprintf(what, sizeof what, "answer %.64s: ", name);
    t.name = *name ? target_index(l, name, "answers", err) : -1;
    if (t.name < 0) {
        if (!*name)
            line_problem(l, "answers", NULL, "answer without a name");
        return err->code;
    }
    if (json_is_array(v)) {
        int32_t *ids;

        if (take_ids(l, v, "answers", name, what, &ids, &t.n_ids, err))
            return err->code;
        t.ids = ids;
    } else if (!json_is_string(v)) {
        line_problem(l, "answers", NULL, "answer %.64s is %s, expected a text or an array of ids",
                     name, json_kind(v));
        return 0;
    } else if (read_token(l, v, "answers", name, &t, err)) {
        return err->code;
    }
    if (!t.n_ids)
        return query_bad(l, err, "%sno tokens", what);
    t.id = t.ids[0];
    known = target_of(l, t.name);
    if (known && known->id >= 0 && known->id != t.id &&
        query_bad(l, err, "%sbegins with token %d, but its target is token %d", what, (int)t.id,
                  (int)known->id))
        return err->code;
    *(known ? known : &l->d.target[l->d.n_targets++]) = t;
    return known ? 0 : check_space(l, name, &t, err);
}

static int read_targets(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *targets = take_object(l, obj, "targets", "an object of tokens by name");
    const json_t *answers = take_object(l, obj, "answers", "an object of texts by name");
    size_t n = json_object_size(targets) + json_object_size(answers);
    const char *name;
    json_t *v;

    l->d.target = arena_alloc(&l->scratch, n, sizeof *l->d.target, err);
    if (!l->d.target)
        return err->code;
    if (!n && (!given(obj, "targets") || targets))
        line_problem(l, json_object_get(obj, "targets") ? "targets" : NULL, NULL,
                     "no targets, expected at least one");
    json_object_foreach((json_t *)targets, name, v)
    {
        if (read_target(l, name, v, err))
            return err->code;
    }
    json_object_foreach((json_t *)answers, name, v)
    {
        if (read_answer(l, name, v, err))
            return err->code;
    }
    return 0;
}

/* One of this line's own targets, by name; -1 after a problem. */
static int own_target(struct loader *l, const char *key, const json_t *v)
{
    const char *name = json_string_value(v), *meant, *names[NAMES_MAX];

    if (!name) {
        line_problem(l, key, NULL, "%s names a target by %s, expected a string", key, json_kind(v));
        return -1;
    }
    for (size_t i = 0; i < l->d.n_targets; i++) {
        names[i] = l->ds->target_name[l->d.target[i].name];
        if (str_eq(names[i], name))
            return l->d.target[i].name;
    }
    meant = str_did_you_mean(name, names, l->d.n_targets);
    line_problem(l, key, NULL,
                 meant ? "%s \"%.64s\" is not one of the targets, did you mean \"%.64s\"?"
                       : "%s \"%.64s\" is not one of the targets",
                 key, name, meant);
    return -1;
}

static int read_right(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *right = given(obj, "target"), *foils = given(obj, "foils");

    if (right)
        l->d.right = own_target(l, "target", right);
    if (!foils)
        return 0;
    if (!json_is_array(foils)) {
        line_problem(l, "foils", NULL, "foils is %s, expected an array of names of targets",
                     json_kind(foils));
        return 0;
    }
    l->d.foil = arena_alloc(&l->scratch, json_array_size(foils), sizeof *l->d.foil, err);
    if (!l->d.foil)
        return err->code;
    for (size_t i = 0; i < json_array_size(foils); i++) {
        int name = own_target(l, "foils", json_array_get(foils, i));

        if (name >= 0 && name == l->d.right)
            line_problem(l, "foils", NULL, "foils contains the target itself");
        l->d.foil[l->d.n_foils++] = name;
    }
    return 0;
}

static int read_controls(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *controls = given(obj, "controls");
    char name[24];

    if (!controls)
        return 0;
    if (!json_is_array(controls)) {
        line_problem(l, "controls", NULL, "controls is %s, expected an array of tokens",
                     json_kind(controls));
        return 0;
    }
    l->d.control = arena_alloc(&l->ds->arena, json_array_size(controls), sizeof *l->d.control, err);
    if (!l->d.control)
        return err->code;
    for (size_t i = 0; i < json_array_size(controls); i++) {
        struct named_target t = {0};

        snprintf(name, sizeof name, "%zu", i);
        if (read_token(l, json_array_get(controls, i), "controls", name, &t, err))
            return err->code;
        l->d.control[l->d.n_controls++] = t.id;
    }
    return 0;
}

static int read_names(struct loader *l, const json_t *obj, struct err *err)
{
    struct {
        const char *key;
        const char **field;
    } names[] = {{"item", &l->q.item}, {"subject", &l->q.subject}, {"dataset", &l->q.dataset}};

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *v = NULL;

        if (!field_take_text(l, obj, names[i].key, &v) || !v)
            continue;
        *names[i].field = arena_strdup(&l->ds->arena, v, err);
        if (!*names[i].field)
            return err->code;
    }
    take_label(l, obj, "template", &l->q.template);
    take_label(l, obj, "step", &l->q.step);
    return 0;
}

static int read_counterfactual(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *cf = take_object(l, obj, "counterfactual", "an object");
    int code;

    if (!cf)
        return 0;
    l->outer = "counterfactual";
    check_keys(l, cf);
    code = read_prompt(l, cf, &l->d.cf, err);
    if (!code && !l->d.cf.ids)
        code = query_bad(l, err, "empty prompt");
    l->outer = NULL;
    return code;
}

static int read_line(struct loader *l, const json_t *obj, struct err *err)
{
    check_keys(l, obj);
    return err_if(err, read_names(l, obj, err) || read_prompt(l, obj, &l->d.own, err) ||
                           read_targets(l, obj, err) || read_right(l, obj, err) ||
                           read_controls(l, obj, err) || read_counterfactual(l, obj, err));
}

int native_read(struct loader *l, const json_t *record, const char *bad, struct err *err)
{
    query_begin(l);
    return err_if(err, (bad && query_bad(l, err, "%s", bad)) || read_line(l, record, err) ||
                           query_end(l, err));
}

static int read_record(struct loader *l, const json_t *record, struct err *err)
{
    return native_read(l, record, NULL, err);
}

const struct format format_native = {
    .name = "native",
    .doc = "one query a record; a key that is not listed is an error",
    .ending = ".jsonl",
    FORMAT_KEYS(native_keys),
    .marks = (const char *const[]){"ids", "text", "messages", "targets", NULL},
    .read = read_record,
};
