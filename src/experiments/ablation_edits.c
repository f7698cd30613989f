/*
 * The edits of one configuration: the product of its layers, heads and tokens. Where the operand
 * is the same for all layers (zero, a scale, another run's rows) an edit spans them all; means,
 * noise and vectors have one of their own for each layer and token.
 */
#include "experiments/ablation.h"

#include "base/rng.h"
#include "experiments/kit/edit_list.h"
#include "experiments/kit/match.h"

#include <math.h>

/* What is known of a cell while its edits are made. */
struct making {
    const struct experiment *x;
    const struct ablation *b;
    const struct cell *cell;
    const struct query *q;
    int *tok, *src; /* (n) rows, and the rows of the source; src NULL = no source */
    int *role;      /* of the query's tokens; for means */
    int n;
    struct edit_list list;
};

static const struct selection *cell_layers(const struct ablation *b, const struct cell *cell)
{
    return &b->layers.v[cell->index[b->layer_axis]];
}

static const struct selection *cell_heads(const struct ablation *b, const struct cell *cell)
{
    static struct span whole = {0, 1};
    static const struct selection none = {&whole, 1, 0, ""};

    return b->head_axis < 0 ? &none : &b->heads.v[cell->index[b->head_axis]];
}

static int cell_sample(const struct ablation *b, const struct cell *cell)
{
    return b->sample_axis < 0 ? 0 : (int)cell->index[b->sample_axis];
}

const struct query *source_query(const struct experiment *x, const struct query *q, int sample)
{
    const struct ablation *b = x->state;

    if (!b->partners.of)
        return b->operation == DO_PATCH && b->source != FROM_COUNTERFACTUAL ? q : NULL;
    return partner_of(&b->partners, x->scene->data, q, sample);
}

/* --- where the rows of another run are --- */

/* The source's query as far as places need it: the counterfactual has ids and spans of its own. */
static struct query source_view(const struct making *m, int sample)
{
    const struct query *other = source_query(m->x, m->q, sample);
    struct query view = other ? *other : *m->q;

    if (!other) {
        view.ids = m->q->cf_ids;
        view.span = m->q->cf_span;
    }
    return view;
}

static int match_by_place(struct making *m, const struct query *source)
{
    struct edit_list *l = &m->list;
    int *there = arena_alloc(l->a, 2 * (size_t)source->n, sizeof *there, l->err), n;

    if (!there)
        return l->err->code;
    n = place_tokens(m->b->source_place, m->x->scene, source, there);
    for (int i = 0; i < m->n; i++) {
        int k = n ? match_in_list(i, m->n, n) : -1;

        m->src[i] = k < 0 ? -1 : there[k];
    }
    return 0;
}

static int match_by_role(struct making *m, const struct query *source)
{
    return match_tokens(m->x->scene->data, m->b->order, prompt_of(m->q), prompt_of(source), m->tok,
                        m->n, m->src, m->list.a, m->list.err);
}

/* m->src; *found: each token has its counterpart. */
static int find_source(struct making *m, bool *found)
{
    struct query source = source_view(m, cell_sample(m->b, m->cell));
    bool own = m->b->operation == DO_PATCH && m->b->source <= FROM_CORRUPTED;

    m->src = arena_alloc(m->list.a, (size_t)m->n, sizeof *m->src, m->list.err);
    if (!m->src)
        return m->list.err->code;
    if (m->b->source_place ? match_by_place(m, &source) : !own && match_by_role(m, &source))
        return m->list.err->code;
    for (int i = 0; i < m->n; i++) {
        if (own && !m->b->source_place)
            m->src[i] = m->tok[i];
        *found = *found && m->src[i] >= 0;
    }
    return 0;
}

static const struct run *source_run(const struct making *m)
{
    bool own = m->b->operation == DO_PATCH && m->b->source == FROM_CLEAN;

    return &m->cell->run[own ? 0 : 1 + cell_sample(m->b, m->cell)];
}

/* --- operands that differ between layers --- */

static double normal_at(struct rng r, uint64_t i)
{
    double u, v;

    r.counter = 2 * i;
    u = 1 - rng_unit(&r);
    v = rng_unit(&r);
    return sqrt(-2 * log(u)) * cos(6.283185307179586476925 * v);
}

/* Deviates of one token's row from element `first` on: the same for every cell of a draw. */
static const float *deviates(const struct making *m, int t, int64_t first, int64_t n)
{
    uint64_t width = (uint64_t)site_width(&m->x->scene->model->shape, m->b->site);
    float *v = arena_alloc(m->list.a, (size_t)n, sizeof *v, m->list.err);

    struct rng r = rng_for((uint64_t)m->x->scene->config->data.seed, m->q->fingerprint.lo, "noise");
    /* Draws are stretches of one stream. */
    uint64_t from =
        ((uint64_t)cell_sample(m->b, m->cell) * (uint64_t)m->q->n + (uint64_t)t) * width;

    for (int64_t i = 0; v && i < n; i++)
        v[i] = (float)normal_at(r, from + (uint64_t)(first + i));
    return v;
}

static const float *added_vector(const struct ablation *b, int layer, int64_t first)
{
    const float *v = b->vector + (b->vector_layers > 1 ? (size_t)layer * b->vector_width : 0);

    /* As wide as the row, or as one head. */
    return first < (int64_t)b->vector_width ? v + first : v;
}

/* One token of one layer and head range. */
static int push_vector(struct making *m, int layer, struct span head, int i)
{
    const struct ablation_config *c = m->x->config;
    const struct shape *s = &m->x->scene->model->shape;
    int64_t first = m->b->site == SITE_Z ? (int64_t)head.lo * s->d_head : 0;
    int64_t n = m->b->site == SITE_Z ? (int64_t)span_len(head) * s->d_head : s->d_model;
    int t = m->tok[i], at = site_layer(m->b->site, layer);
    size_t query = (size_t)(m->q - m->x->scene->data->query);
    struct edit e = {.site = m->b->site,
                     .op = OP_ADD,
                     .layer = {at, at + 1},
                     .head = head,
                     .tok = {t, t + 1},
                     .scale = (float)c->factor};

    if (m->b->operation == DO_MEAN) {
        e.op = OP_SET;
        e.vec = survey_mean(m->x->survey, query, at, m->role[t]) + first;
    } else if (m->b->operation == DO_NOISE) {
        e.scale = (float)c->scale * survey_std(m->x->survey, query, at);
        e.vec = deviates(m, t, first, n);
    } else {
        e.vec = added_vector(m->b, layer, first);
    }
    return e.vec ? edit_list_push(&m->list, e) : m->list.err->code;
}

static int push_vectors(struct making *m, int layer, struct span head)
{
    const struct shape *s = &m->x->scene->model->shape;
    bool split = m->b->operation == DO_ADD && m->b->site == SITE_Z &&
                 m->b->vector_width == (size_t)s->d_head;

    for (int h = head.lo; h < head.hi; h = split ? h + 1 : head.hi)
        for (int i = 0; i < m->n; i++)
            if (push_vector(m, layer, split ? (struct span){h, h + 1} : head, i))
                return m->list.err->code;
    return 0;
}

/* --- operands that do not --- */

/* Neighbouring tokens whose source is as far away go into one edit. */
static int push_ranges(struct making *m, struct span layer, struct span head, struct edit e)
{
    enum site site = m->b->site;

    e.site = site;
    e.layer = (struct span){site_layer(site, layer.lo), site_layer(site, layer.hi)};
    e.head = head;
    return edit_list_push_tokens(&m->list, e, m->tok, m->src, m->n);
}

static int push_edges(struct making *m, struct span layer, struct span head, bool renormalise)
{
    struct edit_list *l = &m->list;
    const struct place *from = &m->b->from.v[m->cell->index[m->b->from_axis]];
    int *key = arena_alloc(l->a, 2 * (size_t)m->q->n, sizeof *key, l->err), n;

    if (!key)
        return l->err->code;
    n = place_tokens(from, m->x->scene, m->q, key);
    return edit_list_push_cut(l, layer, head, renormalise, m->tok, m->n, key, n);
}

static int push_edits(struct making *m, struct span layer, struct span head)
{
    const struct ablation_config *c = m->x->config;
    struct edit e = {.op = OP_ZERO};

    if (m->b->site == SITE_PATTERN)
        return push_edges(m, layer, head, c->renormalise);
    switch (m->b->operation) {
    case DO_ZERO:
        break;
    case DO_SCALE:
        e.op = OP_SCALE;
        e.scale = (float)c->factor;
        break;
    case DO_RESAMPLE:
    case DO_PATCH:
        e.op = OP_SET;
        e.from = source_run(m);
        break;
    case DO_MEAN:
    case DO_NOISE:
    case DO_ADD:
        for (int l = layer.lo; l < layer.hi; l++)
            if (push_vectors(m, l, head))
                return m->list.err->code;
        return 0;
    }
    return push_ranges(m, layer, head, e);
}

/* m->tok, and what the operation needs to know of them; *found = false: the query lacks it. */
static int find_rows(struct making *m, bool *found)
{
    const struct place *place = &m->b->positions.v[m->cell->index[m->b->position_axis]];
    struct edit_list *l = &m->list;

    m->tok = arena_alloc(l->a, 2 * (size_t)m->q->n, sizeof *m->tok, l->err);
    if (!m->tok)
        return l->err->code;
    m->n = place_tokens(place, m->x->scene, m->q, m->tok);
    *found = m->n > 0;
    if (m->b->operation == DO_MEAN) {
        m->role = arena_alloc(l->a, (size_t)m->q->n, sizeof *m->role, l->err);
        if (!m->role)
            return l->err->code;
        match_roles(m->x->scene->data, m->b->order, prompt_of(m->q), m->role);
    }
    if (!*found || (m->b->operation != DO_PATCH && m->b->operation != DO_RESAMPLE))
        return 0;
    if (m->b->operation == DO_RESAMPLE && !source_query(m->x, m->q, cell_sample(m->b, m->cell))) {
        *found = false; /* fewer partners than draws */
        return 0;
    }
    return find_source(m, found);
}

int ablation_edits(const struct experiment *x, const struct cell *cell, const struct edit **edits,
                   int *n, struct arena *a, struct err *err)
{
    struct making m = {.x = x,
                       .b = x->state,
                       .cell = cell,
                       .q = &x->scene->data->query[cell->query],
                       .list = {.a = a, .err = err}};
    const struct selection *layers = cell_layers(m.b, cell), *heads = cell_heads(m.b, cell);
    bool found = false;

    *n = 0;
    if (find_rows(&m, &found))
        return err->code;
    for (int l = 0; found && l < layers->n; l++)
        for (int h = 0; h < heads->n; h++)
            if (push_edits(&m, layers->range[l], heads->range[h]))
                return err->code;
    *edits = m.list.v;
    *n = m.list.n;
    return 0;
}
