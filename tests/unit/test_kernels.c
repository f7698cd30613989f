/* Kernels against the same thing in double precision, and the copies for each instruction set
   against each other: the same bits for whatever goes in. */
#include "base/hash.h"
#include "base/isa.h"
#include "base/kernels.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kernel_helper.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Reductions */

/* Lengths around the 16 lanes, and long. */
static const int64_t lengths[] = {1, 2, 15, 16, 17, 31, 33, 576, 1537};
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 1537 };

/* Log of the sum of exp(x), in blocks of so many. */
static double in_blocks(int64_t n, int64_t block, const float *x)
{
    struct log_sum s = {-HUGE_VAL, 0};

    for (int64_t i = 0; i < n; i += block)
        log_sum_add(&s, n - i < block ? n - i : block, x + i);
    return log_sum(&s);
}

static void check_reductions(void)
{
    float *x = numbers(LONGEST, 9, "x"), *y = numbers(LONGEST, 9, "y");
    float *p = numbers(LONGEST, 1, "p");

    for (int l = 0; l < LENGTHS; l++) {
        double dot = 0, size = 0, squares = 0, sum = 0, difference = 0, entropy = 0;
        int64_t n = lengths[l], largest = 0;

        for (int64_t i = 0; i < n; i++) {
            dot += (double)x[i] * (double)y[i];
            size += fabs((double)x[i] * (double)y[i]);
            squares += (double)x[i] * (double)x[i];
            sum += exp((double)(x[i] - 2.5f));
            difference += (double)p[i] * ((double)x[i] - (double)y[i]);
            entropy -= p[i] > 0 ? (double)p[i] * log((double)p[i]) : 0;
            largest = x[i] > x[largest] ? i : largest;
        }
        assert_true(fabs((double)vec_dot(n, x, y) - dot) <=
                    (double)FLT_EPSILON / 2 * fabs(dot) + 1e-13 * size);
        assert_close((double)norm_divisor(n, x, &(struct norm){.eps = 1}),
                     sqrt(squares / (double)n + 1), (double)FLT_EPSILON);
        assert_close(sum_exp(n, x, 2.5f), sum, (double)FLT_EPSILON);
        assert_close(in_blocks(n, n, x), log(sum) + 2.5, 2 * (double)FLT_EPSILON);
        assert_close(in_blocks(n, 7, x), log(sum) + 2.5, 2 * (double)FLT_EPSILON);
        assert_true(fabs(weighted_difference(n, p, x, y) - difference) <= 1e-11);
        assert_true(fabs(vec_entropy(n, p) - entropy) <= 1e-14 * (double)n);
        assert_true(vec_max(n, x) == x[largest]);
        assert_int_equal(vec_find(n, x, x[largest]), largest);
        assert_int_equal(vec_count_greater(n, x, x[largest]), 0);
    }
    mem_free(x);
    mem_free(y);
    mem_free(p);
}

static void reductions(void **state)
{
    (void)state;
    with_each_copy(check_reductions);
}

static void check_largest(void)
{
    enum { N = 600 };
    float x[N];

    for (int at = 0; at < N; at++) {
        for (int i = 0; i < N; i++)
            x[i] = i == at || i == N - 1 ? -1.0f : -2.0f;
        assert_true(vec_max(N, x) == -1.0f);
        assert_int_equal(vec_find(N, x, -1), at);
        assert_int_equal(vec_count_greater(N, x, -2), at == N - 1 ? 1 : 2);
    }
    assert_int_equal(vec_find(N, x, 3), -1);
    x[7] = NAN;
    assert_true(vec_max(N, x) == -1.0f);
    assert_int_equal(vec_find(N, x, NAN), -1);
}

static void largest_wherever_it_stands(void **state)
{
    (void)state;
    with_each_copy(check_largest);
}

static void check_elementwise(void)
{
    float *x = numbers(33, 9, "x"), *y = numbers(33, 9, "y"), *z = numbers(33, 9, "y");

    vec_add(33, y, x);
    for (int i = 0; i < 33; i++)
        assert_true(y[i] == z[i] + x[i]);
    vec_shift(33, x, 0.1, y);
    for (int i = 0; i < 33; i++)
        assert_true(y[i] == (float)((double)x[i] - 0.1));
    mem_free(x);
    mem_free(y);
    mem_free(z);
}

static void elementwise(void **state)
{
    (void)state;
    with_each_copy(check_elementwise);
}

static void check_weighted_sums(void)
{
    enum { N = 7, WIDTH = 3 * WEIGHTED_SUMS_STEP, LDX = WIDTH + 3 };
    double w[N * WEIGHTED_SUMS_ROWS], x[N * LDX], out[WEIGHTED_SUMS_ROWS * WIDTH];

    for (int i = 0; i < N * WEIGHTED_SUMS_ROWS; i++)
        w[i] = i * 0.7 - 2;
    for (int i = 0; i < N * LDX; i++)
        x[i] = 1.0 / (i + 1);
    weighted_sums(N, w, WIDTH, x, LDX, out);
    for (int r = 0; r < WEIGHTED_SUMS_ROWS; r++)
        for (int j = 0; j < WIDTH; j++) {
            double sum = 0;

            for (int k = 0; k < N; k++)
                sum += w[k * WEIGHTED_SUMS_ROWS + r] * x[k * LDX + j];
            assert_true(out[r * WIDTH + j] == sum);
        }
}

static void sums_with_weights(void **state)
{
    (void)state;
    with_each_copy(check_weighted_sums);
}

/* Softmax */

static void check_softmax(void)
{
    static const float caps[] = {0, 50, 3};
    float *x = numbers(LONGEST, 300, "x"), *p = numbers(LONGEST, 300, "x");

    for (int l = 0; l < 3 * LENGTHS; l++) {
        int64_t n = lengths[l / 3];
        double sum = 0, total = 0, most = -1e9, s[LONGEST], cap = (double)caps[l % 3];

        for (int64_t i = 0; i < n; i++) {
            s[i] = (double)(x[i] * 0.125f);
            s[i] = cap > 0 ? cap * tanh(s[i] / cap) : s[i];
            most = fmax(most, s[i]);
        }
        for (int64_t i = 0; i < n; i++) {
            s[i] = (double)(float)(s[i] - most);
            sum += exp(s[i]);
        }
        memcpy(p, x, (size_t)n * sizeof *p);
        softmax(n, p, 0.125f, caps[l % 3]);
        for (int64_t i = 0; i < n; i++) { /* a score of 40 is known to 4e-6 */
            double expected = exp(s[i]) / sum;

            assert_close((double)p[i], expected, cap > 0 ? 2e-5 : 4 * (double)FLT_EPSILON);
            total += (double)p[i];
        }
        assert_close(total, 1, 1e-6);
    }
    mem_free(x);
    mem_free(p);
}

static void probabilities(void **state)
{
    (void)state;
    with_each_copy(check_softmax);
}

/* A masked key has no weight at all; a NaN is not hidden. */
static void check_softmax_of_the_extreme(void)
{
    for (int cap = 0; cap < 2; cap++) {
        float masked[] = {1, -HUGE_VALF, 1}, nan[] = {1, NAN, 0}, most[] = {FLT_MAX, 0};

        softmax(3, masked, 0.5f, (float)cap);
        assert_true(masked[0] == 0.5f && masked[1] == 0 && masked[2] == 0.5f);
        softmax(3, nan, 0.5f, (float)cap);
        assert_true(isnan(nan[0]) && isnan(nan[1]) && isnan(nan[2]));
        softmax(2, most, 0.5f, 0);
        assert_true(most[0] == 1 && most[1] == 0);
    }
}

static void probabilities_of_the_extreme(void **state)
{
    (void)state;
    with_each_copy(check_softmax_of_the_extreme);
}

/* Rows */

enum { ROWS = 50, D = 577 }; /* enough to be threaded */

/* size: of the numbers in x. */
static void check_norm(const struct norm *how, float size)
{
    float *x = numbers(ROWS * D, size, "x"), *y = numbers(ROWS * D, 1, "y");
    const float *rows[ROWS];
    struct team t;

    for (int i = 0; i < ROWS; i++)
        rows[i] = x + (i * 7 % ROWS) * D; /* packed from anywhere */
    start(&t, 3);
    norm_rows(&t, ROWS, rows, D, how, y);
    for (int i = 0; i < ROWS; i++) {
        double mean = 0, square = 0;

        for (int j = 0; how->centred && j < D; j++)
            mean += (double)rows[i][j] / D;
        for (int j = 0; j < D; j++)
            square += pow((double)rows[i][j] - mean, 2) / D;
        for (int j = 0; j < D; j++) {
            double w = (double)how->w[j] + (double)how->plus, b = how->b ? (double)how->b[j] : 0;
            double part = w * ((double)rows[i][j] - mean) / sqrt(square + (double)how->eps);

            assert_true(fabs((double)y[i * D + j] - part - b) <=
                        3 * (double)FLT_EPSILON * (fabs(part) + fabs(b)));
        }
    }
    team_release(&t);
    mem_free(x);
    mem_free(y);
}

static void check_norms(void)
{
    float *w = numbers(D, 2, "w"), *b = numbers(D, 2, "b");

    check_norm(&(struct norm){w, NULL, 0, 1e-5f, false}, 3);
    check_norm(&(struct norm){w, NULL, 0, 1e-5f, false}, 1e30f); /* whose squares are no floats */
    check_norm(&(struct norm){w, NULL, 1, 1e-6f, false}, 3);
    check_norm(&(struct norm){w, b, 0, 1e-5f, true}, 3);
    check_norm(&(struct norm){w, NULL, 0, 1e-5f, true}, 3);
    check_norm(&(struct norm){w, NULL, 0, 1e-5f, true}, 1e30f);
    mem_free(w);
    mem_free(b);
}

static void normalised_rows(void **state)
{
    (void)state;
    with_each_copy(check_norms);
}

/* The mean is taken out before the squares are summed. */
static void far_from_zero(void **state)
{
    float x[64], w[64], y[64];
    const float *row = x;
    struct team t;

    (void)state;
    for (int i = 0; i < 64; i++) {
        x[i] = 4096 + (float)(i % 2);
        w[i] = 1;
    }
    start(&t, 1);
    norm_rows(&t, 1, &row, 64, &(struct norm){.w = w, .centred = true}, y);
    for (int i = 0; i < 64; i++)
        assert_true(y[i] == (i % 2 ? 1 : -1));
    team_release(&t);
}

/* Complex multiplication of each pair by (cos, sin) of the row's own position. */
static void check_rope_as(int dims, bool adjacent)
{
    enum { HEADS = 9, DH = 64, LD = HEADS * DH + 3, POSITIONS = 64 };
    float *x = numbers(ROWS * LD, 3, "x"), *y = numbers(ROWS * LD, 3, "x");
    float *turn = numbers(POSITIONS * DH, 1, "turn");
    struct rope_table table = {turn, dims, adjacent};
    int32_t pos[ROWS];
    int half = dims / 2;
    struct team t;

    for (int i = 0; i < ROWS; i++)
        pos[i] = i * 13 % POSITIONS;
    start(&t, 3);
    rope(&t, ROWS, y, LD, HEADS, DH, pos, &table);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < LD; j++) {
            int in_head = j % DH, pair = adjacent ? in_head / 2 : in_head % half;
            bool second = adjacent ? in_head % 2 : in_head >= half;
            int other = j + (second ? -1 : 1) * (adjacent ? 1 : half);
            const float *c = turn + pos[i] * dims + pair, *s = c + half;

            if (j >= HEADS * DH || in_head >= dims) { /* between the rows, or not turned */
                assert_true(y[i * LD + j] == x[i * LD + j]);
                continue;
            }
            assert_true(fabs((double)y[i * LD + j] - (double)x[i * LD + j] * (double)*c -
                             (second ? 1 : -1) * (double)x[i * LD + other] * (double)*s) <=
                        6 * (double)FLT_EPSILON);
        }
    team_release(&t);
    mem_free(x);
    mem_free(y);
    mem_free(turn);
}

static void check_rope(void)
{
    check_rope_as(64, false);
    check_rope_as(64, true);
    check_rope_as(16, false);
    check_rope_as(48, true);
}

static void rotated_rows(void **state)
{
    (void)state;
    with_each_copy(check_rope);
}

static double activation_of(enum activation which, double x)
{
    if (which == ACTIVATION_SILU)
        return x / (1 + exp(-x));
    if (which == ACTIVATION_GELU)
        return 0.5 * x * (1 + erf(x * sqrt(0.5)));
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static void check_activations(void)
{
    float *up = numbers(ROWS * D, 3, "up");
    struct team t;

    start(&t, 3);
    for (int f = 0; f < 3; f++) {
        enum activation which = (enum activation)f;
        float *x = numbers(ROWS * D, 20, "x"), *y = numbers(ROWS * D, 20, "x");
        float *gated = numbers(ROWS * D, 20, "x"), ends[] = {-1000, 1000, 0};

        activate(&t, ROWS, D, which, y, NULL);
        activate(&t, ROWS, D, which, gated, up);
        for (int i = 0; i < ROWS * D; i++) {
            double want = activation_of(which, (double)x[i]);

            /* 1 + erf and 1 + tanh lose what they take from 1 */
            assert_true(fabs((double)y[i] - want) <=
                        2 * (double)FLT_EPSILON * (which ? fabs((double)x[i]) : fabs(want)));
            assert_true(gated[i] == y[i] * up[i]);
        }
        activate(&t, 1, 3, which, ends, NULL);
        assert_true(ends[0] == 0 && ends[1] == 1000 && ends[2] == 0);
        mem_free(x);
        mem_free(y);
        mem_free(gated);
    }
    team_release(&t);
    mem_free(up);
}

static void activated_rows(void **state)
{
    (void)state;
    with_each_copy(check_activations);
}

/* Attention */

/* The written order of a score: 16 lanes along the head, fused; the lanes as a tree. */
static float score_by_definition(const float *q, const float *k, int dh)
{
    float lane[16] = {0};

    for (int i = 0; i < (dh + 15) / 16 * 16; i++)
        lane[i % 16] = fmaf(i < dh ? q[i] : 0, i < dh ? k[i] : 0, lane[i % 16]);
    for (int half = 8; half; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

/* Rows lie partly with the lane, partly with its base. */
static void check_attention_of(int dh, int n, int lo, int hi)
{
    int64_t ld = dh + 5;
    float *own = numbers((size_t)(n * ld), 1, "own"), *base = numbers((size_t)(n * ld), 1, "base");
    float *q = numbers((size_t)dh, 1, "q"), *p = numbers((size_t)n, 1, "p");
    float *z = numbers((size_t)dh + 1, 1, "z"), *before = numbers((size_t)dh + 1, 1, "z");
    struct key_rows rows = {own, base, ld, lo, hi};
    int from = n / 5, to = n - n / 7;

    key_values(&rows, from, to, dh, p, z);
    for (int j = 0; j < dh; j++) {
        float sum = 0;

        for (int i = from; i < to; i++) {
            const float *v = i >= lo && i < hi ? own + (i - lo) * ld : base + i * ld;

            sum = fmaf(p[i], v[j], sum);
        }
        assert_true(z[j] == before[j] + sum);
    }
    assert_true(z[dh] == before[dh]);
    memcpy(z, p, sizeof *z); /* of what lies outside nothing is written */
    key_scores(&rows, from, to, dh, q, p);
    assert_true(from == 0 || p[0] == z[0]);
    for (int i = from; i < to; i++) {
        const float *k = i >= lo && i < hi ? own + (i - lo) * ld : base + i * ld;

        assert_true(p[i] == score_by_definition(q, k, dh));
    }
    mem_free(own);
    mem_free(base);
    mem_free(q);
    mem_free(p);
    mem_free(z);
    mem_free(before);
}

static void check_attention(void)
{
    static const int widths[] = {1, 8, 16, 20, 64, 72, 80, 128, 256};

    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (int n = 1; n < 40; n += 3) {
            check_attention_of(widths[w], n, 0, n);
            check_attention_of(widths[w], n, n / 3, n / 2);
        }
}

static void scores_and_values(void **state)
{
    (void)state;
    with_each_copy(check_attention);
}

/* The same bits */

enum { MOST = 300, OUTPUTS = 24, SUMS = 9 };

/* Ordinary numbers, and among them every kind that is not. */
static void strange_numbers(struct rng *r, float *x)
{
    static const float kinds[] = {0.0f,   -0.0f,   HUGE_VALF, -HUGE_VALF, FLT_MIN, -FLT_MIN,
                                  1e-40f, -3e-45f, FLT_MAX,   -FLT_MAX,   88.5f,   -87};
    bool strange = rng_below(r, 2) == 0;

    for (int i = 0; i < MOST; i++) {
        double size = ldexp(1, (int)rng_below(r, 12) - 6);

        x[i] = (float)((2 * rng_unit(r) - 1) * size);
        if (strange && rng_below(r, 8) == 0)
            x[i] = kinds[rng_below(r, sizeof kinds / sizeof *kinds)];
        if (strange && rng_below(r, 500) == 0)
            x[i] = NAN;
    }
}

struct outputs {
    float rows[OUTPUTS][MOST];
    double sums[SUMS];
};

static void compute(struct team *t, int n, const float *x, const float *y, struct outputs *o)
{
    const float *row = x;
    struct norm how[] = {{x, NULL, 0, 1e-5f, false}, {y, x, 1, 1e-5f, true}};
    struct key_rows keys = {y, x, 5, 2, 5}; /* the last ends within MOST */
    struct rope_table table = {y, n / 2 * 2, false};
    int32_t pos = 0;
    int k = 0;

    memset(o, 0, sizeof *o);
    for (int i = 0; i < OUTPUTS; i++)
        memcpy(o->rows[i], x, sizeof o->rows[i]);
    vec_exp(n, o->rows[k++]);
    vec_tanh(n, o->rows[k++]);
    vec_erf(n, o->rows[k++]);
    vec_add(n, o->rows[k++], y);
    vec_shift(n, x, 0.3, o->rows[k++]);
    norm_rows(t, 1, &row, n, &how[0], o->rows[k++]);
    norm_rows(t, 1, &row, n, &how[1], o->rows[k++]);
    rope(t, 1, o->rows[k++], n, 1, n, &pos, &table);
    table.adjacent = true;
    rope(t, 1, o->rows[k++], n, 1, n, &pos, &table);
    softmax(n, o->rows[k++], 0.3f, 0);
    softmax(n, o->rows[k++], 0.3f, 5);
    for (int f = 0; f < 3; f++) {
        activate(t, 1, n, (enum activation)f, o->rows[k++], y);
        activate(t, 1, n, (enum activation)f, o->rows[k++], NULL);
    }
    key_scores(&keys, 0, 30, n / 2, x, o->rows[k++]);
    key_values(&keys, 0, 30, n / 2, x, o->rows[k++]);
    assert_true(k <= OUTPUTS);
    o->sums[0] = sum_exp(n, x, 1);
    o->sums[1] = (double)norm_divisor(n, x, &how[0]) + 3 * (double)norm_divisor(n, x, &how[1]);
    o->sums[2] = weighted_difference(n, x, y, o->rows[0]);
    o->sums[3] = (double)vec_dot(n, x, y);
    o->sums[4] = (double)vec_max(n, x);
    o->sums[5] = vec_count_greater(n, x, y[0]);
    o->sums[6] = (double)vec_find(n, x, y[0]);
    o->sums[7] = in_blocks(n, n, x);
    o->sums[8] = vec_entropy(n, x);
}

/* A NaN is a NaN, whatever stands in its other bits. */
static void plain_nans(struct outputs *o)
{
    for (int i = 0; i < OUTPUTS; i++)
        for (int j = 0; j < MOST; j++)
            if (isnan(o->rows[i][j]))
                o->rows[i][j] = NAN;
    for (int i = 0; i < SUMS; i++)
        if (isnan(o->sums[i]))
            o->sums[i] = (double)NAN;
}

static void copies_have_the_same_bits(void **state)
{
    static struct outputs by[2];
    static float x[MOST], y[MOST];
    struct rng r = rng_for(1, 0, "strange");
    enum isa own = isa_get();
    struct team t;

    (void)state;
    start(&t, 1);
    for (int round = 0; round < 4000; round++) {
        int n = 1 + (int)rng_below(&r, round % 10 ? 70 : MOST);

        strange_numbers(&r, x);
        strange_numbers(&r, y);
        for (int isa = 0; isa < ISA_COUNT; isa++) {
            if (!isa_available((enum isa)isa))
                continue;
            isa_set((enum isa)isa);
            compute(&t, n, x, y, &by[isa > 0]);
            plain_nans(&by[isa > 0]);
            if (isa > 0 && memcmp(&by[0], &by[1], sizeof by[0]) != 0)
                fail_msg("round %d, n = %d: %s differs from portable", round, n,
                         isa_name((enum isa)isa));
        }
        isa_set(own);
    }
    team_release(&t);
}

/* And from every compiler and level of optimisation: what the portable copy gave when it was
   written. */
static void bits_as_they_were(void **state)
{
    static struct outputs o;
    float *x = numbers(MOST, 30, "x"), *y = numbers(MOST, 2, "y");
    struct team t;

    (void)state;
    start(&t, 1);
    compute(&t, MOST, x, y, &o);
    assert_int_equal(hash_u64(&o, sizeof o), 0xf02471881f25c7c7);
    team_release(&t);
    mem_free(x);
    mem_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions),        cmocka_unit_test(largest_wherever_it_stands),
        cmocka_unit_test(elementwise),       cmocka_unit_test(sums_with_weights),
        cmocka_unit_test(probabilities),     cmocka_unit_test(probabilities_of_the_extreme),
        cmocka_unit_test(normalised_rows),   cmocka_unit_test(far_from_zero),
        cmocka_unit_test(rotated_rows),      cmocka_unit_test(activated_rows),
        cmocka_unit_test(scores_and_values), cmocka_unit_test(copies_have_the_same_bits),
        cmocka_unit_test(bits_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
