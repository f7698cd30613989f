#include "data/recast.h"

#include "base/str.h"
#include "base/utf8.h"
#include "data/answers.h"
#include "data/fields.h"
#include "data/native.h"
#include "data/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const json_t *need(struct loader *l, const json_t *record, const char *key)
{
    const json_t *v = json_object_get(record, key);

    if (v && !json_is_null(v))
        return v;
    line_problem(l, v ? key : NULL, NULL, "key \"%s\" is missing", key);
    return NULL;
}

const char *need_text(struct loader *l, const json_t *record, const char *key)
{
    const json_t *v = need(l, record, key);

    if (v && !json_is_string(v))
        line_problem(l, key, NULL, "key \"%s\" is %s, expected a string", key, json_kind(v));
    return json_string_value(v);
}

void recast_begin(struct recast *r, struct loader *l, const char *text)
{
    *r = (struct recast){
        .l = l, .query = json_object(), .text = text, .problems = l->problems->count};
    if (!text)
        r->problems = -1;
    r->failed = !r->query;
    recast_string(r, "text", text);
}

/* The object under a key of the record, made if it is not there yet. */
static json_t *part(struct recast *r, const char *key, json_t *(*make)(void))
{
    json_t *v = json_object_get(r->query, key);

    if (!v && json_object_set_new(r->query, key, make()))
        r->failed = true;
    return v ? v : json_object_get(r->query, key);
}

static void set(struct recast *r, json_t *to, const char *key, json_t *v)
{
    if (json_object_set_new(to, key, v))
        r->failed = true;
}

void recast_string(struct recast *r, const char *key, const char *v)
{
    if (v)
        set(r, r->query, key, json_string(v));
}

void recast_number(struct recast *r, const char *key, int v)
{
    set(r, r->query, key, json_integer(v));
}

void recast_span(struct recast *r, const char *name, size_t begin, size_t n)
{
    if (r->text && n)
        set(r, part(r, "char_spans", json_object), name,
            json_pack("[i, i]", (int)utf8_length(r->text, begin),
                      (int)utf8_length(r->text, begin + n)));
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c & 0x80;
}

bool recast_find(struct recast *r, const char *name, const char *word, int nth)
{
    size_t n = word ? strlen(word) : 0;

    for (const char *s = r->text; n && s && (s = strstr(s, word)); s++) {
        bool whole = (s == r->text || !in_word(s[-1]) || !in_word(*word)) &&
                     (!in_word(s[n]) || !in_word(word[n - 1]));

        if (!whole || --nth)
            continue;
        recast_span(r, name, (size_t)(s - r->text), n);
        return true;
    }
    return false;
}

const char *fill_template(struct loader *l, const char *template, const char *mark,
                          const char *subject, size_t *at, struct err *err)
{
    const char *place = strstr(template, mark);

    *at = 0;
    if (!place)
        return NULL;
    *at = (size_t)(place - template);
    return arena_printf(&l->scratch, err, "%.*s%s%s", (int)*at, template, subject,
                        place + strlen(mark));
}

static void add_target(struct recast *r, json_t *token, bool right)
{
    json_t *targets = part(r, "targets", json_object), *foils = part(r, "foils", json_array);
    char name[24] = "answer_1";

    if (right)
        recast_string(r, "target", name);
    else
        snprintf(name, sizeof name, "foil_%d", ++r->foils);
    if (!right && json_array_append_new(foils, json_string(name)))
        r->failed = true;
    set(r, targets, name, token);
}

void recast_answer(struct recast *r, const char *answer, bool right)
{
    char *spaced;

    if (!answer || !r->text)
        return;
    if (!wants_space(r->text, answer)) {
        add_target(r, json_string(answer), right);
        return;
    }
    spaced = arena_printf(&r->l->scratch, &(struct err){0}, " %s", answer);
    add_target(r, spaced ? json_string(spaced) : NULL, right);
}

void recast_token(struct recast *r, int64_t id, bool right)
{
    add_target(r, json_integer(id), right);
}

void recast_counterfactual(struct recast *r, const char *text)
{
    if (text)
        set(r, r->query, "counterfactual", json_pack("{s: s}", "text", text));
}

void recast_bad(struct recast *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!*r->bad)
        str_vfit(r->bad, sizeof r->bad, fmt, ap);
    va_end(ap);
}

int recast_end(struct recast *r, struct err *err)
{
    int code = 0;

    err_clear(err);
    if (r->failed)
        code = err_set(err, ERR_MEMORY, "no memory for a query of %s", r->l->path);
    else if (r->problems == r->l->problems->count)
        code = native_read(r->l, r->query, *r->bad ? r->bad : NULL, err);
    json_decref(r->query);
    return code;
}
