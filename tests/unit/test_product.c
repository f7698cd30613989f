/* The row-invariant product against its written order, in thousands of shapes. */
#include "base/isa.h"
#include "base/matrix.h"
#include "base/product/product.h"
#include "base/team.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SHAPES = 2000, MOST_ROWS = 240, MOST_N = 250, MOST_K = 2400 };

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

/* What product.h says, word by word. */
static float written_sum(int64_t k, const float *x, const float *w)
{
    float sum = 0;

    for (int64_t b = 0; b < k; b += 1024) {
        int64_t length = k - b < 1024 ? k - b : 1024, whole = (length + 7) / 8 * 8;
        float l[8] = {0}, c[4], d[2], s;

        for (int64_t i = 0; i < whole; i++)
            l[i % 8] = fmaf(i < length ? x[b + i] : 0, i < length ? w[b + i] : 0, l[i % 8]);
        for (int j = 0; j < 4; j++)
            c[j] = l[j] + l[j + 4];
        for (int j = 0; j < 2; j++)
            d[j] = c[j] + c[j + 2];
        s = d[0] + d[1];
        sum = b ? sum + s : s;
    }
    return isnan(sum) ? NAN : sum;
}

static float odd_number(void)
{
    static const float odd[] = {0.0f,      -0.0f,      INFINITY,  -INFINITY,       NAN,
                                0x1p-149f, -0x3p-140f, 0x1p-126f, 0x1.fffffep127f, -0x1p127f};

    return odd[draw(sizeof odd / sizeof *odd)];
}

/* Numbers of a kind that a shape has throughout: ordinary, tiny (products below the normal range),
   huge (sums overflow), or ordinary with a few odd ones. */
static void fill_floats(float *out, size_t n, int kind)
{
    static const float scale[] = {1, 0x1p-70f, 0x1p62f, 1};

    for (size_t i = 0; i < n; i++)
        out[i] = ((float)draw(2001) / 1000 - 1) * scale[kind];
    for (size_t i = 0; kind == 3 && i < 1 + n / 200; i++)
        out[draw((uint32_t)n)] = odd_number();
}

static void fill_weights(unsigned char *out, enum dtype t, size_t n, int kind)
{
    float f;

    for (size_t i = 0; i < n / dtype_block(t) * dtype_block_bytes(t); i++)
        out[i] = (unsigned char)draw(256);
    for (size_t i = 0; i < n && (t == DTYPE_F32 || t == DTYPE_BF16); i++) {
        fill_floats(&f, 1, kind);
        memcpy(out + i * dtype_block_bytes(t), (char *)&f + 4 - dtype_block_bytes(t),
               dtype_block_bytes(t));
    }
}

struct shape {
    int64_t rows, n, k, ldx, ldy;
    struct matrix w;
    float *x, *wide, *want, *got;
};

static int64_t some_k(void)
{
    switch (draw(4)) {
    case 0:
        return 1 + draw(40);
    case 1:
        return 8 * (1 + draw(80));
    case 2:
        return 1024 * (1 + draw(2)) + (int64_t)draw(70) - 35;
    default:
        return 1 + draw(700);
    }
}

static void draw_shape(struct shape *s, unsigned char *weights)
{
    int64_t block;
    int kind = (int)draw(4);

    s->w = (struct matrix){.data = weights + draw(3), .dtype = (enum dtype)draw(DTYPE_COUNT)};
    block = (int64_t)dtype_block(s->w.dtype);
    s->rows = draw(3) ? 1 + draw(14) : 1 + draw(30);
    s->n = draw(8) ? 1 + draw(40) : 1 + draw(MOST_N);
    s->k = (some_k() + block - 1) / block * block;
    if (draw(25) == 0) { /* so many rows that W is turned before */
        static const enum dtype plain[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};

        s->rows = 48 + draw(MOST_ROWS - 47);
        s->n = draw(4) ? 1 + draw(15) : 90 + draw(MOST_N - 90);
        if (draw(4)) {
            s->w.dtype = plain[draw(3)];
            s->k = draw(3) ? (s->k + 7) / 8 * 8 : s->k;
        }
    }
    if (draw(5) == 0) {
        s->w.rotary_head_dim = 8;
        s->n = (s->n + 7) / 8 * 8;
    }
    s->w.rows = s->n;
    s->w.cols = s->k;
    s->ldx = s->k + draw(20);
    s->ldy = s->n + draw(20);
    fill_floats(s->x, (size_t)(s->rows * s->ldx), kind);
    fill_weights((unsigned char *)s->w.data, s->w.dtype, (size_t)(s->n * s->k), kind);
    matrix_rows(&s->w, 0, s->n, s->wide);
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t j = 0; j < s->n; j++)
            s->want[i * s->ldy + j] = written_sum(s->k, s->x + i * s->ldx, s->wide + j * s->k);
}

static const float untouched = 12345;

/* A product of some rows, which writes nothing beside them. */
static void multiply(struct team *t, const struct shape *s, int64_t first, int64_t rows)
{
    for (int64_t i = 0; i < (rows + 1) * s->ldy; i++)
        s->got[i] = untouched;
    product(t, rows, s->x + first * s->ldx, s->ldx, &s->w, s->got, s->ldy);
}

static void check(const struct shape *s, int64_t first, int64_t rows, const char *by)
{
    for (int64_t i = 0; i <= rows; i++)
        for (int64_t j = i < rows ? s->n : 0; j < s->ldy; j++)
            if (s->got[i * s->ldy + j] != untouched)
                fail_msg("%s: column %d of row %d of %d is written; n %d, k %d, %s", by, (int)j,
                         (int)i, (int)rows, (int)s->n, (int)s->k, dtype_name(s->w.dtype));
    for (int64_t i = 0; i < rows; i++)
        if (memcmp(s->got + i * s->ldy, s->want + (first + i) * s->ldy,
                   (size_t)s->n * sizeof *s->got) != 0)
            fail_msg("%s: row %d of %d differs; n %d, k %d, %s", by, (int)i, (int)rows, (int)s->n,
                     (int)s->k, dtype_name(s->w.dtype));
}

/* Weights are the same floats on every path. */
static void check_rows(const struct shape *s, float *again)
{
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_available((enum isa)isa))
            continue;
        isa_set((enum isa)isa);
        matrix_rows(&s->w, 0, s->n, again);
        for (int64_t i = 0; i < s->n * s->k; i++)
            if (memcmp(&again[i], &s->wide[i], sizeof *again) != 0 && !isnan(s->wide[i]))
                fail_msg("%s: element %d of a matrix of %s is %a, not %a", isa_name((enum isa)isa),
                         (int)i, dtype_name(s->w.dtype), (double)again[i], (double)s->wide[i]);
    }
}

static void by_all(const struct shape *s, struct team *teams, int n_teams)
{
    int64_t first = draw((uint32_t)s->rows), some = 1 + draw((uint32_t)(s->rows - first));
    struct team *t = &teams[draw((uint32_t)n_teams)];

    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_available((enum isa)isa))
            continue;
        isa_set((enum isa)isa);
        multiply(t, s, 0, s->rows);
        check(s, 0, s->rows, isa_name((enum isa)isa));
        multiply(t, s, first, some);
        check(s, first, some, isa_name((enum isa)isa));
    }
}

static void *room(size_t bytes)
{
    void *p = calloc(bytes, 1);

    assert_non_null(p);
    return p;
}

static void test_product(void **cmocka)
{
    static const int threads[] = {1, 2, 5};
    /* Room for all rows, for seven at a time, for one. */
    static const int64_t shared[] = {MOST_ROWS, 7, 1};
    unsigned char *weights = room((size_t)MOST_N * MOST_K * 4 + 64);
    struct shape s = {.x = room((size_t)MOST_ROWS * MOST_K * 4),
                      .wide = room((size_t)(MOST_N + 8) * MOST_K * 4),
                      .want = room((size_t)MOST_ROWS * (MOST_N + 30) * 4),
                      .got = room((size_t)(MOST_ROWS + 1) * (MOST_N + 30) * 4)};
    float *again = room((size_t)(MOST_N + 8) * MOST_K * 4);
    struct team teams[3];
    struct err err = {0};

    (void)cmocka;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(team_init(&teams[i], threads[i], product_scratch(), &err), 0);
        assert_int_equal(team_share(&teams[i], product_shared(shared[i], MOST_K), &err), 0);
    }
    for (int i = 0; i < SHAPES; i++) {
        draw_shape(&s, weights);
        if (i % 8 == 0)
            check_rows(&s, again);
        by_all(&s, teams, 3);
    }
    for (int i = 0; i < 3; i++)
        team_release(&teams[i]);
    free(weights);
    free(again);
    free(s.x);
    free(s.wide);
    free(s.want);
    free(s.got);
}

static void test_mix(void **cmocka)
{
    static float p[100], v[100 * 150], z[150];

    (void)cmocka;
    for (int i = 0; i < 300; i++) {
        int64_t keys = 1 + draw(100), width = 1 + draw(140), ld = width + draw(10);

        fill_floats(p, (size_t)keys, (int)draw(4));
        fill_floats(v, (size_t)(keys * ld), (int)draw(4));
        for (int isa = 0; isa < ISA_COUNT; isa++) {
            if (!isa_available((enum isa)isa))
                continue;
            isa_set((enum isa)isa);
            product_mix(keys, p, width, v, ld, z);
            for (int64_t j = 0; j < width; j++) {
                float want = 0;

                for (int64_t r = 0; r < keys; r++)
                    want = fmaf(p[r], v[r * ld + j], want);
                want = isnan(want) ? NAN : want + 0.0f;
                assert_memory_equal(&z[j], &want, sizeof want);
            }
        }
    }
}

/* Bits that must not change unnoticed: those of earlier results, whose units ENGINE_BITS would make
   anew. */
static void test_bits(void **cmocka)
{
    enum { K = 2000, N = 50 };
    static float x[K], w[N * K], y[N];
    struct matrix m = matrix_f32(w, N, K);
    struct team t;
    struct err err = {0};
    uint32_t all = 0, bits;

    (void)cmocka;
    for (int i = 0; i < K; i++)
        x[i] = (float)(i * 37 % 101) / 64 - 0.7f;
    for (int i = 0; i < N * K; i++)
        w[i] = (float)(i * 53 % 97) / 128 - 0.3f;
    assert_int_equal(team_init(&t, 1, product_scratch(), &err), 0);
    assert_int_equal(team_share(&t, product_shared(1, K), &err), 0);
    product(&t, 1, x, K, &m, y, N);
    for (int i = 0; i < N; i++) {
        memcpy(&bits, &y[i], sizeof bits);
        all = all * 31 + bits;
    }
    assert_int_equal(all, 0xdecdb4d);
    assert_int_equal(t.flops, 2 * K * N);
    product(&t, 0, x, K, &m, y, N);
    assert_int_equal(t.flops, 2 * K * N);
    team_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_mix),
        cmocka_unit_test(test_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
