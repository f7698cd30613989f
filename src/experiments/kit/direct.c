#include "experiments/kit/direct.h"

#include "engine/lens.h"

#include <math.h>
#include <string.h>

/* What another z of a layer adds to the residual stream less what the clean one does: rows was and
   is, (H dh). The norm after attention is the clean run's if it is `frozen`. */
static int z_change(struct worker *w, const struct run *clean, int l, const float *was,
                    const float *is, bool frozen, float *out, struct err *err)
{
    const struct layer *layer = &w->engine->model->layers[l];
    int64_t width = layer->o.w.cols, d = layer->o.w.rows;
    float *z = arena_alloc(w->arena, 2 * (size_t)width, sizeof *z, err);
    float *a = arena_alloc(w->arena, 2 * (size_t)d, sizeof *a, err);

    if (!z || !a)
        return err->code;
    for (int64_t i = 0; i < width; i++)
        z[i] = is[i] - was[i];
    if (frozen || !layer->attn_post.w) {
        engine_share(w->engine, clean, l, 1, z, out);
        return 0;
    }
    memcpy(z, is, (size_t)width * sizeof *z);
    memcpy(z + width, was, (size_t)width * sizeof *z);
    engine_attn(w->engine, l, 2, z, a);
    for (int64_t i = 0; i < d; i++)
        out[i] = a[i] - a[d + i];
    return 0;
}

/* What the edits change in the last row of the residual stream if nothing downstream follows: out
   (d). */
static int sum_change(const struct direct_change *c, struct worker *w, bool frozen, float *out,
                      struct err *err)
{
    const struct shape *s = &w->engine->model->shape;
    const struct variant v = {.edit = c->edit, .n_edits = c->n_edits};
    int last = c->run->n - 1;
    int64_t width = site_width(s, c->site), d = s->d_model;
    float *row = arena_alloc(w->arena, (size_t)width, sizeof *row, err);
    float *part = arena_alloc(w->arena, (size_t)d, sizeof *part, err);

    if (!row || !part)
        return err->code;
    memset(out, 0, (size_t)d * sizeof *out);
    for (int l = 0; l < s->n_layers; l++) {
        const float *was = run_row(c->run, s, c->site, l, last);

        if (!span_has(variant_edited(&v, l, c->site), last))
            continue;
        memcpy(row, was, (size_t)width * sizeof *row);
        edits_apply(c->edit, c->n_edits, s, c->site, l, last, row);
        if (c->site == SITE_Z && z_change(w, c->run, l, was, row, frozen, part, err))
            return err->code;
        for (int64_t i = 0; i < d; i++)
            out[i] += c->site == SITE_Z ? part[i] : row[i] - was[i];
    }
    return 0;
}

/* The divisor of the final norm when the residual becomes last + change. */
static float rms_with(const struct model *m, const float *last, const float *change,
                      struct arena *a, struct err *err)
{
    float *sum = arena_alloc(a, (size_t)m->shape.d_model, sizeof *sum, err);

    for (int i = 0; sum && i < m->shape.d_model; i++)
        sum[i] = last[i] + change[i];
    return sum ? engine_rms(m, sum) : 0;
}

/* decode is linear, so direct = decode(change) under the new norm + what the residual stream
   gives the clean logit times how much the norm's factor changed: nothing cancels, and no change
   is exactly 0. */
int direct_effects(struct worker *w, const struct scene *scene, const struct query *q,
                   const struct direct_change *change, float *frozen, float *anew, struct err *err)
{
    enum { FROZEN, ANEW, BIASES, VECTORS };
    static const bool whole[VECTORS] = {[BIASES] = true};
    const struct shape *s = &scene->model->shape;
    const struct run *clean = change->run;
    const float *last = run_row(clean, s, SITE_RESID, s->n_layers, clean->n - 1);
    int n = (int)scene->data->n_targets;
    size_t d = (size_t)s->d_model;
    float *v = arena_alloc(w->arena, VECTORS * d, sizeof *v, err);
    float *logit = arena_alloc(w->arena, VECTORS * (size_t)n, sizeof *logit, err);
    struct lens_ask ask = {.id = q->target, .n_ids = n, .logit = logit, .whole = whole};
    const float *r[VECTORS];
    float rms[VECTORS] = {clean->rms, 0, clean->rms};

    if (!v || !logit || sum_change(change, w, true, v, err))
        return err->code;
    memcpy(v + ANEW * d, v, d * sizeof *v);
    if (scene->model->layers[0].attn_post.w && sum_change(change, w, false, v + ANEW * d, err))
        return err->code;
    rms[ANEW] = rms_with(scene->model, last, v + ANEW * d, w->arena, err);
    if (err->code)
        return err->code;
    for (size_t i = 0; i < VECTORS; i++)
        r[i] = v + i * d;
    engine_decode(w->engine, VECTORS, r, rms, NULL, &ask);
    for (int i = 0; i < n; i++) {
        double factor = (double)clean->rms / (double)rms[ANEW] - 1, stream;

        if (q->target[i] < 0) {
            anew[i] = frozen[i] = NAN;
            continue;
        }
        stream = (double)clean->logits[q->target[i]] - (double)logit[BIASES * n + i];
        frozen[i] = logit[FROZEN * n + i];
        anew[i] = (float)((double)logit[ANEW * n + i] + stream * factor);
    }
    return 0;
}
