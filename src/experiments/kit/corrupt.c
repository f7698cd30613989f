#include "experiments/kit/corrupt.h"

#include "base/mt19937.h"

float *span_embeddings(const struct model *m, const int32_t *ids, struct span b, int at,
                       int samples, struct arena *a, struct err *err)
{
    size_t d = (size_t)m->shape.d_model, rows = (size_t)span_len(b);
    float *out = arena_alloc(a, (size_t)samples * rows * d, sizeof *out, err);
    float *room = arena_alloc(a, d, sizeof *room, err);

    for (size_t i = 0; out && room && m->embed.data && i < (size_t)samples * rows; i++) {
        int k = (int)(i % rows);

        model_embed(m, ids[b.lo + k], at + k, room, out + i * d);
    }
    return room ? out : NULL;
}

float *noised_embeddings(const struct model *m, const int32_t *ids, struct span b, double level,
                         uint32_t seed, int samples, struct arena *a, struct err *err)
{
    size_t n = (size_t)samples * (size_t)span_len(b) * (size_t)m->shape.d_model;
    float *out = span_embeddings(m, ids, b, b.lo, samples, a, err);
    struct mt19937 mt;

    if (!out || !m->embed.data)
        return out;
    mt19937_seed(&mt, seed);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)out[i] + level * mt19937_normal(&mt));
    return out;
}

int corrupted_run(struct run_spec *spec, unsigned keep, struct span b, const float *v, int d,
                  struct arena *a, struct err *err)
{
    struct edit *e = arena_alloc(a, 1, sizeof *e, err);

    if (!e)
        return err->code;
    *e = (struct edit){
        .site = SITE_RESID, .op = OP_SET, .layer = {0, 1}, .tok = b, .vec = v, .stride = d};
    *spec = (struct run_spec){.keep = keep, .base = 0, .edit = e, .n_edits = 1};
    return 0;
}
