/*
 * The oracle: one obvious full pass per variant, every row of every layer, edits applied where they
 * name something. It shares the leaf kernels and apply.h with the wave and nothing else, and needs
 * no planner.
 */
#include "engine/naive.h"

#include "base/kernels.h"
#include "engine/answer.h"
#include "engine/apply.h"
#include "engine/swap.h"

#include <string.h>

struct pass {
    struct engine *e;
    struct variant *v;
    const int32_t *ids;
    int n;
    int64_t d, width, kv_width; /* d, H dh, G dh */
};

static void edit_rows(const struct pass *p, enum site site, int layer, float *rows, int64_t width)
{
    for (int t = 0; t < p->n; t++)
        apply_edits(p->v, &p->e->model->shape, site, layer, t, rows + t * width);
}

static void keep_rows(float *to, int layer, const float *rows, int n, int64_t width)
{
    if (to)
        memcpy(to + (int64_t)layer * n * width, rows, (size_t)n * (size_t)width * sizeof *rows);
}

static void answer_rows(const struct pass *p, float *to, int layer, const float *rows)
{
    if (p->v->asks & ASK_LAYERS && to && layer >= 0)
        memcpy(to + layer * p->d, rows + (p->n - 1) * p->d, (size_t)p->d * sizeof *to);
}

static void normed(const struct pass *p, const float *x, const struct norm *norm)
{
    struct engine *e = p->e;

    for (int t = 0; t < p->n; t++)
        e->row[t] = x + t * p->d;
    norm_rows(&e->team, p->n, e->row, p->d, norm, e->norm);
}

/* The norm after attention (0) or the MLP (1), in place. */
static void normed_after(const struct pass *p, int l, int which, const struct norm *norm, float *y)
{
    for (int t = 0; norm->w && p->v->into && p->v->into->post && t < p->n; t++)
        *run_post(p->v->into, l, t, which) = norm_divisor(p->d, y + t * p->d, norm);
    norm_heads(&p->e->team, p->n, y, p->d, 1, p->d, norm);
}

/* What each head reads for itself, row by row. */
static void read_rows(const struct pass *p, enum site site, int layer, const struct norm *norm,
                      const struct linear *w, float *rows)
{
    struct engine *e = p->e;
    const struct shape *s = &e->model->shape;
    int64_t dh = s->d_head, width = site_parts(s, site) * dh;

    for (int h = 0; h < site_parts(s, site); h++)
        for (int t = 0; t < p->n; t++) {
            struct linear part = linear_part(w, h * dh, dh);
            const float *row = e->read;

            if (!variant_reads(p->v, site, layer, h, t))
                continue;
            memcpy(e->read, e->x + t * p->d, (size_t)p->d * sizeof *e->read);
            apply_read(p->v, s, site, layer, h, t, e->read);
            norm_rows(&e->team, 1, &row, p->d, norm, e->a);
            engine_linear(e, 1, e->a, &part, rows + t * width + h * dh);
        }
}

static void attend_row(const struct pass *p, int layer, int head, int t, float *score)
{
    const struct shape *s = &p->e->model->shape;
    struct span keys = keys_seen(s, layer, t);
    int64_t dh = s->d_head, group = shape_group(s, head);
    const float *q = p->e->q + t * p->width + head * dh;
    float *z = p->e->z + t * p->width + head * dh;

    memset(score, 0, (size_t)(t + 1) * sizeof *score);
    for (int i = keys.lo; i <= t; i++)
        score[i] = vec_dot(dh, q, p->e->k + i * p->kv_width + group * dh);
    if (apply_masks(p->v, layer, head, t, keys, score))
        softmax(t + 1 - keys.lo, score + keys.lo, p->e->model->layers[layer].score_scale,
                s->score_cap);
    else
        memset(score, 0, (size_t)(t + 1) * sizeof *score);
    apply_pattern(p->v, layer, head, t, keys, score);
    if (p->v->into && p->v->into->attention)
        memcpy(p->v->into->attention + (((int64_t)layer * s->n_heads + head) * p->n + t) * p->n,
               score, (size_t)(t + 1) * sizeof *score);
    if (p->v->into && p->v->into->p && t == p->n - 1)
        memcpy(p->v->into->p + ((int64_t)layer * s->n_heads + head) * p->n, score,
               (size_t)p->n * sizeof *score);
    memset(z, 0, (size_t)dh * sizeof *z);
    for (int i = keys.lo; i <= t; i++)
        for (int64_t j = 0; j < dh; j++)
            z[j] += score[i] * p->e->v[i * p->kv_width + group * dh + j];
}

static void naive_attention(const struct pass *p, int l)
{
    struct engine *e = p->e;
    const struct shape *s = &e->model->shape;
    const struct layer *layer = &e->model->layers[l];
    struct run *into = p->v->into;

    normed(p, e->x, &layer->attn_norm);
    engine_linear(e, p->n, e->norm, &layer->q, e->q);
    engine_linear(e, p->n, e->norm, &layer->k, e->k);
    engine_linear(e, p->n, e->norm, &layer->v, e->v);
    read_rows(p, SITE_READ_Q, l, &layer->attn_norm, &layer->q, e->q);
    read_rows(p, SITE_READ_K, l, &layer->attn_norm, &layer->k, e->k);
    read_rows(p, SITE_READ_V, l, &layer->attn_norm, &layer->v, e->v);
    edit_rows(p, SITE_Q, l, e->q, p->width);
    edit_rows(p, SITE_K, l, e->k, p->kv_width);
    edit_rows(p, SITE_V, l, e->v, p->kv_width);
    if (into) {
        keep_rows(into->q, l, e->q, p->n, p->width);
        keep_rows(into->flat_k, l, e->k, p->n, p->kv_width);
        keep_rows(into->v, l, e->v, p->n, p->kv_width);
    }
    engine_turn(e, p->n, layer, &layer->q_norm, s->n_heads, e->q);
    engine_turn(e, p->n, layer, &layer->k_norm, s->n_kv_heads, e->k);
    for (int h = 0; h < s->n_heads; h++)
        for (int t = 0; t < p->n; t++)
            attend_row(p, l, h, t, e->team.scratch);
    edit_rows(p, SITE_Z, l, e->z, p->width);
    engine_linear(e, p->n, e->z, &layer->o, e->a);
    normed_after(p, l, 0, &layer->attn_post, e->a);
    edit_rows(p, SITE_ATTN, l, e->a, p->d);
    if (!into)
        return;
    keep_rows(into->k, l, e->k, p->n, p->kv_width);
    keep_rows(into->z, l, e->z, p->n, p->width);
    keep_rows(into->a, l, e->a, p->n, p->d);
}

static void naive_mlp(const struct pass *p, int l)
{
    struct engine *e = p->e;
    const struct layer *layer = &e->model->layers[l];

    for (int t = 0; t < p->n; t++) {
        float *row = e->read + t * p->d;

        memcpy(row, e->x + t * p->d, (size_t)p->d * sizeof *row);
        apply_read(p->v, &e->model->shape, SITE_READ_MLP, l, 0, t, row);
    }
    normed(p, e->read, &layer->mlp_norm);
    engine_hidden(e, p->n, e->norm, layer);
    edit_rows(p, SITE_NEURON, l, e->gate, e->model->shape.d_ff);
    if (p->v->into)
        keep_rows(p->v->into->hidden, l, e->gate, p->n, e->model->shape.d_ff);
    engine_linear(e, p->n, e->gate, &layer->down, e->m);
    normed_after(p, l, 1, &layer->mlp_post, e->m);
    edit_rows(p, SITE_MLP, l, e->m, p->d);
    if (p->v->into)
        keep_rows(p->v->into->m, l, e->m, p->n, p->d);
}

/* x_l, edited and kept. */
static void naive_residual(const struct pass *p, int l)
{
    edit_rows(p, SITE_RESID, l, p->e->x, p->d);
    if (p->v->into)
        keep_rows(p->v->into->x, l, p->e->x, p->n, p->d);
    if (p->v->answer)
        answer_rows(p, p->v->answer->x, l - 1, p->e->x);
}

/* What senders at a site add from now on may be swapped for others' values. */
static void swap(const struct pass *p, enum site site, int l, const float *rows)
{
    const struct swaps *s = variant_swaps(p->v);
    int64_t width = site_width(&p->e->model->shape, site);

    if (!s)
        return;
    for (int t = s->tok.lo; t < s->tok.hi; t++)
        p->e->row[t - s->tok.lo] = rows + t * width;
    p->e->swapping[0] = (struct swapping){s, p->e->row};
    swap_senders(p->e, site, l, 1);
}

static void add(const struct pass *p, const float *y)
{
    for (int64_t i = 0; i < p->n * p->d; i++)
        p->e->x[i] += y[i];
}

static void add_attention(const struct pass *p, int l)
{
    add(p, p->e->a);
    swap(p, SITE_Z, l, p->e->z);
}

void naive_run(struct engine *e, struct variant *v)
{
    const struct shape *s = &e->model->shape;
    struct pass p = {e,
                     v,
                     v->base && !v->goes_on ? v->base->ids : v->ids,
                     variant_tokens(v),
                     s->d_model,
                     (int64_t)s->n_heads * s->d_head,
                     (int64_t)s->n_kv_heads * s->d_head};
    const float *last = e->x + (p.n - 1) * p.d;
    int64_t turn = engine_place(e, p.n, (struct span){0, p.n}, 0);

    for (int t = 0; t < p.n; t++) {
        model_embed(e->model, p.ids[t], t, e->norm, e->x + t * p.d);
        e->pos[t] = (int32_t)(turn + t);
    }
    for (int l = 0; l < s->n_layers; l++) {
        naive_residual(&p, l);
        if (l == 0)
            swap(&p, SITE_RESID, 0, e->x);
        naive_attention(&p, l);
        if (!s->parallel)
            add_attention(&p, l);
        if (v->answer)
            answer_rows(&p, v->answer->a, l, e->a);
        naive_mlp(&p, l);
        if (s->parallel)
            add_attention(&p, l);
        add(&p, e->m);
        swap(&p, SITE_MLP, l, e->m);
        if (v->answer)
            answer_rows(&p, v->answer->m, l, e->m);
    }
    naive_residual(&p, s->n_layers);
    for (int t = 0; t < p.n; t++)
        answer_row(e, v, t, e->x + t * p.d);
    answer_final(e, 1, &v, &last);
}
