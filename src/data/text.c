#include "data/text.h"

#include "base/str.h"
#include "base/utf8.h"
#include "data/fields.h"

#include <string.h>

int encode_text(struct loader *l, const char *what, const char *text, bool special, int32_t **ids,
                size_t *n, struct err *err)
{
    const struct codec *c = l->codec;
    struct err e = ERR_CLEAR;

    *ids = NULL;
    *n = 0;
    if (!c->encode)
        return query_bad(l, err, "%stext without a tokenizer", what);
    if (c->encode(c->ctx, text, strlen(text), special, &l->ds->arena, ids, n, &e)) {
        *ids = NULL;
        *n = 0;
        if (e.code == ERR_CONFIG)
            return query_bad(l, err, "%s%s", what, e.msg);
        *err = e;
        return err->code;
    }
    /* A text that spells the BOS itself, with a tokenizer that adds one: one is meant. */
    if (*n > 1 && c->bos >= 0 && (*ids)[0] == c->bos && (*ids)[1] == c->bos) {
        ++*ids;
        --*n;
    }
    return 0;
}

/*
 * The bytes of byte-level tokens, joined, are the text. Not in it are a BOS or EOS that the
 * tokenizer put around it, and the space that SentencePiece kinds put before a first word.
 */
int spell_text(struct loader *l, const struct draft_prompt *p, size_t (**ranges)[2],
               struct err *err)
{
    const struct codec *c = l->codec;
    size_t length = strlen(p->text), at = 0;
    size_t(*r)[2];

    *ranges = NULL;
    if (!c->bytes)
        return 0;
    r = arena_alloc(&l->scratch, p->n, sizeof *r, err);
    if (!r)
        return err->code;
    for (size_t i = 0; i < p->n; i++) {
        size_t n = 0;
        const char *s = c->bytes(c->ctx, p->ids[i], &n);

        if (!s)
            return 0;
        if (!at && n && s[0] == ' ' && p->text[0] != ' ') {
            s++;
            n--;
        }
        r[i][0] = at;
        if (n <= length - at && !memcmp(p->text + at, s, n))
            at += n;
        else if (!(i == 0 && p->ids[i] == c->bos) && !(i + 1 == p->n && at == length))
            return 0;
        r[i][1] = at;
    }
    if (at == length)
        *ranges = r;
    return 0;
}

int decode_text(struct loader *l, struct query *q, struct err *err)
{
    const struct codec *c = l->codec;
    struct buf b = {0};

    for (int i = 0; c->bytes && i < q->n; i++) {
        size_t n = 0;
        const char *s = q->ids[i] < 0 ? NULL : c->bytes(c->ctx, q->ids[i], &n);

        if (s ? buf_put(&b, s, n, err) : buf_printf(&b, err, "<%d>", (int)q->ids[i]))
            goto out;
    }
    q->text = utf8_clean(&l->ds->arena, b.len ? b.data : "", b.len, err);
out:
    buf_release(&b);
    return q->text ? 0 : err->code;
}

/* "FILE:1: the text is "a b", the tokens say "c\nd"", as one line. */
static int put_misspelt(struct loader *l, const char *text, const char *said, struct err *err)
{
    char first[STR_NAME], second[STR_NAME];
    struct buf b = {0};

    if (!buf_printf(&b, err, "%s:%zu: the text is \"", l->path, l->line_no) &&
        !buf_escaped(&b, str_name(first, text), err) &&
        !buf_puts(&b, "\", the tokens say \"", err) &&
        !buf_escaped(&b, str_name(second, said), err) && !buf_puts(&b, "\"", err) &&
        buf_str(&b, err))
        l->ds->misspelt = arena_strdup(&l->ds->arena, b.data, err);
    buf_release(&b);
    return err->code;
}

int check_spelling(struct loader *l, struct err *err)
{
    const struct draft_prompt *p = &l->d.own;
    struct query said = {.ids = p->ids, .n = (int)p->n};
    size_t(*ranges)[2] = NULL;

    if (l->q.status || !p->given || !p->text || !p->n || !l->codec->bytes)
        return 0;
    if (spell_text(l, p, &ranges, err) || ranges || l->ds->n_misspelt++ ||
        decode_text(l, &said, err))
        return err->code;
    return put_misspelt(l, p->text, said.text, err);
}

int prompt_add_bos(struct loader *l, struct draft_prompt *p, struct err *err)
{
    int32_t bos = l->codec->bos, *ids;

    if (!l->opt->add_bos || bos < 0 || !p->n || p->ids[0] == bos)
        return 0;
    ids = arena_alloc(&l->ds->arena, p->n + 1, sizeof *ids, err);
    if (!ids)
        return err->code;
    ids[0] = bos;
    memcpy(ids + 1, p->ids, p->n * sizeof *ids);
    p->ids = ids;
    p->n++;
    for (size_t i = 0; i < p->n_spans; i++) {
        p->span[i].at.lo++;
        p->span[i].at.hi++;
    }
    return 0;
}
