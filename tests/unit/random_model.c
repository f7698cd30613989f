#include "random_model.h"

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
    return (struct matrix){w, DTYPE_F32, rows, cols, 0};
}

static const float *norm(struct arena *a, struct rng *r, int d)
{
    float *w = get(a, (size_t)d, sizeof *w);

    for (int i = 0; i < d; i++)
        w[i] = (float)(1 + 0.1 * random_normal(r));
    return w;
}

void random_model(struct model *m, struct arena *a, struct rng *r, int layers, int heads,
                  int groups, int head_width, int vocab)
{
    int d = heads * head_width, f = 2 * d, kv = groups * head_width;
    float *freq = get(a, (size_t)(head_width / 2), sizeof *freq);

    memset(m, 0, sizeof *m);
    m->shape =
        (struct shape){layers, heads, groups, d, head_width, f, vocab, 4096, 0, false, 1e-5f};
    m->arch = "random";
    m->path = m->name = "random model";
    m->layers = get(a, (size_t)layers, sizeof *m->layers);
    for (int l = 0; l < layers; l++)
        m->layers[l] =
            (struct layer){norm(a, r, d),          norm(a, r, d),          matrix(a, r, d, d, 1),
                           matrix(a, r, kv, d, 1), matrix(a, r, kv, d, 1), matrix(a, r, d, d, 1),
                           matrix(a, r, f, d, 1),  matrix(a, r, f, d, 1),  matrix(a, r, d, f, 1)};
    m->embed = matrix(a, r, vocab, d, sqrt(d));
    m->unembed = matrix(a, r, vocab, d, 1);
    m->final_norm = norm(a, r, d);
    for (int i = 0; i < head_width / 2; i++)
        freq[i] = (float)pow(10000, -2.0 * i / head_width);
    m->inv_freq = freq;
}
