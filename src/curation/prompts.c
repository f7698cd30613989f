/* From templates and subjects to prompts; the model and the facts behind them. */
#include "curation/names.h"

#include "base/file.h"
#include "base/str.h"
#include "data/answers.h"

#include <stdio.h>
#include <string.h>

static const char mark[] = "{subject}";

/* A template in its parts. The relation is what stands in brackets, else the words before the
   subject, else those behind it. */
struct template
{
    const char *before, *after; /* of the subject, without the brackets */
    bool relation_first;        /* it lies before the subject */
    struct piece_at relation;   /* in before or after; n = 0: none */
};

static void trim(const char *s, struct piece_at *p)
{
    while (p->n && strchr(" \n\t", s[p->begin]))
        p->begin++, p->n--;
    while (p->n && strchr(" \n\t:.?!", s[p->begin + p->n - 1]))
        p->n--;
}

/* Without its brackets, which are noted; false: they do not stand as they should. */
static bool take_brackets(char *s, struct piece_at *relation, bool *has)
{
    char *open = strchr(s, '['), *close = strchr(s, ']');

    *relation = (struct piece_at){0, 0};
    if (!open && !close)
        return true;
    if (!open || !close || close < open || *has || strchr(open + 1, '['))
        return false;
    *has = true;
    *relation = (struct piece_at){(size_t)(open - s), (size_t)(close - open) - 1};
    memmove(close, close + 1, strlen(close));
    memmove(open, open + 1, strlen(open));
    return true;
}

static bool split_template(struct curation *c, const char *text, struct template *t,
                           struct err *err)
{
    const char *place = strstr(text, mark);
    struct piece_at r[2];
    bool has = false;
    char *before, *after;

    before = arena_strndup(&c->arena, text, (size_t)(place - text), err);
    after = arena_strdup(&c->arena, place + strlen(mark), err);
    if (!before || !after || !take_brackets(before, &r[0], &has) ||
        !take_brackets(after, &r[1], &has))
        return false;
    if (!has) {
        r[0] = (struct piece_at){0, strlen(before)};
        r[1] = (struct piece_at){0, strlen(after)};
        trim(before, &r[0]);
        trim(after, &r[1]);
    }
    *t = (struct template){before, after, r[0].n > 0, r[0].n ? r[0] : r[1]};
    return true;
}

/* The end of a text that begins a list, "1.": the assistant says it, in a chat. */
static size_t list_start(const char *s)
{
    size_t n = strlen(s);

    if (n < 2 || strcmp(s + n - 2, "1.") != 0)
        return n;
    n -= 2;
    while (n && strchr(" \n", s[n - 1]))
        n--;
    return n;
}

static void check_words(struct curation *c, struct problems *problems)
{
    const struct curate_config *o = &c->config.curate;
    const struct string_list *list = &o->templates;

    if (*o->dataset == '.' || strchr(o->dataset, '/'))
        config_problem(
            &c->config, NULL, "curate.dataset", problems,
            "is part of file names: it must not have a / or begin with a dot, as \"%.60s\" does",
            o->dataset);
    if (!list->n || list->n > 127)
        config_problem(&c->config, NULL, "curate.templates", problems,
                       "%zu templates, expected 1 to 127", list->n);
    for (size_t i = 0; i < list->n; i++) {
        const char *place = strstr(list->v[i], mark);

        if (!place)
            config_problem(&c->config, NULL, "curate.templates", problems,
                           "template %zu does not have {subject}: \"%.60s\"", i + 1, list->v[i]);
        else if (strstr(place + 1, mark))
            config_problem(&c->config, NULL, "curate.templates", problems,
                           "template %zu has {subject} twice: \"%.60s\"", i + 1, list->v[i]);
        else if (o->from == ANSWERS_OF_FACTS && o->answers > 1 &&
                 list_start(list->v[i]) == strlen(list->v[i]))
            config_problem(&c->config, NULL, "curate.templates", problems,
                           "template %zu of a list does not end in \"1.\": \"%.60s\"", i + 1,
                           list->v[i]);
    }
}

/* The words of a prompt, said as the config has it: *shift = how far they were moved. */
static int say(struct curation *c, const char *words, struct buf *out, size_t *shift,
               struct err *err)
{
    const struct chat_form *form = &c->config.curate.chat;
    size_t n = list_start(words);
    const char *rest = words + n + strspn(words + n, " \n");
    struct chat_message user = {"user", NULL};
    const char *found;

    *shift = 0;
    if (form->kind == CHAT_NONE)
        return buf_puts(out, words, err);
    user.content = arena_strndup(&c->arena, words, n, err);
    if (!user.content)
        return err->code;
    if (form->kind == CHAT_AUTO) {
        if (tokenizer_chat(c->tokenizer, &user, 1, true, out, err))
            return err->code;
    } else if (buf_puts(out, form->user, err) || buf_puts(out, user.content, err) ||
               buf_puts(out, form->assistant, err)) {
        return err->code;
    }
    if (!buf_str(out, err))
        return err->code;
    found = strstr(out->data, user.content);
    *shift = found ? (size_t)(found - out->data) : 0;
    return buf_puts(out, rest, err);
}

/* " A 2. B 3. C" behind the prompt: the facts' own objects. */
static int add_objects(struct curation *c, struct attempt *a, struct buf *out, struct err *err)
{
    int want = (int)c->config.curate.answers;

    for (int i = 0; i < want; i++) {
        const char *name = a->subject->object[i].name, *text = buf_str(out, err);

        if (!text || (i && buf_printf(out, err, " %d.", i + 1)))
            return err->code;
        text = buf_str(out, err);
        if (!text || (wants_space(text, name) && buf_puts(out, " ", err)))
            return err->code;
        a->answer_text[i] = name;
        a->object[i] = &a->subject->object[i];
        a->answer[i].lo = (int)out->len; /* bytes, until the tokens are known */
        if (buf_puts(out, name, err))
            return err->code;
        a->answer[i].hi = (int)out->len;
    }
    a->n_answers = want;
    return 0;
}

static int make_ids(struct curation *c, struct attempt *a, const struct buf *text, struct err *err)
{
    bool special = c->config.curate.chat.kind == CHAT_NONE;
    struct ids ids = {0};
    struct err e = ERR_CLEAR;

    if (tokenizer_encode(c->tokenizer, text->data, text->len, special, &ids, &e)) {
        ids_release(&ids);
        if (e.code != ERR_CONFIG)
            return *err = e, err->code;
        drop(c, a, DROP_PROMPT, arena_strdup(&c->arena, e.msg, err));
        return err->code;
    }
    a->prompt = a->n = (int)ids.n;
    a->ids = arena_alloc(&c->arena, ids.n + (size_t)c->tokens, sizeof *a->ids, err);
    if (a->ids && ids.n)
        memcpy(a->ids, ids.v, ids.n * sizeof *a->ids);
    ids_release(&ids);
    return a->ids ? 0 : err->code;
}

static void check_length(struct curation *c, struct attempt *a, struct err *err)
{
    int most = c->model->shape.max_positions;

    if (a->n + c->tokens > most)
        drop(c, a, DROP_PROMPT,
             arena_printf(&c->arena, err, "%d tokens and %d more are longer than the model's %d",
                          a->n, c->tokens, most));
    else if (a->n + c->tokens > c->max_tokens)
        c->max_tokens = a->n + c->tokens;
}

static int make_attempt(struct curation *c, struct attempt *a, const struct template *t,
                        struct err *err)
{
    const struct curate_config *o = &c->config.curate;
    const char *name = a->subject->name, *article = a->subject->article;
    struct buf text = {0};
    size_t shift, at;
    char *words = arena_printf(&c->arena, err, "%s%s%s%s%s", t->before, article,
                               *article ? " " : "", name, t->after);

    if (!words)
        return err->code;
    at = strlen(t->before) + strlen(article) + (*article != '\0');
    if (o->from == ANSWERS_OF_FACTS && a->subject->n < (size_t)o->answers)
        drop(c, a, DROP_FACTS,
             arena_printf(&c->arena, err, "%zu %s, fewer than %lld", a->subject->n,
                          str_noun(a->subject->n, "object", "objects"), (long long)o->answers));
    if (say(c, words, &text, &shift, err))
        goto out;
    a->at_subject = (struct piece_at){shift + at, strlen(name)};
    a->at_relation = t->relation;
    a->at_relation.begin += shift + (t->relation_first ? 0 : at + strlen(name));
    if (!a->reason && o->from == ANSWERS_OF_FACTS && add_objects(c, a, &text, err))
        goto out;
    if (buf_str(&text, err))
        a->text = arena_strdup(&c->arena, text.data, err);
    if (a->text && !make_ids(c, a, &text, err) && !a->reason)
        check_length(c, a, err);
out:
    buf_release(&text);
    return err->code;
}

static int make_attempts(struct curation *c, struct problems *problems, struct err *err)
{
    const struct string_list *list = &c->config.curate.templates;

    c->n = list->n * c->facts.n;
    c->attempt = arena_alloc(&c->arena, c->n, sizeof *c->attempt, err);
    for (size_t t = 0; c->attempt && t < list->n; t++) {
        struct template parts;

        if (!split_template(c, list->v[t], &parts, err)) {
            if (!err->code)
                config_problem(&c->config, NULL, "curate.templates", problems,
                               "template %zu: expected one pair of [brackets], on one side of "
                               "{subject}",
                               t + 1);
            return err->code;
        }
        for (size_t i = 0; i < c->facts.n; i++) {
            struct attempt *a = &c->attempt[t * c->facts.n + i];

            *a = (struct attempt){.subject = &c->facts.subject[i], .template = (int)t + 1};
            if (make_attempt(c, a, &parts, err))
                return err->code;
        }
    }
    return err->code;
}

/* So many that their keys and values take little memory; a function of the model alone. */
static size_t block_size(const struct curation *c)
{
    enum { BYTES = 256 << 20, MOST = 32 };
    size_t each = run_growing_bytes(&c->model->shape, c->max_tokens ? c->max_tokens : 1);

    return each > BYTES ? 1 : BYTES / each < MOST ? BYTES / each : MOST;
}

static int open_model(struct curation *c, bool shape, struct err *err)
{
    const struct model_config *m = &c->config.model;
    struct model_options o = {.shape_only = shape, .ignore = m->ignore.v, .n_ignore = m->ignore.n};

    return model_open_as(&c->model, m->path, &o, err) ? config_place(&c->config, "model.path", err)
                                                      : 0;
}

int curation_open(struct curation *c, const char *config, const char *const *set, size_t n_set,
                  bool shape, struct problems *problems, struct err *err)
{
    const struct curate_config *o = &c->config.curate;

    err_clear(err);
    if (file_exists(config) && !config_curates(config)) {
        problems_add(problems, config, 0, 0,
                     "it does not have a section curate: a config without one is for lensweep run");
        return 0;
    }
    if (config_load(&c->config, config, set, n_set, NULL, 0, problems, err) || problems->count)
        return err->code;
    if (!c->config.model.path) {
        config_problem(&c->config, NULL, "model.paths", problems, "curate asks one model: path");
        return 0;
    }
    check_words(c, problems);
    if (facts_load(&c->facts, o->facts, problems, err) || problems->count)
        return err->code;
    if (names_make(c, err) || open_model(c, shape, err))
        return err->code;
    if (tokenizer_open(&c->tokenizer, c->config.model.path, err))
        return err_wrap(err, "curate needs the model's tokenizer");
    tokenizer_limit(c->tokenizer, c->model->shape.vocab);
    c->tokens = o->from == ANSWERS_OF_FACTS ? 0
                : o->tokens                 ? (int)o->tokens
                                            : 8 + 12 * (int)o->answers;
    if (make_attempts(c, problems, err))
        return err->code;
    c->block = block_size(c);
    c->n_units = o->from == ANSWERS_OF_FACTS ? 0 : (c->n + c->block - 1) / c->block;
    return 0;
}

void curation_close(struct curation *c)
{
    if (c->engine.model)
        engine_close(&c->engine);
    tokenizer_close(c->tokenizer);
    model_close(c->model);
    facts_release(&c->facts);
    config_release(&c->config);
    arena_release(&c->unit_arena);
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}

const char *const drop_words[DROPS] = {
    [DROP_PROMPT] = "no prompt: it cannot be tokenised, or is too long",
    [DROP_FACTS] = "fewer objects among the facts than answers asked for",
    [DROP_MODEL] = "the model's output is not finite",
    [DROP_PARSE] = "not so many answers in what the model wrote",
    [DROP_CUT] = "the last answer is cut by the length limit",
    [DROP_WRONG] = "an answer is not among the facts",
    [DROP_REPEATED] = "an answer is given twice",
    [DROP_TOKENS] = "the tokens do not spell the text, or two answers share one",
};

void drop(struct curation *c, struct attempt *a, enum drop why, const char *reason)
{
    if (a->reason)
        return;
    a->reason = reason ? reason : drop_words[why];
    c->dropped[why]++;
}
