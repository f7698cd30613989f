#include "engine/lens.h"

#include "base/kernels.h"
#include "engine/logits.h"

#include <math.h>
#include <string.h>

float engine_rms(const struct model *m, const float *x)
{
    return norm_divisor(m->shape.d_model, x, &m->final_norm);
}

void engine_logits(struct engine *e, int n, const float *const *x, float *out)
{
    const struct shape *s = &e->model->shape;

    for (int done = 0; done < n; done += e->rows) {
        int batch = n - done < e->rows ? n - done : e->rows;

        norm_rows(&e->team, batch, x + done, s->d_model, &e->model->final_norm, e->norm);
        engine_linear(e, batch, e->norm, &e->model->unembed, out + (int64_t)done * s->vocab);
    }
    for (int i = 0; i < n; i++)
        vec_cap(s->vocab, out + (int64_t)i * s->vocab, s->logit_cap);
}

/* (w + plus) * (r, centred if the norm does that) / divisor: what is linear in a norm. */
static void scale_vector(const struct norm *norm, int64_t d, const float *r, float divisor,
                         float *out)
{
    double mean = norm->centred ? vec_mean(d, r) : 0;

    for (int64_t j = 0; j < d; j++)
        out[j] = (norm->w[j] + norm->plus) * ((float)((double)r[j] - mean) / divisor);
}

void engine_share_norm(const struct model *m, const struct run *run, int l, int tok, int n,
                       float *a)
{
    const struct norm *norm = &m->layers[l].attn_post;
    int64_t d = m->shape.d_model;

    for (int i = 0; norm->w && i < n; i++)
        scale_vector(norm, d, a + i * d, *run_post(run, l, tok, 0), a + i * d);
}

void engine_share(struct engine *e, const struct run *run, int l, int n, const float *z, float *out)
{
    const struct matrix *o = &e->model->layers[l].o.w;

    engine_multiply(e, n, z, o->cols, o, out, o->rows);
    engine_share_norm(e->model, run, l, run->n - 1, n, out);
}

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

void engine_attn(struct engine *e, int l, int n, const float *z, float *out)
{
    const struct layer *layer = &e->model->layers[l];
    int64_t d = e->model->shape.d_model;

    engine_linear(e, n, z, &layer->o, out);
    norm_heads(&e->team, n, out, d, 1, d, &layer->attn_post);
}

void engine_share_bias(const struct model *m, const struct run *run, int l, float *out)
{
    const struct layer *layer = &m->layers[l];
    size_t d = (size_t)m->shape.d_model;

    memset(out, 0, d * sizeof *out);
    if (layer->o.b)
        memcpy(out, layer->o.b, d * sizeof *out);
    if (layer->attn_post.w)
        engine_share_norm(m, run, l, run->n - 1, 1, out);
    if (layer->attn_post.b)
        vec_add(m->shape.d_model, out, layer->attn_post.b);
}

/* The vectors of a batch as the unembedding takes them, packed. */
static void scale_vectors(struct engine *e, int n, const float *const *r, const float *rms,
                          const bool *whole, float *out)
{
    const struct norm *norm = &e->model->final_norm;
    int64_t d = e->model->shape.d_model;

#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < n; i++) {
        scale_vector(norm, d, r[i], rms[i], out + i * d);
        if (norm->b && whole && whole[i])
            vec_add(d, out + i * d, norm->b);
    }
}

static void decode_ids(struct engine *e, int n, const struct lens_ask *ask, int done)
{
    float *out = ask->logit + (int64_t)done * ask->n_ids;

    token_logits(e, n, e->norm, ask->id, ask->n_ids, out);
    if (ask->whole)
        add_token_bias(e, n, ask->id, ask->n_ids, ask->whole + done, out);
    for (int i = 0; i < ask->n_ids; i++)
        for (int j = 0; ask->id[i] < 0 && j < n; j++)
            out[(int64_t)j * ask->n_ids + i] = NAN;
}

static void decode_ranks(struct engine *e, int n, const struct lens_ask *ask, int done)
{
    for (int i = 0; i < n; i++) {
        struct logit_reader r = logit_reader();

        r.bias = ask->whole && ask->whole[done + i] ? e->model->unembed.b : NULL;
        r.cap = e->model->shape.logit_cap;
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
            logprob[k] = (float)((double)capped(r->logit[k], r->cap) - log_z);
            if (ask->id[k] < 0)
                r->rank[k] = -1;
        }
    }
}

/* mean . r and sqrt(r^T G r) for each vector, r centred if the final norm does that: G r by GEMM
   (G is symmetric), the rest in double. The biases of a whole residual stream add their own. */
static void decode_stats(struct engine *e, int n, const float *const *r, const float *rms,
                         const struct vocab_stats *stats, const struct lens_ask *ask, int done)
{
    int64_t d = stats->d;
    struct matrix gram = matrix_f32(stats->gram, d, d);

    for (int i = 0; i < n; i++) {
        double centre = e->model->final_norm.centred ? vec_mean(d, r[i]) : 0;

        for (int64_t j = 0; j < d; j++)
            e->norm[i * d + j] = (float)((double)r[i][j] - centre) / rms[i];
    }
    engine_multiply(e, n, e->norm, d, &gram, e->m, d);
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < n; i++) {
        bool biased = ask->whole && ask->whole[done + i];
        double mean = biased ? stats->bias_mean : 0, var = biased ? stats->bias_var : 0;

        for (int64_t j = 0; j < d; j++) {
            double x = (double)e->norm[i * d + j];

            mean += x * (double)stats->mean[j];
            var += x * (double)e->m[i * d + j];
            if (biased)
                var += 2 * x * (double)stats->bias[j];
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

        scale_vectors(e, batch, r + done, rms + done, ask->whole ? ask->whole + done : NULL,
                      e->norm);
        decode_ids(e, batch, ask, done);
        if (ask->n_ranked)
            decode_ranks(e, batch, ask, done);
        if (ask->mean)
            decode_stats(e, batch, r + done, rms + done, stats, ask, done);
    }
}

void engine_decode_vocab(struct engine *e, int n, const float *const *r, const float *rms,
                         const bool *whole, float *out)
{
    scale_vectors(e, n, r, rms, whole, e->norm);
    for (int i = 0; i < n; i++) {
        e->reader[i] = logit_reader();
        e->reader[i].bias = whole && whole[i] ? e->model->unembed.b : NULL;
        e->reader[i].keep = out + (int64_t)i * e->model->shape.vocab;
    }
    read_logits(e, n, e->norm, e->reader);
}
