#include "engine/swap.h"

#include "base/kernels.h"
#include "engine/lens.h"

#include <string.h>

/* The senders of a site and layer, which stand together. */
static struct span senders_at(const struct swaps *s, enum site site, int layer)
{
    int lo = 0, hi;

    while (lo < s->n && (s->sender[lo].site != site || s->sender[lo].layer != layer))
        lo++;
    for (hi = lo; hi < s->n && s->sender[hi].site == site && s->sender[hi].layer == layer;)
        hi++;
    return (struct span){lo, hi};
}

/* (tok, d) */
static float *change_of(const struct swaps *s, int sender, int64_t d)
{
    return s->change + (int64_t)sender * span_len(s->tok) * d;
}

/* out (tok, n): the numbers [first, first + n) of a sender's rows after its edits less before. */
static void difference(const struct engine *e, const struct swapping *w,
                       const struct sender *sender, int64_t first, int64_t n, float *out)
{
    const struct shape *s = &e->model->shape;
    float *row = team_scratch(&e->team);

    for (int t = w->s->tok.lo; t < w->s->tok.hi; t++, out += n) {
        const float *was = w->row[t - w->s->tok.lo] + first;

        memcpy(row + first, was, (size_t)n * sizeof *row);
        edits_apply(sender->edit, sender->n_edits, s, sender->site, sender->layer, t, row);
        for (int64_t i = 0; i < n; i++)
            out[i] = row[first + i] - was[i];
    }
}

static void heads(struct engine *e, int layer, int n)
{
    int64_t d = e->model->shape.d_model, dh = e->model->shape.d_head;
    float *z = e->q;
    int parts = 0;

    for (int i = 0; i < n; i++) {
        const struct swapping *w = &e->swapping[i];
        struct span at = senders_at(w->s, SITE_Z, layer);

        for (int k = at.lo; k < at.hi; k++) {
            const struct sender *sender = &w->s->sender[k];

            difference(e, w, sender, sender->head * dh, dh, z);
            e->part[parts++] =
                (struct head_part){sender->head, span_len(w->s->tok), z, change_of(w->s, k, d)};
            z += span_len(w->s->tok) * dh;
        }
    }
    engine_contributions(e, layer, e->part, parts);
}

/* The rows of a site with all edits of its senders: out (tok, width). */
static void edited_rows(const struct engine *e, const struct swapping *w, enum site site, int layer,
                        float *out)
{
    const struct shape *s = &e->model->shape;
    int64_t width = site_width(s, site);
    struct span at = senders_at(w->s, site, layer);

    for (int t = w->s->tok.lo; t < w->s->tok.hi; t++, out += width) {
        memcpy(out, w->row[t - w->s->tok.lo], (size_t)width * sizeof *out);
        for (int k = at.lo; k < at.hi; k++)
            edits_apply(w->s->sender[k].edit, w->s->sender[k].n_edits, s, site, layer, t, out);
    }
}

/* What the layer adds so to `all`. */
static void add_edited(struct engine *e, enum site site, int layer, int n)
{
    int64_t width = site_width(&e->model->shape, site), d = e->model->shape.d_model, rows = 0;
    float *in = site == SITE_Z ? e->q : e->norm;

    for (int i = 0; i < n; i++) {
        edited_rows(e, &e->swapping[i], site, layer, in + rows * width);
        rows += span_len(e->swapping[i].s->tok);
    }
    if (site == SITE_Z)
        engine_linear(e, rows, e->q, &e->model->layers[layer].o, e->norm);
    rows = 0;
    for (int i = 0; i < n; i++) {
        const struct swaps *s = e->swapping[i].s;
        int64_t size = span_len(s->tok) * d;

        if (site == SITE_RESID)
            memcpy(s->all, e->norm + rows * d, (size_t)size * sizeof *s->all);
        else
            vec_add(size, s->all, e->norm + rows * d);
        rows += span_len(s->tok);
    }
}

void swap_senders(struct engine *e, enum site site, int layer, int n)
{
    int64_t d = e->model->shape.d_model;

    if (site == SITE_Z)
        heads(e, layer, n);
    for (int i = 0; site != SITE_Z && i < n; i++) {
        const struct swapping *w = &e->swapping[i];
        struct span at = senders_at(w->s, site, layer);

        for (int k = at.lo; k < at.hi; k++)
            difference(e, w, &w->s->sender[k], 0, d, change_of(w->s, k, d));
    }
    add_edited(e, site, layer, n);
}

/* The row of token t that a lane's run has at the site. */
static const float *row_of(const struct engine *e, const struct lane *lane, enum site site,
                           int layer, int t)
{
    int64_t width = site_width(&e->model->shape, site);

    if (site == SITE_Z && span_has(lane->s.att, t))
        return e->z + (lane->att + t - lane->s.att.lo) * width;
    if (site == SITE_MLP && span_has(lane->s.mlp, t))
        return e->m + (lane->mlp + t - lane->s.mlp.lo) * width;
    return run_row(lane->v->base, &e->model->shape, site, layer, t);
}

void swap_lanes(struct wave *w, enum site site, int layer)
{
    struct engine *e = w->e;
    int n = 0;
    int64_t rows = 0;

    for (int i = 0; i < w->n; i++) {
        const struct swaps *s = variant_swaps(w->lane[i].v);

        if (!s)
            continue;
        e->swapping[n++] = (struct swapping){s, e->row + rows};
        for (int t = s->tok.lo; t < s->tok.hi; t++)
            e->row[rows++] = row_of(e, &w->lane[i], site, layer, t);
    }
    if (n)
        swap_senders(e, site, layer, n);
}
