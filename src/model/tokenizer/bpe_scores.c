/*
 * SentencePiece's vocabularies have a score for each token in place of a list of merges: two
 * neighbours merge when what they make together is a token, the best score first. That is a list of
 * merges with each token in each of its splits, all of one rank.
 */
#include "model/tokenizer/bpe.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scored {
    float score;
    int32_t id;
};

static int best_first(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static bool takes_part(const struct bpe *b, const float *score, const char *s, size_t n)
{
    int32_t id = bpe_find(b, s, n);

    return id >= 0 && !isnan(score[id]);
}

/* Counts the splits of a token into two that take part, and enters them unless rank is -1. */
static int splits(struct bpe *b, const float *score, int32_t id, int32_t rank, size_t *count,
                  struct err *err)
{
    char text[BPE_SCORED_MAX];
    size_t n = b->token[id].n;
    int32_t c;

    if (n > sizeof text)
        return err_set(err, ERR_FORMAT, "token %d has %zu bytes, expected at most %d", id, n,
                       BPE_SCORED_MAX);
    memcpy(text, b->pool.data + b->token[id].at, n); /* bpe_merge moves the pool */
    for (size_t i = utf8_next(text, n, &c); i < n; i += utf8_next(text + i, n - i, &c)) {
        if (!takes_part(b, score, text, i) || !takes_part(b, score, text + i, n - i))
            continue;
        ++*count;
        if (rank >= 0 && bpe_merge(b, (size_t)rank, text, i, text + i, n - i, err))
            return err->code;
    }
    return 0;
}

int bpe_merge_by_score(struct bpe *b, const float *score, struct err *err)
{
    struct scored *all = mem_alloc(b->n_ids, sizeof *all, err);
    size_t n = 0, count = 0;
    int32_t rank = 0;

    for (size_t i = 0; all && i < b->n_ids; i++)
        if (b->token[i].n && !isnan(score[i]))
            all[n++] = (struct scored){score[i], (int32_t)i};
    for (size_t i = 0; i < n && !err->code; i++)
        splits(b, score, all[i].id, -1, &count, err);
    if (err->code || bpe_room_for_merges(b, count, err))
        goto out;
    qsort(all, n, sizeof *all, best_first);
    for (size_t i = 0; i < n && !err->code; i++) {
        rank += i && all[i].score != all[i - 1].score;
        splits(b, score, all[i].id, rank, &count, err);
    }
out:
    mem_free(all);
    return err->code;
}
