/*
 * Answers: the final norm, the logits of the targets, and where more is asked those of the whole
 * vocabulary, which pass by in panels.
 */
#include "engine/answer.h"

#include "base/kernels.h"
#include "engine/lens.h"
#include "engine/logits.h"

#include <math.h>
#include <string.h>

static bool reads_vocab(const struct variant *v)
{
    return (v->into && v->into->logits) || v->asks & ASK_LOGPROBS;
}

static bool reads_targets(const struct variant *v)
{
    return v->asks & ASK_TARGETS;
}

/* The base's logit of a target, and if asked its log-probability and rank. */
static void target_from_base(struct variant *v, int i, int64_t vocab)
{
    const struct run *b = v->base;
    struct answer *a = v->answer;
    int32_t id = a->target[i];

    const float *said = run_said(b);

    a->logit[i] = id < 0 ? NAN : b->logits[id];
    if (v->asks & ASK_LOGPROBS)
        a->logprob[i] = id < 0 ? NAN : (float)((double)said[id] - b->log_z);
    if (v->asks & ASK_VOCAB)
        a->rank[i] = id < 0 ? -1 : vec_count_greater(vocab, said, said[id]);
}

void answer_row(const struct engine *e, const struct variant *v, int t, const float *x)
{
    const struct span rows = variant_rows(v);
    int64_t d = e->model->shape.d_model;

    if (v->asks & ASK_ROWS && span_has(rows, t))
        memcpy(v->answer->final + (t - rows.lo) * d, x, (size_t)d * sizeof *x);
}

void answer_rows_from_base(const struct engine *e, const struct variant *v)
{
    const struct shape *s = &e->model->shape;
    const struct span rows = variant_rows(v);

    for (int t = rows.lo; v->asks & ASK_ROWS && v->base && t < rows.hi; t++)
        answer_row(e, v, t, run_row(v->base, s, SITE_RESID, s->n_layers, t));
}

void answer_from_base(const struct engine *e, struct variant *v)
{
    if (!v->answer)
        return;
    if (v->asks & ASK_VOCAB) {
        v->answer->argmax = v->base->argmax;
        v->answer->kl = 0;
    }
    for (int i = 0; reads_targets(v) && i < v->answer->n_targets; i++)
        target_from_base(v, i, e->model->shape.vocab);
    v->answer->rms = v->base->rms;
    answer_rows_from_base(e, v);
}

/* --- targets --- */

/* Logits of n variants that have the same targets, before the cap; norm (n, d). */
static void answer_alike(struct engine *e, int n, struct variant *const *v, const float *norm)
{
    const struct answer *first = v[0]->answer;
    int most = e->model->shape.d_model; /* columns that e->m has for each row */

    for (int done = 0; done < first->n_targets; done += most) {
        int targets = first->n_targets - done < most ? first->n_targets - done : most;

        token_logits(e, n, norm, first->target + done, targets, e->m);
        add_token_bias(e, n, first->target + done, targets, NULL, e->m);
        for (int i = 0; i < n; i++)
            memcpy(v[i]->answer->logit + done, e->m + (int64_t)i * targets,
                   (size_t)targets * sizeof(float));
    }
}

static bool same_targets(const struct variant *a, const struct variant *b)
{
    return reads_targets(b) && a->answer->target == b->answer->target &&
           a->answer->n_targets == b->answer->n_targets;
}

static void answer_targets(struct engine *e, int n, struct variant *const *v)
{
    for (int i = 0, end; i < n; i = end) {
        end = i + 1;
        if (!reads_targets(v[i]))
            continue;
        while (end < n && same_targets(v[i], v[end]))
            end++;
        answer_alike(e, end - i, v + i, e->norm + (int64_t)i * e->model->shape.d_model);
    }
}

/* --- the whole vocabulary --- */

static struct logit_reader reader_of(const struct engine *e, const struct variant *v)
{
    struct logit_reader r = logit_reader();

    r.bias = e->model->unembed.b;
    r.cap = e->model->shape.logit_cap;
    if (v->asks & ASK_VOCAB) {
        r.target = v->answer->target;
        r.logit = v->answer->logit;
        r.n_targets = v->answer->n_targets;
        r.rank = v->answer->rank;
        r.base = v->goes_on ? NULL : v->base;
    }
    if (v->into && v->into->logits) {
        r.keep = v->into->logits;
        r.keep_capped = v->into->capped;
    }
    return r;
}

/* KL(base || this) over the vocabulary: sum p (a - b) + log Z_b - log Z_a, with the differences of
   the logits taken first, so that near-equal runs do not cancel. */
static double kl_of(const struct logit_reader *r, double log_z)
{
    double sum = log_z - r->base->log_z + r->difference;

    return sum < 0 ? 0 : sum; /* rounding; NaN stays NaN */
}

static void end_run(struct run *run, const struct logit_reader *r, int64_t vocab, double log_z,
                    float rms)
{
    vec_shift(vocab, run_said(run), log_z, run->prob);
    vec_exp(vocab, run->prob);
    run->log_z = log_z;
    run->rms = rms;
    run->argmax = r->argmax;
}

/* What a reader has seen, into the variant's answer and run. */
static void end_row(const struct engine *e, struct variant *v, const float *x,
                    const struct logit_reader *r)
{
    double log_z = log_sum(&r->z);
    struct answer *a = v->answer;

    for (int i = 0; v->asks & ASK_LOGPROBS && i < a->n_targets; i++)
        a->logprob[i] = (float)((double)capped(a->logit[i], r->cap) - log_z);
    if (v->asks & ASK_VOCAB) {
        a->argmax = r->argmax;
        a->kl = r->base ? (float)kl_of(r, log_z) : NAN;
    }
    if (v->into && v->into->logits)
        end_run(v->into, r, e->model->shape.vocab, log_z, engine_rms(e->model, x));
}

static void answer_vocab(struct engine *e, int n, struct variant *const *v,
                         const float *const *final, const float *norm)
{
    for (int i = 0; i < n; i++)
        e->reader[i] = reader_of(e, v[i]);
    read_logits(e, n, norm, e->reader);
#pragma omp parallel for num_threads(e->team.threads) schedule(dynamic)
    for (int i = 0; i < n; i++)
        end_row(e, v[i], final[i], &e->reader[i]);
}

/* A residual that is not finite: its norm would make logits of 0 of it. And targets that there are
   not. */
static void blank(struct variant *v)
{
    struct answer *a = v->answer;
    bool finite = isfinite(a->rms);

    for (int i = 0; i < a->n_targets; i++) {
        if (finite && a->target[i] >= 0)
            continue;
        a->logit[i] = NAN;
        if (v->asks & ASK_LOGPROBS)
            a->logprob[i] = NAN;
        if (v->asks & ASK_VOCAB)
            a->rank[i] = -1;
    }
    if (v->asks & ASK_VOCAB && !finite) {
        a->argmax = -1;
        a->kl = NAN;
    }
}

void answer_final(struct engine *e, int n, struct variant *const *v, const float *const *final)
{
    norm_rows(&e->team, n, final, e->model->shape.d_model, &e->model->final_norm, e->norm);
    answer_targets(e, n, v);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && reads_vocab(v[end]) == reads_vocab(v[i]);)
            end++;
        if (reads_vocab(v[i]))
            answer_vocab(e, end - i, v + i, final + i,
                         e->norm + (int64_t)i * e->model->shape.d_model);
    }
    for (int i = 0; i < n; i++) {
        if (v[i]->answer)
            v[i]->answer->rms = engine_rms(e->model, final[i]);
        if (reads_targets(v[i]))
            blank(v[i]);
    }
}
