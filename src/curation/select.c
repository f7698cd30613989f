/* What was written: its answers, whether they are right, and where they stand in the tokens. */
#include "curation/names.h"

#include "base/str.h"
#include "base/utf8.h"
#include "model/tokenizer/fold.h"

#include <string.h>

/* What the tokens of an attempt spell. */
struct spelled {
    struct buf text;
    size_t *end; /* (n) where each token ends */
    size_t from; /* where the prompt's text begins: behind a BOS, and the space that some add */
    int n;
};

static int spell(struct curation *c, const struct attempt *a, struct spelled *s, struct err *err)
{
    buf_clear(&s->text);
    arena_reset(&c->unit_arena);
    s->n = a->n;
    s->from = 0;
    s->end = arena_alloc(&c->unit_arena, (size_t)a->n, sizeof *s->end, err);
    for (int i = 0; s->end && i < a->n; i++) {
        size_t n = 0;
        const char *bytes = tokenizer_bytes(c->tokenizer, a->ids[i], &n);

        if (bytes && buf_put(&s->text, bytes, n, err))
            return err->code;
        s->end[i] = s->text.len;
    }
    return s->end && buf_str(&s->text, err) ? 0 : err->code;
}

/* Where the prompt's text begins in what is spelled; false: it is not there. */
static bool find_text(const struct curation *c, const struct attempt *a, struct spelled *s)
{
    size_t n = strlen(a->text);

    if (a->n && a->ids[0] == tokenizer_bos(c->tokenizer) &&
        (s->end[0] > n || memcmp(a->text, s->text.data, s->end[0]) != 0))
        s->from = s->end[0];
    if (s->from < s->text.len && s->text.data[s->from] == ' ' && *a->text != ' ')
        s->from++;
    return s->text.len - s->from >= n && !memcmp(s->text.data + s->from, a->text, n);
}

/* The tokens that spell any of these bytes of the prompt's text and what follows it. */
static struct span tokens_of(const struct spelled *s, size_t begin, size_t n)
{
    return answer_tokens(s->end, s->n, s->from + begin, n);
}

/* The object that these bytes name; NULL = none. *name: the bytes, folded. */
static int match(struct curation *c, const struct fact_subject *subject, const char *s, size_t n,
                 const char **name, const struct fact_object **object, struct err *err)
{
    struct buf b = {0};

    *name = NULL;
    if (!text_fold(s, n, &b, err) && buf_str(&b, err))
        *name = arena_strdup(&c->arena, b.data, err);
    buf_release(&b);
    *object = *name ? names_find(c, subject, *name) : NULL;
    return err->code;
}

static bool in_word(char c)
{
    return !strchr(" ,.;:!?\n\"*", c);
}

/* Does a word end before the byte at n? What stands behind it compares as nothing. */
static bool word_ends(const char *s, size_t n, size_t most)
{
    return n == most || (in_word(s[n - 1]) && !in_word(s[n]));
}

/* The longest beginning of the i-th answer that names an object, down to one word for single
   answers; *n = its length, else that of what was meant to be the answer. */
static int match_place(struct curation *c, struct attempt *a, int i, const char *s,
                       const struct answer_place *p, size_t *n, struct err *err)
{
    bool single = c->config.curate.answers == 1;

    *n = p->most;
    for (size_t k = p->most; k == p->most || (single && k > 0); k--) {
        if (!word_ends(s, k, p->most))
            continue;
        *n = k;
        if (match(c, a->subject, s, k, &a->answer_name[i], &a->object[i], err) || a->object[i])
            return err->code;
    }
    *n = p->n;
    return match(c, a->subject, s, p->n, &a->answer_name[i], &a->object[i], err);
}

/* Answers in what the model wrote. */
static int find_answers(struct curation *c, struct attempt *a, const struct spelled *s,
                        struct err *err)
{
    size_t begin = s->from + strlen(a->text), n = s->text.len - begin;
    const char *text = s->text.data + begin;
    int want = (int)c->config.curate.answers;
    struct answer_places found;

    a->said = utf8_clean(&c->arena, text, n, err);
    if (!a->said)
        return err->code;
    answers_find(text, n, want, a->ended, &found);
    for (int i = 0; i < found.n; i++) {
        const struct answer_place *p = &found.place[i];
        size_t length;

        if (match_place(c, a, i, text + p->begin, p, &length, err))
            return err->code;
        a->answer_text[i] = utf8_clean(&c->arena, text + p->begin, length, err);
        a->answer[i] = tokens_of(s, strlen(a->text) + p->begin, length);
        if (!a->answer_text[i])
            return err->code;
        /* a single answer that ends before what was written does, has an end */
        found.cut = found.cut && (want > 1 || p->begin + length >= found.end);
    }
    a->n_answers = found.n;
    if (found.n < want)
        drop(c, a, found.cut ? DROP_CUT : DROP_PARSE,
             arena_printf(&c->arena, err, "%d of %d answers found%s", found.n, want,
                          found.cut ? " before the length limit" : ""));
    else if (found.cut)
        drop(c, a, DROP_CUT, NULL);
    return err->code;
}

/* The facts' own objects, whose bytes are known. */
static void place_objects(struct attempt *a, const struct spelled *s)
{
    for (int i = 0; i < a->n_answers; i++)
        a->answer[i] = tokens_of(s, (size_t)a->answer[i].lo,
                                 (size_t)a->answer[i].hi - (size_t)a->answer[i].lo);
}

static int check_right(struct curation *c, struct attempt *a, struct err *err)
{
    for (int i = 0; i < a->n_answers; i++) {
        if (!a->object[i])
            drop(c, a, DROP_WRONG,
                 arena_printf(&c->arena, err, "\"%s\" is not among the facts", a->answer_text[i]));
        for (int k = 0; k < i; k++)
            if (a->object[i] && a->object[i] == a->object[k])
                drop(c, a, DROP_REPEATED,
                     arena_printf(&c->arena, err, "\"%s\" is given twice", a->object[i]->name));
    }
    return err->code;
}

/* Tokens in order, none of two answers, and the prompt of each step ends before its answer. */
static void check_tokens(struct curation *c, struct attempt *a)
{
    if (span_empty(a->subject_at))
        drop(c, a, DROP_TOKENS, NULL);
    for (int i = 0; i < a->n_answers; i++) {
        int before = i                                           ? a->answer[i - 1].hi
                     : c->config.curate.from == ANSWERS_OF_MODEL ? a->prompt
                                                                 : a->subject_at.hi;

        if (span_empty(a->answer[i]) || a->answer[i].lo < before)
            drop(c, a, DROP_TOKENS, NULL);
    }
}

static int select_one(struct curation *c, struct attempt *a, struct spelled *s, struct err *err)
{
    a->said = "";
    if (a->reason || spell(c, a, s, err))
        return err->code;
    if (!find_text(c, a, s)) {
        drop(c, a, DROP_TOKENS, "the tokens do not spell the prompt");
        return 0;
    }
    a->subject_at = tokens_of(s, a->at_subject.begin, a->at_subject.n);
    if (a->at_relation.n)
        a->relation_at = tokens_of(s, a->at_relation.begin, a->at_relation.n);
    if (c->config.curate.from == ANSWERS_OF_FACTS)
        place_objects(a, s);
    else if (find_answers(c, a, s, err))
        return err->code;
    if (!a->reason && c->config.curate.keep == KEEP_CORRECT && check_right(c, a, err))
        return err->code;
    if (!a->reason)
        check_tokens(c, a);
    return 0;
}

int curation_select(struct curation *c, struct err *err)
{
    struct spelled s = {0};

    err_clear(err);
    for (size_t i = 0; i < c->n && !err->code; i++)
        select_one(c, &c->attempt[i], &s, err);
    buf_release(&s.text);
    c->kept = 0;
    for (size_t i = 0; i < c->n; i++)
        c->kept += !c->attempt[i].reason;
    return err->code;
}

size_t curation_kept(const struct curation *c, size_t template)
{
    size_t n = 0;

    for (size_t i = 0; i < c->facts.n; i++)
        n += !c->attempt[template * c->facts.n + i].reason;
    return n;
}
