/* Edits against their definition, written out element by element. */
#include "engine/apply.h"
#include "engine/edit.h"
#include "random_model.h"
#include "scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What run r has at a site, and how wide its rows are, written out once more. */
static const float *kept_at(const struct run *r, const struct shape *s, enum site site, int *width)
{
    const int d = s->d_model, q = s->n_heads * s->d_head, kv = s->n_kv_heads * s->d_head;
    const struct {
        const float *v;
        int width;
    } at[SITE_COUNT] = {
        [SITE_RESID] = {r->x, d},  [SITE_Z] = {r->z, q},
        [SITE_ATTN] = {r->a, d},   [SITE_MLP] = {r->m, d},
        [SITE_Q] = {r->q, q},      [SITE_K] = {r->flat_k, kv},
        [SITE_V] = {r->v, kv},     [SITE_NEURON] = {r->hidden, s->d_ff},
        [SITE_READ_Q] = {r->x, d}, [SITE_READ_K] = {r->x, d},
        [SITE_READ_V] = {r->x, d}, [SITE_READ_MLP] = {NULL, d},
    };

    *width = at[site].width;
    return at[site].v;
}

/* Elements of a row that belong to one of what an edit's `head` counts; 0 = it edits whole rows. */
static int part_at(const struct shape *s, enum site site)
{
    return site == SITE_NEURON                                                    ? 1
           : site == SITE_Z || site == SITE_Q || site == SITE_K || site == SITE_V ? s->d_head
                                                                                  : 0;
}

/* The same of a reader that reads u' of some senders. */
static float swapped(const struct edit *e, int d, int t, int i, float old)
{
    const struct swaps *w = e->swaps;
    int at = (t - w->tok.lo) * d + i;

    if (e->all_but)
        old = w->all[at];
    for (int k = 0; k < e->n_senders; k++) {
        float change = w->change[e->sender[k] * span_len(w->tok) * d + at];

        old = e->all_but ? old - change : old + change;
    }
    return old;
}

/* One element of a row after an edit that names it. */
static float edited(const struct edit *e, const struct shape *s, int layer, int t, int i, float old)
{
    int part = part_at(s, e->site), first = part * e->head.lo, width;
    const struct run *r = e->from;
    float o = 0;

    if (part && !span_has(e->head, i / part))
        return old;
    if (e->op == OP_SWAP)
        return swapped(e, s->d_model, t, i, old);
    if (r) {
        const float *all = kept_at(r, s, e->site, &width);

        o = all[((int64_t)layer * r->n + t + e->shift) * width + i];
    } else if (e->vec) {
        o = e->vec[(t - e->tok.lo) * e->stride + i - first];
    }
    return e->op == OP_ZERO  ? 0
           : e->op == OP_SET ? o
           : e->op == OP_ADD ? old + e->scale * o
                             : old * e->scale;
}

static void rows_by_definition(struct scene *s, const struct variant *v, int layer, int t)
{
    const struct shape *shape = &s->model.shape;
    float have[256], want[256];

    for (enum site site = SITE_RESID; site < SITE_COUNT; site++) {
        int reader = site_parts(shape, site) - 1, width; /* the last head, where heads read */

        if (site == SITE_PATTERN || (layer == shape->n_layers && site != SITE_RESID))
            continue;
        kept_at(v->base, shape, site, &width);
        assert_in_range(width, 1, 256);
        for (int i = 0; i < width; i++)
            have[i] = want[i] = (float)random_normal(&s->rng);
        for (int k = 0; k < v->n_edits; k++) {
            const struct edit *e = &v->edit[k];

            if (e->site != site || !span_has(e->layer, layer) || !span_has(e->tok, t) ||
                (site_is_read(site) && site != SITE_READ_MLP && !span_has(e->head, reader)))
                continue;
            for (int i = 0; i < width; i++)
                want[i] = edited(e, shape, layer, t, i, want[i]);
        }
        if (site_is_read(site))
            edits_read(v->edit, v->n_edits, shape, site, layer, reader, t, have);
        else
            edits_apply(v->edit, v->n_edits, shape, site, layer, t, have);
        assert_memory_equal(have, want, (size_t)width * sizeof *have);
    }
}

static void pattern_by_definition(const struct variant *v, const struct shape *s, int layer,
                                  int head, int t)
{
    struct span keys = keys_seen(s, layer, t);
    float score[TOKENS], p[TOKENS];
    bool any = false, has;

    assert_int_equal(keys.hi, t + 1);
    assert_int_equal(keys.lo, s->window && s->window[layer] && t >= s->window[layer]
                                  ? t - s->window[layer] + 1
                                  : 0);

    for (int i = 0; i <= t; i++)
        score[i] = p[i] = (float)(1 + i);
    has = edits_mask(v->edit, v->n_edits, layer, head, t, keys, score);
    edits_pattern(v->edit, v->n_edits, layer, head, t, keys, p);
    for (int i = 0; i <= t; i++) {
        float want = (float)(1 + i);
        bool masked = false;

        for (int k = 0; k < v->n_edits; k++) {
            const struct edit *e = &v->edit[k];

            if (e->site != SITE_PATTERN || !span_has(e->layer, layer) || !span_has(e->head, head) ||
                !span_has(e->tok, t) || !span_has(e->key, i) || i < keys.lo)
                continue;
            masked |= e->op == OP_MASK;
            want = e->op == OP_ZERO ? 0 : e->op == OP_SCALE ? want * e->scale : want;
        }
        any |= !masked && i >= keys.lo;
        assert_true(score[i] == (masked ? -INFINITY : (float)(1 + i)));
        assert_true(p[i] == want);
    }
    assert_int_equal(has, any);
}

/* What edits do to a row, element by element: both executors use this code. */
static void edits_do_what_they_say(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct scene *s = malloc(sizeof *s);
        const struct shape *shape = &s->model.shape;

        scene_open(s, (uint64_t)(4000 + round));
        draw_variants(s);
        for (int i = 0; i < VARIANTS; i++)
            for (int l = 0; l <= shape->n_layers; l++)
                for (int t = 0; t < s->n; t++) {
                    rows_by_definition(s, &s->variant[i], l, t);
                    for (int h = 0; h < shape->n_heads && l < shape->n_layers; h++)
                        pattern_by_definition(&s->variant[i], shape, l, h, t);
                }
        scene_close(s);
        free(s);
    }
}

/* A run that was edited is edited again: its own edits meet what those of its base left. */
static void edits_of_the_base_act_first(void **state)
{
    const struct span all = {0, 2};
    const float zeros[4] = {0};
    struct shape shape = {.n_layers = 2, .d_model = 4};
    struct edit one[2] = {
        {.site = SITE_MLP, .op = OP_SET, .layer = all, .tok = all, .vec = zeros},
        {.site = SITE_MLP, .op = OP_SCALE, .layer = all, .tok = all, .scale = 2},
    };
    const struct edit more = {.site = SITE_MLP,
                              .op = OP_ADD,
                              .layer = all,
                              .tok = all,
                              .scale = 1,
                              .vec = (float[]){3, 3, 3, 3}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const float want[2][2] = {{3, 0},
                                  {5, 8}}; /* of 1: set to 0, or times 2; 3 added after, before */

        for (int turned = 0; turned < 2; turned++) {
            struct run base = {.edit = turned ? &more : &one[i], .n_edits = 1};
            struct variant v = {.base = &base, .edit = turned ? &one[i] : &more, .n_edits = 1};
            float row[4] = {1, 1, 1, 1};

            apply_edits(&v, &shape, SITE_MLP, 1, 1, row);
            assert_true(row[0] == want[i][turned] && row[3] == want[i][turned]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_do_what_they_say),
        cmocka_unit_test(edits_of_the_base_act_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
