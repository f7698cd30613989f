#include "campaign/manifest.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/outdir.h"
#include "base/str.h"
#include "base/writer.h"

#include <stdlib.h>
#include <string.h>

/* Lines "key<TAB>value", sorted by key: config keys by their path, "model", and "query ..." with
   its names escaped, for they may hold tabs and line breaks. The first line has the hash of all
   behind it, so that one cut anywhere is known; lensweep 0.2 wrote none. */
#define CHECKSUM "checksum\t"

struct line {
    const char *key, *value;
};

struct lines {
    struct arena arena;
    struct line *v;
    size_t n, cap;
};

static int add(struct lines *l, const char *key, const char *value, struct err *err)
{
    if (!key || !value || arena_grow(&l->arena, &l->v, l->n, &l->cap, sizeof *l->v, err))
        return err->code;
    l->v[l->n++] = (struct line){key, value};
    return 0;
}

/* Keys that only choose which queries are computed. */
static bool only_selects(const char *key)
{
    return str_ends_with(key, ".limit") || str_ends_with(key, ".where");
}

/* "run.rows", "experiments.NAME.KEY". */
static int add_key(void *to, const struct config_key *k, struct err *err)
{
    struct lines *l = to;
    const char *section = k->section, *name = k->experiment ? k->experiment->name : "";
    const char *path = arena_printf(&l->arena, err, "%s%s%s%s%s", section, *section ? "." : "",
                                    name, *name ? "." : "", k->key);

    if (!path)
        return err->code;
    if (k->at.row->affects != RESULTS || only_selects(path) ||
        (k->experiment && str_eq(k->key, "name")))
        return 0;
    return add(l, path, arena_strdup(&l->arena, k->counted, err), err);
}

static int add_query(struct lines *l, const struct query *q, struct err *err)
{
    char hex[HASH_HEX];
    struct buf b = {0};
    int code;

    if (q->status)
        return 0;
    hash_hex(hex, q->fingerprint);
    code = buf_puts(&b, "query ", err) || buf_escaped(&b, q->dataset, err) ||
           buf_puts(&b, ", item ", err) || buf_escaped(&b, q->item, err) ||
           buf_printf(&b, err, ", template %d, step %d", q->template, q->step) ||
           add(l, arena_strndup(&l->arena, b.data, b.len, err), arena_strdup(&l->arena, hex, err),
               err);
    buf_release(&b);
    return err_if(err, code);
}

static int by_key(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order ? order : strcmp(x->value, y->value);
}

static int of_campaign(struct lines *l, const struct campaign *c, struct err *err)
{
    char hex[HASH_HEX];
    int code;

    hash_hex(hex, c->model->fingerprint);
    code = add(l, "model", arena_strdup(&l->arena, hex, err), err) ||
           (*c->library && add(l, "BLAS", c->library, err)) ||
           config_each(&c->config, add_key, l, err);
    for (size_t q = 0; q < c->data.n && !code; q++)
        code = add_query(l, &c->data.query[q], err);
    if (!code && l->n)
        qsort(l->v, l->n, sizeof *l->v, by_key);
    return err_if(err, code);
}

/* Everything but the checksum, which an older version may have taken for a key and kept. */
static void take_lines(struct lines *l, char *text, struct err *err)
{
    while (text && *text) {
        char *end = text + strcspn(text, "\n"), *tab = text + strcspn(text, "\t\n");

        if (*end == '\n')
            *end++ = '\0';
        if (*tab == '\t' && strncmp(text, CHECKSUM, strlen(CHECKSUM)) != 0) {
            *tab = '\0';
            if (add(l, text, tab + 1, err))
                return;
        }
        text = end;
    }
}

static bool has_model(const struct buf *b)
{
    static const char line[] = "model\t";

    for (size_t at = 0, n = strlen(line); at + n <= b->len; at++)
        if ((!at || b->data[at - 1] == '\n') && !memcmp(b->data + at, line, n))
            return true;
    return false;
}

/* Is it as it was written? One without a checksum has a model at least. */
static bool is_whole(const struct buf *b)
{
    const size_t word = strlen(CHECKSUM), head = word + HASH_HEX; /* with its line's end */
    struct hash said;

    if (b->len < word || memcmp(b->data, CHECKSUM, word) != 0)
        return has_model(b);
    return b->len >= head && hash_from_hex(&said, b->data + word) && b->data[head - 1] == '\n' &&
           hash_eq(said, hash_bytes(b->data + head, b->len - head));
}

static int of_file(struct lines *l, const char *path, struct err *err)
{
    struct buf b = {0};
    char *text = NULL;

    if (!file_read(&b, path, 1u << 30, err)) {
        if (is_whole(&b))
            text = arena_strndup(&l->arena, b.data, b.len, err);
        else
            err_set(err, ERR_IO,
                    "%s is damaged: it was cut off or changed; put a copy of it back, or use "
                    "--restart to begin anew, or another output",
                    path);
    }
    buf_release(&b);
    take_lines(l, text, err);
    if (!err->code && l->n)
        qsort(l->v, l->n, sizeof *l->v, by_key);
    return err->code;
}

/* The first line of `l` with this key; NULL = none. */
static const struct line *find(const struct lines *l, const char *key)
{
    size_t lo = 0, hi = l->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (strcmp(l->v[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < l->n && str_eq(l->v[lo].key, key) ? &l->v[lo] : NULL;
}

/* The first old line that is not among the new ones of its key, or whose key is gone if that
   counts; NULL = none. */
static const struct line *first_change(const struct lines *was, const struct lines *is, bool gone)
{
    for (size_t i = 0; i < was->n; i++) {
        const struct line *old = &was->v[i], *new = find(is, old->key), *at = new;

        while (at && at < is->v + is->n && str_eq(at->key, old->key) &&
               !str_eq(at->value, old->value))
            at++;
        if (new ? at == is->v + is->n || !str_eq(at->key, old->key) : gone)
            return old;
    }
    return NULL;
}

static bool is_query(const struct line *l)
{
    return strncmp(l->key, "query ", 6) == 0;
}

static int compare(const struct lines *was, const struct lines *is, struct err *err)
{
    const struct line *old = first_change(was, is, false), *new = old ? find(is, old->key) : NULL;

    if (!new)
        return 0;
    if (is_query(old))
        return err_set(err, ERR_CONFIG,
                       "the data changed: %s is not what it was when this output was begun; use "
                       "--restart to begin anew, or another output",
                       old->key);
    if (str_eq(old->key, "BLAS"))
        return err_set(
            err, ERR_CONFIG,
            "this output was begun with %s and here is %s, whose last bits differ; continue on "
            "a processor like the former (or with OPENBLAS_CORETYPE), or use --restart",
            old->value, new->value);
    return err_set(err, ERR_CONFIG,
                   "%s changed: it was %s when this output was begun and is %s now; use --restart "
                   "to begin anew, or another output",
                   old->key, old->value, new->value);
}

/* Old lines whose key is gone are kept: they may come back. */
static int write_union(const struct lines *was, const struct lines *is, const char *path,
                       struct err *err)
{
    struct buf b = {0}, all = {0};
    char hex[HASH_HEX];
    int code = 0;

    for (size_t i = 0; i < is->n && !code; i++)
        code = buf_printf(&b, err, "%s\t%s\n", is->v[i].key, is->v[i].value);
    for (size_t i = 0; i < was->n && !code; i++)
        if (!find(is, was->v[i].key))
            code = buf_printf(&b, err, "%s\t%s\n", was->v[i].key, was->v[i].value);
    if (!code)
        code = buf_printf(&all, err, CHECKSUM "%s\n", hash_hex(hex, hash_bytes(b.data, b.len))) ||
               buf_put(&all, b.data, b.len, err) || file_replace(path, all.data, all.len, err);
    buf_release(&b);
    buf_release(&all);
    return err_if(err, code);
}

int manifest_check(const struct campaign *c, const char *path, bool keeps, struct err *err)
{
    struct lines was = {0}, is = {0};
    int code = of_campaign(&is, c, err);

    if (!code && file_exists(path))
        code = of_file(&was, path, err) || compare(&was, &is, err);
    if (!code && keeps)
        code = write_union(&was, &is, path, err);
    arena_release(&was.arena);
    arena_release(&is.arena);
    return err_if(err, code);
}

const char *manifest_library(const char *path, struct arena *a, struct err *err)
{
    struct lines l = {0};
    const struct line *line = NULL;
    const char *library = NULL;

    if (file_exists(path) && !of_file(&l, path, err))
        line = find(&l, "BLAS");
    if (line)
        library = arena_strdup(a, line->value, err);
    arena_release(&l.arena);
    return library;
}

static int tell_apart(const struct line *old, const struct line *new, const char *dir,
                      const char *other, struct err *err)
{
    if (!new)
        return err_set(err, ERR_CONFIG,
                       "%s has %s, and %s does not: name the directory whose config has all of it "
                       "first",
                       other, old->key, dir);
    if (is_query(old))
        return err_set(err, ERR_CONFIG,
                       "%s is not the same in %s and in %s: only parts of one run can be collected",
                       old->key, dir, other);
    return err_set(err, ERR_CONFIG,
                   "%s is %s in %s and %s in %s: only parts of one run can be collected", old->key,
                   new->value, dir, old->value, other);
}

int manifest_match(const struct campaign *c, const char *dir, const char *other, struct err *err)
{
    struct lines theirs = {0}, ours = {0};
    char *path = file_join(&theirs.arena, other, OUTDIR_MANIFEST, err);
    const struct line *line;

    if (!path)
        goto out;
    if (!file_exists(path)) {
        err_set(err, ERR_IO, "%s does not hold a run: it does not have a manifest", other);
        goto out;
    }
    if (of_campaign(&ours, c, err) || of_file(&theirs, path, err))
        goto out;
    line = first_change(&theirs, &ours, true);
    if (line)
        tell_apart(line, find(&ours, line->key), dir, other, err);
out:
    arena_release(&theirs.arena);
    arena_release(&ours.arena);
    return err->code;
}
