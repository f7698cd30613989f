/*
 * Attention of a wave's lanes: scores, softmax and weighted values, head by head.
 *
 * A lane's keys are its own inside its kv interval and its base's on both sides of it; where both
 * are needed they are gathered once per item. The work is cut into items (lane, key/value head,
 * tile of query rows), by shape alone, and threads take items.
 */
#include "engine/attention.h"

#include "base/gemm.h"
#include "base/kernels.h"
#include "engine/apply.h"

#include <math.h>
#include <string.h>

enum { TILE = 64 };

struct item {
    const struct lane *lane;
    int layer, group;
    struct span rows; /* query tokens */
};

size_t attention_scratch(const struct shape *s, int max_tokens)
{
    size_t per_group = (size_t)(s->n_heads / s->n_kv_heads), n = (size_t)max_tokens;
    size_t tile = n < TILE ? n : TILE;

    return per_group * tile * n + 2 * n * (size_t)s->d_head;
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

/* Rows [0, n) of one key/value head: from the base left and right of the lane's own interval. */
static void gather(float *out, const struct lane *lane, const float *own, const float *base,
                   int64_t ld, int64_t dh, int n)
{
    for (int t = 0; t < n; t++) {
        const float *row = span_has(lane->s.kv, t) ? own + (t - lane->s.kv.lo) * ld : base + t * ld;

        memcpy(out + t * dh, row, (size_t)dh * sizeof *out);
    }
}

struct keys {
    const float *k, *v;
    int64_t ld;
};

static struct keys keys_of(const struct engine *e, const struct item *it, int n, float *scratch)
{
    const struct shape *s = &e->model->shape;
    const struct lane *lane = it->lane;
    int64_t dh = s->d_head, ld = s->n_kv_heads * dh, first = it->group * dh;
    const float *k = e->k + lane->kv * ld + first, *v = e->v + lane->kv * ld + first;
    const struct run *base = lane->v->base;
    int64_t layer;

    if (lane->s.kv.lo == 0 && lane->s.kv.hi >= n)
        return (struct keys){k, v, ld};
    layer = (int64_t)it->layer * base->n * ld + first;
    gather(scratch, lane, k, base->k + layer, ld, dh, n);
    gather(scratch + (int64_t)e->max_tokens * dh, lane, v, base->v + layer, ld, dh, n);
    return (struct keys){scratch, scratch + (int64_t)e->max_tokens * dh, dh};
}

/* Scores of one head and row to its pattern over keys [0, n); those after t get 0. */
static void pattern(const struct variant *v, int n_heads, int layer, int head, int t, int n,
                    float scale, float *p)
{
    if (apply_masks(v, layer, head, t, p))
        softmax(t + 1, p, scale);
    else
        memset(p, 0, (size_t)(t + 1) * sizeof *p);
    memset(p + t + 1, 0, (size_t)(n - t - 1) * sizeof *p);
    apply_pattern(v, layer, head, t, p);
    if (v->into && v->into->p && t == v->into->n - 1)
        memcpy(v->into->p + ((int64_t)layer * n_heads + head) * v->into->n, p,
               (size_t)(t + 1) * sizeof *p);
}

static void attend_item(struct engine *e, const struct item *it, float *scratch)
{
    const struct shape *s = &e->model->shape;
    int per_group = s->n_heads / s->n_kv_heads, rows = span_len(it->rows), n = it->rows.hi;
    int64_t dh = s->d_head, ldq = s->n_heads * dh;
    int64_t at = (it->lane->att + it->rows.lo - it->lane->s.att.lo) * ldq +
                 (int64_t)it->group * per_group * dh;
    float *score = scratch + 2 * (int64_t)e->max_tokens * dh; /* (per_group, rows, n) */
    struct keys key = keys_of(e, it, n, scratch);
    float scale = 1 / sqrtf((float)dh);

    /* The heads of one row lie side by side: a single row makes them the rows of one product. */
    int products = rows == 1 ? 1 : per_group, m = rows == 1 ? per_group : rows;
    int64_t ld = rows == 1 ? dh : ldq;

    for (int h = 0; h < products; h++)
        gemm_small(false, m, n, dh, e->q + at + h * dh, ld, key.k, key.ld,
                   score + (int64_t)h * rows * n, n);
    for (int h = 0; h < per_group; h++)
        for (int r = 0; r < rows; r++)
            pattern(it->lane->v, s->n_heads, it->layer, it->group * per_group + h, it->rows.lo + r,
                    n, scale, score + ((int64_t)h * rows + r) * n);
    for (int h = 0; h < products; h++)
        gemm_small(true, m, dh, n, score + (int64_t)h * rows * n, n, key.v, key.ld,
                   e->z + at + h * dh, ld);
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
