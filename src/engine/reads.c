#include "engine/reads.h"

#include "base/kernels.h"
#include "engine/apply.h"

#include <string.h>

/* A lane's rows of the stage that a site belongs to, and the first of them among the packed. */
static struct span stage_rows(const struct lane *lane, enum site site, int64_t *first)
{
    *first = site == SITE_READ_Q ? lane->att : site == SITE_READ_MLP ? lane->mlp : lane->kv;
    return site == SITE_READ_Q ? lane->s.att : site == SITE_READ_MLP ? lane->s.mlp : lane->s.kv;
}

/* Those of them that anyone may read for himself. */
static struct span read_rows(const struct lane *lane, enum site site, int layer)
{
    const struct run *base = lane->v->base;
    struct variant made = {.edit = base ? base->edit : NULL, .n_edits = base ? base->n_edits : 0};
    struct span named =
        span_hull(variant_edited(lane->v, layer, site), variant_edited(&made, layer, site));
    int64_t ignored;

    return span_clip(named, stage_rows(lane, site, &ignored));
}

/* Copies of the rows that one head reads for itself to e->read, where they belong to e->pos.
   Returns how many. */
static int64_t gather_reads(struct wave *w, int layer, enum site site, int head)
{
    struct engine *e = w->e;
    int64_t d = e->model->shape.d_model, n = 0, first;

    for (int i = 0; i < w->n_live; i++) {
        const struct lane *lane = w->live[i];
        struct span rows = read_rows(lane, site, layer), all = stage_rows(lane, site, &first);

        for (int t = rows.lo; t < rows.hi; t++) {
            float *row = e->read + n * d;

            if (!variant_reads(lane->v, site, layer, head, t))
                continue;
            memcpy(row, lane_row(e, lane, t), (size_t)d * sizeof *row);
            apply_read(lane->v, &e->model->shape, site, layer, head, t, row);
            e->row[n] = row;
            e->pos[n++] = (int32_t)(first + t - all.lo);
        }
    }
    return n;
}

static bool any_reads(const struct wave *w, int layer, enum site site)
{
    for (int i = 0; i < w->n_live; i++)
        if (!span_empty(read_rows(w->live[i], site, layer)))
            return true;
    return false;
}

void read_heads(struct wave *wave, int layer, enum site site, const struct linear *w, float *packed)
{
    struct engine *e = wave->e;
    const struct shape *s = &e->model->shape;
    int64_t dh = s->d_head, width = site_parts(s, site) * dh;

    if (!any_reads(wave, layer, site))
        return;
    for (int h = 0; h < site_parts(s, site); h++) {
        struct linear part = linear_part(w, h * dh, dh);
        int64_t n = gather_reads(wave, layer, site, h);

        norm_rows(&e->team, n, e->row, s->d_model, &e->model->layers[layer].attn_norm, e->norm);
        engine_linear(e, n, e->norm, &part, e->z);
        for (int64_t i = 0; i < n; i++)
            memcpy(packed + e->pos[i] * width + h * dh, e->z + i * dh, (size_t)dh * sizeof *packed);
    }
}

void read_mlp(struct wave *wave, int layer)
{
    struct engine *e = wave->e;
    int64_t d = e->model->shape.d_model, n = 0, first;

    for (int i = 0; i < wave->n_live; i++) {
        const struct lane *lane = wave->live[i];
        struct span rows = read_rows(lane, SITE_READ_MLP, layer);
        struct span all = stage_rows(lane, SITE_READ_MLP, &first);

        for (int t = rows.lo; t < rows.hi; t++) {
            float *row = e->read + n++ * d;

            memcpy(row, lane_row(e, lane, t), (size_t)d * sizeof *row);
            apply_read(lane->v, &e->model->shape, SITE_READ_MLP, layer, 0, t, row);
            e->row[first + t - all.lo] = row;
        }
    }
}
