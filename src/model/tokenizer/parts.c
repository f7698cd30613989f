#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "base/utf8.h"

bool tokenizer_has(const struct tokenizer *t, int64_t id)
{
    return id >= 0 && (uint64_t)id < t->n_ids && t->flags[id] & TOKEN_KNOWN;
}

int tokenizer_add(struct tokenizer *t, const char *s, size_t n, int64_t id, unsigned flags,
                  bool normalized, struct err *err)
{
    struct regex_run run = {0};
    struct buf text = {0};
    int failed = 0;

    if (id < 0 || id >= BPE_IDS_MAX)
        return err_set(err, ERR_FORMAT, "added token has id %lld, expected 0 to %d", (long long)id,
                       BPE_IDS_MAX - 1);
    if (!utf8_valid(s, n))
        return err_set(err, ERR_FORMAT, "added token %lld is not UTF-8", (long long)id);
    if (normalized && t->normalizer.n) {
        failed = regex_run_init(&run, err) ||
                 normalizer_run(&t->normalizer, &run, s, n, NULL, &text, err);
        regex_run_release(&run);
        s = text.data;
        n = text.len;
    }
    if (!failed && n)
        failed =
            added_push(normalized ? &t->normalized : &t->as_written, s, n, (int32_t)id, flags, err);
    buf_release(&text);
    return err_if(err, failed);
}

int32_t tokenizer_find(const struct tokenizer *t, const char *s, size_t n)
{
    const struct added_token *a = added_find(&t->as_written, s, n);

    if (!a)
        a = added_find(&t->normalized, s, n);
    return a ? a->id : bpe_find(&t->bpe, s, n);
}

static size_t ids_end(const struct added *a, size_t end)
{
    for (size_t i = 0; i < a->n; i++)
        if ((size_t)a->v[i].id >= end)
            end = (size_t)a->v[i].id + 1;
    return end;
}

static int check_pool(const struct tokenizer *t, size_t n, struct err *err)
{
    if (n > UINT32_MAX - t->pool.len)
        return err_set(err, ERR_FORMAT, "the tokens have more than %u bytes", UINT32_MAX);
    return 0;
}

/* What an id stands for inside a text. */
static int note_bytes(struct tokenizer *t, struct decoder_work *w, size_t id, const char *s,
                      size_t n, bool added, struct err *err)
{
    size_t at = t->pool.len;

    if (decoder_bytes(t, w, s, n, added, &t->pool, err) || check_pool(t, 0, err))
        return err->code;
    t->bytes[id] = (struct spelling){(uint32_t)at, (uint32_t)(t->pool.len - at)};
    t->flags[id] |= TOKEN_KNOWN;
    return 0;
}

static int note_added(struct tokenizer *t, struct decoder_work *w, const struct added *a,
                      struct err *err)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct added_token *v = &a->v[i];

        if (check_pool(t, v->n, err))
            return err->code;
        t->written[v->id] = (struct spelling){(uint32_t)t->pool.len, (uint32_t)v->n};
        t->flags[v->id] |= TOKEN_ADDED;
        if (v->flags & ADDED_SPECIAL)
            t->flags[v->id] |= TOKEN_SPECIAL;
        if (buf_put(&t->pool, v->s, v->n, err) ||
            note_bytes(t, w, (size_t)v->id, v->s, v->n, true, err))
            return err->code;
    }
    return 0;
}

static int note_vocabulary(struct tokenizer *t, struct decoder_work *w, struct err *err)
{
    const char *s;
    size_t n;

    for (size_t id = 0; id < t->bpe.n_ids; id++) {
        s = bpe_spelling(&t->bpe, id, &n);
        if (s && note_bytes(t, w, id, s, n, false, err))
            return err->code;
    }
    return 0;
}

int tokenizer_finish(struct tokenizer *t, struct err *err)
{
    struct decoder_work w = {0};
    int failed;

    if (added_seal(&t->as_written, err) || added_seal(&t->normalized, err))
        return err->code;
    bpe_seal(&t->bpe);
    t->n_ids = ids_end(&t->normalized, ids_end(&t->as_written, t->bpe.n_ids));
    t->bytes = mem_alloc(t->n_ids, sizeof *t->bytes, err);
    t->written = t->bytes ? mem_alloc(t->n_ids, sizeof *t->written, err) : NULL;
    t->flags = t->written ? mem_alloc(t->n_ids, 1, err) : NULL;
    if (!t->flags)
        return err->code;
    failed = regex_run_init(&w.regex, err) || note_vocabulary(t, &w, err) ||
             note_added(t, &w, &t->as_written, err) || note_added(t, &w, &t->normalized, err);
    decoder_work_release(&w);
    return err_if(err, failed);
}
