#include "engine/contribution.h"

#include "base/kernels.h"

void engine_contributions(struct engine *e, int layer, const struct head_part *part, int n_parts)
{
    int64_t dh = e->model->shape.d_head, d = e->model->shape.d_model;
    const struct matrix *w;

    if (!n_parts)
        return;
    w = &e->model->layers[layer].o.w;
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int64_t j = 0; j < d; j++) {
        float *o = team_scratch(&e->team);

        matrix_rows(w, j, 1, o);
        for (int p = 0; p < n_parts; p++)
            for (int i = 0; i < part[p].n; i++)
                part[p].out[i * d + j] = vec_dot(dh, o + part[p].head * dh, part[p].z + i * dh);
    }
    for (int p = 0; p < n_parts; p++)
        e->team.flops += 2 * (uint64_t)part[p].n * (uint64_t)(dh * d);
}
