/*
 * Answers: the final norm, the unembedding in batches of rows, and what is read off each row of
 * logits.
 */
#include "engine/answer.h"

#include "base/kernels.h"
#include "engine/logits.h"

#include <math.h>
#include <string.h>

/* KL(base || this) over the vocabulary: sum p (a - b) + log Z_b - log Z_a, with the differences of
   the logits taken first, so that near-equal runs do not cancel. */
static double kl_from(const struct run *base, int64_t n, const float *logit, double log_z)
{
    double sum = log_z - base->log_z + weighted_difference(n, base->prob, base->logits, logit);

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
        a->rank[i] = id < 0 ? -1 : vec_count_greater(vocab, logit, logit[id]);
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
        vec_shift(vocab, logit, log_z, r->prob);
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
    for (int i = 0; v->asks & ASK_LOGITS && i < v->answer->n_targets; i++)
        v->answer->logit[i] = v->answer->target[i] < 0 ? NAN : b->logits[v->answer->target[i]];
    v->answer->rms = b->rms;
}

static bool reads_vocab(const struct variant *v)
{
    return v->into || v->asks & ASK_VOCAB;
}

static bool reads_targets(const struct variant *v)
{
    return v->asks & ASK_LOGITS && !reads_vocab(v);
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

/* Logits of n variants that have the same targets, in as many of them at a time as e->a holds rows
   and e->m columns. */
static void multiply_targets(struct engine *e, int n, struct variant *const *v,
                             const float *const *final)
{
    const struct answer *first = v[0]->answer;
    int d = e->model->shape.d_model, most = e->rows < d ? e->rows : d;

#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < n; i++)
        rms_norm(&e->team, 1, &final[i], d, e->model->final_norm, e->model->shape.rms_eps,
                 e->norm + (int64_t)i * d);
    for (int done = 0; done < first->n_targets; done += most) {
        int targets = first->n_targets - done < most ? first->n_targets - done : most;
        struct matrix u = {e->a, DTYPE_F32, targets, d, 0};

        gather_rows(&e->model->unembed, first->target + done, targets, e->a);
        engine_multiply(e, n, e->norm, d, &u, e->m, targets);
        for (int i = 0; i < n; i++)
            for (int t = 0; t < targets; t++)
                v[i]->answer->logit[done + t] =
                    first->target[done + t] < 0 || !isfinite(v[i]->answer->rms)
                        ? NAN
                        : e->m[(int64_t)i * targets + t];
    }
}

static bool same_targets(const struct variant *a, const struct variant *b)
{
    return reads_targets(b) && a->answer->target == b->answer->target &&
           a->answer->n_targets == b->answer->n_targets;
}

static void answer_targets(struct engine *e, int n, struct variant *const *v,
                           const float *const *final)
{
    for (int i = 0, end; i < n; i = end) {
        end = i + 1;
        if (!reads_targets(v[i]))
            continue;
        while (end < n && same_targets(v[i], v[end]))
            end++;
        multiply_targets(e, end - i, v + i, final + i);
    }
}

void answer_final(struct engine *e, int n, struct variant *const *v, const float *const *final)
{
    const struct shape *s = &e->model->shape;
    int done = 0;

    for (int i = 0; i < n; i++)
        if (v[i]->answer)
            v[i]->answer->rms = final_rms(s, final[i]);
    answer_targets(e, n, v, final);
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
        engine_multiply(e, batch, e->norm, s->d_model, &e->model->unembed, e->logits, s->vocab);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
        for (int i = 0; i < batch; i++)
            answer_row(e, e->batch[i].v, e->batch[i].x, e->logits + (int64_t)i * s->vocab);
    }
}
