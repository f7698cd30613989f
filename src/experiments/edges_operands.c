/*
 * What a receiver reads more: u' - u, of every sender that the cells at hand have. u is what the
 * sender adds to the residual stream; of a head it is its output through its columns of the output
 * matrix, which is linear, so that the difference is made before the product: equal outputs give
 * exactly 0. Where a norm stands after attention, u' - u is what the layer's attention adds with
 * the head's output replaced, less what it adds as it is.
 */
#include "experiments/edges.h"

#include "engine/lens.h"

#include <math.h>
#include <string.h>

/* A place of the query in one sample of the operation. */
struct place_operands {
    int n;            /* tokens; 0 = the query lacks the place, or its counterpart */
    const float **of; /* (senders) (n, d); NULL = not needed */
};

static size_t place_at(const struct edges *e, int position, int sample)
{
    return (size_t)sample * e->positions.n + (size_t)position;
}

const float *edge_operand(const struct edges *e, const struct cell *cell, int position, int sample,
                          int sender)
{
    const struct place_operands *all = cell->prepared;

    return all ? all[place_at(e, position, sample)].of[sender] : NULL;
}

int edge_push(const struct edge_end *r, const struct shape *s, const int *tok, int n,
              const float *add, struct edit_list *list)
{
    struct edit e = {.site = r->site,
                     .op = OP_ADD,
                     .layer = {r->layer, r->layer + 1},
                     .head = {r->head < 0 ? 0 : r->head, r->head < 0 ? 1 : r->head + 1},
                     .scale = 1,
                     .vec = add,
                     .stride = s->d_model};

    return edit_list_push_tokens(list, e, tok, NULL, n);
}

/* Operands in the making: the heads of a layer go through its output matrix together. */
struct making {
    struct worker *w;
    struct head_part *part;
    int n_parts, layer;
    float *row; /* two rows of a site, then two of the stream */
};

static int64_t widest_row(const struct shape *s)
{
    int64_t z = site_width(s, SITE_Z);

    return z > s->d_model ? z : s->d_model;
}

static int open_making(struct making *m, struct worker *w, const struct shape *s, size_t parts,
                       struct err *err)
{
    size_t floats = 2 * (size_t)(widest_row(s) + s->d_model);

    *m = (struct making){.w = w};
    m->part = arena_alloc(w->arena, parts, sizeof *m->part, err);
    m->row = arena_alloc(w->arena, floats, sizeof *m->row, err);
    return err->code;
}

/* The sender's value after the operation minus before: out (n, width of the site), of which the
   first `width` numbers of a part are used. */
static int changed_rows(const struct making *m, struct change *c, const struct edge_end *sender,
                        int64_t width, float *out, struct err *err)
{
    int layer = site_layer(sender->site, sender->layer), head = sender->head < 0 ? 0 : sender->head;
    int64_t whole = site_width(c->x->shape, sender->site), first = head * width;
    float *row = m->row;

    c->list.n = 0;
    if (change_push(c, sender->site, (struct span){sender->layer, sender->layer + 1},
                    (struct span){head, head + 1}))
        return err->code;
    for (int i = 0; i < c->n; i++) {
        const float *was = run_row(&c->run[0], c->x->shape, sender->site, layer, c->tok[i]);

        memcpy(row, was, (size_t)whole * sizeof *row);
        edits_apply(c->list.v, c->list.n, c->x->shape, sender->site, layer, c->tok[i], row);
        for (int64_t k = 0; k < width; k++)
            out[i * width + k] = row[first + k] - was[first + k];
    }
    return 0;
}

static void flush_heads(struct making *m)
{
    engine_contributions(m->w->engine, m->layer, m->part, m->n_parts);
    m->n_parts = 0;
}

/* A head's, through the whole of attention's output and the norm after it: out (n, d). */
static int attention_change(struct making *m, struct change *c, const struct edge_end *sender,
                            float *out, struct err *err)
{
    const struct shape *s = c->x->shape;
    int64_t width = site_width(s, SITE_Z), d = s->d_model;
    float *z = m->row, *a = m->row + 2 * widest_row(s);

    c->list.n = 0;
    if (change_push(c, SITE_Z, (struct span){sender->layer, sender->layer + 1},
                    (struct span){sender->head, sender->head + 1}))
        return err->code;
    for (int i = 0; i < c->n; i++) {
        memcpy(z, run_row(&c->run[0], s, SITE_Z, sender->layer, c->tok[i]),
               (size_t)width * sizeof *z);
        memcpy(z + width, z, (size_t)width * sizeof *z);
        edits_apply(c->list.v, c->list.n, s, SITE_Z, sender->layer, c->tok[i], z + width);
        engine_attn(m->w->engine, sender->layer, 2, z, a);
        for (int64_t k = 0; k < d; k++)
            out[i * d + k] = a[d + k] - a[k];
    }
    return 0;
}

/* One sender at one place. */
static int make_operand(struct making *m, struct change *c, const struct edge_end *sender,
                        const float **operand, struct err *err)
{
    size_t n = (size_t)c->n, d = (size_t)c->x->shape->d_model;
    float *out = arena_alloc(m->w->arena, n * d, sizeof *out, err), *z;

    *operand = out;
    if (!out || sender->site != SITE_Z)
        return out ? changed_rows(m, c, sender, c->x->shape->d_model, out, err) : err->code;
    if (c->x->scene->model->layers[sender->layer].attn_post.w)
        return attention_change(m, c, sender, out, err);
    z = arena_alloc(m->w->arena, n * (size_t)c->x->shape->d_head, sizeof *z, err);
    if (!z || changed_rows(m, c, sender, c->x->shape->d_head, z, err))
        return err->code;
    m->part[m->n_parts++] = (struct head_part){sender->head, c->n, z, out};
    return 0;
}

/* Of which senders the cells [first, first + n) are: (senders). */
static bool *senders_of(const struct edges *e, uint64_t first, uint64_t n, struct arena *a,
                        struct err *err)
{
    bool *used = arena_alloc(a, e->n_senders, sizeof *used, err);

    for (uint64_t i = first; used && i < first + n; i++)
        used[e->edge[i / e->positions.n].sender] = true;
    return used;
}

static int begin_places(const struct experiment *x, const struct cell *query, struct arena *a,
                        struct change *change, struct place_operands *place, struct err *err)
{
    const struct edges *e = x->state;

    for (int sample = 0; sample < e->op.draws; sample++)
        for (size_t p = 0; p < e->positions.n; p++) {
            size_t at = place_at(e, (int)p, sample);
            struct change *c = &change[at];
            bool found;

            *c = cell_change(x, query, sample, a, err);
            if (change_begin(c, &e->positions.v[p], &found))
                return err->code;
            place[at].n = found ? c->n : 0;
            place[at].of = arena_alloc(a, e->n_senders, sizeof *place[at].of, err);
            if (!place[at].of)
                return err->code;
        }
    return 0;
}

int edges_prepare(const struct experiment *x, const struct cell *query, uint64_t first, uint64_t n,
                  struct worker *w, const void **prepared, struct err *err)
{
    const struct edges *e = x->state;
    size_t places = (size_t)e->op.draws * e->positions.n;
    struct place_operands *place = arena_alloc(w->arena, places, sizeof *place, err);
    struct change *change = arena_alloc(w->arena, places, sizeof *change, err);
    bool *used = senders_of(e, first, n, w->arena, err);
    const struct shape *s = x->shape;
    struct making m;

    if (!place || !change || !used || open_making(&m, w, s, places * (size_t)s->n_heads, err) ||
        begin_places(x, query, w->arena, change, place, err))
        return err->code;
    *prepared = place;
    for (size_t i = 0; i < e->n_senders; i++) {
        if (!used[i])
            continue;
        if (e->sender[i].layer != m.layer)
            flush_heads(&m);
        m.layer = e->sender[i].layer;
        for (size_t p = 0; p < places; p++)
            if (place[p].n && make_operand(&m, &change[p], &e->sender[i], &place[p].of[i], err))
                return err->code;
    }
    flush_heads(&m);
    return 0;
}

/* As an arena hands it out. */
static double piece(double bytes)
{
    return 64 * ceil(bytes / 64);
}

double edges_prepared_bytes(const struct experiment *x, const struct query *q)
{
    enum { EDITS = 8 }; /* room that a list begins with */
    const struct edges *e = x->state;
    const struct shape *s = x->shape;
    bool parts = !x->scene->model->layers[0].attn_post.w;
    double own = sizeof(struct place_operands) + piece(sizeof(struct change)) +
                 piece((double)e->n_senders * sizeof(float *)) + piece(8.0 * q->n) +
                 piece(EDITS * sizeof(struct edit)) +
                 piece((double)s->n_heads * sizeof(struct head_part));
    double bytes = piece((double)e->n_senders) + piece(1) +
                   piece(2.0 * (double)(widest_row(s) + s->d_model) * sizeof(float));

    for (size_t p = 0; p < e->positions.n; p++) {
        double floats =
            sizeof(float) * (double)place_tokens(&e->positions.v[p], x->scene, q, e->positions.tok);

        bytes += e->op.draws * own;
        for (size_t i = 0; i < e->n_senders; i++)
            bytes += e->op.draws *
                     (piece(floats * s->d_model) +
                      (e->sender[i].site == SITE_Z && parts ? piece(floats * s->d_head) : 0));
    }
    return bytes;
}

/* All edges of a drawn sender, or that into the logits, in one run. */
int edges_check(const struct experiment *x, const struct cell *query, struct worker *w,
                struct edge_check *k, struct err *err)
{
    const struct edges *e = x->state;
    const struct shape *s = x->shape;
    struct making m;
    const float *operand = NULL;

    k->sender = e->sender[rng_below(&k->rng, e->n_senders)];
    if (edge_check_begin(k, x, query, err) || !k->n ||
        (w && (open_making(&m, w, s, 1, err) ||
               make_operand(&m, &k->change, &k->sender, &operand, err))))
        return err->code;
    if (w) {
        m.layer = k->sender.layer;
        flush_heads(&m);
    }
    k->change.list.n = 0;
    for (size_t i = 0; i < k->n; i++)
        if (edge_push(&k->receiver[i], s, k->change.tok, k->change.n, operand, &k->change.list))
            return err->code;
    return edge_check_end(k, err);
}
