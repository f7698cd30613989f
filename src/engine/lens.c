#include "engine/lens.h"

#include "base/kernels.h"
#include "engine/logits.h"

#include <math.h>

void engine_logits(struct engine *e, int n, const float *const *x, float *out, float *rms)
{
    const struct shape *s = &e->model->shape;

    for (int done = 0; done < n; done += e->rows) {
        int batch = n - done < e->rows ? n - done : e->rows;

        rms_norm(&e->team, batch, x + done, s->d_model, e->model->final_norm, s->rms_eps, e->norm);
        engine_multiply(e, batch, e->norm, s->d_model, &e->model->unembed,
                        out + (int64_t)done * s->vocab, s->vocab);
    }
    for (int i = 0; rms && i < n; i++)
        rms[i] = final_rms(s, x[i]);
}

/* w_final * r / rms of a batch of vectors, packed. */
static void scale_vectors(struct engine *e, int n, const float *const *r, const float *rms,
                          float *out)
{
    int64_t d = e->model->shape.d_model;

#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            out[i * d + j] = e->model->final_norm[j] * (r[i][j] / rms[i]);
}

static int decode_ids(struct engine *e, int n, const struct lens_ask *ask, int done,
                      struct err *err)
{
    int64_t d = e->model->shape.d_model;
    float *rows = mem_alloc((size_t)ask->n_ids * (size_t)d, sizeof *rows, err);
    struct matrix u = {rows, DTYPE_F32, ask->n_ids, d, 0};
    float *out = ask->logit + (int64_t)done * ask->n_ids;

    if (!rows)
        return err->code;
    for (int i = 0; i < ask->n_ids; i++)
        if (ask->id[i] >= 0)
            matrix_rows(&e->model->unembed, ask->id[i], 1, rows + i * d);
    engine_multiply(e, n, e->norm, d, &u, out, ask->n_ids);
    for (int i = 0; i < ask->n_ids; i++)
        for (int j = 0; ask->id[i] < 0 && j < n; j++)
            out[(int64_t)j * ask->n_ids + i] = NAN;
    mem_free(rows);
    return 0;
}

static void decode_ranks(struct engine *e, int n, const struct lens_ask *ask, int done)
{
    int64_t d = e->model->shape.d_model, vocab = e->model->shape.vocab;

    for (int first = 0; first < n; first += e->logit_rows) {
        int batch = n - first < e->logit_rows ? n - first : e->logit_rows;

        engine_multiply(e, batch, e->norm + first * d, d, &e->model->unembed, e->logits, vocab);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < batch; i++) {
            int64_t at = (int64_t)(done + first + i) * ask->n_ranked;
            const float *logit = e->logits + i * vocab;
            double log_z = log_sum_exp(vocab, logit);

            for (int k = 0; k < ask->n_ranked; k++) {
                int32_t id = ask->id[k];

                ask->logprob[at + k] = id < 0 ? NAN : (float)((double)logit[id] - log_z);
                ask->rank[at + k] = id < 0 ? -1 : vec_count_greater(vocab, logit, logit[id]);
            }
        }
    }
}

/* mean . r and sqrt(r^T G r) for each vector: G r by GEMM (G is symmetric), the rest in double. */
static void decode_stats(struct engine *e, int n, const float *const *r, const float *rms,
                         const struct vocab_stats *stats, const struct lens_ask *ask, int done)
{
    int64_t d = stats->d;
    struct matrix gram = {stats->gram, DTYPE_F32, d, d, 0};

    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            e->norm[i * d + j] = r[i][j] / rms[i];
    engine_multiply(e, n, e->norm, d, &gram, e->m, d);
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < n; i++) {
        double mean = 0, var = 0;

        for (int64_t j = 0; j < d; j++) {
            mean += (double)e->norm[i * d + j] * (double)stats->mean[j];
            var += (double)e->norm[i * d + j] * (double)e->m[i * d + j];
        }
        ask->mean[done + i] = (float)mean;
        ask->std[done + i] = (float)sqrt(var < 0 ? 0 : var);
    }
}

int engine_decode(struct engine *e, int n, const float *const *r, const float *rms,
                  const struct vocab_stats *stats, const struct lens_ask *ask, struct err *err)
{
    for (int done = 0; done < n; done += e->rows) {
        int batch = n - done < e->rows ? n - done : e->rows;

        scale_vectors(e, batch, r + done, rms + done, e->norm);
        if (decode_ids(e, batch, ask, done, err))
            return err->code;
        if (ask->n_ranked)
            decode_ranks(e, batch, ask, done);
        if (ask->mean)
            decode_stats(e, batch, r + done, rms + done, stats, ask, done);
    }
    return 0;
}
