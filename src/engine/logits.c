#include "engine/logits.h"

#include "base/kernels.h"

#include <math.h>
#include <string.h>

float capped(float logit, float cap)
{
    vec_cap(1, &logit, cap);
    return logit;
}

/* Rows of the unembedding, zeros for ids < 0. */
static void gather_rows(const struct matrix *u, const int32_t *id, int n, float *out)
{
    for (int i = 0; i < n; i++) {
        memset(out + i * u->cols, 0, (size_t)u->cols * sizeof *out);
        if (id[i] >= 0)
            matrix_rows(u, id[i], 1, out + i * u->cols);
    }
}

void token_logits(struct engine *e, int n, const float *norm, const int32_t *id, int n_ids,
                  float *out)
{
    int64_t d = e->model->shape.d_model;

    for (int done = 0; done < n_ids; done += e->rows) {
        int ids = n_ids - done < e->rows ? n_ids - done : e->rows;
        struct matrix u = matrix_f32(e->a, ids, d);

        gather_rows(&e->model->unembed.w, id + done, ids, e->a);
        engine_multiply(e, n, norm, d, &u, out + done, n_ids);
    }
}

void add_token_bias(const struct engine *e, int n, const int32_t *id, int n_ids, const bool *whole,
                    float *out)
{
    const float *b = e->model->unembed.b;

    for (int i = 0; b && i < n; i++)
        for (int k = 0; (!whole || whole[i]) && k < n_ids; k++)
            if (id[k] >= 0)
                out[(int64_t)i * n_ids + k] += b[id[k]];
}

struct logit_reader logit_reader(void)
{
    return (struct logit_reader){.z = {-HUGE_VAL, 0}, .argmax = -1};
}

static void seek_largest(struct logit_reader *r, int64_t first, int64_t n, const float *logit)
{
    float max = vec_max(n, logit);
    int64_t at;

    if (r->argmax >= 0 && !(max > r->max))
        return;
    at = vec_find(n, logit, max);
    if (at < 0)
        return;
    r->max = max;
    r->argmax = (int32_t)(first + at);
}

/* The target itself is left out: OpenBLAS may give it other last bits here. */
static void count_greater(struct logit_reader *r, int64_t first, int64_t n, const float *logit)
{
    for (int i = 0; i < r->n_targets; i++) {
        int64_t own = r->target[i] - first;
        float its = capped(r->logit[i], r->cap);

        if (r->target[i] < 0)
            continue;
        r->rank[i] += vec_count_greater(n, logit, its);
        if (own >= 0 && own < n)
            r->rank[i] -= logit[own] > its;
    }
}

static void read_panel(struct logit_reader *r, int64_t first, int64_t n, float *logit)
{
    size_t bytes = (size_t)n * sizeof *logit;

    if (r->bias)
        vec_add(n, logit, r->bias + first);
    if (r->keep)
        memcpy(r->keep + first, logit, bytes);
    vec_cap(n, logit, r->cap);
    if (r->keep_capped)
        memcpy(r->keep_capped + first, logit, bytes);
    log_sum_add(&r->z, n, logit);
    seek_largest(r, first, n, logit);
    count_greater(r, first, n, logit);
    if (r->base)
        r->difference +=
            weighted_difference(n, r->base->prob + first, run_said(r->base) + first, logit);
}

void read_logits(struct engine *e, int n, const float *norm, struct logit_reader *reader)
{
    const struct matrix *u = &e->model->unembed.w;

    for (int i = 0; i < n; i++)
        for (int k = 0; k < reader[i].n_targets; k++)
            reader[i].rank[k] = 0;
    for (int64_t first = 0; first < u->rows; first += VOCAB_BLOCK) {
        int64_t rows = u->rows - first < VOCAB_BLOCK ? u->rows - first : VOCAB_BLOCK;
        struct matrix panel = matrix_part(u, first, rows);

        engine_multiply(e, n, norm, u->cols, &panel, e->logits, rows);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < n; i++)
            read_panel(&reader[i], first, rows, e->logits + i * rows);
    }
}
