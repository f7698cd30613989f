#include "experiments/corrupt.h"

#include "base/mt19937.h"

float *noised_embeddings(const struct model *m, const int32_t *ids, struct span b, double level,
                         uint32_t seed, int samples, struct arena *a, struct err *err)
{
    size_t d = (size_t)m->shape.d_model, rows = (size_t)span_len(b);
    float *out = arena_alloc(a, (size_t)samples * rows * d, sizeof *out, err);
    struct mt19937 mt;

    if (!out || !m->embed.data)
        return out;
    mt19937_seed(&mt, seed);
    for (size_t i = 0; i < (size_t)samples * rows; i++) {
        matrix_rows(&m->embed, ids[b.lo + (int)(i % rows)], 1, out + i * d);
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = (float)((double)out[i * d + j] + level * mt19937_normal(&mt));
    }
    return out;
}
