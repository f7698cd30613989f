#include "base/kernels.h"

#include "base/clones.h"

#include <math.h>
#include <string.h>

/* Below this many elements, waking the other threads costs more than they save. */
enum { WORTH_THREADS = 1 << 14 };

/* Every sum runs in LANES partial sums, element i in lane i % LANES, added in the tree of fold().
 */
enum { LANES = 16 };

IN_CLONE double fold(double *lane)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

/*
 * x = k ln 2 + r with |r| <= ln 2 / 2: exp(x) = 2^k exp(r). LN2_HIGH has so few bits that k times
 * it is exact, and the rest makes up for what it lacks. Adding ROUND puts the nearest integer to
 * its argument in the low bits of the sum. exp(r) is a polynomial of degree 6 (minimax, relative
 * error 2^-28); 2^k is added to its exponent, which stays within the normal range between the
 * two bounds.
 */
IN_CLONE float exp_one(float x)
{
    const float LOW = -87.3f, HIGH = 88.7f, ROUND = 0x1.8p23f, LOG2E = 0x1.715476p0f;
    const float LN2_HIGH = 0x1.63p-1f, LN2_REST = -0x1.bd0106p-13f;
    float t = x * LOG2E + ROUND, k = t - ROUND, r = x - k * LN2_HIGH - k * LN2_REST, p;
    uint32_t bits, shift, round_bits;

    p = 0x1.6a23dp-10f;
    p = p * r + 0x1.123a2p-7f;
    p = p * r + 0x1.5558f2p-5f;
    p = p * r + 0x1.555492p-3f;
    p = p * r + 0x1.fffffcp-2f;
    p = p * (r * r) + r + 1.0f;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&shift, &t, sizeof shift);
    memcpy(&round_bits, &ROUND, sizeof round_bits);
    bits += (shift - round_bits) << 23;
    memcpy(&p, &bits, sizeof p);
    p = x < LOW ? 0.0f : p;
    p = x > HIGH ? HUGE_VALF : p;
    return x != x ? x : p;
}

CPU_CLONES
static void do_vec_exp(int64_t n, float *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = exp_one(x[i]);
}

void vec_exp(int64_t n, float *x)
{
    do_vec_exp(n, x);
}

CPU_CLONES
static double do_sum_exp(int64_t n, const float *x, float shift)
{
    double lane[LANES] = {0};
    int64_t i;

    for (i = 0; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)exp_one(x[i + j] - shift);
    for (int j = 0; i + j < n; j++)
        lane[j] += (double)exp_one(x[i + j] - shift);
    return fold(lane);
}

double sum_exp(int64_t n, const float *x, float shift)
{
    return do_sum_exp(n, x, shift);
}

CPU_CLONES
static void do_vec_add(int64_t n, float *restrict y, const float *restrict x)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

void vec_add(int64_t n, float *y, const float *x)
{
    do_vec_add(n, y, x);
}

CPU_CLONES
static float do_vec_max(int64_t n, const float *x)
{
    float lane[LANES];
    int64_t i;

    for (int j = 0; j < LANES; j++)
        lane[j] = -HUGE_VALF;
    for (i = 0; i + LANES <= n; i += LANES) {
        VECTOR_LOOP
        for (int j = 0; j < LANES; j++)
            lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    }
    for (int j = 0; i + j < n; j++)
        lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (int j = 1; j < LANES; j++)
        lane[0] = lane[j] > lane[0] ? lane[j] : lane[0];
    return lane[0];
}

float vec_max(int64_t n, const float *x)
{
    return do_vec_max(n, x);
}

CPU_CLONES
static float do_vec_dot(int64_t n, const float *x, const float *y)
{
    double lane[LANES] = {0};
    int64_t i;

    for (i = 0; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)y[i + j];
    for (int j = 0; i + j < n; j++)
        lane[j] += (double)x[i + j] * (double)y[i + j];
    return (float)fold(lane);
}

float vec_dot(int64_t n, const float *x, const float *y)
{
    return do_vec_dot(n, x, y);
}

CPU_CLONES
static double do_mean_square(int64_t d, const float *x)
{
    double lane[LANES] = {0};
    int64_t i;

    for (i = 0; i + LANES <= d; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (int j = 0; i + j < d; j++)
        lane[j] += (double)x[i + j] * (double)x[i + j];
    return fold(lane) / (double)d;
}

double mean_square(int64_t d, const float *x)
{
    return do_mean_square(d, x);
}

CPU_CLONES
static void scale_by_weight(int64_t d, const float *restrict x, const float *restrict w,
                            float scale, float *restrict out)
{
    for (int64_t i = 0; i < d; i++)
        out[i] = w[i] * (x[i] * scale);
}

void rms_norm(struct team *t, int64_t n, const float *const *x, int64_t d, const float *w,
              float eps, float *out)
{
#pragma omp parallel for schedule(static) num_threads(t->threads) if (n * d > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++) {
        float ms = (float)mean_square(d, x[i]);

        scale_by_weight(d, x[i], w, 1.0f / sqrtf(ms + eps), out + i * d);
    }
}

/* One head: element i turns with element i + half. */
CPU_CLONES
static void rope_head(int half, float *restrict x, const float *restrict table)
{
    for (int i = 0; i < half; i++) {
        float a = x[i], b = x[i + half], c = table[2 * i], s = table[2 * i + 1];

        x[i] = a * c - b * s;
        x[i + half] = b * c + a * s;
    }
}

void rope(struct team *t, int64_t n, float *x, int64_t ld, int heads, int dh, const int32_t *pos,
          const float *table)
{
#pragma omp parallel for schedule(static) \
    num_threads(t->threads) if (n * heads * dh > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        for (int h = 0; h < heads; h++)
            rope_head(dh / 2, x + i * ld + h * dh, table + (int64_t)pos[i] * dh);
}

CPU_CLONES
static void scale_all(int64_t n, float *p, float scale)
{
    for (int64_t i = 0; i < n; i++)
        p[i] *= scale;
}

CPU_CLONES
static double exp_and_sum(int64_t n, float *p, float shift)
{
    double lane[LANES] = {0};
    int64_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        VECTOR_LOOP
        for (int j = 0; j < LANES; j++) {
            p[i + j] = exp_one(p[i + j] - shift);
            lane[j] += (double)p[i + j];
        }
    }
    for (int j = 0; i + j < n; j++) {
        p[i + j] = exp_one(p[i + j] - shift);
        lane[j] += (double)p[i + j];
    }
    return fold(lane);
}

CPU_CLONES
static void divide_all(int64_t n, float *p, float by)
{
    for (int64_t i = 0; i < n; i++)
        p[i] /= by;
}

void softmax(int64_t n, float *p, float scale)
{
    scale_all(n, p, scale);
    divide_all(n, p, (float)exp_and_sum(n, p, vec_max(n, p)));
}

CPU_CLONES
static void swiglu_row(int64_t f, float *restrict gate, const float *restrict up)
{
    for (int64_t i = 0; i < f; i++)
        gate[i] = gate[i] / (1.0f + exp_one(-gate[i])) * up[i];
}

void swiglu(struct team *t, int64_t n, int64_t f, float *gate, const float *up)
{
#pragma omp parallel for schedule(static) num_threads(t->threads) if (n * f > WORTH_THREADS)
    for (int64_t i = 0; i < n; i++)
        swiglu_row(f, gate + i * f, up + i * f);
}

/* A tile of the result stays in registers. */
CPU_CLONES
static void sum_tile(int64_t n, const double *restrict w, const double *restrict x, int64_t ldx,
                     double *restrict out, int64_t ldo)
{
    double acc[WEIGHTED_SUMS_ROWS][WEIGHTED_SUMS_STEP] = {{0}};

    for (int64_t k = 0; k < n; k++)
        for (int i = 0; i < WEIGHTED_SUMS_ROWS; i++) {
            VECTOR_LOOP
            for (int j = 0; j < WEIGHTED_SUMS_STEP; j++)
                acc[i][j] += w[k * WEIGHTED_SUMS_ROWS + i] * x[k * ldx + j];
        }
    for (int i = 0; i < WEIGHTED_SUMS_ROWS; i++)
        for (int j = 0; j < WEIGHTED_SUMS_STEP; j++)
            out[i * ldo + j] = acc[i][j];
}

void weighted_sums(int64_t n, const double *w, int64_t width, const double *x, int64_t ldx,
                   double *out)
{
    for (int64_t e = 0; e < width; e += WEIGHTED_SUMS_STEP)
        sum_tile(n, w, x + e, ldx, out + e, width);
}
