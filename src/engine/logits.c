#include "engine/logits.h"

#include "base/kernels.h"

#include <math.h>
#include <string.h>

float final_rms(const struct shape *s, const float *x)
{
    return (float)sqrt(mean_square(s->d_model, x) + (double)s->rms_eps);
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
        struct matrix u = {e->a, DTYPE_F32, ids, d, 0};

        gather_rows(&e->model->unembed, id + done, ids, e->a);
        engine_multiply(e, n, norm, d, &u, out + done, n_ids);
    }
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

        if (r->target[i] < 0)
            continue;
        r->rank[i] += vec_count_greater(n, logit, r->logit[i]);
        if (own >= 0 && own < n)
            r->rank[i] -= logit[own] > r->logit[i];
    }
}

static void read_panel(struct logit_reader *r, int64_t first, int64_t n, const float *logit)
{
    log_sum_add(&r->z, n, logit);
    seek_largest(r, first, n, logit);
    count_greater(r, first, n, logit);
    if (r->base)
        r->difference +=
            weighted_difference(n, r->base->prob + first, r->base->logits + first, logit);
    if (r->keep)
        memcpy(r->keep + first, logit, (size_t)n * sizeof *logit);
}

void read_logits(struct engine *e, int n, const float *norm, struct logit_reader *reader)
{
    const struct matrix *u = &e->model->unembed;

    for (int i = 0; i < n; i++)
        for (int k = 0; k < reader[i].n_targets; k++)
            reader[i].rank[k] = 0;
    for (int64_t first = 0; first < u->rows; first += VOCAB_BLOCK) {
        int64_t rows = u->rows - first < VOCAB_BLOCK ? u->rows - first : VOCAB_BLOCK;
        struct matrix panel = *u;

        panel.data = (const char *)u->data + (size_t)first * matrix_row_bytes(u);
        panel.rows = rows;
        engine_multiply(e, n, norm, u->cols, &panel, e->logits, rows);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < n; i++)
            read_panel(&reader[i], first, rows, e->logits + i * rows);
    }
}
