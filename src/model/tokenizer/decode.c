/*
 * From ids to text, as the `tokenizers` package does it: the list of the tokens' spellings goes
 * through the steps of the decoder, and is joined. The one difference: an added token of a
 * byte-level vocabulary is its spelling, where the package takes its letters for bytes if it can.
 */
#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

int decoder_add_spaces(struct text_steps *d, bool strip, struct err *err)
{
    if (steps_replace(d, DECODE_REPLACE, BPE_SPACE, " ", err) ||
        steps_add(d, DECODE_BYTE_FALLBACK, NULL, NULL, NULL, err) ||
        steps_add(d, DECODE_FUSE, NULL, NULL, NULL, err))
        return err->code;
    if (!strip)
        return 0;
    if (steps_add(d, DECODE_STRIP, " ", NULL, NULL, err))
        return err->code;
    d->step[d->n - 1].start = 1;
    return 0;
}

static int metaspace(const struct text_step *step, bool first, const char *s, size_t n,
                     struct buf *out, struct err *err)
{
    size_t len = step->from.len;

    for (size_t i = 0; i < n;) {
        bool space = n - i >= len && !memcmp(s + i, step->from.data, len);

        if ((!space || !first || step->keep_first) && buf_put(out, space ? " " : s + i, 1, err))
            return err->code;
        i += space ? len : 1;
    }
    return 0;
}

static int strip(const struct text_step *step, const char *s, size_t n, struct buf *out,
                 struct err *err)
{
    size_t len = step->from.len, lo = 0, hi = n;

    for (size_t i = 0; i < step->start && n - lo >= len && !memcmp(s + lo, step->from.data, len);
         i++)
        lo += len;
    for (size_t i = 0;
         i < step->stop && hi - lo >= len && !memcmp(s + hi - len, step->from.data, len); i++)
        hi -= len;
    return buf_put(out, s + lo, hi - lo, err);
}

int decoder_bytes(const struct tokenizer *t, struct decoder_work *w, const char *s, size_t n,
                  bool added, struct buf *out, struct err *err)
{
    struct buf *now = &w->text[0], *next = &w->text[1], *swap;
    bool first = false;
    int status;

    buf_clear(now);
    status = buf_put(now, s, n, err);
    for (size_t i = 0; i < t->decoder.n && !status; i++) {
        const struct text_step *step = &t->decoder.step[i];
        int byte = bpe_byte_token(now->data, now->len);

        buf_clear(next);
        if (step->kind == DECODE_BYTE_LEVEL && !added)
            status = bpe_letters_to_bytes(&t->bpe, now->data, now->len, next, err);
        else if (step->kind == DECODE_REPLACE && now->len)
            status = step_replace(step, &w->regex, now->data, now->len, &first, next, err);
        else if (step->kind == DECODE_METASPACE)
            status = metaspace(step, false, now->data, now->len, next, err);
        else if (step->kind == DECODE_BYTE_FALLBACK && byte >= 0)
            status = buf_put(next, &(char){(char)byte}, 1, err);
        else
            continue;
        swap = now;
        now = next;
        next = swap;
    }
    return status ? status : buf_put(out, now->data, now->len, err);
}

void decoder_work_release(struct decoder_work *w)
{
    regex_run_release(&w->regex);
    buf_release(&w->text[0]);
    buf_release(&w->text[1]);
}

/* The tokens on their way through the steps. */
struct piece {
    size_t at, n; /* in the text */
    bool added;
};

struct pieces {
    struct buf text;
    struct piece *v; /* (cap) */
    size_t n, cap;
};

static void pieces_release(struct pieces *p)
{
    buf_release(&p->text);
    mem_free(p->v);
}

static void pieces_clear(struct pieces *p)
{
    buf_clear(&p->text);
    p->n = 0;
}

/* What was put into the text since the last piece is one. */
static int pieces_end(struct pieces *p, bool added, struct err *err)
{
    size_t at = p->n ? p->v[p->n - 1].at + p->v[p->n - 1].n : 0;

    if (mem_room(&p->v, p->n, &p->cap, sizeof *p->v, err))
        return err->code;
    p->v[p->n++] = (struct piece){at, p->text.len - at, added};
    return 0;
}

static int pieces_add(struct pieces *p, const char *s, size_t n, bool added, struct err *err)
{
    return buf_put(&p->text, s, n, err) ? err->code : pieces_end(p, added, err);
}

static const char *piece_text(const struct pieces *p, size_t i)
{
    return p->text.data ? p->text.data + p->v[i].at : "";
}

/* A run of byte tokens: its text, or a U+FFFD for each byte of a run that is not text. */
static int end_bytes(struct buf *bytes, struct pieces *out, struct err *err)
{
    bool text = utf8_valid(bytes->data, bytes->len);
    int status = 0;

    if (text && bytes->len)
        status = pieces_add(out, bytes->data, bytes->len, false, err);
    for (size_t i = 0; !text && i < bytes->len && !status; i++)
        status = pieces_add(out, UTF8_REPLACEMENT, 3, false, err);
    buf_clear(bytes);
    return status;
}

static int byte_fallback(const struct pieces *in, struct pieces *out, struct err *err)
{
    struct buf bytes = {0};
    int status = 0;

    for (size_t i = 0; i < in->n && !status; i++) {
        int byte = bpe_byte_token(piece_text(in, i), in->v[i].n);

        if (byte >= 0) {
            status = buf_put(&bytes, &(char){(char)byte}, 1, err);
            continue;
        }
        status = end_bytes(&bytes, out, err);
        if (!status)
            status = pieces_add(out, piece_text(in, i), in->v[i].n, in->v[i].added, err);
    }
    if (!status)
        status = end_bytes(&bytes, out, err);
    buf_release(&bytes);
    return status;
}

static int byte_level(const struct bpe *b, const struct pieces *in, struct pieces *out,
                      struct err *err)
{
    struct buf bytes = {0};
    int status = 0;

    for (size_t i = 0; i < in->n && !status; i++)
        status = in->v[i].added
                     ? buf_put(&bytes, piece_text(in, i), in->v[i].n, err)
                     : bpe_letters_to_bytes(b, piece_text(in, i), in->v[i].n, &bytes, err);
    if (!status)
        status = utf8_put(&out->text, bytes.data, bytes.len, err);
    if (!status)
        status = pieces_end(out, false, err);
    buf_release(&bytes);
    return status;
}

/* A step that changes each piece by itself. */
static int each_piece(const struct text_step *step, struct regex_run *run, const struct pieces *in,
                      struct pieces *out, struct err *err)
{
    bool first = false;

    for (size_t i = 0; i < in->n; i++) {
        const char *s = piece_text(in, i);
        size_t n = in->v[i].n;
        int status = 0;

        if (step->kind == DECODE_REPLACE && n)
            status = step_replace(step, run, s, n, &first, &out->text, err);
        else if (step->kind == DECODE_METASPACE)
            status = metaspace(step, i == 0, s, n, &out->text, err);
        else if (step->kind == DECODE_STRIP)
            status = strip(step, s, n, &out->text, err);
        if (status || pieces_end(out, in->v[i].added, err))
            return err->code;
    }
    return 0;
}

static int run_step(const struct tokenizer *t, const struct text_step *step, struct regex_run *run,
                    const struct pieces *in, struct pieces *out, struct err *err)
{
    switch (step->kind) {
    case DECODE_BYTE_LEVEL:
        return byte_level(&t->bpe, in, out, err);
    case DECODE_BYTE_FALLBACK:
        return byte_fallback(in, out, err);
    case DECODE_FUSE:
        return pieces_add(out, in->text.data, in->text.len, false, err);
    default:
        return each_piece(step, run, in, out, err);
    }
}

static int spell(const struct tokenizer *t, const int32_t *ids, size_t n, struct pieces *out,
                 struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *s = NULL;
        bool added;
        size_t len;

        if (!tokenizer_bytes(t, ids[i], &len))
            return err_set(err, ERR_CONFIG,
                           "id %d (number %zu) is not in the vocabulary, expected 0 to %zu", ids[i],
                           i + 1, t->n_ids - 1);
        added = (t->flags[ids[i]] & TOKEN_ADDED) != 0;
        if (added)
            s = t->pool.data + t->written[ids[i]].at, len = t->written[ids[i]].n;
        else
            s = bpe_spelling(&t->bpe, (size_t)ids[i], &len);
        if (pieces_add(out, s, len, added, err))
            return err->code;
    }
    return 0;
}

static int join(const struct pieces *p, bool apart, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < p->n; i++)
        if ((apart && i && buf_puts(out, " ", err)) ||
            utf8_put(out, piece_text(p, i), p->v[i].n, err))
            return err->code;
    return 0;
}

int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t n, struct buf *out,
                     struct err *err)
{
    struct pieces now = {0}, next = {0}, swap;
    struct regex_run run = {0};
    int status = regex_run_init(&run, err);

    if (!status)
        status = spell(t, ids, n, &now, err);
    for (size_t i = 0; i < t->decoder.n && !status; i++) {
        pieces_clear(&next);
        status = run_step(t, &t->decoder.step[i], &run, &now, &next, err);
        swap = now;
        now = next;
        next = swap;
    }
    if (!status)
        status = join(&now, t->decoder.apart, out, err);
    regex_run_release(&run);
    pieces_release(&now);
    pieces_release(&next);
    return status;
}
