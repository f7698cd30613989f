/* What may not change a bit: the company in which rows are computed, edits that put back what is
   there, and two ways to the same thing. */
#include "engine/greedy.h"
#include "engine/noop.h"
#include "scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The bits of a run that is kept depend on nothing that is run with it. */
static void runs_are_the_same_in_any_company(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        size_t rows;

        scene_open(s, (uint64_t)(3000 + round));
        rows = (size_t)((s->model.shape.n_layers + 1) * s->n);
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        for (int i = 0; i < RUNS; i++)
            s->variant[4 * i + 2] = making(s, i, &s->oracle[i]);
        engine_run(&s->forked, s->variant, VARIANTS);
        for (int i = 0; i < RUNS; i++) {
            assert_memory_equal(s->oracle[i].x, s->run[i].x,
                                rows * (size_t)s->model.shape.d_model * sizeof(float));
            assert_memory_equal(s->oracle[i].logits, s->run[i].logits, VOCAB * sizeof(float));
        }
        scene_close(s);
        free(s);
    }
}

/* So do those of every answer: of the company, of the rows of a wave, of threads, and of how the
   logits were asked. */
static void answers_are_the_same_in_any_company(void **state)
{
    size_t bytes = VOCAB * sizeof(float);

    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        struct engine other;
        bool has_logprob[VARIANTS];

        scene_open(s, (uint64_t)(4000 + round));
        assert_int_equal(
            engine_open(&other, &s->model, 1 + below(s, 40), TOKENS, 1 + below(s, 3), &s->err), 0);
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            s->variant[i].answer = &s->a[i].answer;
        engine_run(&s->forked, s->variant, VARIANTS);
        for (int i = 0; i < VARIANTS; i++) {
            size_t vectors = (size_t)(s->model.shape.n_layers * s->model.shape.d_model);

            s->variant[i].answer = &s->b[i].answer;
            has_logprob[i] = s->variant[i].asks & ASK_VOCAB;
            s->variant[i].asks ^= s->variant[i].asks & ASK_VOCAB ? ASK_LOGITS | ASK_VOCAB : 0;
            engine_run(&other, &s->variant[i], 1);
            assert_memory_equal(s->a[i].logit, s->b[i].logit, bytes);
            assert_memory_equal(s->a[i].answer.x, s->b[i].answer.x, vectors * sizeof(float));
            if (!(s->variant[i].asks & ASK_LOGITS))
                continue;
            s->variant[i].asks ^= ASK_LOGITS | ASK_LOGPROB;
            memset(s->b[i].logit, 0, bytes);
            engine_run(&other, &s->variant[i], 1);
            assert_memory_equal(s->a[i].logit, s->b[i].logit, bytes);
            assert_true(!has_logprob[i] || memcmp(s->a[i].logprob, s->b[i].logprob, bytes) == 0);
        }
        engine_close(&other);
        scene_close(s);
        free(s);
    }
}

/* The edits that made the base act before the variant's own: one pass of the clean prompt with both
   in a row has the same bits. */
static void edits_of_the_base_come_first(void **state)
{
    int chained = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);

        scene_open(s, (uint64_t)(4000 + round));
        draw_variants(s);
        s->naive.run_noops = true;
        for (int i = 0; i < VARIANTS; i++) {
            struct variant chain = s->variant[i], once = chain;
            const struct run *base = chain.base;
            struct edit *all = get(s, (size_t)(base->n_edits + chain.n_edits), sizeof *all);

            if (!base->n_edits)
                continue;
            memcpy(all, base->edit, (size_t)base->n_edits * sizeof *all);
            memcpy(all + base->n_edits, chain.edit, (size_t)chain.n_edits * sizeof *all);
            once.base = NULL;
            once.ids = base->ids;
            once.n = base->n;
            once.edit = all;
            once.n_edits = base->n_edits + chain.n_edits;
            chain.asks = once.asks = ASK_VOCAB;
            chain.answer = &s->a[i].answer;
            once.answer = &s->b[i].answer;
            engine_run(&s->naive, &chain, 1);
            engine_run(&s->naive, &once, 1);
            assert_memory_equal(s->a[i].logit, s->b[i].logit, sizeof s->a[i].logit);
            chained++;
        }
        scene_close(s);
        free(s);
    }
    assert_true(chained > 60);
}

/* A reader to whose stream nothing is added reads what it did: computed anew, no bit changes. An
   edge whose sender says the same in both runs is this. */
static void edges_that_add_nothing_change_no_bit(void **state)
{
    static const enum site reads[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP};

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);
        float *nothing;
        struct edit e;
        int parts;

        scene_open(s, (uint64_t)(5000 + round));
        nothing = get(s, (size_t)s->model.shape.d_model, sizeof *nothing);
        e = (struct edit){.site = reads[below(s, 4)], .op = OP_ADD, .vec = nothing, .scale = 1};
        parts = site_parts(&s->model.shape, e.site);
        e.layer = random_range(s, s->model.shape.n_layers);
        e.head = random_range(s, parts ? parts : 1);
        e.tok = random_range(s, s->n);
        outcome_init(s, &s->a[0]);
        s->variant[0] = (struct variant){.base = &s->run[below(s, 2)],
                                         .edit = &e,
                                         .n_edits = 1,
                                         .asks = ASK_VOCAB,
                                         .answer = &s->a[0].answer};
        s->forked.run_noops = true;
        engine_run(&s->forked, s->variant, 1);
        assert_memory_equal(s->a[0].logit, s->variant[0].base->logits, sizeof s->a[0].logit);
        assert_true(s->a[0].answer.kl == 0);
        scene_close(s);
        free(s);
    }
}

/* Are both senders heads, of one layer? */
static bool is_head_beside(const struct shape *s, int i, int k)
{
    int each = s->n_heads + 1;

    return i > 0 && k > 0 && (i - 1) / each == (k - 1) / each && (i - 1) % each < s->n_heads &&
           (k - 1) % each < s->n_heads;
}

/* Every sender, or one site of a layer (all of its heads), with what it adds in run 2. */
static struct swaps *swaps_of(struct scene *s, bool one)
{
    const struct shape *shape = &s->model.shape;
    int most = 1 + shape->n_layers * (shape->n_heads + 1), only = below(s, most);
    struct sender *sender = get(s, (size_t)most, sizeof *sender);
    struct edit *edit = get(s, (size_t)most, sizeof *edit);
    struct swaps *w = get(s, 1, sizeof *w);
    size_t rows = (size_t)(s->n * shape->d_model);

    w->sender = sender;
    w->tok = (struct span){0, s->n};
    w->change = get(s, (size_t)most * rows, sizeof *w->change);
    w->all = get(s, rows, sizeof *w->all);
    for (int i = 0; i < most; i++) {
        int layer = (i - 1) / (shape->n_heads + 1), head = (i - 1) % (shape->n_heads + 1);
        enum site site = !i ? SITE_RESID : head == shape->n_heads ? SITE_MLP : SITE_Z;

        head = site == SITE_Z ? head : 0;
        edit[i] = (struct edit){.site = site,
                                .op = OP_SET,
                                .layer = {layer, layer + 1},
                                .head = {head, head + 1},
                                .tok = w->tok,
                                .from = &s->run[2]};
        if (!one || i == only || is_head_beside(shape, i, only))
            sender[w->n++] = (struct sender){site, layer, head, &edit[i], 1};
    }
    return w;
}

/* All readers read them. */
static struct edit *all_readers(struct scene *s, const struct swaps *w, int *n)
{
    static const enum site sites[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP};
    const struct shape *shape = &s->model.shape;
    struct edit *edit = get(s, 4 * (size_t)shape->n_layers + 1, sizeof *edit);

    *n = 0;
    for (int l = 0; l <= shape->n_layers; l++)
        for (int k = 0; k < (l < shape->n_layers ? 4 : 1); k++) {
            enum site site = l < shape->n_layers ? sites[k] : SITE_RESID;
            int parts = site_parts(shape, site);

            edit[(*n)++] = (struct edit){.site = site,
                                         .op = OP_SWAP,
                                         .layer = {l, l + 1},
                                         .head = {0, parts ? parts : 1},
                                         .tok = w->tok,
                                         .swaps = w,
                                         .all_but = true};
        }
    return edit;
}

/* If all readers read what all senders add in another run, this is the other run, bit for bit; if
   they read what one site of a layer adds there, the site is patched. */
static void swapped_for_all_is_patched(void **state)
{
    int done = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene *s = malloc(sizeof *s);
        bool one = round % 2;
        const struct swaps *w;

        scene_open(s, (uint64_t)(6000 + round));
        w = swaps_of(s, one);
        for (int i = 0; i < 2; i++) {
            outcome_init(s, &s->a[i]);
            s->variant[i] =
                (struct variant){.base = &s->run[0], .asks = ASK_VOCAB, .answer = &s->a[i].answer};
        }
        s->variant[0].edit = all_readers(s, w, &s->variant[0].n_edits);
        s->variant[1].edit = w->sender->edit;
        s->variant[1].n_edits = one ? w->n : 1;
        engine_run(&s->forked, s->variant, 2);
        if (!s->model.layers[0].attn_post.w) {
            double far = distance(s->a[0].logit, s->a[1].logit, VOCAB);

            if (one && !(far < 1e-3))
                fail_msg("round %d: they differ by %g", round, far);
            if (!one)
                assert_memory_equal(s->a[0].logit, s->run[2].logits, sizeof s->a[0].logit);
            done++;
        }
        scene_close(s);
        free(s);
    }
    assert_true(done > 20);
}

/* Edits that put back what is there change no bit and cost nothing. */
static void noop_edits_change_no_bit(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        struct span all = {0, 0}, tok;
        enum site site;
        struct edit e;

        scene_open(s, (uint64_t)(1000 + round));
        all.hi = s->model.shape.n_layers;
        tok = random_range(s, s->n);
        site = (enum site[]){SITE_RESID, SITE_Z, SITE_ATTN, SITE_MLP,
                             SITE_Q,     SITE_K, SITE_V,    SITE_NEURON}[below(s, 8)];
        e = (struct edit){.site = site,
                          .op = OP_SET,
                          .layer = all,
                          .head = {0, site_parts(&s->model.shape, site)},
                          .tok = tok,
                          .from = &s->run[0]};
        for (int op = 0; op < 2; op++) {
            uint64_t before = s->forked.team.flops;

            outcome_init(s, &s->a[0]);
            e.op = op ? OP_SCALE : OP_SET;
            e.scale = 1;
            s->variant[0] = (struct variant){.base = &s->run[0],
                                             .edit = &e,
                                             .n_edits = 1,
                                             .asks = ASK_VOCAB,
                                             .answer = &s->a[0].answer};
            engine_run(&s->forked, s->variant, 1);
            assert_memory_equal(s->a[0].logit, s->run[0].logits, sizeof s->a[0].logit);
            assert_int_equal(s->forked.team.flops, before);
        }
        scene_close(s);
        free(s);
    }
}

/* A vector that the first layer has and the second does not have changes something in both. */
static void noop_in_the_first_layer_alone(void **state)
{
    struct scene *s = malloc(sizeof *s);
    const struct shape *shape = &s->model.shape;
    struct edit e = {.site = SITE_RESID, .op = OP_SET, .layer = {0, 1}};
    struct variant v = {.edit = &e, .n_edits = 1};

    (void)state;
    scene_open(s, 6000);
    v.base = &s->run[0];
    e.tok = (struct span){s->n - 1, s->n};
    e.vec = run_row(v.base, shape, SITE_RESID, 0, s->n - 1);
    assert_true(variant_is_noop(&v, shape));
    e.layer.hi = 2;
    assert_false(variant_is_noop(&v, shape));
    scene_close(s);
    free(s);
}

/* Prompts that grow side by side: what each is continued with, and its keys and values, are those
   of whole passes, bit for bit. */
static void growing_equals_whole_passes(void **state)
{
    (void)state;
    for (int round = 0; round < rounds(); round++) {
        struct continuation c[RUNS], *all[RUNS];
        struct scene s;
        int prompt[RUNS], more = 3;

        scene_open(&s, (uint64_t)round);
        for (int i = 0; i < RUNS; i++) {
            prompt[i] = 1 + below(&s, s.n - 3 < 1 ? 1 : s.n - 3);
            more = s.n - prompt[i] < more ? s.n - prompt[i] : more;
        }
        for (int i = 0; i < RUNS; i++) {
            assert_int_equal(continuation_begin(&c[i], &s.model.shape, s.ids[i], prompt[i], more,
                                                &s.arena, &s.err),
                             0);
            all[i] = &c[i];
        }
        for (int k = 0; k < more; k++)
            assert_int_equal(greedy_step(&s.forked, all, RUNS, -1, &s.arena, &s.err), 0);
        for (int i = 0; i < RUNS && more; i++) {
            const struct shape *shape = &s.model.shape;
            size_t width = (size_t)shape->n_kv_heads * (size_t)shape->d_head * sizeof(float);
            struct run whole;
            int n = prompt[i] + more - 1; /* the last token has not been read */
            struct variant v = {.ids = c[i].ids, .n = n, .into = &whole};

            assert_int_equal(c[i].state, AT_LIMIT);
            assert_int_equal(c[i].run.n, n);
            assert_int_equal(run_alloc(&whole, shape, n, 0, &s.arena, &s.err), 0);
            engine_run(&s.forked, &v, 1);
            assert_int_equal(whole.argmax, c[i].ids[n]);
            for (int l = 0; l < shape->n_layers; l++)
                for (int at = 0; at < n; at++) {
                    size_t from = (size_t)(l * c[i].room + at) * width / sizeof(float);
                    size_t to = (size_t)(l * n + at) * width / sizeof(float);

                    assert_memory_equal(c[i].run.k + from, whole.k + to, width);
                    assert_memory_equal(c[i].run.v + from, whole.v + to, width);
                }
        }
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_the_same_in_any_company),
        cmocka_unit_test(answers_are_the_same_in_any_company),
        cmocka_unit_test(edits_of_the_base_come_first),
        cmocka_unit_test(edges_that_add_nothing_change_no_bit),
        cmocka_unit_test(swapped_for_all_is_patched),
        cmocka_unit_test(noop_edits_change_no_bit),
        cmocka_unit_test(noop_in_the_first_layer_alone),
        cmocka_unit_test(growing_equals_whole_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
