#include "random_model.h"

#include "model/rope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double random_normal(struct rng *r)
{
    double u = 1 - rng_unit(r), v = rng_unit(r);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void *get(struct arena *a, size_t n, size_t size)
{
    struct err err;
    void *p = arena_alloc(a, n, size, &err);

    if (!p)
        abort();
    return p;
}

static struct matrix matrix(struct arena *a, struct rng *r, int64_t rows, int64_t cols, double gain)
{
    float *w = get(a, (size_t)(rows * cols), sizeof *w);

    for (int64_t i = 0; i < rows * cols; i++)
        w[i] = (float)(gain * random_normal(r) / sqrt((double)cols));
    return matrix_f32(w, rows, cols);
}

static float *vector(struct arena *a, struct rng *r, int64_t n, double mean, double spread)
{
    float *w = get(a, (size_t)n, sizeof *w);

    for (int64_t i = 0; i < n; i++)
        w[i] = (float)(mean + spread * random_normal(r));
    return w;
}

static struct norm norm(struct arena *a, struct rng *r, int d)
{
    return (struct norm){.w = vector(a, r, d, 1, 0.1), .eps = 1e-5f};
}

static struct linear linear(struct arena *a, struct rng *r, int64_t rows, int64_t cols)
{
    return (struct linear){.w = matrix(a, r, rows, cols, 1)};
}

static const float *frequencies(struct arena *a, int dims, double base)
{
    float *freq = get(a, (size_t)(dims / 2), sizeof *freq);

    for (int i = 0; i < dims / 2; i++)
        freq[i] = (float)pow(base, -2.0 * i / dims);
    return freq;
}

void random_model(struct model *m, struct arena *a, struct rng *r, int layers, int heads,
                  int groups, int head_width, int vocab)
{
    int d = heads * head_width, f = 2 * d, kv = groups * head_width;

    memset(m, 0, sizeof *m);
    m->shape = (struct shape){.n_layers = layers,
                              .n_heads = heads,
                              .n_kv_heads = groups,
                              .d_model = d,
                              .d_head = head_width,
                              .d_ff = f,
                              .vocab = vocab,
                              .max_positions = 4096,
                              .norm_eps = 1e-5f,
                              .gated = true,
                              .embed_scale = 1};
    m->arch = "random";
    m->path = m->name = "random model";
    m->layers = get(a, (size_t)layers, sizeof *m->layers);
    for (int l = 0; l < layers; l++)
        m->layers[l] = (struct layer){.attn_norm = norm(a, r, d),
                                      .mlp_norm = norm(a, r, d),
                                      .q = linear(a, r, d, d),
                                      .k = linear(a, r, kv, d),
                                      .v = linear(a, r, kv, d),
                                      .o = linear(a, r, d, d),
                                      .gate = linear(a, r, f, d),
                                      .up = linear(a, r, f, d),
                                      .down = linear(a, r, d, f),
                                      .score_scale = 1 / sqrtf((float)head_width)};
    m->embed = matrix(a, r, vocab, d, sqrt(d));
    m->unembed = linear(a, r, vocab, d);
    m->final_norm = norm(a, r, d);
    m->rotary[0] =
        (struct rotary){.dims = head_width, .factor = 1, .freq = frequencies(a, head_width, 10000)};
}

static bool coin(struct rng *r)
{
    return rng_below(r, 2);
}

/* The same matrix as it would lie transposed in a file. */
static void transpose(struct arena *a, struct matrix *w)
{
    const float *from = w->data;
    float *to = get(a, (size_t)(w->rows * w->cols), sizeof *to);

    for (int64_t i = 0; i < w->rows; i++)
        for (int64_t k = 0; k < w->cols; k++)
            to[k * w->rows + i] = from[i * w->cols + k];
    w->data = to;
    w->across = w->rows;
}

/* Q, K and V of as many heads in one matrix, head by head. */
static void fuse(struct arena *a, struct layer *y, int64_t dh)
{
    struct matrix *of[] = {&y->q.w, &y->k.w, &y->v.w};
    int64_t rows = y->q.w.rows, cols = y->q.w.cols;
    float *to = get(a, (size_t)(3 * rows * cols), sizeof *to);

    for (int64_t i = 0; i < 3; i++) {
        for (int64_t h = 0; h < rows / dh; h++)
            memcpy(to + (3 * h + i) * dh * cols, (const float *)of[i]->data + h * dh * cols,
                   (size_t)(dh * cols) * sizeof *to);
        of[i]->data = to + i * dh * cols;
        of[i]->block = dh;
        of[i]->apart = 3 * dh;
    }
}

static void draw_norms(struct model *m, struct arena *a, struct rng *r)
{
    bool centred = coin(r), plus = coin(r), biased = coin(r), before = coin(r), after = coin(r);
    int d = m->shape.d_model, dh = m->shape.d_head;
    int qk = (int)rng_below(r, 3), q = m->shape.n_heads, k = m->shape.n_kv_heads;

    for (int l = -1; l < m->shape.n_layers; l++) {
        struct layer *y = &m->layers[l < 0 ? 0 : l];
        struct norm *all[] = {&m->final_norm, &y->attn_norm, &y->mlp_norm, &y->attn_post,
                              &y->mlp_post};

        for (int i = l < 0 ? 0 : 1; i < (l < 0 ? 1 : 5); i++) {
            *all[i] = (struct norm){.eps = 1e-5f, .centred = centred, .plus = plus};
            if (i == 0 || (i < 3 ? before || !after : after)) {
                all[i]->w = vector(a, r, d, plus ? 0 : 1, 0.2);
                all[i]->b = biased ? vector(a, r, d, 0, 0.3) : NULL;
            }
        }
        if (l < 0 || !qk)
            continue;
        y->qk_whole = qk == 2;
        y->q_norm = norm(a, r, y->qk_whole ? q * dh : dh);
        y->k_norm = norm(a, r, y->qk_whole ? k * dh : dh);
    }
    m->shape.has_bias = biased;
    m->shape.attn_bias = biased && after;
}

static void draw_biases(struct model *m, struct arena *a, struct rng *r)
{
    bool qkv = coin(r), o = coin(r), mlp = coin(r);

    for (int l = 0; l < m->shape.n_layers; l++) {
        struct layer *y = &m->layers[l];
        struct linear *all[] = {&y->q, &y->k, &y->v, &y->o, &y->gate, &y->up, &y->down};

        for (int i = 0; i < 7; i++)
            if (i < 3 ? qkv : i == 3 ? o : mlp)
                all[i]->b = vector(a, r, all[i]->w.rows, 0, 0.3);
    }
    if (coin(r))
        m->unembed.b = vector(a, r, m->shape.vocab, 0, 0.3);
    m->shape.has_bias |= m->unembed.b != NULL;
    m->shape.attn_bias |= o;
}

/* Learned, or turned: part of a head, by pairs of either kind, two sorts of layers, frequencies
   that depend on the length of the prompt. */
static void draw_positions(struct model *m, struct arena *a, struct rng *r)
{
    static const struct rope_spec dynamic = {
        .kind = ROPE_DYNAMIC, .theta = 1000, .width = 4, .factor = 3, .old_positions = 7};
    bool adjacent = coin(r), two = coin(r), part = m->shape.d_head > 4 && coin(r);
    int dims = part ? 4 : m->shape.d_head;

    if (rng_below(r, 4) == 0) {
        m->shape.learned_positions = true;
        m->positions = matrix(a, r, 128, m->shape.d_model, sqrt(m->shape.d_model) / 2);
        m->rotary[0].dims = 0;
        return;
    }
    for (int i = 0; i < ROTARIES; i++)
        m->rotary[i] = (struct rotary){.dims = dims,
                                       .adjacent = adjacent,
                                       .factor = i ? 1.2f : 1,
                                       .freq = frequencies(a, dims, i ? 100 : 10000)};
    if (dims == 4 && coin(r)) {
        m->rotary[0].short_to = 7;
        m->rotary[0].spec = &dynamic;
    }
    for (int l = 0; two && l < m->shape.n_layers; l++)
        m->layers[l].rotary = coin(r);
}

static void draw_windows(struct model *m, struct arena *a, struct rng *r)
{
    int *window = get(a, (size_t)m->shape.n_layers, sizeof *window);

    if (coin(r))
        return;
    for (int l = 0; l < m->shape.n_layers; l++)
        window[l] = coin(r) ? 1 + (int)rng_below(r, coin(r) ? 6 : 40) : 0;
    m->shape.window = window;
}

static void draw_matrices(struct model *m, struct arena *a, struct rng *r)
{
    bool fused = m->shape.n_heads == m->shape.n_kv_heads && coin(r), across = coin(r);

    for (int l = 0; l < m->shape.n_layers; l++) {
        struct layer *y = &m->layers[l];
        struct linear *all[] = {&y->o, &y->gate, &y->up, &y->down, &y->q, &y->k, &y->v};

        if (fused)
            fuse(a, y, m->shape.d_head);
        for (int i = 0; across && i < (fused ? 4 : 7); i++)
            transpose(a, &all[i]->w);
        y->score_scale *= coin(r) ? 1 : 0.7f;
    }
}

void random_facts(struct model *m, struct arena *a, struct rng *r)
{
    struct shape *s = &m->shape;

    draw_norms(m, a, r);
    draw_biases(m, a, r);
    draw_positions(m, a, r);
    draw_windows(m, a, r);
    draw_matrices(m, a, r);
    s->parallel = coin(r);
    s->gated = coin(r);
    s->activation = (enum activation)rng_below(r, 3);
    s->embed_scale = coin(r) ? 1 : 1.7f;
    s->score_cap = coin(r) ? 0 : 4;
    s->logit_cap = coin(r) ? 0 : 3;
}
