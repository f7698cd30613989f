#include "base/kernels.h"

#include "base/isa.h"
#include "base/kernels_isa.h"
#include "base/real.h"

/* Below this many elements, waking the other threads costs more than they save. */
enum { WORTH_THREADS = 1 << 14 };

#define X(isa, word) extern const struct kernel_ops kernel_ops_##word;
ISAS(X)
#undef X

static const struct kernel_ops *const copies[] = {ISA_EACH(kernel_ops)};

static const struct kernel_ops *ops(void)
{
    return copies[isa_get()];
}

void norm_rows(struct team *t, int64_t n, const float *const *x, int64_t d, const struct norm *how,
               float *out)
{
    const struct kernel_ops *o = ops();

#pragma omp parallel for schedule(static) num_threads(t->threads) if (n * d > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        o->norm(d, x[i], how, out + i * d);
}

void norm_heads(struct team *t, int64_t n, float *x, int64_t ld, int heads, int64_t dh,
                const struct norm *how)
{
    const struct kernel_ops *o = ops();

    if (!how->w)
        return;
#pragma omp parallel for schedule(static) \
    num_threads(t->threads) if (n * heads * dh > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        for (int h = 0; h < heads; h++)
            o->norm(dh, x + i * ld + h * dh, how, x + i * ld + h * dh);
}

float norm_divisor(int64_t d, const float *x, const struct norm *how)
{
    return ops()->norm_divisor(d, x, how);
}

double vec_mean(int64_t n, const float *x)
{
    return ops()->mean(n, x);
}

void add_bias(struct team *t, int64_t n, int64_t width, const float *b, float *x)
{
    const struct kernel_ops *o = ops();

#pragma omp parallel for schedule(static) num_threads(t->threads) if (n * width > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        if (b)
            o->add(width, x + i * width, b);
}

void vec_cap(int64_t n, float *x, float cap)
{
    if (cap != 0)
        ops()->cap(n, x, cap);
}

void rope(struct team *t, int64_t n, float *x, int64_t ld, int heads, int dh, const int32_t *pos,
          const struct rope_table *table)
{
    const struct kernel_ops *o = ops();

#pragma omp parallel for schedule(static) \
    num_threads(t->threads) if (n * heads * dh > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        for (int h = 0; h < heads; h++)
            o->rope(table, pos[i], x + i * ld + h * dh);
}

void softmax(int64_t n, float *p, float scale, float cap)
{
    ops()->softmax(n, p, scale, cap);
}

void activate(struct team *t, int64_t n, int64_t f, enum activation which, float *gate,
              const float *up)
{
    const struct kernel_ops *o = ops();

#pragma omp parallel for schedule(static) num_threads(t->threads) if (n * f > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        o->activate(f, which, gate + i * f, up ? up + i * f : NULL);
}

void vec_exp(int64_t n, float *x)
{
    ops()->exp(n, x);
}

void vec_tanh(int64_t n, float *x)
{
    ops()->tanh(n, x);
}

void vec_erf(int64_t n, float *x)
{
    ops()->erf(n, x);
}

void vec_add(int64_t n, float *y, const float *x)
{
    ops()->add(n, y, x);
}

void vec_shift(int64_t n, const float *x, double by, float *out)
{
    ops()->shift(n, x, by, out);
}

float vec_max(int64_t n, const float *x)
{
    return ops()->max(n, x);
}

int64_t vec_find(int64_t n, const float *x, float value)
{
    return ops()->find(n, x, value);
}

int32_t vec_count_greater(int64_t n, const float *x, float value)
{
    return ops()->count_greater(n, x, value);
}

float vec_dot(int64_t n, const float *x, const float *y)
{
    return ops()->dot(n, x, y);
}

double vec_entropy(int64_t n, const float *p)
{
    return ops()->entropy(n, p);
}

double sum_exp(int64_t n, const float *x, float shift)
{
    return ops()->sum_exp(n, x, shift);
}

void log_sum_add(struct log_sum *s, int64_t n, const float *x)
{
    float shift = vec_max(n, x);
    double sum = sum_exp(n, x, shift), max = (double)shift;

    if (max <= s->max) {
        s->sum += sum * real_exp(max - s->max);
    } else {
        s->sum = s->sum > 0 ? s->sum * real_exp(s->max - max) + sum : sum;
        s->max = max;
    }
}

double log_sum(const struct log_sum *s)
{
    return s->max + real_log(s->sum);
}

double weighted_difference(int64_t n, const float *p, const float *x, const float *y)
{
    return ops()->weighted_difference(n, p, x, y);
}

void weighted_sums(int64_t n, const double *w, int64_t width, const double *x, int64_t ldx,
                   double *out)
{
    ops()->weighted_sums(n, w, width, x, ldx, out);
}

void key_scores(const struct key_rows *keys, int lo, int hi, int64_t dh, const float *q,
                float *score)
{
    ops()->key_scores(keys, lo, hi, dh, q, score);
}

void key_values(const struct key_rows *values, int lo, int hi, int64_t dh, const float *p, float *z)
{
    ops()->key_values(values, lo, hi, dh, p, z);
}
