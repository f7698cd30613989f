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
    if (mem_room(&ids->v, ids->n, &ids->cap, sizeof *ids->v, err))
        return err->code;
    ids->v[ids->n++] = id;
    return 0;
}

void ids_release(struct ids *ids)
{
    mem_free(ids->v);
    memset(ids, 0, sizeof *ids);
}

static struct tokenizer *tokenizer_new(struct err *err)
{
    struct tokenizer *t = mem_alloc(1, sizeof *t, err);

    if (t)
        t->bos = t->eos = t->chat_bos = t->chat_eos = t->chat_unk = t->chat_pad = -1;
    return t;
}

/* The tokenizer, or what went wrong with it. */
static int opened(struct tokenizer **t, int status)
{
    if (status) {
        tokenizer_close(*t);
        *t = NULL;
    }
    return status;
}

int tokenizer_open_json(struct tokenizer **t, const char *text, size_t n, struct err *err)
{
    *t = tokenizer_new(err);
    return *t ? opened(t, tokenizer_from_json(*t, text, n, err)) : err->code;
}

int tokenizer_open_gguf(struct tokenizer **t, const void *data, size_t n, struct err *err)
{
    *t = tokenizer_new(err);
    return *t ? opened(t, tokenizer_from_gguf_bytes(*t, data, n, err)) : err->code;
}

int tokenizer_open_spm(struct tokenizer **t, const void *data, size_t n, struct err *err)
{
    int status;

    *t = tokenizer_new(err);
    if (!*t)
        return err->code;
    status = tokenizer_from_spm(*t, data, n, err);
    return opened(t, status ? status : tokenizer_finish(*t, err));
}

/* What is read beside a tokenizer's own file depends on what that file says already. */
static int finish_beside(struct tokenizer *t, const char *dir, unsigned rules, struct err *err)
{
    return err_if(err, tokenizer_read_added(t, dir, err) || tokenizer_finish(t, err) ||
                           tokenizer_read_neighbours(t, dir, rules, err));
}

/* A tokenizer.json or a tokenizer.model: the one begins with a brace. */
static int open_file(struct tokenizer *t, const char *dir, const char *path, struct err *err)
{
    struct buf text = {0};
    int status = file_read_foreign(&text, path, JSON_FILE_MAX, err);
    size_t blank = 0;

    while (!status && blank < text.len && strchr(" \t\r\n", text.data[blank]))
        blank++;
    if (!status && blank < text.len && text.data[blank] != '{')
        status = tokenizer_from_spm(t, text.data, text.len, err)
                     ? err_wrap(err, "%s", path)
                     : finish_beside(t, dir, RULES_OPEN | RULES_BOS, err);
    else if (!status)
        status = tokenizer_from_json(t, text.data, text.len, err)
                     ? err_wrap(err, "%s", path)
                     : tokenizer_read_neighbours(t, dir, RULES_NONE, err);
    buf_release(&text);
    return status;
}

static int open_vocab(struct tokenizer *t, const char *dir, const char *vocab, const char *merges,
                      struct err *err)
{
    struct buf v = {0}, m = {0};
    int status = file_read_foreign(&v, vocab, JSON_FILE_MAX, err);

    if (!status)
        status = file_read_foreign(&m, merges, JSON_FILE_MAX, err);
    if (!status)
        status = tokenizer_from_vocab(t, v.data, v.len, m.data ? m.data : "", m.len, err)
                     ? err_wrap(err, "%s", dir)
                     : finish_beside(t, dir, RULES_OPEN, err);
    buf_release(&v);
    buf_release(&m);
    return status;
}

/* The files that a directory may have, in the order in which they count. */
enum { FILES = 4 };
static const char *const files[FILES] = {"tokenizer.json", "tokenizer.model", "vocab.json",
                                         "merges.txt"};

static int file_paths(const char *path[FILES], const char *dir, struct arena *a, struct err *err)
{
    for (size_t i = 0; i < FILES; i++) {
        path[i] = file_join(a, dir, files[i], err);
        if (!path[i])
            return err->code;
    }
    return 0;
}

bool tokenizer_is_there(const char *path, const struct err *why)
{
    const char *file[FILES];
    struct err err = ERR_CLEAR;
    struct arena a = {0};
    bool there = why->code != ERR_IO;

    if (!there && file_is_dir(path) && !file_paths(file, path, &a, &err))
        there = file_exists(file[0]) || file_exists(file[1]) ||
                (file_exists(file[2]) && file_exists(file[3]));
    arena_release(&a);
    return there;
}

static int open_directory(struct tokenizer *t, const char *dir, struct arena *a, struct err *err)
{
    const char *path[FILES];

    if (file_paths(path, dir, a, err))
        return err->code;
    for (size_t i = 0; i < 2; i++)
        if (file_exists(path[i]))
            return open_file(t, dir, path[i], err);
    if (file_exists(path[2]) && file_exists(path[3]))
        return open_vocab(t, dir, path[2], path[3], err);
    return err_set(err, ERR_IO,
                   "%s: has no tokenizer (tokenizer.json, tokenizer.model, or vocab.json and "
                   "merges.txt)",
                   dir);
}

static int open_any(struct tokenizer *t, const char *path, struct arena *a, struct err *err)
{
    const char *dir;

    if (file_is_dir(path))
        return open_directory(t, path, a, err);
    if (gguf_is(path))
        return tokenizer_from_gguf(t, path, err);
    dir = file_folder(a, path, err);
    return dir ? open_file(t, dir, path, err) : err->code;
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
    return opened(t, status);
}

void tokenizer_close(struct tokenizer *t)
{
    if (!t)
        return;
    bpe_release(&t->bpe);
    unigram_release(&t->unigram);
    pretok_release(&t->pre);
    steps_release(&t->normalizer);
    steps_release(&t->decoder);
    added_release(&t->as_written);
    added_release(&t->normalized);
    ids_release(&t->head);
    ids_release(&t->tail);
    buf_release(&t->pool);
    mem_free(t->bytes);
    mem_free(t->written);
    mem_free(t->flags);
    mem_free(t->chat);
    mem_free(t);
}

/* One call of tokenizer_encode. */
struct encoding {
    const struct tokenizer *t;
    struct ids *out;
    struct bpe_work work;
    struct unigram_work cuts;
    struct regex_run regex;
    struct pretok_run run;
    struct buf normal;
};

/* Ids of the added tokens found in s; what lies between them goes to `text`. first: s begins where
   the whole input does. */
static int encode_around(struct encoding *job, const struct added *added, const char *s, size_t n,
                         bool first,
                         int (*text)(struct encoding *, const char *, size_t, bool, struct err *),
                         struct err *err)
{
    size_t done = 0, at = 0;
    struct added_hit hit;

    while (added_next(added, s, n, done, &at, &hit)) {
        if ((done < hit.lo && text(job, s + done, hit.lo - done, first && !done, err)) ||
            ids_push(job->out, hit.id, err))
            return err->code;
        done = hit.hi;
    }
    return done < n ? text(job, s + done, n - done, first && !done, err) : 0;
}

static int encode_word(void *arg, const char *word, size_t n, struct err *err)
{
    struct encoding *job = arg;
    const struct tokenizer *t = job->t;

    return t->unigram.score
               ? unigram_encode(&t->unigram, &t->bpe, word, n, &job->cuts, job->out, err)
               : bpe_encode(&t->bpe, word, n, &job->work, job->out, err);
}

static int encode_plain(struct encoding *job, const char *s, size_t n, bool first, struct err *err)
{
    return pretok_split(&job->t->pre, &job->run, s, n, first, err);
}

static int encode_normalized(struct encoding *job, const char *s, size_t n, bool first,
                             struct err *err)
{
    if (job->t->normalizer.n) {
        if (normalizer_run(&job->t->normalizer, &job->regex, s, n, &first, &job->normal, err))
            return err->code;
        s = job->normal.data;
        n = job->normal.len;
    }
    return encode_around(job, &job->t->normalized, s, n, first, encode_plain, err);
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

void tokenizer_limit(struct tokenizer *t, int vocab)
{
    t->limit = (size_t)vocab;
}

static int check_limit(const struct tokenizer *t, const struct ids *ids, size_t from,
                       struct err *err)
{
    for (size_t i = from; t->limit && i < ids->n; i++)
        if ((size_t)ids->v[i] >= t->limit)
            return err_set(err, ERR_CONFIG,
                           "the text has the token %d, but the model's vocabulary ends at %zu: "
                           "its tokenizer is another model's, or tokens were added to it alone",
                           ids->v[i], t->limit);
    return 0;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool special,
                     struct ids *out, struct err *err)
{
    struct encoding job = {.t = t, .out = out, .run = {.word = encode_word}};
    size_t before = out->n;
    int failed;

    if (check_utf8(text, n, err))
        return err->code;
    job.run.arg = &job;
    job.run.regex = &job.regex;
    failed = regex_run_init(&job.regex, err) || (special && push_all(out, &t->head, err)) ||
             encode_around(&job, &t->as_written, text, n, true, encode_normalized, err) ||
             (special && push_all(out, &t->tail, err)) || check_limit(t, out, before, err);
    if (failed)
        out->n = before;
    pretok_run_release(&job.run);
    regex_run_release(&job.regex);
    bpe_work_release(&job.work);
    unigram_work_release(&job.cuts);
    buf_release(&job.normal);
    return err_if(err, failed);
}

const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n)
{
    if (!tokenizer_has(t, id)) {
        *n = 0;
        return NULL;
    }
    *n = t->bytes[id].n;
    return t->pool.data + t->bytes[id].at;
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->limit && (size_t)t->bos >= t->limit ? -1 : t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

size_t tokenizer_vocab(const struct tokenizer *t)
{
    return t->n_ids;
}
