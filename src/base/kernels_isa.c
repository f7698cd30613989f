/*
 * The kernels, compiled once for each instruction set (isa.h). Sums run in 16 lanes, element i in
 * lane i % 16, which are added in the tree of v16.h; what is fused is fused by name. So all copies
 * give the same bits. Plain loops here are element by element: the compiler makes vectors of them.
 */
#include "base/kernels_isa.h"

#include "base/isa.h"
#include "base/real_log.h"
#include "base/v16_math.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The n elements at p + i, all sixteen or what is left of them, and `fill` beyond. */
V16_INLINE v16 load_at(const float *p, int64_t i, int64_t n, float fill)
{
    return i + LANES <= n ? v16_load(p + i) : v16_load_n(p + i, n - i, fill);
}

V16_INLINE void store_at(float *p, int64_t i, int64_t n, v16 x)
{
    if (i + LANES <= n)
        v16_store(p + i, x);
    else
        v16_store_n(p + i, n - i, x);
}

#define MAP(name, function)                                   \
    static void name(int64_t n, float *x)                     \
    {                                                         \
        for (int64_t i = 0; i < n; i += LANES)                \
            store_at(x, i, n, function(load_at(x, i, n, 0))); \
    }
MAP(map_exp, v16_exp)
MAP(map_tanh, v16_tanh)
MAP(map_erf, v16_erf)

static void add(int64_t n, float *restrict y, const float *restrict x)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void shift(int64_t n, const float *restrict x, double by, float *restrict out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)((double)x[i] - by);
}

static float max(int64_t n, const float *x)
{
    v16 most = v16_set(-HUGE_VALF);

    for (int64_t i = 0; i < n; i += LANES)
        most = v16_max(load_at(x, i, n, -HUGE_VALF), most);
    return v16_largest(most);
}

/* Whole blocks first, which the compiler can compare at once. */
static int64_t find(int64_t n, const float *x, float value)
{
    enum { BLOCK = 256 };

    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t end = i + BLOCK < n ? i + BLOCK : n;
        int any = 0;

        for (int64_t j = i; j < end; j++)
            any |= x[j] == value;
        for (int64_t j = i; any && j < end; j++)
            if (x[j] == value)
                return j;
    }
    return -1;
}

static int32_t count_greater(int64_t n, const float *x, float value)
{
    int32_t count = 0;

    for (int64_t i = 0; i < n; i++)
        count += x[i] > value;
    return count;
}

static float dot(int64_t n, const float *x, const float *y)
{
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES)
        sum = w16_fma(load_at(x, i, n, 0), load_at(y, i, n, 0), sum);
    return (float)w16_sum(sum);
}

static double mean_square_row(int64_t n, const float *x)
{
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES) {
        v16 a = load_at(x, i, n, 0);

        sum = w16_fma(a, a, sum);
    }
    return w16_sum(sum) / (double)n;
}

static double mean(int64_t n, const float *x)
{
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES)
        sum = w16_add(sum, load_at(x, i, n, 0));
    return w16_sum(sum) / (double)n;
}

static double sum_exp_row(int64_t n, const float *x, float shift_by)
{
    w16 sum = w16_zero();
    v16 by = v16_set(shift_by);

    for (int64_t i = 0; i < n; i += LANES)
        sum = w16_add(sum, v16_exp(v16_sub(load_at(x, i, n, -HUGE_VALF), by)));
    return w16_sum(sum);
}

static double weighted_difference_row(int64_t n, const float *p, const float *x, const float *y)
{
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES)
        sum =
            w16_fma_difference(load_at(p, i, n, 0), load_at(x, i, n, 0), load_at(y, i, n, 0), sum);
    return w16_sum(sum);
}

/* out = (w + plus) * (x * scale), plus b if there is one; x may be out. */
static void scale_row(int64_t d, const float *x, const struct norm *how, float scale, float *out)
{
    v16 by = v16_set(scale), plus = v16_set(how->plus);

    for (int64_t i = 0; i < d; i += LANES) {
        v16 w = v16_add(load_at(how->w, i, d, 0), plus), y = v16_mul(load_at(x, i, d, 0), by);

        y = how->b ? v16_fma(w, y, load_at(how->b, i, d, 0)) : v16_mul(w, y);
        store_at(out, i, d, y);
    }
}

/* x less its mean; x may be out. */
static void centre(int64_t d, const float *x, float *out)
{
    double by = mean(d, x);

    for (int64_t i = 0; i < d; i++)
        out[i] = (float)((double)x[i] - by);
}

/* In double precision: the square of a large row has no room in a float. */
static float norm_scale(int64_t d, const float *x, const struct norm *how)
{
    return (float)(1 / sqrt(mean_square_row(d, x) + (double)how->eps));
}

static void norm(int64_t d, const float *x, const struct norm *how, float *out)
{
    if (!how->w) {
        memmove(out, x, (size_t)d * sizeof *out);
    } else if (how->centred) {
        centre(d, x, out);
        scale_row(d, out, how, norm_scale(d, out, how), out);
    } else {
        scale_row(d, x, how, norm_scale(d, x, how), out);
    }
}

/* The mean square of x less its mean, each difference rounded as `centre` does. */
static double variance(int64_t n, const float *x)
{
    double by = mean(n, x);
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES) {
        float part[LANES] = {0};
        v16 a;

        for (int64_t j = 0; j < LANES && i + j < n; j++)
            part[j] = (float)((double)x[i + j] - by);
        a = v16_load(part);
        sum = w16_fma(a, a, sum);
    }
    return w16_sum(sum) / (double)n;
}

static float norm_divisor_row(int64_t d, const float *x, const struct norm *how)
{
    double square = how->centred ? variance(d, x) : mean_square_row(d, x);

    return (float)sqrt(square + (double)how->eps);
}

/* Of one pair: (a, b) turned by an angle whose cosine and sine are c and s. */
V16_INLINE void turn(float *a, float *b, float c, float s)
{
    float x = *a, y = *b;

    *a = fmaf(x, c, -(y * s));
    *b = fmaf(y, c, x * s);
}

static void rope_halves(int half, float *restrict x, float *restrict y, const float *restrict c,
                        const float *restrict s)
{
    for (int i = 0; i < half; i++)
        turn(x + i, y + i, c[i], s[i]);
}

static void rope_adjacent(int half, float *restrict x, const float *restrict c,
                          const float *restrict s)
{
    for (int i = 0; i < half; i++)
        turn(x + 2 * i, x + 2 * i + 1, c[i], s[i]);
}

static void rope_row(const struct rope_table *r, int pos, float *x)
{
    int half = r->dims / 2;
    const float *c = r->turn + (int64_t)pos * r->dims, *s = c + half;

    if (r->adjacent)
        rope_adjacent(half, x, c, s);
    else
        rope_halves(half, x, x + half, c, s);
}

/* scale * x, through the cap unless the key is masked (-infinity). */
V16_INLINE v16 score_of(v16 x, v16 scale, float cap)
{
    v16 s = v16_mul(x, scale), by = v16_set(cap);

    if (cap == 0)
        return s;
    return v16_if_less(s, v16_set(-FLT_MAX), s, v16_mul(by, v16_tanh(v16_div(s, by))));
}

static void cap_row(int64_t n, float *x, float cap)
{
    v16 by = v16_set(cap);

    for (int64_t i = 0; i < n; i += LANES)
        store_at(x, i, n, v16_mul(by, v16_tanh(v16_div(load_at(x, i, n, 0), by))));
}

static float scale_scores(int64_t n, float *p, float scale, float cap)
{
    v16 most = v16_set(-HUGE_VALF), by = v16_set(scale);

    for (int64_t i = 0; i < n; i += LANES) {
        v16 x = score_of(load_at(p, i, n, -HUGE_VALF), by, cap);

        store_at(p, i, n, x);
        most = v16_max(x, most);
    }
    return v16_largest(most);
}

static void softmax_row(int64_t n, float *p, float scale, float cap)
{
    v16 most = v16_set(scale_scores(n, p, scale, cap)), total;
    w16 sum = w16_zero();

    for (int64_t i = 0; i < n; i += LANES) {
        v16 x = v16_exp(v16_sub(load_at(p, i, n, -HUGE_VALF), most));

        store_at(p, i, n, x);
        sum = w16_add(sum, x);
    }
    total = v16_set((float)w16_sum(sum));
    for (int64_t i = 0; i < n; i += LANES)
        store_at(p, i, n, v16_div(load_at(p, i, n, 0), total));
}

V16_INLINE v16 silu(v16 x)
{
    return v16_div(x, v16_add(v16_set(1), v16_exp(v16_sub(v16_zero(), x))));
}

V16_INLINE v16 gelu(v16 x)
{
    v16 e = v16_erf(v16_mul(x, v16_set(0x1.6a09e6p-1f))); /* x / sqrt(2) */

    return v16_mul(v16_mul(v16_set(0.5f), x), v16_add(v16_set(1), e));
}

V16_INLINE v16 gelu_tanh(v16 x)
{
    v16 cube = v16_mul(v16_mul(x, x), x), inner = v16_fma(v16_set(0.044715f), cube, x);
    v16 t = v16_tanh(v16_mul(v16_set(0x1.988454p-1f), inner)); /* sqrt(2 / pi) */

    return v16_mul(v16_mul(v16_set(0.5f), x), v16_add(v16_set(1), t));
}

V16_INLINE v16 activation(v16 x, enum activation f)
{
    return f == ACTIVATION_SILU ? silu(x) : f == ACTIVATION_GELU ? gelu(x) : gelu_tanh(x);
}

V16_INLINE void activate_as(int64_t n, enum activation f, float *gate, const float *up)
{
    for (int64_t i = 0; i < n; i += LANES) {
        v16 x = activation(load_at(gate, i, n, 0), f);

        store_at(gate, i, n, up ? v16_mul(x, load_at(up, i, n, 0)) : x);
    }
}

static void activate_row(int64_t n, enum activation f, float *gate, const float *up)
{
    switch (f) {
    case ACTIVATION_SILU:
        activate_as(n, ACTIVATION_SILU, gate, up);
        break;
    case ACTIVATION_GELU:
        activate_as(n, ACTIVATION_GELU, gate, up);
        break;
    case ACTIVATION_GELU_TANH:
        activate_as(n, ACTIVATION_GELU_TANH, gate, up);
        break;
    }
}

/* Two rows of 16 sums stay in registers. */
static void sum_tile(int64_t n, const double *w, const double *x, int64_t ldx, double *out,
                     int64_t ldo)
{
    w16 a = w16_zero(), b = a;

    for (int64_t k = 0; k < n; k++) {
        w16 row = w16_load(x + k * ldx);

        a = w16_add_product(a, w[k * WEIGHTED_SUMS_ROWS], row);
        b = w16_add_product(b, w[k * WEIGHTED_SUMS_ROWS + 1], row);
    }
    w16_store(out, a);
    w16_store(out + ldo, b);
}

static void weighted_sums_all(int64_t n, const double *w, int64_t width, const double *x,
                              int64_t ldx, double *out)
{
    for (int64_t e = 0; e < width; e += WEIGHTED_SUMS_STEP)
        for (int i = 0; i < WEIGHTED_SUMS_ROWS; i += 2)
            sum_tile(n, w + i, x + e, ldx, out + i * width + e, width);
}

/* Attention */

V16_INLINE const float *key_row(const struct key_rows *k, int i)
{
    return i >= k->lo && i < k->hi ? k->own + (i - k->lo) * k->ld : k->base + i * k->ld;
}

/* q . k of four keys. */
V16_INLINE void four_scores(const float *const k[4], const float *q, int64_t dh, float out[4])
{
    v16 a = v16_zero(), b = a, c = a, d = a;

    for (int64_t i = 0; i < dh; i += LANES) {
        v16 x = load_at(q, i, dh, 0);

        a = v16_fma(x, load_at(k[0], i, dh, 0), a);
        b = v16_fma(x, load_at(k[1], i, dh, 0), b);
        c = v16_fma(x, load_at(k[2], i, dh, 0), c);
        d = v16_fma(x, load_at(k[3], i, dh, 0), d);
    }
    v16_sum4(out, a, b, c, d);
}

/* n keys, which lie at k with row stride ld. */
V16_INLINE void score_run(const float *k, int64_t ld, int n, int64_t dh, const float *q,
                          float *score)
{
    int i = 0;

    for (; i + 4 <= n; i += 4, k += 4 * ld) {
        const float *const four[4] = {k, k + ld, k + 2 * ld, k + 3 * ld};

        four_scores(four, q, dh, score + i);
    }
    if (i < n) {
        const float *const four[4] = {k, i + 1 < n ? k + ld : k, i + 2 < n ? k + 2 * ld : k, k};
        float s[4];

        four_scores(four, q, dh, s);
        for (int j = 0; i + j < n; j++)
            score[i + j] = s[j];
    }
}

V16_INLINE void score_as(const struct key_rows *keys, int lo, int hi, int64_t dh, const float *q,
                         float *score)
{
    for (int i = lo, end; i < hi; i = end) {
        end = i < keys->lo ? keys->lo : i < keys->hi ? keys->hi : hi;
        end = end < hi ? end : hi;
        score_run(key_row(keys, i), keys->ld, end - i, dh, q, score + i);
    }
}

/* The usual widths as constants: the row of q stays in registers then. */
static void score_keys(const struct key_rows *keys, int lo, int hi, int64_t dh, const float *q,
                       float *score)
{
    if (dh == 64)
        score_as(keys, lo, hi, 64, q, score);
    else if (dh == 128)
        score_as(keys, lo, hi, 128, q, score);
    else
        score_as(keys, lo, hi, dh, q, score);
}

/* z += sum of p_i v_i over 64 columns from `column` on, in registers. */
V16_INLINE void sum_64_columns(const struct key_rows *values, int lo, int hi, int64_t column,
                               const float *p, float *z)
{
    v16 a = v16_zero(), b = a, c = a, d = a;

    for (int i = lo; i < hi; i++) {
        const float *v = key_row(values, i) + column;
        v16 x = v16_set(p[i]);

        a = v16_fma(x, v16_load(v), a);
        b = v16_fma(x, v16_load(v + LANES), b);
        c = v16_fma(x, v16_load(v + 2 * LANES), c);
        d = v16_fma(x, v16_load(v + 3 * LANES), d);
    }
    v16_store(z, v16_add(v16_load(z), a));
    v16_store(z + LANES, v16_add(v16_load(z + LANES), b));
    v16_store(z + 2 * LANES, v16_add(v16_load(z + 2 * LANES), c));
    v16_store(z + 3 * LANES, v16_add(v16_load(z + 3 * LANES), d));
}

/* The same over columns [column, column + 16), or up to dh. */
V16_INLINE void sum_16_columns(const struct key_rows *values, int lo, int hi, int64_t column,
                               int64_t dh, const float *p, float *z)
{
    v16 a = v16_zero();

    for (int i = lo; i < hi; i++)
        a = v16_fma(v16_set(p[i]), load_at(key_row(values, i), column, dh, 0), a);
    store_at(z, column, dh, v16_add(load_at(z, column, dh, 0), a));
}

static void sum_values(const struct key_rows *values, int lo, int hi, int64_t dh, const float *p,
                       float *z)
{
    int64_t c = 0;

    for (; c + 4 * LANES <= dh; c += 4 * LANES)
        sum_64_columns(values, lo, hi, c, p, z + c);
    for (; c < dh; c += LANES)
        sum_16_columns(values, lo, hi, c, dh, p, z);
}

/* Some elements at once, in loops that the compiler makes vectors of; added in order. */
static double entropy(int64_t n, const float *p)
{
    enum { SOME = 64 };
    double term[SOME], sum = 0;

    for (int64_t i = 0; i < n; i += SOME) {
        int some = n - i < SOME ? (int)(n - i) : SOME;

        for (int j = 0; j < some; j++)
            term[j] = p[i + j] > 0 ? (double)p[i + j] : 1;
        for (int j = 0; j < some; j++) {
            double low;

            term[j] *= log_of_normal(term[j], 0, &low);
        }
        for (int j = 0; j < some; j++)
            sum -= term[j];
    }
    return sum;
}

const struct kernel_ops ISA(kernel_ops) = {
    .exp = map_exp,
    .tanh = map_tanh,
    .erf = map_erf,
    .add = add,
    .shift = shift,
    .max = max,
    .find = find,
    .count_greater = count_greater,
    .dot = dot,
    .sum_exp = sum_exp_row,
    .mean = mean,
    .entropy = entropy,
    .norm_divisor = norm_divisor_row,
    .cap = cap_row,
    .weighted_difference = weighted_difference_row,
    .norm = norm,
    .rope = rope_row,
    .softmax = softmax_row,
    .activate = activate_row,
    .weighted_sums = weighted_sums_all,
    .key_scores = score_keys,
    .key_values = sum_values,
};
