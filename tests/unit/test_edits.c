/*
 * Edits of every site and operation against float64 NumPy (tests/reference/make_edits.py), by both
 * executors. Tolerance: as in test_engine.c, and in the size of the logits where factors made them
 * large.
 */
#include "engine/engine.h"
#include "fixture.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TOKENS = 16, EDITS = 4, VOCAB = 128, FIELDS = 12 };

static const char *const names[] = {"llama3-sharded-bf16", "mistral-mha-f16"};

struct bench {
    struct model *model;
    struct fixture *fixture;
    struct engine engine;
    struct arena arena;
    struct run run[2];
    struct edit made;
    int32_t ids[TOKENS], targets[VOCAB];
    int n;
    struct err err;
};

static void check(int code, const struct err *err)
{
    if (code)
        fail_msg("%s", err->msg);
}

static struct span span_at(const float *row)
{
    return (struct span){(int)row[0], (int)row[1]};
}

/* Edit i of the array: a row of FIELDS numbers and perhaps PREFIXvecI. */
static struct edit read_edit(const struct bench *b, const char *array, const char *prefix, int i)
{
    const float *row = fixture_get(b->fixture, array, NULL, NULL) + (ptrdiff_t)i * FIELDS;
    struct edit e = {.site = (enum site)row[0],
                     .op = (enum op)row[1],
                     .layer = span_at(row + 2),
                     .head = span_at(row + 4),
                     .tok = span_at(row + 6),
                     .key = span_at(row + 8),
                     .scale = row[10]};
    size_t sizes[FIXTURE_RANK];
    char name[32];

    if (row[11] >= 0)
        e.from = &b->run[(int)row[11]];
    if (row[11] == -1) {
        snprintf(name, sizeof name, "%svec%d", prefix, i);
        e.vec = fixture_get(b->fixture, name, NULL, sizes);
        e.stride = sizes[0] > 1 ? (int64_t)sizes[1] : 0;
    }
    return e;
}

static void make_run(struct bench *b, struct run *r, struct variant v)
{
    check(run_alloc(r, &b->model->shape, b->n, KEEP_ALL, &b->arena, &b->err), &b->err);
    v.into = r;
    engine_run(&b->engine, &v, 1);
}

static void bench_open(struct bench *b, const char *name, bool naive)
{
    char path[512];
    const float *ids;

    memset(b, 0, sizeof *b);
    snprintf(path, sizeof path, TEST_DIR "/fixtures/models/%s", name);
    check(model_open(&b->model, path, &b->err), &b->err);
    snprintf(path, sizeof path, TEST_DIR "/fixtures/edits/%s.bin", name);
    b->fixture = fixture_open(path);
    ids = fixture_get(b->fixture, "ids", NULL, NULL);
    b->n = (int)fixture_count(b->fixture, "ids");
    assert_in_range(b->n, 1, TOKENS);
    assert_in_range(b->model->shape.vocab, 1, VOCAB);
    for (int i = 0; i < b->n; i++)
        b->ids[i] = (int32_t)ids[i];
    for (int i = 0; i < VOCAB; i++)
        b->targets[i] = i;
    check(engine_open(&b->engine, b->model, 64, TOKENS, 1, &b->err), &b->err);
    b->engine.naive = naive;
    make_run(b, &b->run[0], (struct variant){.ids = b->ids, .n = b->n});
    b->made = read_edit(b, "made", "made.", 0);
    make_run(b, &b->run[1], (struct variant){.base = &b->run[0], .edit = &b->made, .n_edits = 1});
}

static void bench_close(struct bench *b)
{
    engine_close(&b->engine);
    fixture_close(b->fixture);
    model_close(b->model);
    arena_release(&b->arena);
}

static void check_case(struct bench *b, int c)
{
    char name[32], prefix[16];
    struct edit edit[EDITS];
    float logit[VOCAB], logprob[VOCAB], scale = 1;
    int32_t rank[VOCAB];
    int vocab = b->model->shape.vocab, n;
    struct answer answer = {
        .target = b->targets, .n_targets = vocab, .logit = logit, .logprob = logprob, .rank = rank};
    struct variant v = {.edit = edit, .asks = ASK_VOCAB, .answer = &answer};
    const float *want;
    double kl;

    snprintf(prefix, sizeof prefix, "%d.", c);
    snprintf(name, sizeof name, "%d.edits", c);
    n = (int)(fixture_count(b->fixture, name) / FIELDS);
    assert_in_range(n, 1, EDITS);
    for (int i = 0; i < n; i++)
        edit[i] = read_edit(b, name, prefix, i);
    snprintf(name, sizeof name, "%d.base", c);
    v.base = &b->run[(int)*fixture_get(b->fixture, name, NULL, NULL)];
    v.n_edits = n;
    engine_run(&b->engine, &v, 1);

    snprintf(name, sizeof name, "%d.logits", c);
    want = fixture_get(b->fixture, name, NULL, NULL);
    for (int i = 0; i < vocab; i++)
        scale = fmaxf(scale, fabsf(want[i]));
    for (int i = 0; i < vocab; i++)
        if (!(fabsf(logit[i] - want[i]) <= 5e-6f * scale))
            fail_msg("case %d, token %d: %g, NumPy has %g", c, i, (double)logit[i],
                     (double)want[i]);
    snprintf(name, sizeof name, "%d.kl", c);
    kl = (double)*fixture_get(b->fixture, name, NULL, NULL);
    if (!(fabs((double)answer.kl - kl) <= 1e-5 * (1 + kl)))
        fail_msg("case %d: KL %g, NumPy has %g", c, (double)answer.kl, kl);
}

static void same_as_numpy(bool naive)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bench b;
        int cases;

        bench_open(&b, names[i], naive);
        cases = (int)*fixture_get(b.fixture, "cases", NULL, NULL);
        assert_in_range(cases, 1, 1000);
        for (int c = 0; c < cases; c++)
            check_case(&b, c);
        bench_close(&b);
    }
}

static void forked(void **state)
{
    (void)state;
    same_as_numpy(false);
}

static void naive(void **state)
{
    (void)state;
    same_as_numpy(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forked),
        cmocka_unit_test(naive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
