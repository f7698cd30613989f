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

static void decode_ids(struct engine *e, int n, const struct lens_ask *ask, int done)
{
    float *out = ask->logit + (int64_t)done * ask->n_ids;

    token_logits(e, n, e->norm, ask->id, ask->n_ids, out);
    for (int i = 0; i < ask->n_ids; i++)
        for (int j = 0; ask->id[i] < 0 && j < n; j++)
            out[(int64_t)j * ask->n_ids + i] = NAN;
}

static void decode_ranks(struct engine *e, int n, const struct lens_ask *ask, int done)
{
    for (int i = 0; i < n; i++) {
        struct logit_reader r = logit_reader();

        r.target = ask->id;
        r.logit = ask->logit + (int64_t)(done + i) * ask->n_ids;
        r.n_targets = ask->n_ranked;
        r.rank = ask->rank + (int64_t)(done + i) * ask->n_ranked;
        e->reader[i] = r;
    }
    read_logits(e, n, e->norm, e->reader);
    for (int i = 0; i < n; i++) {
        const struct logit_reader *r = &e->reader[i];
        float *logprob = ask->logprob + (int64_t)(done + i) * ask->n_ranked;
        double log_z = log_sum(&r->z);

        for (int k = 0; k < ask->n_ranked; k++) {
            logprob[k] = (float)((double)r->logit[k] - log_z);
            if (ask->id[k] < 0)
                r->rank[k] = -1;
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

void engine_decode(struct engine *e, int n, const float *const *r, const float *rms,
                   const struct vocab_stats *stats, const struct lens_ask *ask)
{
    for (int done = 0; done < n; done += e->rows) {
        int batch = n - done < e->rows ? n - done : e->rows;

        scale_vectors(e, batch, r + done, rms + done, e->norm);
        decode_ids(e, batch, ask, done);
        if (ask->n_ranked)
            decode_ranks(e, batch, ask, done);
        if (ask->mean)
            decode_stats(e, batch, r + done, rms + done, stats, ask, done);
    }
}
