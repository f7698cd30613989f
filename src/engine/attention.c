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

#include <math.h>
#include <string.h>

enum { TILE = 32, KEYS = 64 };

struct item {
    const struct lane *lane;
    int layer, group;
    struct span rows; /* query tokens */
};

size_t attention_scratch(const struct shape *s, int max_tokens)
{
    size_t per_group = (size_t)(s->n_heads / s->n_kv_heads), n = (size_t)max_tokens;

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
        out.base = base + (int64_t)it->layer * lane->v->base->n * ld + first;
    return out;
}

/* Scores of one head and row to its pattern over keys [0, t]. */
static void pattern(const struct variant *v, int n_heads, int layer, int head, int t, float scale,
                    float *p)
{
    if (apply_masks(v, layer, head, t, p))
        softmax(t + 1, p, scale, 0);
    else
        memset(p, 0, (size_t)(t + 1) * sizeof *p);
    apply_pattern(v, layer, head, t, p);
    if (v->into && v->into->p && t == v->into->n - 1)
        memcpy(v->into->p + ((int64_t)layer * n_heads + head) * v->into->n, p,
               (size_t)(t + 1) * sizeof *p);
}

/* A row of an item: one query head of one token. */
struct head_row {
    int head, token;
    const float *q;
    float *score, *z;
};

/* The i-th: heads of one token lie side by side. */
static struct head_row query_at(const struct engine *e, const struct item *it, int i,
                                float *scratch)
{
    const struct shape *s = &e->model->shape;
    int per_group = s->n_heads / s->n_kv_heads, row = i / per_group, of_group = i % per_group;
    struct head_row out = {it->group * per_group + of_group, it->rows.lo + row, NULL, NULL, NULL};
    int64_t at = it->lane->att + out.token - it->lane->s.att.lo;
    int64_t first = (at * s->n_heads + out.head) * s->d_head;

    out.q = e->q + first;
    out.z = e->z + first;
    out.score = scratch + (int64_t)i * it->rows.hi;
    return out;
}

/* Keys [from, from + KEYS) that the query may see end before this one. */
static int block_end(const struct head_row *q, int from)
{
    return q->token + 1 < from + KEYS ? q->token + 1 : from + KEYS;
}

static void score_rows(struct engine *e, const struct item *it, int n, float *scratch)
{
    const struct run *base = it->lane->v->base;
    struct key_rows keys = key_rows_of(e, it, e->k, base ? base->k : NULL);

    for (int from = 0; from < it->rows.hi; from += KEYS)
        for (int i = 0; i < n; i++) {
            struct head_row q = query_at(e, it, i, scratch);

            if (from <= q.token)
                key_scores(&keys, from, block_end(&q, from), e->model->shape.d_head, q.q, q.score);
        }
}

static void sum_rows(struct engine *e, const struct item *it, int n, float *scratch)
{
    const struct run *base = it->lane->v->base;
    struct key_rows values = key_rows_of(e, it, e->v, base ? base->v : NULL);
    int64_t dh = e->model->shape.d_head;

    for (int from = 0; from < it->rows.hi; from += KEYS)
        for (int i = 0; i < n; i++) {
            struct head_row q = query_at(e, it, i, scratch);

            if (from == 0)
                memset(q.z, 0, (size_t)dh * sizeof *q.z);
            if (from <= q.token)
                key_values(&values, from, block_end(&q, from), dh, q.score, q.z);
        }
}

static void attend_item(struct engine *e, const struct item *it, float *scratch)
{
    const struct shape *s = &e->model->shape;
    int n = span_len(it->rows) * (s->n_heads / s->n_kv_heads);
    float scale = 1 / sqrtf((float)s->d_head);

    score_rows(e, it, n, scratch);
    for (int i = 0; i < n; i++) {
        struct head_row q = query_at(e, it, i, scratch);

        pattern(it->lane->v, s->n_heads, it->layer, q.head, q.token, scale, q.score);
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

        /* Indices of a thread rise under a dynamic schedule, so its place in the lanes does too. */
#pragma omp for schedule(dynamic, 4)
        for (int64_t i = 0; i < items; i++) {
            struct item it = item_at(e, live, &lane, &seen, i, layer);

            attend_item(e, &it, scratch);
        }
    }
}
