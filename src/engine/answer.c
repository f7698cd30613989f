/*
 * Answers: the final norm, the unembedding in batches of rows, and what is read off the logits of a
 * row: log-sum-exp, argmax, ranks, KL. The same code serves final rows and decoded vectors.
 */
#include "base/gemm.h"
#include "base/kernels.h"
#include "engine/lane.h"

#include <math.h>
#include <string.h>

/* sqrt(mean(x^2) + eps): what the final norm divides by. */
static float final_rms(const struct shape *s, const float *x)
{
    return (float)sqrt(mean_square(s->d_model, x) + (double)s->rms_eps);
}

static double log_sum_exp(int64_t n, const float *logit)
{
    float max = vec_max(n, logit);

    return (double)max + log(sum_exp(n, logit, max));
}

static int32_t arg_max(int64_t n, const float *logit)
{
    float max = vec_max(n, logit);

    for (int64_t i = 0; i < n; i++)
        if (logit[i] == max)
            return (int32_t)i;
    return -1; /* not finite */
}

static int32_t rank_of(int64_t n, const float *logit, float own)
{
    int32_t greater = 0;

    for (int64_t i = 0; i < n; i++)
        greater += logit[i] > own;
    return greater;
}

/* KL(base || this) over the vocabulary: sum p (a - b) + log Z_b - log Z_a, with the differences of
   the logits taken first, so that near-equal runs do not cancel. */
static double kl_from(const struct run *base, int64_t n, const float *logit, double log_z)
{
    double sum = log_z - base->log_z;

    for (int64_t i = 0; i < n; i++)
        sum += (double)base->prob[i] * ((double)base->logits[i] - (double)logit[i]);
    return sum < 0 ? 0 : sum; /* rounding; NaN stays NaN */
}

/* `finite`: the residual is; else its norm would make logits of 0 of it. */
static void read_targets(struct answer *a, int64_t vocab, const float *logit, double log_z,
                         bool finite)
{
    for (int i = 0; i < a->n_targets; i++) {
        int32_t id = finite ? a->target[i] : -1;

        a->logit[i] = id < 0 ? NAN : logit[id];
        a->logprob[i] = id < 0 ? NAN : (float)((double)logit[id] - log_z);
        a->rank[i] = id < 0 ? -1 : rank_of(vocab, logit, logit[id]);
    }
}

/* One finished row of logits into the variant's answer and run. */
static void answer_row(const struct engine *e, struct variant *v, const float *x, float *logit)
{
    int64_t vocab = e->model->shape.vocab;
    double log_z = log_sum_exp(vocab, logit);
    float rms = final_rms(&e->model->shape, x);

    if (v->asks & ASK_VOCAB) {
        read_targets(v->answer, vocab, logit, log_z, isfinite(rms));
        v->answer->argmax = isfinite(rms) ? arg_max(vocab, logit) : -1;
        v->answer->kl =
            v->base && isfinite(rms) ? (float)kl_from(v->base, vocab, logit, log_z) : NAN;
    }
    if (v->answer)
        v->answer->rms = rms;
    if (v->into) {
        struct run *r = v->into;

        memcpy(r->logits, logit, (size_t)vocab * sizeof *logit);
        for (int64_t i = 0; i < vocab; i++)
            r->prob[i] = (float)((double)logit[i] - log_z);
        vec_exp(vocab, r->prob);
        r->log_z = log_z;
        r->rms = rms;
        r->argmax = arg_max(vocab, logit);
    }
}

void answer_from_base(const struct engine *e, struct variant *v)
{
    const struct run *b = v->base;

    if (!v->answer)
        return;
    if (v->asks & ASK_VOCAB) {
        read_targets(v->answer, e->model->shape.vocab, b->logits, b->log_z, true);
        v->answer->argmax = b->argmax;
        v->answer->kl = 0;
    }
    v->answer->rms = b->rms;
}

static bool reads_vocab(const struct variant *v)
{
    return v->into || v->asks & ASK_VOCAB;
}

void answer_final(struct engine *e, int n, struct variant *const *v, const float *const *final)
{
    const struct shape *s = &e->model->shape;
    int done = 0;

    for (int i = 0; i < n; i++)
        if (v[i]->answer)
            v[i]->answer->rms = final_rms(s, final[i]);
    while (done < n) {
        int batch = 0;

        for (; done < n && batch < e->logit_rows; done++) {
            if (!reads_vocab(v[done]))
                continue;
            e->batch[batch].v = v[done];
            e->batch[batch].x = final[done];
            e->row[batch++] = final[done]; /* row may be `final`: batch <= done */
        }
        rms_norm(&e->team, batch, e->row, s->d_model, e->model->final_norm, s->rms_eps, e->norm);
        gemm(&e->team, batch, e->norm, s->d_model, &e->model->unembed, e->logits, s->vocab);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < batch; i++)
            answer_row(e, e->batch[i].v, e->batch[i].x, e->logits + (int64_t)i * s->vocab);
    }
}

void engine_logits(struct engine *e, int n, const float *const *x, float *out, float *rms)
{
    const struct shape *s = &e->model->shape;

    for (int done = 0; done < n; done += e->rows) {
        int batch = n - done < e->rows ? n - done : e->rows;

        rms_norm(&e->team, batch, x + done, s->d_model, e->model->final_norm, s->rms_eps, e->norm);
        gemm(&e->team, batch, e->norm, s->d_model, &e->model->unembed,
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
    gemm(&e->team, n, e->norm, d, &u, out, ask->n_ids);
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

        gemm(&e->team, batch, e->norm + first * d, d, &e->model->unembed, e->logits, vocab);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < batch; i++) {
            int64_t at = (int64_t)(done + first + i) * ask->n_ranked;
            const float *logit = e->logits + i * vocab;
            double log_z = log_sum_exp(vocab, logit);

            for (int k = 0; k < ask->n_ranked; k++) {
                int32_t id = ask->id[k];

                ask->logprob[at + k] = id < 0 ? NAN : (float)((double)logit[id] - log_z);
                ask->rank[at + k] = id < 0 ? -1 : rank_of(vocab, logit, logit[id]);
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
    gemm(&e->team, n, e->norm, d, &gram, e->m, d);
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
