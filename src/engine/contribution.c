#include "engine/contribution.h"

#include "base/kernels.h"
#include "engine/lens.h"

int engine_contributions(struct engine *e, const struct run *run, int layer,
                         const struct head_part *part, int n_parts, struct err *err)
{
    const struct matrix *w = &e->model->layers[layer].o.w;
    int64_t dh = e->model->shape.d_head, d = w->rows, width = w->cols;
    float *o = mem_alloc((size_t)(d * width), sizeof *o, err);

    if (!o)
        return err->code;
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int64_t j = 0; j < d; j++) {
        matrix_rows(w, j, 1, o + j * width);
        for (int p = 0; p < n_parts; p++)
            for (int i = 0; i < part[p].n; i++)
                part[p].out[i * d + j] =
                    vec_dot(dh, o + j * width + part[p].head * dh, part[p].z + i * dh);
    }
    mem_free(o);
    for (int p = 0; p < n_parts; p++)
        for (int i = 0; i < part[p].n; i++)
            engine_share_norm(e->model, run, layer, part[p].tok[i], 1, part[p].out + i * d);
    return 0;
}
