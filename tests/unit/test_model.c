/* Checkpoints that are right: every fixture opens, and its weights are those that PyTorch had. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/arch.h"
#include "model/identity.h"
#include "model/model.h"
#include "model/random.h"

#include "fixture.h"
#include "model/rope.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODELS TEST_DIR "/fixtures/models/"

static const struct {
    const char *name, *path, *arch;
    enum dtype q, embed;
    int rotary_head_dim;
} cases[] = {
    {"llama-tied-f32", "llama-tied-f32", "LlamaForCausalLM", DTYPE_F32, DTYPE_F32, 0},
    {"llama3-sharded-bf16", "llama3-sharded-bf16/", "LlamaForCausalLM", DTYPE_BF16, DTYPE_BF16, 0},
    {"mistral-mha-f16", "mistral-mha-f16", "MistralForCausalLM", DTYPE_F16, DTYPE_F16, 0},
    {"llama-linear-f32", "llama-linear-f32", "LlamaForCausalLM", DTYPE_F32, DTYPE_F32, 0},
    {"gguf-f32", "gguf-f32/model.gguf", "LlamaForCausalLM", DTYPE_F32, DTYPE_F32, 16},
    {"gguf-mixed", "gguf-mixed/model.gguf", "LlamaForCausalLM", DTYPE_Q4_1, DTYPE_Q8_0, 16},
};

enum { CASES = sizeof cases / sizeof *cases };

static struct model *open_case(int i)
{
    struct err err = {0};
    struct model *m;
    char path[512];

    snprintf(path, sizeof path, MODELS "%s", cases[i].path);
    if (model_open(&m, path, &err))
        fail_msg("%s", err.msg);
    return m;
}

static struct fixture *expected(int i)
{
    char path[512];

    snprintf(path, sizeof path, MODELS "%s/expected.bin", cases[i].name);
    return fixture_open(path);
}

/* W u in double precision, as the generator computed it: the numbers themselves are exact, so what
   is left is the rounding of the expectation to float32 and of sums of some tens of products. */
static void check_rows(const struct fixture *f, const char *name, const struct matrix *w)
{
    const float *want = fixture_get(f, name, NULL, NULL);
    float *row = calloc((size_t)w->cols, sizeof *row);

    assert_int_equal(fixture_count(f, name), w->rows);
    for (int64_t i = 0; i < w->rows; i++) {
        double sum = 0, size = 0;

        matrix_rows(w, i, 1, row);
        for (int64_t j = 0; j < w->cols; j++) {
            double product = (double)row[j] * (double)(7 * j % 13 - 6) / 8;

            sum += product;
            size += fabs(product);
        }
        if (!(fabs(sum - (double)want[i]) <= 1e-7 * size))
            fail_msg("%s, row %lld: %.9g, expected %.9g", name, (long long)i, sum, (double)want[i]);
    }
    free(row);
}

static void check_vector(const struct fixture *f, const char *name, const float *v, int n)
{
    assert_int_equal(fixture_count(f, name), n);
    assert_memory_equal(fixture_get(f, name, NULL, NULL), v, (size_t)n * sizeof *v);
}

static void check_layer(const struct fixture *f, const struct model *m, int l)
{
    const struct layer *y = &m->layers[l];
    const struct {
        const char *name;
        const struct matrix *w;
    } all[] = {{"wq", &y->q.w},      {"wk", &y->k.w},  {"wv", &y->v.w},     {"wo", &y->o.w},
               {"gate", &y->gate.w}, {"up", &y->up.w}, {"down", &y->down.w}};
    char name[64];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(name, sizeof name, "layer%d.%s.rows", l, all[i].name);
        check_rows(f, name, all[i].w);
    }
    snprintf(name, sizeof name, "layer%d.attn_norm", l);
    check_vector(f, name, y->attn_norm.w, m->shape.d_model);
    snprintf(name, sizeof name, "layer%d.mlp_norm", l);
    check_vector(f, name, y->mlp_norm.w, m->shape.d_model);
}

static void check_shape(const struct fixture *f, const struct shape *s)
{
    const float *want = fixture_get(f, "shape", NULL, NULL);
    const int have[] = {s->n_layers, s->n_heads, s->n_kv_heads,    s->d_model,         s->d_head,
                        s->d_ff,     s->vocab,   s->max_positions, shape_window(s, 0), s->tied};

    assert_int_equal(fixture_count(f, "shape"), sizeof have / sizeof *have);
    for (size_t i = 0; i < sizeof have / sizeof *have; i++)
        assert_int_equal(have[i], (int)want[i]);
    assert_true(s->norm_eps == *fixture_get(f, "rms_eps", NULL, NULL));
}

static void test_weights(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct model *m = open_case(i);
        struct fixture *f = expected(i);

        assert_string_equal(m->arch, cases[i].arch);
        check_shape(f, &m->shape);
        for (int l = 0; l < m->shape.n_layers; l++)
            check_layer(f, m, l);
        check_vector(f, "norm", m->final_norm.w, m->shape.d_model);
        check_rows(f, "embed.rows", &m->embed);
        check_rows(f, "unembed.rows", &m->unembed.w);
        assert_int_equal(m->layers[0].q.w.dtype, cases[i].q);
        assert_int_equal(m->embed.dtype, cases[i].embed);
        assert_int_equal(m->layers[1].q.w.rotary_head_dim, cases[i].rotary_head_dim);
        assert_int_equal(m->layers[1].k.w.rotary_head_dim, cases[i].rotary_head_dim);
        assert_int_equal(m->layers[1].v.w.rotary_head_dim, 0);
        fixture_close(f);
        model_close(m);
    }
}

/* PyTorch's powers are good to 1 ulp and ours correctly rounded (they differ in 2 of 280); what
   follows rounds alike on both, but 1 ulp may become 2 where a division changes the exponent. */
static void check_frequencies(const struct fixture *f, const char *name, const float *have, int n)
{
    const float *want = fixture_get(f, name, NULL, NULL);

    assert_int_equal(fixture_count(f, name), n);
    for (int j = 0; j < n; j++)
        if (!(fabsf(have[j] - want[j]) <= 2 * (nextafterf(want[j], 2) - want[j])))
            fail_msg("%s, frequency %d: %.9g, expected %.9g", name, j, (double)have[j],
                     (double)want[j]);
}

static void test_frequencies(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct model *m = open_case(i);
        struct fixture *f = expected(i);

        check_frequencies(f, "inv_freq", m->rotary[0].freq, m->shape.d_head / 2);
        fixture_close(f);
        model_close(m);
    }
}

/* The frequencies of full-size models, whose weights we do not need for that. */
static void test_real_frequencies(void **state)
{
    static const struct {
        const char *name;
        struct rope_spec rope;
    } specs[] = {
        {"llama-2", {.theta = 10000, .width = 128}},
        {"llama-3", {.theta = 500000, .width = 128}},
        {"llama-3.1",
         {.kind = ROPE_LLAMA3,
          .theta = 500000,
          .width = 128,
          .factor = 8,
          .old_positions = 8192,
          .low = 1,
          .high = 4}},
        {"llama-3.2",
         {.kind = ROPE_LLAMA3,
          .theta = 500000,
          .width = 64,
          .factor = 32,
          .old_positions = 8192,
          .low = 1,
          .high = 4}},
        {"mistral-0.2", {.theta = 1000000, .width = 128}},
        {"linear", {.kind = ROPE_LINEAR, .theta = 10000, .width = 96, .factor = 3}},
    };
    struct fixture *f = fixture_open(MODELS "frequencies.bin");

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct err err = {0};
        float have[64];

        assert_int_equal(rope_frequencies(&specs[i].rope, 1, have, &err), 0);
        check_frequencies(f, specs[i].name, have, specs[i].rope.width / 2);
    }
    fixture_close(f);
}

static void test_rotary_table(void **state)
{
    struct model *m = open_case(1);
    int half = m->shape.d_head / 2;
    float table[50 * 8 * 2];

    (void)state;
    assert_int_equal(half, 8);
    rotary_rows(&m->rotary[0], 50, 0, 50, table);
    for (int j = 0; j < half; j++) {
        float angle = 49 * m->rotary[0].freq[j];

        assert_true(table[j] == 1 && table[half + j] == 0);
        assert_true(table[49 * 2 * half + j] == (float)cos((double)angle));
        assert_true(table[(49 * 2 + 1) * half + j] == (float)sin((double)angle));
    }
    model_close(m);
}

/* Counts by hand for llama-tied-f32: d 32, q 32, kv 16, MLP 64, V 96, 2 layers. */
static void test_counts(void **state)
{
    struct model *m = open_case(0);
    uint64_t layer = 32 * 32 + 2 * 16 * 32 + 32 * 32 + 3 * 64 * 32;

    (void)state;
    assert_int_equal(m->n_params, 96 * 32 + 2 * (layer + 2 * 32) + 32);
    assert_int_equal(m->weight_bytes, 4 * m->n_params);
    assert_true(m->unembed.w.data == m->embed.data);
    assert_string_equal(m->name, "llama-tied-f32");
    model_close(m);
}

static void check_same_shape(const struct shape *a, const struct shape *b)
{
    struct shape x = *a, y = *b;

    for (int l = 0; l < a->n_layers; l++)
        assert_int_equal(shape_window(a, l), shape_window(b, l));
    x.window = y.window = NULL;
    assert_memory_equal(&x, &y, sizeof x);
}

/* What plan needs of a model that is not there: the same numbers, no data. */
static void test_shape_alone(void **state)
{
    const char *paths[CASES] = {MODELS "llama-tied-f32/config.json",
                                MODELS "llama3-sharded-bf16",
                                MODELS "mistral-mha-f16",
                                MODELS "llama-linear-f32",
                                MODELS "gguf-f32/model.gguf",
                                MODELS "gguf-mixed/model.gguf"};

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct model *m = open_case(i), *s;
        struct err err = {0};

        if (model_open_as(&s, paths[i], &(struct model_options){.shape_only = true}, &err))
            fail_msg("%s", err.msg);
        check_same_shape(&s->shape, &m->shape);
        assert_int_equal(s->n_params, m->n_params);
        assert_int_equal(s->weight_bytes, m->weight_bytes);
        assert_int_equal(s->layers[1].down.w.rows, m->layers[1].down.w.rows);
        assert_int_equal(s->layers[1].down.w.cols, m->layers[1].down.w.cols);
        assert_int_equal(s->layers[1].down.w.dtype, m->layers[1].down.w.dtype);
        assert_null(s->layers[1].down.w.data);
        assert_null(s->final_norm.w);
        model_close(s);
        model_close(m);
    }
}

static void test_describe(void **state)
{
    const char *const want[] = {"LlamaForCausalLM",
                                "2 safetensors files",
                                "74832",
                                "heads          4 of width 16, over 2 key/value heads",
                                "llama3 scaling by 8",
                                "128, unembedding of its own",
                                "     3 x BF16  (48, 80)         model.layers.*.mlp.down_proj"};
    struct model *m = open_case(1);
    struct err err = {0};
    struct buf out = {0};
    const char *text;

    (void)state;
    assert_int_equal(model_describe(m, &out, &err), 0);
    text = buf_str(&out, &err);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(text, want[i]))
            fail_msg("\"%s\" is not in:\n%s", want[i], text);
    buf_release(&out);
    model_close(m);
}

/* Every allocation fails once: ERR_MEMORY, and nothing leaks (the sanitizer build checks that). */
static void test_memory(void **state)
{
    (void)state;
    for (int i = 1; i < CASES; i += 4) {
        char path[512];
        int code = ERR_MEMORY;

        snprintf(path, sizeof path, MODELS "%s", cases[i].path);
        for (long nth = 1; code; nth++) {
            struct err err = {0};
            struct model *m;

            mem_fail_nth(nth);
            code = model_open(&m, path, &err);
            mem_fail_nth(0);
            if (code)
                assert_int_equal(code, ERR_MEMORY);
            else
                assert_true(nth > 3);
            model_close(code ? NULL : m);
        }
    }
}

static struct model *open_random(int i, uint64_t seed, int threads)
{
    struct err err = {0};
    struct model *m;
    char path[512];

    snprintf(path, sizeof path, MODELS "%s", cases[i].path);
    if (model_open_as(&m, path, &(struct model_options){.random = true, .random_seed = seed},
                      &err) ||
        (threads && random_make(m, threads, &err)))
        fail_msg("%s", err.msg);
    return m;
}

/* Sums over elements of a matrix of two models. */
struct pair_sums {
    double n, x, y, xx, yy, xy;
};

static struct pair_sums add_pairs(const struct matrix *a, const struct matrix *b)
{
    static float x[512], y[512];
    struct pair_sums s = {0};

    assert_true(a->cols <= 512 && b->cols == a->cols && b->rows == a->rows);
    for (int64_t r = 0; r < a->rows; r++) {
        matrix_rows(a, r, 1, x);
        matrix_rows(b, r, 1, y);
        for (int64_t c = 0; c < a->cols; c++) {
            double p = (double)x[c], q = (double)y[c];

            s = (struct pair_sums){s.n + 1,      s.x + p,      s.y + q,
                                   s.xx + p * p, s.yy + q * q, s.xy + p * q};
        }
    }
    return s;
}

/* As many standard errors of the mean, of the standard deviation and of the correlation as four
   seeds of all matrices never reach; bfloat16 rounds by 2^-9 at most. */
static void check_drawn(const struct matrix *of, const struct matrix *drawn)
{
    struct pair_sums s = add_pairs(of, drawn);
    double mean = s.x / s.n, sd = sqrt(s.xx / s.n - mean * mean), root = sqrt(s.n);
    double got = s.y / s.n, spread = sqrt(s.yy / s.n - got * got);

    assert_int_equal(drawn->dtype, DTYPE_BF16);
    assert_true(fabs(got - mean) < 4.5 * sd / root + fabs(mean) / 256);
    assert_true(fabs(spread / sd - 1) < 3.5 / root + 1.0 / 256);
    assert_true(fabs(s.xy / s.n - mean * got) < 4.5 * sd * spread / root);
}

/* Weights of their own mean and spread that have nothing of the model's; the same by any threads,
   others by another seed; the norms stay. */
static void random_weights(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct model *m = open_case(i), *one = open_random(i, 7, 1), *three = open_random(i, 7, 3),
                     *other = open_random(i, 8, 1);
        const struct layer *l = &m->layers[0], *k = &one->layers[0];
        size_t n = (size_t)(k->down.w.rows * k->down.w.cols) * 2;

        check_drawn(&m->embed, &one->embed);
        check_drawn(&m->unembed.w, &one->unembed.w);
        check_drawn(&l->q.w, &k->q.w);
        check_drawn(&l->down.w, &k->down.w);
        check_drawn(&one->layers[1].down.w, &k->down.w);
        check_drawn(&other->layers[0].down.w, &k->down.w);
        assert_memory_equal(k->down.w.data, three->layers[0].down.w.data, n);
        assert_memory_equal(k->attn_norm.w, l->attn_norm.w,
                            (size_t)m->shape.d_model * sizeof(float));
        assert_true(m->shape.tied == (one->unembed.w.data == one->embed.data));
        assert_true(one->weight_bytes >= 2 * (uint64_t)(one->embed.rows * one->embed.cols));
        model_close(m);
        model_close(one);
        model_close(three);
        model_close(other);
    }
}

/* A mean that is large beside the spread is kept; no part of a large matrix repeats. */
static void random_weights_far_from_zero(void **state)
{
    enum { ROWS = 300, COLS = 200, AT_A_TIME = 1 << 14 };
    static float v[ROWS * COLS];
    const struct matrix of = {.data = v, .dtype = DTYPE_F32, .rows = ROWS, .cols = COLS};
    struct model m = {.shape = {.tied = true, .vocab = ROWS}, .random_seed = 7, .embed = of};
    const uint16_t *drawn;
    struct err err = {0};

    (void)state;
    for (int i = 0; i < ROWS * COLS; i++)
        v[i] = 3 + (float)(i % 7 - 3) / 4;
    assert_int_equal(random_make(&m, 2, &err), 0);
    check_drawn(&of, &m.embed);
    drawn = m.embed.data;
    assert_memory_not_equal(drawn, drawn + AT_A_TIME, AT_A_TIME * sizeof *drawn);
    mem_free(m.random_own);
}

/* Who they are says their seed, too; without them nothing is as it was. */
static void random_identity(void **state)
{
    struct model *m = open_case(0), *one = open_random(0, 7, 0), *other = open_random(0, 8, 0);
    struct err err = {0};

    (void)state;
    assert_int_equal(identity_make(m, 1, &err) || identity_make(one, 1, &err) ||
                         identity_make(other, 1, &err),
                     0);
    assert_true(hash_eq(m->fingerprint, m->files_hash) && hash_eq(m->files_hash, one->files_hash));
    assert_false(hash_eq(m->fingerprint, one->fingerprint));
    assert_false(hash_eq(other->fingerprint, one->fingerprint));
    for (long nth = 1; !one->drawn; nth++) {
        mem_fail_nth(nth);
        if (random_make(one, 1, &err))
            assert_int_equal(err.code, ERR_MEMORY);
        mem_fail_nth(0);
        err_clear(&err);
        if (!one->drawn) {
            model_close(one);
            one = open_random(0, 7, 0);
        }
    }
    model_close(m);
    model_close(one);
    model_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_weights),    cmocka_unit_test(random_weights_far_from_zero),
        cmocka_unit_test(random_identity),   cmocka_unit_test(test_weights),
        cmocka_unit_test(test_frequencies),  cmocka_unit_test(test_real_frequencies),
        cmocka_unit_test(test_rotary_table), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_shape_alone),  cmocka_unit_test(test_describe),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
