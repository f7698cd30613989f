/*
 * Attention of a wave's lanes: scores, softmax and weighted values, head by head.
 *
 * A lane's keys are its own inside its kv interval and its base's on both sides of it. The work is
 * cut into items (lane, key/value head, tile of query rows), and threads take items; inside one,
 * the rows take turns at a block of keys while it lies in the cache. A row's bits depend on that
 * row and its keys alone: a score is one sum in the order of kernels.h, and values are summed in
 * blocks of KEYS that begin at multiples of it, the blocks in order.
 */
#include "engine/attention.h"

#include "base/kernels.h"
#include "engine/apply.h"

#include <string.h>

enum { TILE = 32, KEYS = 64 };

struct item {
    const struct lane *lane;
    int layer, group;
    struct span rows; /* query tokens */
};

size_t attention_scratch(const struct shape *s, int max_tokens)
{
    size_t per_group = (size_t)shape_shared(s), n = (size_t)max_tokens;

    return per_group * (n < TILE ? n : TILE) * n;
}

static int tiles(const struct lane *lane)
{
    return (span_len(lane->s.att) + TILE - 1) / TILE;
}

/* The i-th item of the wave; *seen counts the items of the lanes before `lane`. */
static struct item item_at(const struct engine *e, struct lane *const *live, int *lane,
                           int64_t *seen, int64_t i, int layer)
{
    int groups = e->model->shape.n_kv_heads;
    struct item it;
    int tile;

    while (i >= *seen + (int64_t)tiles(live[*lane]) * groups)
        *seen += (int64_t)tiles(live[(*lane)++]) * groups;
    it.lane = live[*lane];
    it.layer = layer;
    it.group = (int)((i - *seen) % groups);
    tile = (int)((i - *seen) / groups);
    it.rows.lo = it.lane->s.att.lo + tile * TILE;
    it.rows.hi = it.rows.lo + TILE < it.lane->s.att.hi ? it.rows.lo + TILE : it.lane->s.att.hi;
    return it;
}

/* Keys or values of an item's head: the lane's own lie at `own`, its base's layers at `base`. */
static struct key_rows key_rows_of(const struct engine *e, const struct item *it, const float *own,
                                   const float *base)
{
    const struct shape *s = &e->model->shape;
    const struct lane *lane = it->lane;
    int64_t ld = (int64_t)s->n_kv_heads * s->d_head, first = (int64_t)it->group * s->d_head;
    struct key_rows out = {.ld = ld, .lo = lane->s.kv.lo, .hi = lane->s.kv.hi};

    out.own = own + lane->kv * ld + first;
    if (base)
        out.base = base + (int64_t)it->layer * lane->v->base->room * ld + first;
    return out;
}

/* A row of an item: one query head of one token. */
struct head_row {
    int head, token;
    struct span keys; /* that it sees */
    const float *q;
    float *score, *z; /* score[s] of key s */
};

/* Scores of one head and row to its pattern. */
static void pattern(const struct engine *e, const struct item *it, const struct head_row *q)
{
    const struct variant *v = it->lane->v;
    const struct shape *s = &e->model->shape;
    float *p = q->score + q->keys.lo;
    size_t n = (size_t)span_len(q->keys);

    if (apply_masks(v, it->layer, q->head, q->token, q->keys, q->score))
        softmax((int64_t)n, p, e->model->layers[it->layer].score_scale, s->score_cap);
    else
        memset(p, 0, n * sizeof *p);
    apply_pattern(v, it->layer, q->head, q->token, q->keys, q->score);
    if (v->into && v->into->attention)
        memcpy(v->into->attention +
                   (((int64_t)it->layer * s->n_heads + q->head) * v->into->n + q->token) *
                       v->into->n +
                   q->keys.lo,
               p, n * sizeof *p);
    if (v->into && v->into->p && q->token == v->into->n - 1)
        memcpy(v->into->p + ((int64_t)it->layer * s->n_heads + q->head) * v->into->n + q->keys.lo,
               p, n * sizeof *p);
}

/* The i-th: heads of one token lie side by side. */
static struct head_row query_at(const struct engine *e, const struct item *it, int i,
                                float *scratch)
{
    const struct shape *s = &e->model->shape;
    int per_group = shape_shared(s), row = i / per_group, of_group = i % per_group;
    struct head_row out = {.head = it->group * per_group + of_group, .token = it->rows.lo + row};
    int64_t at = it->lane->att + out.token - it->lane->s.att.lo;
    int64_t first = (at * s->n_heads + out.head) * s->d_head;

    out.q = e->q + first;
    out.z = e->z + first;
    out.score = scratch + (int64_t)i * it->rows.hi;
    out.keys = keys_seen(s, it->layer, out.token);
    return out;
}

/* Those of the keys [from, from + KEYS) that the query sees. */
static struct span block_of(const struct head_row *q, int from)
{
    return span_clip(q->keys, (struct span){from, from + KEYS});
}

/* Where the block of the first key begins that any row of the item sees. */
static int first_block(const struct engine *e, const struct item *it)
{
    return keys_seen(&e->model->shape, it->layer, it->rows.lo).lo / KEYS * KEYS;
}

static void score_rows(struct engine *e, const struct item *it, int n, float *scratch)
{
    const struct run *base = it->lane->v->base;
    struct key_rows keys = key_rows_of(e, it, e->k, base ? base->k : NULL);

    for (int from = first_block(e, it); from < it->rows.hi; from += KEYS)
        for (int i = 0; i < n; i++) {
            struct head_row q = query_at(e, it, i, scratch);
            struct span some = block_of(&q, from);

            if (!span_empty(some))
                key_scores(&keys, some.lo, some.hi, e->model->shape.d_head, q.q, q.score);
        }
}

static void sum_rows(struct engine *e, const struct item *it, int n, float *scratch)
{
    const struct run *base = it->lane->v->base;
    struct key_rows values = key_rows_of(e, it, e->v, base ? base->v : NULL);
    int64_t dh = e->model->shape.d_head;

    for (int i = 0; i < n; i++)
        memset(query_at(e, it, i, scratch).z, 0, (size_t)dh * sizeof(float));
    for (int from = first_block(e, it); from < it->rows.hi; from += KEYS)
        for (int i = 0; i < n; i++) {
            struct head_row q = query_at(e, it, i, scratch);
            struct span some = block_of(&q, from);

            if (!span_empty(some))
                key_values(&values, some.lo, some.hi, dh, q.score, q.z);
        }
}

static void attend_item(struct engine *e, const struct item *it, float *scratch)
{
    int n = span_len(it->rows) * shape_shared(&e->model->shape);

    score_rows(e, it, n, scratch);
    for (int i = 0; i < n; i++) {
        struct head_row q = query_at(e, it, i, scratch);

        pattern(e, it, &q);
    }
    sum_rows(e, it, n, scratch);
}

void attend(struct engine *e, struct lane *const *live, int n, int layer)
{
    int64_t items = 0;

    for (int i = 0; i < n; i++)
        items += (int64_t)tiles(live[i]) * e->model->shape.n_kv_heads;
#pragma omp parallel num_threads(e->team.threads)
    {
        float *scratch = team_scratch(&e->team);
        int64_t seen = 0;
        int lane = 0;

        /* A thread's place in the lanes only rises, so its indices must: since OpenMP 5 those of a
           dynamic schedule need not. */
#pragma omp for schedule(monotonic : dynamic, 4)
        for (int64_t i = 0; i < items; i++) {
            struct item it = item_at(e, live, &lane, &seen, i, layer);

            attend_item(e, &it, scratch);
        }
    }
}
