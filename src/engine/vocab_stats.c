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
#include "base/writer.h"

#include <string.h>

/* The rows of a matrix of the vocabulary: u_i, or those of the embedding. */
struct vocab_rows {
    const struct model *m;
    bool embed;
    float *mean; /* (d) of all of them */
};

static void side_row(const struct vocab_rows *s, int64_t i, float *row)
{
    const struct norm *norm = &s->m->final_norm;

    matrix_rows(s->embed ? &s->m->embed : &s->m->unembed.w, i, 1, row);
    for (int j = 0; !s->embed && j < s->m->shape.d_model; j++)
        row[j] *= norm->w[j] + norm->plus;
}

/* mean (d) zeros: scratch */
static void mean_row(const struct vocab_rows *s, double *mean, float *row)
{
    int64_t d = s->m->shape.d_model, vocab = s->m->shape.vocab;

    for (int64_t i = 0; i < vocab; i++) {
        side_row(s, i, row);
        for (int64_t j = 0; j < d; j++)
            mean[j] += (double)row[j];
    }
    for (int64_t j = 0; j < d; j++)
        s->mean[j] = (float)(mean[j] / (double)vocab);
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
static void bias_moments(struct vocab_stats *s, const struct vocab_rows *u, float *row, double *cov)
{
    const struct model *m = u->m;
    int64_t d = m->shape.d_model, vocab = m->shape.vocab;

    for (int64_t i = 0; i < vocab; i++)
        s->bias_mean += bias_logit(m, i, row) / (double)vocab;
    for (int64_t i = 0; i < vocab; i++) {
        double off = bias_logit(m, i, row) - s->bias_mean;

        s->bias_var += off * off / (double)vocab;
        side_row(u, i, row);
        for (int64_t j = 0; j < d; j++)
            cov[j] += off * ((double)row[j] - (double)s->mean[j]);
    }
    for (int64_t j = 0; j < d; j++)
        s->bias[j] = (float)(cov[j] / (double)vocab);
}

/* (d, n) transposed block of centred rows: a block of a covariance is one GEMM of two of them. */
static void centred_block(const struct vocab_rows *s, int64_t first, int64_t n, float *row,
                          float *out)
{
    int64_t d = s->m->shape.d_model;

    for (int64_t i = 0; i < n; i++) {
        side_row(s, first + i, row);
        for (int64_t j = 0; j < d; j++)
            out[j * n + i] = row[j] - s->mean[j];
    }
}

/* Scratch. */
struct room {
    double *sum;         /* (d, d) */
    float *row;          /* (d) */
    float *a, *b, *part; /* (d, VOCAB_ROWS) twice, (d, d) */
};

/* out (d, d) */
static void covariance(struct engine *e, const struct vocab_rows *a, const struct vocab_rows *b,
                       struct room *r, float *out)
{
    int64_t d = e->model->shape.d_model, vocab = e->model->shape.vocab;

    memset(r->sum, 0, (size_t)(d * d) * sizeof *r->sum);
    for (int64_t first = 0; first < vocab; first += VOCAB_ROWS) {
        int64_t n = vocab - first < VOCAB_ROWS ? vocab - first : VOCAB_ROWS;
        struct matrix right = matrix_f32(a == b ? r->a : r->b, d, n);

        centred_block(a, first, n, r->row, r->a);
        if (a != b)
            centred_block(b, first, n, r->row, r->b);
        product(&e->team, d, r->a, n, &right, r->part, d);
#pragma omp parallel for num_threads(e->team.threads) schedule(static)
        for (int64_t i = 0; i < d * d; i++)
            r->sum[i] += (double)r->part[i];
    }
    for (int64_t i = 0; i < d * d; i++)
        out[i] = (float)(r->sum[i] / (double)vocab);
}

static int room_alloc(struct room *r, size_t d, struct arena *a, struct err *err)
{
    r->sum = arena_alloc(a, d * d, sizeof *r->sum, err);
    r->row = arena_alloc(a, d, sizeof *r->row, err);
    r->a = arena_alloc(a, d * VOCAB_ROWS, sizeof *r->a, err);
    r->b = arena_alloc(a, d * VOCAB_ROWS, sizeof *r->b, err);
    r->part = arena_alloc(a, d * d, sizeof *r->part, err);
    return r->sum && r->row && r->a && r->b && r->part ? 0 : err->code;
}

static int stats_alloc(struct vocab_stats *s, size_t d, struct arena *a, struct err *err)
{
    s->mean = arena_alloc(a, d, sizeof *s->mean, err);
    s->gram = arena_alloc(a, d * d, sizeof *s->gram, err);
    s->bias = arena_alloc(a, d, sizeof *s->bias, err);
    if (!s->mean || !s->gram || !s->bias)
        return err->code;
    if (s->embeds && (!(s->embed = arena_alloc(a, d * d, sizeof *s->embed, err)) ||
                      !(s->cross = arena_alloc(a, d * d, sizeof *s->cross, err))))
        return err->code;
    return 0;
}

double vocab_stats_flops(const struct model *m, bool embeds)
{
    double d = m->shape.d_model;

    return (embeds ? 3 : 1) * 2 * d * d * (double)m->shape.vocab;
}

int vocab_stats_compute(struct vocab_stats *s, struct engine *e, struct arena *a, struct err *err)
{
    size_t d = (size_t)e->model->shape.d_model;
    struct arena tmp = {0};
    struct vocab_rows u = {.m = e->model}, embed = {.m = e->model, .embed = true};
    struct room r;
    double *sums = arena_alloc(&tmp, 3 * d, sizeof *sums, err);

    embed.mean = arena_alloc(&tmp, d, sizeof *embed.mean, err);
    if (!sums || !embed.mean || room_alloc(&r, d, &tmp, err) || stats_alloc(s, d, a, err))
        goto out;
    u.mean = s->mean;
    mean_row(&u, sums, r.row);
    covariance(e, &u, &u, &r, s->gram);
    if (s->embeds) {
        mean_row(&embed, sums + d, r.row);
        covariance(e, &embed, &embed, &r, s->embed);
        covariance(e, &embed, &u, &r, s->cross);
    }
    if (e->model->shape.has_bias)
        bias_moments(s, &u, r.row, sums + 2 * d);
    s->d = (int)d;
out:
    arena_release(&tmp);
    return s->d ? 0 : err->code;
}

static const char MAGIC[8] = "LSVOCAB3";

static int put_header(struct buf *b, const struct model *m, bool embeds, struct err *err)
{
    int d = m->shape.d_model;

    return buf_put(b, MAGIC, sizeof MAGIC, err) || buf_hash(b, m->fingerprint, err) ||
           buf_u32(b, (uint32_t)d, err) || buf_u32(b, embeds, err);
}

int vocab_stats_save(const struct vocab_stats *s, const struct model *m, const char *path,
                     struct err *err)
{
    size_t d = (size_t)s->d;
    struct buf b = {0};
    int code;

    code = put_header(&b, m, s->embeds, err) || buf_put(&b, s->mean, d * sizeof(float), err) ||
           buf_put(&b, s->gram, d * d * sizeof(float), err) ||
           buf_put(&b, s->bias, d * sizeof(float), err) ||
           buf_put(&b, &s->bias_mean, sizeof(double), err) ||
           buf_put(&b, &s->bias_var, sizeof(double), err) ||
           (s->embeds && (buf_put(&b, s->embed, d * d * sizeof(float), err) ||
                          buf_put(&b, s->cross, d * d * sizeof(float), err))) ||
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
    if (stats_alloc(s, d, a, err))
        return err->code;
    take_bytes(&at, s->mean, d * sizeof(float));
    take_bytes(&at, s->gram, d * d * sizeof(float));
    take_bytes(&at, s->bias, d * sizeof(float));
    take_bytes(&at, &s->bias_mean, sizeof(double));
    take_bytes(&at, &s->bias_var, sizeof(double));
    if (s->embeds) {
        take_bytes(&at, s->embed, d * d * sizeof(float));
        take_bytes(&at, s->cross, d * d * sizeof(float));
    }
    s->d = (int)d;
    return 0;
}

int vocab_stats_load(struct vocab_stats *s, const struct model *m, const char *path,
                     struct arena *a, struct err *err)
{
    size_t d = (size_t)m->shape.d_model, head;
    size_t squares = s->embeds ? 3 : 1;
    size_t body = (2 * d + squares * d * d) * sizeof(float) + 2 * sizeof(double);
    struct mapping have = {0};
    struct buf want = {0};
    struct cursor tail;
    int code = 0;

    s->d = 0;
    if (!file_exists(path))
        return 0;
    if (put_header(&want, m, s->embeds, err) || file_map(&have, path, err)) {
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
