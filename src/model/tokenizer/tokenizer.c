#include "model/tokenizer/tokenizer.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/checkpoint/gguf.h"
#include "model/tokenizer/parts.h"

#include <string.h>

enum { JSON_FILE_MAX = 1 << 28 };

int ids_push(struct ids *ids, int32_t id, struct err *err)
{
    size_t cap = ids->cap ? 2 * ids->cap : 64;

    if (ids->n == ids->cap) {
        if (mem_grow((void **)&ids->v, ids->cap, cap, sizeof *ids->v, err))
            return err->code;
        ids->cap = cap;
    }
    ids->v[ids->n++] = id;
    return 0;
}

void ids_release(struct ids *ids)
{
    mem_free(ids->v);
    memset(ids, 0, sizeof *ids);
}

int tokenizer_add(struct tokenizer *t, const char *s, size_t n, int64_t id, unsigned flags,
                  bool normalized, struct err *err)
{
    struct buf text = {0};
    int status = 0;
    int32_t c;

    if (id < 0 || id >= BPE_IDS_MAX)
        return err_set(err, ERR_FORMAT, "added token has id %lld, expected 0 to %d", (long long)id,
                       BPE_IDS_MAX - 1);
    for (size_t i = 0; i < n;) {
        i += utf8_next(s + i, n - i, &c);
        if (c < 0)
            return err_set(err, ERR_FORMAT, "added token %lld is not UTF-8", (long long)id);
    }
    if (normalized && t->normalizer.n) {
        status = normalizer_run(&t->normalizer, s, n, &text, err);
        s = text.data;
        n = text.len;
    }
    if (!status && n)
        status =
            added_push(normalized ? &t->normalized : &t->as_written, s, n, (int32_t)id, flags, err);
    buf_release(&text);
    return status;
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

static int note_added(struct tokenizer *t, const struct added *a, struct err *err)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct added_token *v = &a->v[i];

        if (v->n > UINT32_MAX - t->pool.len)
            return err_set(err, ERR_FORMAT, "the tokens have more than %u bytes", UINT32_MAX);
        t->bytes[v->id] = (struct spelling){(uint32_t)t->pool.len, (uint32_t)v->n};
        t->special[v->id] = (v->flags & ADDED_SPECIAL) != 0;
        if (buf_put(&t->pool, v->s, v->n, err))
            return err->code;
    }
    return 0;
}

/* What each id of the vocabulary stands for, as bytes. These are never more than the spelling. */
static int note_vocabulary(struct tokenizer *t, struct err *err)
{
    const char *s;
    size_t n, at;

    for (size_t id = 0; id < t->bpe.n_ids; id++) {
        s = bpe_spelling(&t->bpe, id, &n);
        at = t->pool.len;
        if (!s)
            continue;
        if (bpe_bytes(&t->bpe, s, n, &t->pool, err))
            return err->code;
        t->bytes[id] = (struct spelling){(uint32_t)at, (uint32_t)(t->pool.len - at)};
    }
    return 0;
}

int tokenizer_finish(struct tokenizer *t, struct err *err)
{
    if (added_seal(&t->as_written, err) || added_seal(&t->normalized, err))
        return err->code;
    bpe_seal(&t->bpe);
    t->n_ids = ids_end(&t->normalized, ids_end(&t->as_written, t->bpe.n_ids));
    t->bytes = mem_alloc(t->n_ids, sizeof *t->bytes, err);
    t->special = t->bytes ? mem_alloc(t->n_ids, 1, err) : NULL;
    if (!t->special)
        return err->code;
    if (note_vocabulary(t, err) || note_added(t, &t->as_written, err))
        return err->code;
    return note_added(t, &t->normalized, err);
}

static struct tokenizer *tokenizer_new(struct err *err)
{
    struct tokenizer *t = mem_alloc(1, sizeof *t, err);

    if (t)
        t->bos = t->eos = -1;
    return t;
}

int tokenizer_open_json(struct tokenizer **t, const char *text, size_t n, struct err *err)
{
    *t = tokenizer_new(err);
    if (!*t)
        return err->code;
    if (tokenizer_from_json(*t, text, n, err)) {
        tokenizer_close(*t);
        *t = NULL;
        return err->code;
    }
    return 0;
}

static int open_json(struct tokenizer *t, const char *path, struct err *err)
{
    struct buf text = {0};
    int status = file_read(&text, path, JSON_FILE_MAX, err);

    if (!status && tokenizer_from_json(t, text.data, text.len, err))
        status = err_wrap(err, "%s", path);
    buf_release(&text);
    return status;
}

/* The directory of a tokenizer.json has its neighbours, which name BOS and EOS. */
static int open_directory(struct tokenizer *t, const char *dir, const char *path, struct err *err)
{
    return open_json(t, path, err) ? err->code : tokenizer_read_neighbours(t, dir, err);
}

static int open_any(struct tokenizer *t, const char *path, struct arena *a, struct err *err)
{
    const char *slash, *dir, *json;

    if (!file_is_dir(path) && gguf_is(path))
        return tokenizer_from_gguf(t, path, err) ? err_wrap(err, "%s", path) : 0;
    if (file_is_dir(path)) {
        json = file_join(a, path, "tokenizer.json", err);
        return json ? open_directory(t, path, json, err) : err->code;
    }
    slash = strrchr(path, '/');
    dir = slash ? arena_strndup(a, path, (size_t)(slash - path) + 1, err) : ".";
    return dir ? open_directory(t, dir, path, err) : err->code;
}

int tokenizer_open(struct tokenizer **t, const char *path, struct err *err)
{
    struct arena a = {0};
    int status;

    *t = tokenizer_new(err);
    if (!*t)
        return err->code;
    status = open_any(*t, path, &a, err);
    arena_release(&a);
    if (status) {
        tokenizer_close(*t);
        *t = NULL;
    }
    return status;
}

void tokenizer_close(struct tokenizer *t)
{
    if (!t)
        return;
    bpe_release(&t->bpe);
    pretok_release(&t->pre);
    normalizer_release(&t->normalizer);
    added_release(&t->as_written);
    added_release(&t->normalized);
    ids_release(&t->head);
    ids_release(&t->tail);
    buf_release(&t->pool);
    mem_free(t->bytes);
    mem_free(t->special);
    mem_free(t);
}

/* One call of tokenizer_encode. */
struct job {
    const struct tokenizer *t;
    struct ids *out;
    struct bpe_work work;
    struct pretok_run run;
    struct buf normal;
};

/* Ids of the added tokens found in s; what lies between them goes to `text`. */
static int encode_around(struct job *job, const struct added *added, const char *s, size_t n,
                         int (*text)(struct job *, const char *, size_t, struct err *),
                         struct err *err)
{
    size_t done = 0, at = 0;
    struct added_hit hit;

    while (added_next(added, s, n, done, &at, &hit)) {
        if (done < hit.lo && text(job, s + done, hit.lo - done, err))
            return err->code;
        if (ids_push(job->out, hit.id, err))
            return err->code;
        done = hit.hi;
    }
    return done < n ? text(job, s + done, n - done, err) : 0;
}

static int encode_word(void *arg, const char *word, size_t n, struct err *err)
{
    struct job *job = arg;

    return bpe_encode(&job->t->bpe, word, n, &job->work, job->out, err);
}

static int encode_plain(struct job *job, const char *s, size_t n, struct err *err)
{
    return pretok_split(&job->t->pre, &job->run, s, n, err);
}

static int encode_normalized(struct job *job, const char *s, size_t n, struct err *err)
{
    if (job->t->normalizer.n) {
        if (normalizer_run(&job->t->normalizer, s, n, &job->normal, err))
            return err->code;
        s = job->normal.data;
        n = job->normal.len;
    }
    return encode_around(job, &job->t->normalized, s, n, encode_plain, err);
}

static int check_utf8(const char *s, size_t n, struct err *err)
{
    int32_t c;

    for (size_t i = 0, len; i < n; i += len) {
        len = utf8_next(s + i, n - i, &c);
        if (c < 0)
            return err_set(err, ERR_CONFIG, "invalid UTF-8 at byte %zu of the text", i);
    }
    return 0;
}

static int push_all(struct ids *out, const struct ids *more, struct err *err)
{
    for (size_t i = 0; i < more->n; i++)
        if (ids_push(out, more->v[i], err))
            return err->code;
    return 0;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool special,
                     struct ids *out, struct err *err)
{
    struct job job = {.t = t, .out = out, .run = {.word = encode_word}};
    size_t before = out->n;
    int status = check_utf8(text, n, err);

    if (status)
        return status;
    job.run.arg = &job;
    status = pretok_run_init(&job.run, err);
    if (!status && special)
        status = push_all(out, &t->head, err);
    if (!status)
        status = encode_around(&job, &t->as_written, text, n, encode_normalized, err);
    if (!status && special)
        status = push_all(out, &t->tail, err);
    if (status)
        out->n = before;
    pretok_run_release(&job.run);
    bpe_work_release(&job.work);
    buf_release(&job.normal);
    return status;
}

const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n)
{
    if (id < 0 || (size_t)id >= t->n_ids || !t->bytes[id].n)
        return NULL;
    *n = t->bytes[id].n;
    return t->pool.data + t->bytes[id].at;
}

/* The bytes from `start` on, with U+FFFD for what is ill-formed. */
static int make_printable(struct buf *b, size_t start, struct err *err)
{
    struct buf clean = {0};
    int status = utf8_put(&clean, b->data + start, b->len - start, err);

    b->len = start;
    if (!status)
        status = buf_put(b, clean.data, clean.len, err);
    buf_release(&clean);
    return status;
}

int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t n, bool printable,
                     struct buf *out, struct err *err)
{
    size_t start = out->len, len;
    const char *s;

    for (size_t i = 0; i < n; i++) {
        s = tokenizer_bytes(t, ids[i], &len);
        if (!s) {
            out->len = start;
            return err_set(err, ERR_CONFIG,
                           "id %d (number %zu) is not in the vocabulary, expected "
                           "0 to %zu",
                           ids[i], i + 1, t->n_ids - 1);
        }
        if (buf_put(out, s, len, err))
            return err->code;
    }
    if (t->strip_space && out->len > start && out->data[start] == ' ')
        memmove(out->data + start, out->data + start + 1, --out->len - start);
    return printable ? make_printable(out, start, err) : 0;
}

bool tokenizer_is_special(const struct tokenizer *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->n_ids && t->special[id];
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

size_t tokenizer_vocab(const struct tokenizer *t)
{
    return t->n_ids;
}
