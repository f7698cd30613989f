#include "model/tokenizer/bpe.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

struct symbol {
    int32_t id;         /* -1 = was merged into the one before it */
    int32_t prev, next; /* index of the neighbour, -1 = none */
};

/* A merge that was possible when it was entered; it may have expired since. */
struct candidate {
    int32_t rank, pos, id;
};

/* Each step can be undone, so pairs that differ have hashes that differ. */
static uint64_t hash_pair(int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15;

    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9;
    return h ^ h >> 32;
}

/* The printable characters of Latin-1 stand for themselves, the other bytes, in their order, for
   the code points from 256 on. */
static void make_alphabet(struct bpe *b)
{
    uint16_t next = 256;

    memset(b->byte, -1, sizeof b->byte);
    for (int i = 0; i < 256; i++) {
        bool printable = (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xac) || i >= 0xae;

        b->letter[i] = printable ? (uint16_t)i : next++;
        b->byte[b->letter[i]] = (int16_t)i;
    }
}

int bpe_room_for_merges(struct bpe *b, size_t n, struct err *err)
{
    if (n > BPE_MERGES_MAX)
        return err_set(err, ERR_FORMAT, "%zu merges are more than %d", n, BPE_MERGES_MAX);
    mem_free(b->merge);
    lookup_release(&b->paired);
    b->n_merges = 0;
    b->max_merges = n;
    b->merge = mem_alloc(n, sizeof *b->merge, err);
    return b->merge ? lookup_reserve(&b->paired, n, err) : err->code;
}

int bpe_init(struct bpe *b, size_t n_ids, size_t n_tokens, size_t n_merges, struct err *err)
{
    if (n_ids > BPE_IDS_MAX || n_tokens > BPE_IDS_MAX || n_merges > BPE_MERGES_MAX)
        return err_set(
            err, ERR_FORMAT,
            "a vocabulary of %zu tokens with ids below %zu and %zu merges is beyond what "
            "is handled (%d ids, %d merges)",
            n_tokens, n_ids, n_merges, BPE_IDS_MAX, BPE_MERGES_MAX);
    b->n_ids = n_ids;
    b->unk = -1;
    b->token = mem_alloc(n_ids, sizeof *b->token, err);
    if (!b->token || lookup_reserve(&b->spelled, n_tokens, err) ||
        bpe_room_for_merges(b, n_merges, err))
        return err->code;
    make_alphabet(b);
    return 0;
}

void bpe_release(struct bpe *b)
{
    buf_release(&b->pool);
    mem_free(b->token);
    lookup_release(&b->spelled);
    mem_free(b->merge);
    lookup_release(&b->paired);
    memset(b, 0, sizeof *b);
}

const char *bpe_spelling(const struct bpe *b, size_t id, size_t *n)
{
    if (id >= b->n_ids || !b->token[id].n)
        return NULL;
    *n = b->token[id].n;
    return b->pool.data + b->token[id].at;
}

static int32_t find_spelling(const struct bpe *b, uint64_t hash, const char *s, size_t n)
{
    size_t at = LOOKUP_START;

    for (int64_t id; (id = lookup_next(&b->spelled, hash, &at)) >= 0;) {
        const struct spelling *t = &b->token[id];

        if (t->n == n && !memcmp(b->pool.data + t->at, s, n))
            return (int32_t)id;
    }
    return -1;
}

int32_t bpe_find(const struct bpe *b, const char *s, size_t n)
{
    return n ? find_spelling(b, hash_u64(s, n), s, n) : -1;
}

int bpe_add(struct bpe *b, int64_t id, const char *s, size_t n, struct err *err)
{
    int shown = n > 40 ? 40 : (int)n;
    uint64_t hash;
    int32_t other;

    if (id < 0 || (uint64_t)id >= b->n_ids)
        return err_set(err, ERR_FORMAT, "token \"%.*s\" has id %lld, expected less than %zu", shown,
                       s, (long long)id, b->n_ids);
    if (!n)
        return err_set(err, ERR_FORMAT, "token %lld is empty", (long long)id);
    if (n > UINT32_MAX - b->pool.len)
        return err_set(err, ERR_FORMAT, "the tokens have more than %u bytes", UINT32_MAX);
    if (b->token[id].n)
        return err_set(err, ERR_FORMAT, "id %lld is given twice, again to token \"%.*s\"",
                       (long long)id, shown, s);
    hash = hash_u64(s, n);
    other = find_spelling(b, hash, s, n);
    if (other >= 0)
        return err_set(err, ERR_FORMAT, "token \"%.*s\" has two ids, %d and %lld", shown, s, other,
                       (long long)id);
    b->token[id] = (struct spelling){(uint32_t)b->pool.len, (uint32_t)n};
    if (buf_put(&b->pool, s, n, err) || lookup_reserve(&b->spelled, 1, err))
        return err->code;
    lookup_add(&b->spelled, hash, (uint32_t)id);
    return 0;
}

/* NULL = the pair does not merge. */
static struct merge *find_merge(const struct bpe *b, int32_t left, int32_t right)
{
    size_t at = LOOKUP_START;
    int64_t i = lookup_next(&b->paired, hash_pair(left, right), &at);

    return i < 0 ? NULL : &b->merge[i];
}

static int put_merge(struct bpe *b, const struct merge *m, struct err *err)
{
    struct merge *known = find_merge(b, m->left, m->right);

    if (known) {
        *known = *m;
        return 0;
    }
    if (b->n_merges == b->max_merges)
        return err_set(err, ERR_BUG, "more merges than the %zu that there is room for",
                       b->max_merges);
    lookup_add(&b->paired, hash_pair(m->left, m->right), (uint32_t)b->n_merges);
    b->merge[b->n_merges++] = *m;
    return 0;
}

static int unknown_part(size_t rank, const char *s, size_t n, struct err *err)
{
    return err_set(err, ERR_FORMAT, "merge %zu names \"%.*s\", which is not in the vocabulary",
                   rank, n > 40 ? 40 : (int)n, s);
}

int bpe_merge(struct bpe *b, size_t rank, const char *left, size_t n_left, const char *right,
              size_t n_right, struct err *err)
{
    size_t n = n_left + n_right;
    struct merge m = {.left = bpe_find(b, left, n_left), .right = bpe_find(b, right, n_right)};

    if (m.left < 0)
        return unknown_part(rank, left, n_left, err);
    if (m.right < 0)
        return unknown_part(rank, right, n_right, err);
    /* The two together are spelled out behind the pool, and forgotten again. */
    if (buf_reserve(&b->pool, n, err))
        return err->code;
    memcpy(b->pool.data + b->pool.len, left, n_left);
    memcpy(b->pool.data + b->pool.len + n_left, right, n_right);
    m.id = bpe_find(b, b->pool.data + b->pool.len, n);
    if (m.id < 0)
        return unknown_part(rank, b->pool.data + b->pool.len, n, err);
    m.rank = (int32_t)rank;
    return put_merge(b, &m, err);
}

int bpe_merge_text(struct bpe *b, size_t rank, const char *s, size_t n, struct err *err)
{
    const char *space = n ? memchr(s, ' ', n) : NULL;
    size_t left = space ? (size_t)(space - s) : 0;

    if (!space || memchr(space + 1, ' ', n - left - 1))
        return err_set(err, ERR_FORMAT,
                       "merge %zu is \"%.*s\", expected two tokens with a space between", rank,
                       n > 40 ? 40 : (int)n, s);
    return bpe_merge(b, rank, s, left, space + 1, n - left - 1, err);
}

void bpe_seal(struct bpe *b)
{
    char s[8];

    for (int i = 0; i < 256; i++) {
        b->byte_id[i] = bpe_find(b, s, utf8_write(s, b->letter[i]));
        snprintf(s, sizeof s, "<0x%02X>", (unsigned)i);
        b->fallback_id[i] = bpe_find(b, s, 6);
    }
}

int bpe_letters_to_bytes(const struct bpe *b, const char *s, size_t n, struct buf *out,
                         struct err *err)
{
    size_t start = out->len;
    int32_t c;

    for (size_t i = 0; i < n;) {
        i += utf8_next(s + i, n - i, &c);
        if (c < 0 || c >= ALPHABET || b->byte[c] < 0) {
            out->len = start;
            return buf_put(out, s, n, err);
        }
        if (buf_put(out, &(char){(char)b->byte[c]}, 1, err))
            return err->code;
    }
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int bpe_byte_token(const char *s, size_t n)
{
    if (n != 6 || memcmp(s, "<0x", 3) != 0 || s[5] != '>' || hex_value(s[3]) < 0 ||
        hex_value(s[4]) < 0)
        return -1;
    return hex_value(s[3]) * 16 + hex_value(s[4]);
}

void bpe_work_release(struct bpe_work *w)
{
    mem_free(w->symbol);
    mem_free(w->heap);
    buf_release(&w->spelled);
    memset(w, 0, sizeof *w);
}

/* Room for a word of n symbols. A heap never holds more than three candidates a symbol: one for
   each pair at the start, and two new ones for each merge, of which there are fewer than n. */
static int work_reserve(struct bpe_work *w, size_t n, struct err *err)
{
    size_t cap = n < 64 ? 64 : n + n / 2;

    if (n <= w->cap)
        return 0;
    mem_free(w->symbol);
    mem_free(w->heap);
    w->cap = 0;
    w->heap = NULL;
    w->symbol = mem_alloc(cap, sizeof *w->symbol, err);
    w->heap = w->symbol ? mem_alloc(3 * cap, sizeof *w->heap, err) : NULL;
    if (!w->heap)
        return err->code;
    w->cap = cap;
    return 0;
}

/* The lower rank goes first, at the same rank the one further left. */
static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->pos < b->pos;
}

static void heap_push(struct bpe_work *w, struct candidate c)
{
    size_t i = w->n_heap++;

    for (; i && before(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = c;
}

static struct candidate heap_pop(struct bpe_work *w)
{
    struct candidate top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < w->n_heap) {
        if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

/* Enters the pair that begins at pos, if it can be merged. */
static void consider(const struct bpe *b, struct bpe_work *w, int32_t pos)
{
    const struct symbol *s = &w->symbol[pos];
    const struct merge *m;

    if (s->next < 0)
        return;
    m = find_merge(b, s->id, w->symbol[s->next].id);
    if (m)
        heap_push(w, (struct candidate){m->rank, pos, m->id});
}

/* Does the candidate still name the pair that now begins at its place? */
static bool alive(const struct bpe *b, const struct bpe_work *w, const struct candidate *c)
{
    const struct symbol *s = &w->symbol[c->pos];
    const struct merge *m;

    if (s->id < 0 || s->next < 0)
        return false;
    m = find_merge(b, s->id, w->symbol[s->next].id);
    return m && m->id == c->id;
}

static void merge_all(const struct bpe *b, struct bpe_work *w)
{
    w->n_heap = 0;
    for (size_t i = 0; i < w->n; i++)
        consider(b, w, (int32_t)i);
    while (w->n_heap) {
        struct candidate c = heap_pop(w);
        struct symbol *s = &w->symbol[c.pos], *right;

        if (!alive(b, w, &c))
            continue;
        right = &w->symbol[s->next];
        s->id = c.id;
        s->next = right->next;
        right->id = -1;
        if (s->next >= 0)
            w->symbol[s->next].prev = c.pos;
        if (s->prev >= 0)
            consider(b, w, s->prev);
        consider(b, w, c.pos);
    }
}

static void add_symbol(struct bpe_work *w, int32_t id)
{
    int32_t i = (int32_t)w->n++;

    w->symbol[i] = (struct symbol){id, i - 1, -1};
    if (i)
        w->symbol[i - 1].next = i;
}

/* The token of one character of the word (or, byte-level, one byte); -1 = it has none. */
static int32_t character_id(const struct bpe *b, const char *s, size_t n)
{
    return b->byte_level ? b->byte_id[(unsigned char)s[0]] : bpe_find(b, s, n);
}

bool bpe_falls_back(const struct bpe *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (b->fallback_id[(unsigned char)s[i]] < 0)
            return false;
    return b->byte_fallback;
}

/* The word's characters as symbols. An unk waits until a known character comes (or the end), so
   that those in a row can be fused. */
static int split_word(const struct bpe *b, struct bpe_work *w, const char *word, size_t n,
                      struct err *err)
{
    bool waiting = false;
    int32_t id, c;
    size_t len;

    w->n = 0;
    for (size_t i = 0; i < n; i += len) {
        len = b->byte_level ? 1 : utf8_next(word + i, n - i, &c);
        id = character_id(b, word + i, len);
        if (id < 0 && bpe_falls_back(b, word + i, len)) {
            for (size_t k = i; k < i + len; k++)
                add_symbol(w, b->fallback_id[(unsigned char)word[k]]);
            continue;
        }
        if (id < 0 && b->unk_missing)
            return err_set(err, ERR_FORMAT,
                           "\"%.*s\" has no token, and the vocabulary does not have the token for "
                           "unknown characters",
                           (int)len, word + i);
        if (id < 0 && b->unk < 0)
            continue;
        if (waiting && (id >= 0 || !b->fuse_unk))
            add_symbol(w, b->unk);
        waiting = id < 0;
        if (id >= 0)
            add_symbol(w, id);
    }
    if (waiting)
        add_symbol(w, b->unk);
    return 0;
}

/* The word as one token; -1 = it is none. */
static int whole_word(const struct bpe *b, const char *word, size_t n, struct bpe_work *w,
                      int32_t *id, struct err *err)
{
    char letter[4];

    if (!b->byte_level) {
        *id = bpe_find(b, word, n);
        return 0;
    }
    buf_clear(&w->spelled);
    for (size_t i = 0; i < n; i++)
        if (buf_put(&w->spelled, letter, utf8_write(letter, b->letter[(unsigned char)word[i]]),
                    err))
            return err->code;
    *id = bpe_find(b, w->spelled.data, w->spelled.len);
    return 0;
}

int bpe_encode(const struct bpe *b, const char *word, size_t n, struct bpe_work *w, struct ids *out,
               struct err *err)
{
    int32_t id = -1;

    if (n > BPE_WORD_MAX)
        return err_set(err, ERR_CONFIG, "a word of %zu bytes is longer than %d", n, BPE_WORD_MAX);
    if (b->ignore_merges && whole_word(b, word, n, w, &id, err))
        return err->code;
    if (id >= 0)
        return ids_push(out, id, err);
    if (work_reserve(w, n, err) || split_word(b, w, word, n, err))
        return err->code;
    merge_all(b, w);
    for (size_t i = 0; i < w->n; i++)
        if (w->symbol[i].id >= 0 && ids_push(out, w->symbol[i].id, err))
            return err->code;
    return 0;
}
