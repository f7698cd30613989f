/*
 * The wave: variants go through the layers together. Each joins at the first layer that it edits;
 * the rows that it has changed so far are packed beside the others' and share every GEMM.
 *
 * A clean run is the variant without a base: all its rows are new from the embedding on.
 */
#include "engine/wave.h"

#include "base/kernels.h"
#include "engine/answer.h"
#include "engine/apply.h"
#include "engine/attention.h"
#include "engine/reads.h"
#include "engine/swap.h"

#include <string.h>

static void copy_row(float *to, const float *from, int64_t width)
{
    memcpy(to, from, (size_t)width * sizeof *to);
}

/* Edits of the lane's variant at a site of token t. `fresh`: the row was computed here, so the
   edits that made the base are due as well; a row taken from the base has them already. */
static void edit(const struct engine *e, const struct lane *lane, enum site site, int layer, int t,
                 bool fresh, float *row)
{
    const struct variant *v = lane->v;

    if (fresh)
        apply_edits(v, &e->model->shape, site, layer, t, row);
    else
        edits_apply(v->edit, v->n_edits, &e->model->shape, site, layer, t, row);
}

/* Keeps a row of the run that this variant makes, if it makes one that has the site. */
static void keep(const struct engine *e, const struct lane *lane, enum site site, int layer, int t,
                 const float *row)
{
    const struct run *r = lane->v->into;

    if (r && run_site(r, site))
        copy_row((float *)(uintptr_t)run_row(r, &e->model->shape, site, layer, t), row,
                 site_width(&e->model->shape, site));
}

/* The answer's copy of the last row, for ASK_LAYERS. */
static void answer_layer(const struct engine *e, const struct lane *lane, enum site site, int layer,
                         int t, const float *row)
{
    int64_t d = e->model->shape.d_model;
    struct answer *a = lane->v->answer;
    float *out;

    if (!(lane->v->asks & ASK_LAYERS) || t != variant_tokens(lane->v) - 1 || layer < 0)
        return;
    out = site == SITE_RESID ? a->x : site == SITE_ATTN ? a->a : a->m;
    if (out)
        copy_row(out + layer * d, row, d);
}

/* Row t of x_l as layer l sees it: edited, kept, answered. */
static void settle(const struct engine *e, const struct lane *lane, int l, int t, bool fresh,
                   float *row)
{
    edit(e, lane, SITE_RESID, l, t, fresh, row);
    keep(e, lane, SITE_RESID, l, t, row);
    answer_layer(e, lane, SITE_RESID, l - 1, t, row);
}

/* Rows of x_l in the lane's place: computed here, or the base's, edited if edits name them. */
static void settle_rows(const struct engine *e, const struct lane *lane, int l, struct span rows)
{
    const struct shape *s = &e->model->shape;
    struct span edited = variant_edited(lane->v, l, SITE_RESID);

    for (int t = rows.lo; t < rows.hi; t++) {
        float *row = lane_row(e, lane, t);
        bool fresh = span_has(lane->x, t);

        if (!fresh)
            copy_row(row, run_row(lane->v->base, s, SITE_RESID, l, t), s->d_model);
        if (fresh || span_has(edited, t))
            settle(e, lane, l, t, fresh, row);
    }
}

/* What is new in layer l, and rows that it needs from the base. */
static void enter_layer(struct engine *e, struct lane *lane, int l)
{
    lane->s = stage_next(lane->v, lane->x, l, &e->model->shape);
    settle_rows(e, lane, l, span_hull(lane->s.kv, lane->s.out));
}

enum part { KV, ATT, MLP };

/* The rows of a part that a lane computes. */
static struct span part_of(const struct lane *lane, enum part part)
{
    return part == KV ? lane->s.kv : part == ATT ? lane->s.att : lane->s.mlp;
}

/* Lists the rows of one part of all live lanes in e->row and their places in the rotary tables in
   e->pos; each lane learns where its own begin. Returns how many there are. */
static int64_t pack(struct wave *w, enum part part)
{
    int64_t n = 0;

    for (int i = 0; i < w->n_live; i++) {
        struct lane *lane = w->live[i];
        struct span rows = part_of(lane, part);
        int64_t *at = part == KV ? &lane->kv : part == ATT ? &lane->att : &lane->mlp;

        *at = n;
        for (int t = rows.lo; t < rows.hi; t++) {
            w->e->row[n] = lane_row(w->e, lane, t);
            w->e->pos[n++] = (int32_t)(lane->turn + t);
        }
    }
    return n;
}

/* Edits and keeps a site of the packed rows of one part. */
static void settle_packed(struct wave *w, int l, enum part part, enum site site, float *packed)
{
    int64_t width = site_width(&w->e->model->shape, site);

#pragma omp parallel for num_threads(w->e->team.threads) schedule(static)
    for (int i = 0; i < w->n_live; i++) {
        const struct lane *lane = w->live[i];
        struct span rows = part_of(lane, part);
        int64_t first = part == KV ? lane->kv : part == ATT ? lane->att : lane->mlp;

        for (int t = rows.lo; t < rows.hi; t++) {
            float *row = packed + (first + t - rows.lo) * width;

            edit(w->e, lane, site, l, t, true, row);
            keep(w->e, lane, site, l, t, row);
        }
    }
}

/* norm -> K, V. */
static void keys_and_values(struct wave *w, int l)
{
    struct engine *e = w->e;
    const struct shape *s = &e->model->shape;
    const struct layer *layer = &e->model->layers[l];
    int64_t width = (int64_t)s->n_kv_heads * s->d_head, n = pack(w, KV);

    norm_rows(&e->team, n, e->row, s->d_model, &layer->attn_norm, e->norm);
    engine_linear(e, n, e->norm, &layer->k, e->k);
    engine_linear(e, n, e->norm, &layer->v, e->v);
    read_heads(w, l, SITE_READ_K, &layer->k, e->k);
    read_heads(w, l, SITE_READ_V, &layer->v, e->v);
    settle_packed(w, l, KV, SITE_K, e->k);
    settle_packed(w, l, KV, SITE_V, e->v);
    pack(w, KV); /* e->pos anew: the reads had it */
    engine_turn(e, n, layer, &layer->k_norm, s->n_kv_heads, e->k);
    for (int i = 0; i < w->n_live; i++) {
        const struct lane *lane = w->live[i];
        struct run *r = lane->v->into;
        size_t bytes = (size_t)span_len(lane->s.kv) * (size_t)width * sizeof(float);

        if (!r || !bytes)
            continue;
        memcpy(r->k + ((int64_t)l * r->room + lane->s.kv.lo) * width, e->k + lane->kv * width,
               bytes);
    }
}

/* The norm after a module, in place of its packed rows; a run that is made keeps the divisors. */
static void norm_after(struct wave *w, int l, enum part part, const struct norm *norm, int64_t n,
                       float *packed)
{
    int64_t d = w->e->model->shape.d_model;

    for (int i = 0; norm->w && i < w->n_live; i++) {
        const struct lane *lane = w->live[i];
        struct span rows = part_of(lane, part);
        int64_t at = (part == ATT ? lane->att : lane->mlp) - rows.lo;

        for (int t = rows.lo; lane->v->into && lane->v->into->post && t < rows.hi; t++)
            *run_post(lane->v->into, l, t, part == MLP) =
                norm_divisor(d, packed + (at + t) * d, norm);
    }
    norm_heads(&w->e->team, n, packed, d, 1, d, norm);
}

/* norm -> Q, attention (the pattern's edits), O, norm. */
static void attention(struct wave *w, int l)
{
    struct engine *e = w->e;
    const struct shape *s = &e->model->shape;
    const struct layer *layer = &e->model->layers[l];
    int64_t n = pack(w, ATT);

    norm_rows(&e->team, n, e->row, s->d_model, &layer->attn_norm, e->norm);
    engine_linear(e, n, e->norm, &layer->q, e->q);
    read_heads(w, l, SITE_READ_Q, &layer->q, e->q);
    settle_packed(w, l, ATT, SITE_Q, e->q);
    pack(w, ATT);
    engine_turn(e, n, layer, &layer->q_norm, s->n_heads, e->q);
    attend(e, w->live, w->n_live, l);
    settle_packed(w, l, ATT, SITE_Z, e->z);
    engine_linear(e, n, e->z, &layer->o, e->a);
    norm_after(w, l, ATT, &layer->attn_post, n, e->a);
}

/* Adds a site's output to the residual stream, edited; rows that were not computed are the base's.
   What its senders add may be swapped for others' from here on. */
static void absorb(struct wave *w, int l, enum site site, enum part computed, float *packed)
{
    struct engine *e = w->e;
    const struct shape *s = &e->model->shape;
    int64_t d = s->d_model;

#pragma omp parallel for num_threads(e->team.threads) schedule(static)
    for (int i = 0; i < w->n_live; i++) {
        const struct lane *lane = w->live[i];
        struct span fresh = part_of(lane, computed);
        float *own = packed + (computed == ATT ? lane->att : lane->mlp) * d;

        for (int t = lane->s.out.lo; t < lane->s.out.hi; t++) {
            bool is_fresh = span_has(fresh, t);
            float *row = is_fresh ? own + (t - fresh.lo) * d : team_scratch(&e->team);

            if (!is_fresh)
                copy_row(row, run_row(lane->v->base, s, site, l, t), d);
            edit(e, lane, site, l, t, is_fresh, row);
            keep(e, lane, site, l, t, row);
            answer_layer(e, lane, site, l, t, row);
            vec_add(d, lane_row(e, lane, t), row);
        }
    }
    swap_lanes(w, site == SITE_ATTN ? SITE_Z : SITE_MLP, l);
}

/* norm -> gate, up, activation, down, norm. */
static void mlp(struct wave *w, int l)
{
    struct engine *e = w->e;
    const struct layer *layer = &e->model->layers[l];
    int64_t n = pack(w, MLP);

    read_mlp(w, l);
    norm_rows(&e->team, n, e->row, e->model->shape.d_model, &layer->mlp_norm, e->norm);
    engine_hidden(e, n, e->norm, layer);
    settle_packed(w, l, MLP, SITE_NEURON, e->gate);
    engine_linear(e, n, e->gate, &layer->down, e->m);
    norm_after(w, l, MLP, &layer->mlp_post, n, e->m);
}

static void layer_forward(struct wave *w, int l)
{
    bool parallel = w->e->model->shape.parallel;

    w->n_live = 0;
    for (int i = 0; i < w->n; i++)
        if (w->lane[i].enter <= l)
            w->live[w->n_live++] = &w->lane[i];
    if (!w->n_live)
        return;
    for (int i = 0; i < w->n_live; i++)
        enter_layer(w->e, w->live[i], l);
    keys_and_values(w, l);
    attention(w, l);
    if (!parallel)
        absorb(w, l, SITE_ATTN, ATT, w->e->a);
    mlp(w, l);
    if (parallel)
        absorb(w, l, SITE_ATTN, ATT, w->e->a);
    absorb(w, l, SITE_MLP, MLP, w->e->m);
    for (int i = 0; i < w->n_live; i++)
        w->live[i]->x = w->live[i]->s.out;
}

/* Rows of x_L that are new or edited, and answers of the variants whose last row is among them. */
static void finish(struct wave *w)
{
    struct engine *e = w->e;
    const struct shape *s = &e->model->shape;
    struct variant **v = w->answered;
    int n = 0;

    for (int i = 0; i < w->n; i++) {
        struct lane *lane = &w->lane[i];
        struct span edited = variant_edited(lane->v, s->n_layers, SITE_RESID);
        struct span rows = span_clip(span_hull(lane->x, edited), variant_rows(lane->v));
        int last = variant_tokens(lane->v) - 1;

        settle_rows(e, lane, s->n_layers, rows);
        if (span_has(rows, last))
            answer_rows_from_base(e, lane->v);
        else
            answer_from_base(e, lane->v);
        for (int t = rows.lo; t < rows.hi; t++)
            answer_row(e, lane->v, t, lane_row(e, lane, t));
        if (!span_has(rows, last))
            continue;
        e->row[n] = lane_row(e, lane, last);
        v[n++] = lane->v;
    }
    answer_final(e, n, v, e->row);
}

void wave_run(struct wave *w)
{
    struct engine *e = w->e;
    const struct shape *s = &e->model->shape;

    for (int i = 0; i < w->n; i++) {
        struct lane *lane = &w->lane[i];

        for (int t = lane->x.lo; t < lane->x.hi; t++)
            model_embed(e->model, lane->v->ids[t], t, e->norm, lane_row(e, lane, t));
    }
    swap_lanes(w, SITE_RESID, 0);
    for (int l = 0; l < s->n_layers; l++)
        layer_forward(w, l);
    finish(w);
    w->n = 0;
    w->used = 0;
}

bool wave_join(struct wave *w, struct variant *v)
{
    const struct shape *s = &w->e->model->shape;
    struct span extent = variant_extent(v, s);
    struct lane *lane = &w->lane[w->n];
    const struct swaps *swaps = variant_swaps(v);

    extent = span_hull(extent, variant_edited(v, s->n_layers, SITE_RESID));
    if (swaps)
        extent = span_hull(extent, swaps->tok);
    if (w->n && w->used + (span_empty(extent) ? 1 : span_len(extent)) > w->e->rows)
        return false;
    memset(lane, 0, sizeof *lane);
    lane->v = v;
    lane->enter = variant_enter(v, s->n_layers);
    lane->extent = extent;
    lane->slot = w->used;
    lane->turn = engine_place(w->e, variant_tokens(v), extent, lane->slot);
    lane->x = variant_new(v);
    w->used += span_empty(extent) ? 1 : span_len(extent);
    w->n++;
    return true;
}
