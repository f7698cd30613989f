/*
 * Mean and spread of a decoded vector's logits over the whole vocabulary, for d^2 instead of V d:
 * with u_i the rows of U scaled by w_final, the logits of r are u_i . r, so
 *     mean = (mean of u) . r,    var = r^T C r,    C = sum_i (u_i - mean)(u_i - mean)^T / V.
 */
#include "engine/vocab_stats.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/product/product.h"

#include <string.h>

enum { BLOCK = 256 }; /* vocabulary rows at a time: products in float32, their sum in double */

/* u_i. */
static void scaled_row(const struct model *m, int64_t i, float *row)
{
    matrix_rows(&m->unembed.w, i, 1, row);
    for (int j = 0; j < m->shape.d_model; j++)
        row[j] *= m->final_norm.w[j] + m->final_norm.plus;
}

static void mean_row(double *mean, const struct model *m, float *row)
{
    int64_t d = m->shape.d_model, vocab = m->shape.vocab;

    for (int64_t i = 0; i < vocab; i++) {
        scaled_row(m, i, row);
        for (int64_t j = 0; j < d; j++)
            mean[j] += (double)row[j];
    }
    for (int64_t j = 0; j < d; j++)
        mean[j] /= (double)vocab;
}

/* The logit that the biases alone give token i. */
static double bias_logit(const struct model *m, int64_t i, float *row)
{
    double sum = m->unembed.b ? (double)m->unembed.b[i] : 0;

    if (!m->final_norm.b)
        return sum;
    matrix_rows(&m->unembed.w, i, 1, row);
    return sum + (double)vec_dot(m->shape.d_model, row, m->final_norm.b);
}

/* Mean and variance of the biases' logits, and their covariance with each element of u. cov (d) */
static void bias_moments(struct vocab_stats *s, const struct model *m, float *row, double *cov)
{
    int64_t d = m->shape.d_model, vocab = m->shape.vocab;

    for (int64_t i = 0; i < vocab; i++)
        s->bias_mean += bias_logit(m, i, row) / (double)vocab;
    for (int64_t i = 0; i < vocab; i++) {
        double off = bias_logit(m, i, row) - s->bias_mean;

        s->bias_var += off * off / (double)vocab;
        scaled_row(m, i, row);
        for (int64_t j = 0; j < d; j++)
            cov[j] += off * ((double)row[j] - (double)s->mean[j]);
    }
    for (int64_t j = 0; j < d; j++)
        s->bias[j] = (float)(cov[j] / (double)vocab);
}

/* (d, n) transposed block of centred rows: its Gram matrix is one GEMM of the block with itself. */
static void centred_block(const struct model *m, const float *mean, int64_t first, int64_t n,
                          float *row, float *out)
{
    int64_t d = m->shape.d_model;

    for (int64_t i = 0; i < n; i++) {
        scaled_row(m, first + i, row);
        for (int64_t j = 0; j < d; j++)
            out[j * n + i] = row[j] - mean[j];
    }
}

int vocab_stats_compute(struct vocab_stats *s, struct engine *e, struct arena *a, struct err *err)
{
    const struct model *m = e->model;
    int64_t d = m->shape.d_model, vocab = m->shape.vocab;
    size_t dd = (size_t)(d * d);
    struct arena tmp = {0};
    double *sum = arena_alloc(&tmp, dd, sizeof *sum, err);
    double *mean = arena_alloc(&tmp, (size_t)d, sizeof *mean, err);
    double *cov = arena_alloc(&tmp, (size_t)d, sizeof *cov, err);
    float *row = arena_alloc(&tmp, (size_t)d, sizeof *row, err);
    float *block = arena_alloc(&tmp, (size_t)d * BLOCK, sizeof *block, err);
    float *part = arena_alloc(&tmp, dd, sizeof *part, err);

    s->mean = arena_alloc(a, (size_t)d, sizeof *s->mean, err);
    s->gram = arena_alloc(a, dd, sizeof *s->gram, err);
    s->bias = arena_alloc(a, (size_t)d, sizeof *s->bias, err);
    if (!sum || !mean || !cov || !row || !block || !part || !s->mean || !s->gram || !s->bias)
        goto out;
    mean_row(mean, m, row);
    for (int64_t j = 0; j < d; j++)
        s->mean[j] = (float)mean[j];
    for (int64_t first = 0; first < vocab; first += BLOCK) {
        int64_t n = vocab - first < BLOCK ? vocab - first : BLOCK;
        struct matrix b = matrix_f32(block, d, n);

        centred_block(m, s->mean, first, n, row, block);
        product(&e->team, d, block, n, &b, part, d);
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
        for (int64_t i = 0; i < d * d; i++)
            sum[i] += (double)part[i];
    }
    for (size_t i = 0; i < dd; i++)
        s->gram[i] = (float)(sum[i] / (double)vocab);
    if (m->shape.has_bias)
        bias_moments(s, m, row, cov);
    s->d = (int)d;
out:
    arena_release(&tmp);
    return s->d ? 0 : err->code;
}

static const char MAGIC[8] = "LSVOCAB2";

static int put_header(struct buf *b, const struct model *m, struct err *err)
{
    int d = m->shape.d_model;

    return buf_put(b, MAGIC, sizeof MAGIC, err) || buf_hash(b, m->fingerprint, err) ||
           buf_u32(b, (uint32_t)d, err);
}

int vocab_stats_save(const struct vocab_stats *s, const struct model *m, const char *path,
                     struct err *err)
{
    size_t d = (size_t)s->d;
    struct buf b = {0};
    int code;

    code = put_header(&b, m, err) || buf_put(&b, s->mean, d * sizeof(float), err) ||
           buf_put(&b, s->gram, d * d * sizeof(float), err) ||
           buf_put(&b, s->bias, d * sizeof(float), err) ||
           buf_put(&b, &s->bias_mean, sizeof(double), err) ||
           buf_put(&b, &s->bias_var, sizeof(double), err) ||
           buf_u64(&b, hash_u64(b.data, b.len), err) || file_replace(path, b.data, b.len, err);
    buf_release(&b);
    return err_if(err, code);
}

/* n bytes from *at on, which goes on to what follows. */
static void take_bytes(const unsigned char **at, void *out, size_t n)
{
    memcpy(out, *at, n);
    *at += n;
}

static int take_stats(struct vocab_stats *s, const unsigned char *at, size_t d, struct arena *a,
                      struct err *err)
{
    s->mean = arena_alloc(a, d, sizeof(float), err);
    s->gram = arena_alloc(a, d * d, sizeof(float), err);
    s->bias = arena_alloc(a, d, sizeof(float), err);
    if (!s->mean || !s->gram || !s->bias)
        return err->code;
    take_bytes(&at, s->mean, d * sizeof(float));
    take_bytes(&at, s->gram, d * d * sizeof(float));
    take_bytes(&at, s->bias, d * sizeof(float));
    take_bytes(&at, &s->bias_mean, sizeof(double));
    take_bytes(&at, &s->bias_var, sizeof(double));
    s->d = (int)d;
    return 0;
}

int vocab_stats_load(struct vocab_stats *s, const struct model *m, const char *path,
                     struct arena *a, struct err *err)
{
    size_t d = (size_t)m->shape.d_model, head;
    size_t body = (2 * d + d * d) * sizeof(float) + 2 * sizeof(double);
    struct mapping have = {0};
    struct buf want = {0};
    struct cursor tail;
    int code = 0;

    s->d = 0;
    if (!file_exists(path))
        return 0;
    if (put_header(&want, m, err) || file_map(&have, path, err)) {
        code = err->code;
        goto out;
    }
    head = want.len;
    tail = (struct cursor){have.data, have.size, head + body, 0};
    if (have.size != head + body + 8 || memcmp(have.data, want.data, head) != 0 ||
        cursor_u64(&tail) != hash_u64(have.data, head + body))
        goto out; /* another model's, or torn: it is made anew */
    code = take_stats(s, have.data + head, d, a, err);
out:
    buf_release(&want);
    file_unmap(&have);
    return code;
}
