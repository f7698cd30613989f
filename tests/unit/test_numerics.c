/* GEMM by panels, matrices as they lie in the file, and tails of distributions. */
#include "base/blas.h"
#include "base/gemm.h"
#include "base/isa.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/square.h"
#include "fixture.h"
#include "statistics/dist.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* n numbers uniform over [-size, size), from a stream of their own. */
static float *numbers(size_t n, double size, const char *purpose)
{
    struct rng r = rng_for(1, n, purpose);
    struct err err = {0};
    float *x = mem_alloc(n, sizeof *x, &err);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((2 * rng_unit(&r) - 1) * size);
    return x;
}

static void start(struct team *t, int threads, size_t scratch)
{
    struct err err = {0};

    assert_int_equal(team_init(t, threads, scratch, &err), 0);
}

static bool same_bits(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* GEMM */

enum { M = 37, N = 300, K = 160, LDX = K + 3, LDY = N + 5 };

/* A float32 sum of K products strays from the exact one by at most K eps sum |x w|. */
static void assert_product(const float *x, const float *w, const float *y, int64_t ldy)
{
    for (int64_t i = 0; i < M; i++)
        for (int64_t j = 0; j < N; j++) {
            double sum = 0, size = 0;

            for (int64_t k = 0; k < K; k++) {
                double p = (double)x[i * LDX + k] * (double)w[j * K + k];

                sum += p;
                size += fabs(p);
            }
            assert_true(fabs((double)y[i * ldy + j] - sum) <= K * (double)FLT_EPSILON / 2 * size);
        }
}

static void gemm_multiplies(void **state)
{
    float *x = numbers(M * LDX, 1, "x"), *w = numbers(N * K, 1, "w"), *y = numbers(M * LDY, 1, "y");
    float *before = numbers(M * LDY, 1, "y");
    struct matrix m = matrix_f32(w, N, K);
    struct team t;

    (void)state;
    start(&t, 2, gemm_scratch(N, K));
    gemm(&t, M, x, LDX, &m, y, LDY);
    assert_product(x, w, y, LDY);
    for (int i = 0; i < M; i++) /* nothing is written between the rows */
        assert_true(same_bits(y + i * LDY + N, before + i * LDY + N, LDY - N));
    assert_int_equal(t.flops, 2 * M * N * K);
    gemm(&t, 0, x, LDX, &m, y, LDY);
    assert_int_equal(t.flops, 2 * M * N * K);
    team_release(&t);
    mem_free(x);
    mem_free(w);
    mem_free(y);
    mem_free(before);
}

/* Leaves n BF16 numbers where n floats were. */
static void shorten(float *w, int64_t n)
{
    unsigned char *p = (unsigned char *)w;

    for (int64_t i = 0; i < n; i++)
        memmove(p + 2 * i, p + 4 * i + 2, 2);
}

static void bits_do_not_depend_on_threads(void **state)
{
    static const int64_t shapes[][3] = {{1, 576, 576},   {14, 192, 576},  {100, 576, 1536},
                                        {64, 1536, 576}, {257, 576, 576}, {3, 5000, 64}};
    static const int threads[] = {2, 3, 16};

    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
        float *x = numbers((size_t)(m * k), 1, "x"), *w = numbers((size_t)(n * k), 1, "w");
        float *one = numbers((size_t)(m * n), 1, "y"), *many = numbers((size_t)(m * n), 1, "z");
        struct matrix bf16 = {.data = w, .dtype = DTYPE_BF16, .rows = n, .cols = k};
        struct team t;

        shorten(w, n * k);
        start(&t, 1, gemm_scratch(n, k));
        gemm(&t, m, x, k, &bf16, one, n);
        team_release(&t);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            start(&t, threads[i], gemm_scratch(n, k));
            gemm(&t, m, x, k, &bf16, many, n);
            team_release(&t);
            assert_true(isfinite(many[m * n - 1]) && many[0] != 0);
            assert_true(same_bits(one, many, (size_t)(m * n)));
        }
        mem_free(x);
        mem_free(w);
        mem_free(one);
        mem_free(many);
    }
}

/* Weights that lie at an odd address are multiplied as if they did not. */
static void unaligned_weights(void **state)
{
    float *x = numbers(M * LDX, 1, "x"), *w = numbers(N * K, 1, "w");
    float *y = numbers(M * N, 1, "y"), *z = numbers(M * N, 1, "z");
    unsigned char *bytes = (unsigned char *)numbers(N * K + 1, 1, "bytes");
    struct matrix m = matrix_f32(w, N, K), odd = m;
    struct team t;

    (void)state;
    memcpy(bytes + 1, w, N * K * sizeof *w);
    odd.data = bytes + 1;
    start(&t, 2, gemm_scratch(N, K));
    gemm(&t, M, x, LDX, &m, y, N);
    gemm(&t, M, x, LDX, &odd, z, N);
    assert_true(same_bits(y, z, M * N));
    team_release(&t);
    mem_free(x);
    mem_free(w);
    mem_free(y);
    mem_free(z);
    mem_free(bytes);
}

static void small_products(void **state)
{
    static const float a[2][3] = {{1, 2, 3}, {4, 5, 6}};
    static const float kn[3][2] = {{1, 0}, {0, 1}, {2, 2}}, nk[2][3] = {{1, 0, 2}, {0, 1, 2}};
    static const float expected[2][2] = {{7, 8}, {16, 17}};
    float y[2][2];

    (void)state;
    gemm_small(true, 2, 2, 3, a[0], 3, kn[0], 2, y[0], 2);
    assert_memory_equal(y, expected, sizeof y);
    gemm_small(false, 2, 2, 3, a[0], 3, nk[0], 3, y[0], 2);
    assert_memory_equal(y, expected, sizeof y);
}

static void team_follows_what_is_asked(void **state)
{
    struct team t;
    struct err err = {0};

    (void)state;
    start(&t, 0, 100);
    assert_int_equal(t.threads, team_cores());
    assert_true(t.threads >= 1 && t.scratch_floats >= 100);
    assert_ptr_equal(team_scratch(&t), t.scratch);
    team_release(&t);
    assert_int_equal(team_init(&t, 4, SIZE_MAX / 8, &err), ERR_MEMORY);
    team_release(&t);
    mem_fail_nth(1);
    assert_int_equal(team_init(&t, 4, 100, &err), ERR_MEMORY);
    team_release(&t);
    assert_true(strncmp(blas_library(), "OpenBLAS ", 9) == 0);
}

/* Matrices */

/* As gguf's package has it, but for which of the many NaNs. */
static void check_quantised(struct fixture *f, enum dtype type)
{
    enum { ELEMENTS = 512, ROW = ELEMENTS / 2 };
    char bytes_name[32], values_name[32];
    const float *numbers_of_bytes, *expected;
    unsigned char bytes[1024];
    float out[ELEMENTS];
    struct matrix m = {.data = bytes + 1, .dtype = type, .rows = 2, .cols = ROW};
    size_t n;

    snprintf(bytes_name, sizeof bytes_name, "%s.bytes", dtype_name(type));
    snprintf(values_name, sizeof values_name, "%s.values", dtype_name(type));
    n = fixture_count(f, bytes_name);
    assert_int_equal(n, 2 * matrix_row_bytes(&m));
    assert_int_equal(fixture_count(f, values_name), ELEMENTS);
    numbers_of_bytes = fixture_get(f, bytes_name, NULL, NULL);
    expected = fixture_get(f, values_name, NULL, NULL);
    for (size_t j = 0; j < n; j++)
        bytes[1 + j] = (unsigned char)numbers_of_bytes[j];
    matrix_rows(&m, 0, 2, out);
    for (int j = 0; j < ELEMENTS; j++)
        if (!isnan(expected[j]) || !isnan(out[j]))
            assert_true(same_bits(out + j, expected + j, 1));
    matrix_rows(&m, 1, 1, out);
    if (!isnan(out[0]))
        assert_true(same_bits(out, expected + ROW, 1));
}

static void quantised_blocks_match_gguf(void **state)
{
    struct fixture *f = fixture_open(TEST_DIR "/fixtures/quants.bin");
    enum isa fastest = isa_get();

    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_available((enum isa)isa))
            continue;
        isa_set((enum isa)isa);
        for (int type = 0; type < DTYPE_COUNT; type++)
            if (dtype_block((enum dtype)type) > 1)
                check_quantised(f, (enum dtype)type);
    }
    isa_set(fastest);
    fixture_close(f);
}

/* IEEE binary16 by its definition. */
static double half_by_definition(unsigned h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double sign = h >> 15 ? -1 : 1;

    if (exponent == 31)
        return fraction ? (double)NAN : sign * HUGE_VAL;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static void every_half(void **state)
{
    static uint16_t h[65536];
    static float out[65536], first[65536];
    struct matrix m = {.data = h, .dtype = DTYPE_F16, .rows = 64, .cols = 1024};
    enum isa fastest = isa_get();

    (void)state;
    for (unsigned i = 0; i < 65536; i++)
        h[i] = (uint16_t)i;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_available((enum isa)isa))
            continue;
        isa_set((enum isa)isa);
        matrix_rows(&m, 0, 64, out);
        if (isa == ISA_PORTABLE)
            memcpy(first, out, sizeof out);
        assert_memory_equal(out, first, sizeof out);
    }
    isa_set(fastest);
    for (unsigned i = 0; i < 65536; i++) {
        double expected = half_by_definition(i);

        if (isnan(expected))
            assert_true(isnan(out[i]));
        else
            assert_true((double)out[i] == expected && !signbit(out[i]) == !(i >> 15));
    }
}

static void every_bfloat(void **state)
{
    static uint16_t h[65536];
    static float out[65536];
    struct matrix m = {.data = h, .dtype = DTYPE_BF16, .rows = 64, .cols = 1024};

    (void)state;
    for (unsigned i = 0; i < 65536; i++)
        h[i] = (uint16_t)i;
    matrix_rows(&m, 0, 64, out);
    for (unsigned i = 0; i < 65536; i++) {
        uint32_t bits;

        memcpy(&bits, out + i, sizeof bits);
        assert_int_equal(bits, i << 16);
    }
}

/* GGUF stores the model's row j dh/2 + i of a head as row 2 i + j: written here, read there. */
static void rotary_rows(void **state)
{
    enum { HEADS = 3, DH = 8, COLS = 2 };
    float stored[HEADS * DH][COLS], out[HEADS * DH][COLS];
    struct matrix m = {.data = stored, .rows = HEADS * DH, .cols = COLS, .rotary_head_dim = DH};

    (void)state;
    for (int h = 0; h < HEADS; h++)
        for (int j = 0; j < 2; j++)
            for (int i = 0; i < DH / 2; i++)
                for (int c = 0; c < COLS; c++)
                    stored[h * DH + 2 * i + j][c] = (float)(10 * (h * DH + j * DH / 2 + i) + c);
    matrix_rows(&m, 0, HEADS * DH, out[0]);
    for (int r = 0; r < HEADS * DH; r++)
        assert_true(out[r][0] == (float)(10 * r) && out[r][1] == (float)(10 * r + 1));
    matrix_rows(&m, 5, 7, out[0]); /* across heads */
    for (int r = 0; r < 7; r++)
        assert_true(out[r][1] == (float)(10 * (r + 5) + 1));
}

/* gemm hands out rotary rows in the model's order, even in place. */
static void rotary_product(void **state)
{
    float *x = numbers(M * LDX, 1, "x"), *w = numbers(N * K, 1, "w");
    float *plain = numbers(N * K, 1, "p"), *y = numbers(M * N, 1, "y"), *z = numbers(M * N, 1, "z");
    struct matrix rotary = matrix_f32(w, N, K), unrolled = matrix_f32(plain, N, K);
    struct team t;

    (void)state;
    rotary.rotary_head_dim = 20;
    matrix_rows(&rotary, 0, N, plain);
    assert_false(same_bits(w, plain, N * K));
    start(&t, 2, gemm_scratch(N, K));
    gemm(&t, M, x, LDX, &rotary, y, N);
    gemm(&t, M, x, LDX, &unrolled, z, N);
    assert_true(same_bits(y, z, M * N));
    team_release(&t);
    mem_free(x);
    mem_free(w);
    mem_free(plain);
    mem_free(y);
    mem_free(z);
}

/* Against the density integrated by 200,000 steps, and exact sums of fractions, in Python. */
static void tails(void **state)
{
    static const double student[][3] = {{2, 10, 0.0733880347707943},
                                        {0.5, 1, 0.7048327647004304},
                                        {12, 3, 0.0012450158007898788},
                                        {4.5, 35, 7.189688038066902e-05},
                                        {7, 1000, 4.687502566616193e-12}};
    static const double binomial[][4] = {{3, 10, 1.0 / 6, 0.22477320212874055},
                                         {30, 36, 1.0 / 6, 3.0685253588384133e-18},
                                         {1, 5, 0.5, 0.96875},
                                         {700, 1000, 0.64, 3.5841738245033936e-05},
                                         {36, 36, 0.2, 6.8719476736e-26},
                                         {0, 7, 0.1, 1},
                                         {3, 7, 0, 0},
                                         {8, 7, 0.9, 0}};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        double p = student_tail(student[i][0], student[i][1]);

        assert_true(fabs(p - student[i][2]) <= 1e-8 * student[i][2]);
        assert_true(student_tail(-student[i][0], student[i][1]) == p);
    }
    for (size_t i = 0; i < 8; i++) {
        double p = binomial_tail(binomial[i][0], binomial[i][1], binomial[i][2]);

        assert_true(fabs(p - binomial[i][3]) <= 1e-10 * binomial[i][3]);
    }
}

/* a becomes s a s^-1, s = I - 2 v v^T of a random unit vector. */
static void turn(size_t n, double *a, struct rng *r)
{
    double v[16], square = 0;

    for (size_t i = 0; i < n; i++) {
        v[i] = 2 * rng_unit(r) - 1;
        square += v[i] * v[i];
    }
    for (int side = 0; side < 2; side++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;

            for (size_t i = 0; i < n; i++)
                sum += v[i] * a[side ? j * n + i : i * n + j];
            for (size_t i = 0; i < n; i++)
                a[side ? j * n + i : i * n + j] -= 2 * sum / square * v[i];
        }
}

/* Is there one of them near re + i im? It is taken away. */
static bool take_near(size_t n, double *re, double *im, double want_re, double want_im)
{
    for (size_t i = 0; i < n; i++)
        if (fabs(re[i] - want_re) + fabs(im[i] - want_im) < 1e-10) {
            re[i] = 1e9;
            return true;
        }
    return false;
}

/* Blocks on the diagonal, numbers above it, all turned about. */
static void eigenvalues_are_those_it_was_made_of(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 200; round++) {
        struct rng r = rng_for(3, round, "eigenvalues");
        size_t n = 1 + (size_t)rng_below(&r, 12), i = 0;
        double a[144] = {0}, re[12], im[12], want[12][2];

        for (size_t k = 0; k < n; k++)
            for (size_t j = k + 1; j < n; j++)
                a[k * n + j] = 2 * rng_unit(&r) - 1;
        while (i < n) {
            bool two = i + 1 < n && rng_below(&r, 2);
            double x = 8 * (double)i - 40 + rng_unit(&r), y = two ? 1 + rng_unit(&r) : 0;

            for (size_t k = i; k < i + 1 + two; k++) {
                a[k * n + k] = want[k][0] = x;
                want[k][1] = k > i ? -y : y;
            }
            if (two) {
                a[i * n + i + 1] = y;
                a[(i + 1) * n + i] = -y;
            }
            i += 1 + two;
        }
        for (int k = 0; k < 4; k++)
            turn(n, a, &r);
        assert_true(square_eigenvalues(n, a, re, im));
        for (size_t k = 0; k < n; k++)
            assert_true(take_near(n, re, im, want[k][0], want[k][1]));
    }
}

static void eigenvalues_of_odd_matrices(void **state)
{
    double zero[9] = {0}, cycle[16] = {0}, bad[4] = {1, NAN, 0, 1}, re[4], im[4], square = 0;
    double apart[4] = {1, 1e-6, 1e-6, 1.01e-10}; /* 1 and their product, 1e-10 */

    (void)state;
    assert_true(square_eigenvalues(3, zero, re, im));
    for (int i = 0; i < 3; i++)
        assert_true(fabs(re[i]) + fabs(im[i]) < DBL_MIN);
    for (int i = 0; i < 4; i++) /* roots of one: shifts alone do not move them */
        cycle[4 * i + (i + 1) % 4] = 1;
    assert_true(square_eigenvalues(4, cycle, re, im));
    for (int i = 0; i < 4; i++)
        square += fabs(re[i] * re[i] + im[i] * im[i] - 1);
    assert_true(square < 1e-14);
    assert_true(take_near(4, re, im, 1, 0) && take_near(4, re, im, -1, 0) &&
                take_near(4, re, im, 0, 1) && take_near(4, re, im, 0, -1));
    assert_true(square_eigenvalues(2, apart, re, im));
    assert_true(fabs(fmin(re[0], re[1]) - 1e-10) < 1e-20);
    assert_false(square_eigenvalues(2, bad, re, im));
}

/* Of a matrix with fewer directions than rows as well. */
static void triangles_of_cholesky(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 50; round++) {
        struct rng r = rng_for(4, round, "cholesky");
        size_t n = 1 + (size_t)rng_below(&r, 8), m = 1 + (size_t)rng_below(&r, 8);
        double b[64], a[64] = {0}, c[64];

        for (size_t i = 0; i < n * m; i++)
            b[i] = 2 * rng_unit(&r) - 1;
        for (size_t i = 0; i < n * n; i++)
            for (size_t k = 0; k < m; k++)
                a[i] += b[i / n * m + k] * b[i % n * m + k];
        memcpy(c, a, sizeof c);
        square_cholesky(n, c);
        for (size_t i = 0; i < n * n; i++) {
            double sum = 0;

            for (size_t k = 0; k < n; k++)
                sum += c[i / n * n + k] * c[i % n * n + k];
            assert_true(fabs(sum - a[i]) < 1e-6);
            assert_true(i % n <= i / n || fabs(c[i]) < DBL_MIN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails),
        cmocka_unit_test(eigenvalues_are_those_it_was_made_of),
        cmocka_unit_test(eigenvalues_of_odd_matrices),
        cmocka_unit_test(triangles_of_cholesky),
        cmocka_unit_test(gemm_multiplies),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(unaligned_weights),
        cmocka_unit_test(small_products),
        cmocka_unit_test(team_follows_what_is_asked),
        cmocka_unit_test(quantised_blocks_match_gguf),
        cmocka_unit_test(every_half),
        cmocka_unit_test(every_bfloat),
        cmocka_unit_test(rotary_rows),
        cmocka_unit_test(rotary_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
