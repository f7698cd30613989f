#include "engine/swap.h"

#include "base/kernels.h"
#include "engine/contribution.h"

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

/* After their changes are known. */
static void sum_up(const struct swaps *s, struct span senders, int64_t d)
{
    int64_t size = span_len(s->tok) * d;

    for (int k = senders.lo; k < senders.hi; k++)
        vec_add(size, s->all, change_of(s, k, d));
}

void swap_senders(struct engine *e, enum site site, int layer, int n)
{
    int64_t d = e->model->shape.d_model;

    if (site == SITE_Z)
        heads(e, layer, n);
    for (int i = 0; i < n; i++) {
        const struct swapping *w = &e->swapping[i];
        struct span at = senders_at(w->s, site, layer);

        if (site == SITE_RESID)
            memset(w->s->all, 0, (size_t)(span_len(w->s->tok) * d) * sizeof *w->s->all);
        for (int k = at.lo; site != SITE_Z && k < at.hi; k++)
            difference(e, w, &w->s->sender[k], 0, d, change_of(w->s, k, d));
        sum_up(w->s, at, d);
    }
}

/* The row of token t that a lane's run has at the site. */
static const float *row_of(const struct engine *e, const struct lane *lane, enum site site,
                           int layer, int t)
{
    const struct shape *s = &e->model->shape;
    int64_t width = site_width(s, site);

    if (site == SITE_Z && span_has(lane->s.att, t))
        return e->z + (lane->att + t - lane->s.att.lo) * width;
    if (site == SITE_MLP && span_has(lane->s.mlp, t))
        return e->m + (lane->mlp + t - lane->s.mlp.lo) * width;
    return run_row(lane->v->base, s, site, layer, t);
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
