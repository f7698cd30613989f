/*
 * Parity of the engine with PyTorch: every intermediate of small random models of each architecture
 * and dtype (tests/reference/make_models.py), by both executors, and the same bits whatever the
 * number of threads.
 *
 * Tolerances: logits here are of size 1 to 10 and float32 sums of at most 128 terms differ by a few
 * ulp between BLAS libraries; 5e-5 is the bar that a re-implementation in another framework meets.
 */
#include "engine/engine.h"
#include "engine/lens.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name, *model;
} models[] = {
    {"llama-tied-f32", ""},   {"llama3-sharded-bf16", ""}, {"mistral-mha-f16", ""},
    {"llama-linear-f32", ""}, {"gguf-f32", "/model.gguf"}, {"gguf-mixed", "/model.gguf"},
};

enum { MODELS = sizeof models / sizeof *models };

struct bench {
    struct model *model;
    struct fixture *fixture;
    struct engine engine;
    struct arena arena;
    struct run run;
    int32_t ids[64];
    int n;
    struct err err;
};

static void check(int code, const struct err *err)
{
    if (code)
        fail_msg("%s", err->msg);
}

static void bench_open(struct bench *b, int model, bool naive, int threads)
{
    char path[512];
    const float *ids;

    memset(b, 0, sizeof *b);
    err_clear(&b->err);
    snprintf(path, sizeof path, TEST_DIR "/fixtures/models/%s%s", models[model].name,
             models[model].model);
    check(model_open(&b->model, path, &b->err), &b->err);
    snprintf(path, sizeof path, TEST_DIR "/fixtures/models/%s/expected.bin", models[model].name);
    b->fixture = fixture_open(path);
    ids = fixture_get(b->fixture, "ids", NULL, NULL);
    b->n = (int)fixture_count(b->fixture, "ids");
    for (int i = 0; i < b->n; i++)
        b->ids[i] = (int32_t)ids[i];
    check(engine_open(&b->engine, b->model, 64, 64, threads, &b->err), &b->err);
    b->engine.naive = naive;
}

static void bench_run(struct bench *b)
{
    struct variant v = {.ids = b->ids, .n = b->n, .rows = {0, b->n}, .into = &b->run};

    check(run_alloc(&b->run, &b->model->shape, b->n, KEEP_ALL, &b->arena, &b->err), &b->err);
    engine_run(&b->engine, &v, 1);
}

static void bench_close(struct bench *b)
{
    engine_close(&b->engine);
    fixture_close(b->fixture);
    model_close(b->model);
    arena_release(&b->arena);
}

static double worst(const struct bench *b, const char *name, const float *have)
{
    const float *want = fixture_get(b->fixture, name, NULL, NULL);
    double most = 0;

    for (size_t i = 0; i < fixture_count(b->fixture, name); i++) {
        double diff = (double)have[i] - (double)want[i];

        if (!(diff <= most && -diff <= most))
            most = diff < 0 ? -diff : diff;
    }
    return most;
}

static void near(const struct bench *b, const char *name, const float *have, double tolerance)
{
    double most = worst(b, name, have);

    if (!(most <= tolerance))
        fail_msg("%s: %s differs by %g, allowed %g", b->model->path, name, most, tolerance);
}

static void near_layer(const struct bench *b, int l, const char *name, const float *have)
{
    char full[64];

    snprintf(full, sizeof full, "layer%d.%s", l, name);
    near(b, full, have, 5e-5);
}

static void all_intermediates(struct bench *b)
{
    const struct shape *s = &b->model->shape;
    size_t d = (size_t)s->d_model, width = (size_t)(s->n_heads * s->d_head);
    size_t kv = (size_t)(s->n_kv_heads * s->d_head), n = (size_t)b->n;
    const float *row[64];
    float *logits = calloc(n * (size_t)s->vocab, sizeof *logits);

    near(b, "embed", b->run.x, 0);
    for (int l = 0; l < s->n_layers; l++) {
        size_t at = (size_t)l * n;

        near_layer(b, l, "k", b->run.k + at * kv);
        near_layer(b, l, "v", b->run.v + at * kv);
        near_layer(b, l, "z", b->run.z + at * width);
        near_layer(b, l, "attn", b->run.a + at * d);
        near_layer(b, l, "mlp", b->run.m + at * d);
        near_layer(b, l, "resid", b->run.x + (at + n) * d);
    }
    near_layer(b, s->n_layers - 1, "q", b->engine.q); /* what the last layer left in its buffer */
    for (int t = 0; t < b->n; t++)
        row[t] = run_row(&b->run, s, SITE_RESID, s->n_layers, t);
    engine_logits(&b->engine, b->n, row, logits);
    near(b, "final_norm", b->engine.norm, 5e-5);
    near(b, "logits", logits, 5e-5);
    printf("    %-22s logits differ by %.1e\n", b->model->name, worst(b, "logits", logits));
    free(logits);
}

static void parity(bool naive)
{
    for (int i = 0; i < MODELS; i++) {
        struct bench b;

        bench_open(&b, i, naive, 1);
        bench_run(&b);
        all_intermediates(&b);
        bench_close(&b);
    }
}

static void wave_matches_pytorch(void **state)
{
    (void)state;
    parity(false);
}

static void naive_matches_pytorch(void **state)
{
    (void)state;
    parity(true);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        struct bench one, more;
        size_t rows;

        bench_open(&one, i, false, 1);
        bench_run(&one);
        rows = (size_t)((one.model->shape.n_layers + 1) * one.n);
        for (int threads = 2; threads <= 3; threads++) {
            bench_open(&more, i, false, threads);
            bench_run(&more);
            assert_memory_equal(one.run.x, more.run.x,
                                rows * (size_t)one.model->shape.d_model * sizeof(float));
            assert_memory_equal(one.run.logits, more.run.logits,
                                (size_t)one.model->shape.vocab * sizeof(float));
            bench_close(&more);
        }
        bench_close(&one);
    }
}

/* Threads share out the heads of many prompts at once, and take them from one another (libomp). */
static void same_bits_of_many_prompts(void **state)
{
    enum { PROMPTS = 48, TIMES = 4, THREADS = 4 };
    struct bench one, many;
    struct run *run;
    struct variant v[PROMPTS];
    size_t bytes;

    (void)state;
    bench_open(&one, 1, false, 1);
    bench_run(&one);
    bench_open(&many, 1, false, 1);
    engine_close(&many.engine);
    check(engine_open(&many.engine, many.model, PROMPTS * one.n, 64, THREADS, &many.err),
          &many.err);
    run = arena_alloc(&many.arena, PROMPTS, sizeof *run, &many.err);
    for (int i = 0; i < PROMPTS; i++) {
        check(run_alloc(&run[i], &one.model->shape, one.n, KEEP_ALL, &many.arena, &many.err),
              &many.err);
        v[i] = (struct variant){.ids = one.ids, .n = one.n, .rows = {0, one.n}, .into = &run[i]};
    }
    bytes = (size_t)((one.model->shape.n_layers + 1) * one.n) * (size_t)one.model->shape.d_model *
            sizeof(float);
    for (int time = 0; time < TIMES; time++) {
        engine_run(&many.engine, v, PROMPTS);
        for (int i = 0; i < PROMPTS; i++)
            assert_memory_equal(one.run.x, run[i].x, bytes);
    }
    bench_close(&many);
    bench_close(&one);
}

/* A prompt without its last token is the run's prefix: causality, and no row that leaks. */
static void prefix_has_the_same_rows(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        struct bench whole, part;
        const struct shape *s;
        int t;

        bench_open(&whole, i, false, 1);
        bench_run(&whole);
        bench_open(&part, i, false, 1);
        part.n--;
        bench_run(&part);
        s = &whole.model->shape;
        t = part.n - 1;
        for (int j = 0; j < s->d_model; j++) {
            float a = run_row(&whole.run, s, SITE_RESID, s->n_layers, t)[j];
            float b = run_row(&part.run, s, SITE_RESID, s->n_layers, t)[j];

            assert_true(a - b < 1e-5f && b - a < 1e-5f);
        }
        bench_close(&whole);
        bench_close(&part);
    }
}

/* FLOPs counted by the GEMMs are those that the planner said. */
static void counts_what_it_plans(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        struct bench b;

        bench_open(&b, i, false, 2);
        bench_run(&b);
        assert_int_equal(b.engine.planned, b.engine.team.flops);
        bench_close(&b);
    }
}

/* The decoded parts of a run sum up to its logits (docs/methods.md 2): embedding, a_l, m_l. */
static void parts_sum_to_the_logits(void **state)
{
    enum { IDS = 5 };
    static const int32_t id[IDS] = {0, 3, 17, 40, 63};

    (void)state;
    for (int i = 0; i < MODELS; i++) {
        const struct shape *s;
        const float *r[64];
        float rms[64], logit[64 * IDS];
        struct lens_ask ask = {.id = id, .n_ids = IDS, .logit = logit};
        struct bench b;
        int n = 0;

        bench_open(&b, i, false, 1);
        bench_run(&b);
        s = &b.model->shape;
        r[n++] = run_row(&b.run, s, SITE_RESID, 0, b.n - 1);
        for (int l = 0; l < s->n_layers; l++) {
            r[n++] = run_row(&b.run, s, SITE_ATTN, l, b.n - 1);
            r[n++] = run_row(&b.run, s, SITE_MLP, l, b.n - 1);
        }
        for (int k = 0; k < n; k++)
            rms[k] = b.run.rms;
        engine_decode(&b.engine, n, r, rms, NULL, &ask);
        for (int k = 0; k < IDS; k++) {
            double sum = 0, diff;

            for (int v = 0; v < n; v++)
                sum += (double)logit[v * IDS + k];
            diff = sum - (double)b.run.logits[id[k]];
            assert_true(diff < 1e-4 && diff > -1e-4);
        }
        bench_close(&b);
    }
}

/* Mean and spread over the vocabulary through the Gram matrix, against all logits one by one. */
static void vocabulary_statistics(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        struct vocab_stats stats = {0};
        const struct shape *s;
        const float *r;
        float rms, logit[1], mean, std, all[512];
        static const int32_t id[1] = {1};
        struct lens_ask ask = {.id = id, .n_ids = 1, .logit = logit, .mean = &mean, .std = &std};
        struct bench b;
        int32_t every[512];
        struct lens_ask full = {.id = every, .logit = all};
        double m = 0, var = 0;

        bench_open(&b, i, false, 2);
        bench_run(&b);
        s = &b.model->shape;
        assert_true(s->vocab <= 512);
        for (int k = 0; k < s->vocab; k++)
            every[k] = k;
        full.n_ids = s->vocab;
        r = run_row(&b.run, s, SITE_MLP, 0, b.n - 1);
        rms = b.run.rms;
        check(vocab_stats_compute(&stats, &b.engine, &b.arena, &b.err), &b.err);
        engine_decode(&b.engine, 1, &r, &rms, &stats, &ask);
        engine_decode(&b.engine, 1, &r, &rms, NULL, &full);
        for (int k = 0; k < s->vocab; k++)
            m += (double)all[k] / s->vocab;
        for (int k = 0; k < s->vocab; k++)
            var += ((double)all[k] - m) * ((double)all[k] - m) / s->vocab;
        assert_true(m - (double)mean < 1e-5 && (double)mean - m < 1e-5);
        assert_true(var - (double)std * (double)std < 1e-4 * var);
        assert_true((double)std * (double)std - var < 1e-4 * var);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wave_matches_pytorch),      cmocka_unit_test(naive_matches_pytorch),
        cmocka_unit_test(same_bits_for_any_threads), cmocka_unit_test(same_bits_of_many_prompts),
        cmocka_unit_test(prefix_has_the_same_rows),  cmocka_unit_test(counts_what_it_plans),
        cmocka_unit_test(parts_sum_to_the_logits),   cmocka_unit_test(vocabulary_statistics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
