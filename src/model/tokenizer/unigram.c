#include "model/tokenizer/unigram.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Worse than the worst token by so much. */
static const float unk_penalty = 10.0f;

int unigram_init(struct unigram *u, const struct bpe *b, const float *score, float worst,
                 struct err *err)
{
    u->score = mem_alloc(b->n_ids, sizeof *u->score, err);
    if (!u->score)
        return err->code;
    for (size_t i = 0; i < b->n_ids; i++) {
        u->score[i] = b->token[i].n ? score[i] : NAN;
        if (!isnan(u->score[i]) && b->token[i].n > u->longest)
            u->longest = b->token[i].n;
    }
    u->unk_score = worst - unk_penalty;
    return 0;
}

void unigram_release(struct unigram *u)
{
    mem_free(u->score);
    memset(u, 0, sizeof *u);
}

void unigram_work_release(struct unigram_work *w)
{
    mem_free(w->node);
    memset(w, 0, sizeof *w);
}

static int reserve(struct unigram_work *w, size_t n, struct err *err)
{
    if (n > w->cap) {
        mem_free(w->node);
        w->cap = 0;
        w->node = mem_alloc(n + n / 2, sizeof *w->node, err);
        if (!w->node)
            return err->code;
        w->cap = n + n / 2;
    }
    memset(w->node, 0, n * sizeof *w->node);
    return 0;
}

/* Sums are float, as SentencePiece has them: it decides which of two ways wins. */
static void offer(struct unigram_node *node, float score, size_t from, int32_t id)
{
    if (!node->reached || score > node->score)
        *node = (struct unigram_node){score, from, 0, id, true};
}

/* Every token that begins at i, and the character by itself when no token is that character. */
static void extend(const struct unigram *u, const struct bpe *b, struct unigram_node *node,
                   const char *word, size_t n, size_t i)
{
    size_t limit = n - i < u->longest ? n - i : u->longest, first;
    bool single = false;
    int32_t c, id;

    first = utf8_next(word + i, n - i, &c);
    for (size_t len = first; len <= limit;) {
        id = bpe_find(b, word + i, len);
        if (id >= 0 && !isnan(u->score[id])) {
            offer(&node[i + len], node[i].score + u->score[id], i, id);
            single |= len == first;
        }
        if (i + len == n)
            break;
        len += utf8_next(word + i + len, n - i - len, &c);
    }
    if (!single)
        offer(&node[i + first], node[i].score + u->unk_score, i, -1);
}

static int push_unknown(const struct bpe *b, const char *s, size_t n, bool after_unknown,
                        struct ids *out, struct err *err)
{
    if (!bpe_falls_back(b, s, n))
        return b->unk < 0 || after_unknown ? 0 : ids_push(out, b->unk, err);
    for (size_t i = 0; i < n; i++)
        if (ids_push(out, b->fallback_id[(unsigned char)s[i]], err))
            return err->code;
    return 0;
}

int unigram_encode(const struct unigram *u, const struct bpe *b, const char *word, size_t n,
                   struct unigram_work *w, struct ids *out, struct err *err)
{
    struct unigram_node *node;
    bool unknown = false;
    int32_t c;

    if (n > BPE_WORD_MAX)
        return err_set(err, ERR_CONFIG, "a word of %zu bytes is longer than %d", n, BPE_WORD_MAX);
    if (reserve(w, n + 1, err))
        return err->code;
    node = w->node;
    for (size_t i = 0; i < n; i += utf8_next(word + i, n - i, &c))
        extend(u, b, node, word, n, i);
    for (size_t i = n; i; i = node[i].from)
        node[node[i].from].to = i;
    for (size_t i = 0, to; i < n; i = to) {
        to = node[i].to;
        if (node[to].id < 0 ? push_unknown(b, word + i, to - i, unknown, out, err)
                            : ids_push(out, node[to].id, err))
            return err->code;
        unknown = node[to].id < 0;
    }
    return 0;
}
