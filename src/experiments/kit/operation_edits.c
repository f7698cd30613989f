/*
 * The edits of an operation at one place: its layers, heads and tokens. Where the operand is the
 * same for all layers (zero, a scale, another run's rows) an edit spans them all; means, noise and
 * vectors have one of their own for each layer and token.
 */
#include "experiments/kit/operation.h"

#include "experiments/kit/deviates.h"
#include "experiments/kit/match.h"

/* --- where the rows of another run are --- */

/* The source's query as far as places need it: the counterfactual has ids and spans of its own. */
static struct query source_view(const struct change *c, int sample)
{
    const struct query *other = operation_source(c->op, c->x, c->q, sample);
    struct query view = other ? *other : *c->q;

    if (!other) {
        view.ids = c->q->cf_ids;
        view.span = c->q->cf_span;
    }
    return view;
}

static int match_by_place(struct change *c, const struct query *source)
{
    struct edit_list *l = &c->list;
    int *there = arena_alloc(l->a, 2 * (size_t)source->n, sizeof *there, l->err), n;

    if (!there)
        return l->err->code;
    n = place_tokens(c->op->source_place, c->x->scene, source, there);
    for (int i = 0; i < c->n; i++) {
        int k = n ? match_in_list(i, c->n, n) : -1;

        c->src[i] = k < 0 ? -1 : there[k];
    }
    return 0;
}

static int match_by_role(struct change *c, const struct query *source)
{
    return match_tokens(c->x->data, c->op->order, prompt_of(c->q), prompt_of(source), c->tok, c->n,
                        c->src, c->list.a, c->list.err);
}

/* c->src; *found: each token has its counterpart. */
static int find_source(struct change *c, bool *found)
{
    struct query source = source_view(c, c->sample);
    bool own = c->op->kind == DO_PATCH && c->op->source <= FROM_CORRUPTED;

    c->src = arena_alloc(c->list.a, (size_t)c->n, sizeof *c->src, c->list.err);
    if (!c->src)
        return c->list.err->code;
    if (c->op->source_place ? match_by_place(c, &source) : !own && match_by_role(c, &source))
        return c->list.err->code;
    for (int i = 0; i < c->n; i++) {
        if (own && !c->op->source_place)
            c->src[i] = c->tok[i];
        *found = *found && c->src[i] >= 0;
    }
    return 0;
}

static const struct run *source_run(const struct change *c)
{
    bool own = c->op->kind == DO_PATCH && c->op->source == FROM_CLEAN;

    return &c->run[own ? 0 : 1 + c->sample];
}

/* --- operands that differ between layers --- */

/* Deviates of one token's row in a layer from element `first` on. */
static const float *deviates(const struct change *c, enum site site, int layer, int t,
                             int64_t first, int64_t n)
{
    struct rng stream =
        rng_for((uint64_t)c->x->scene->config->data.seed, c->q->fingerprint.lo, "noise");
    struct deviate_row row = {.draw = (size_t)c->sample,
                              .layer = (size_t)layer,
                              .layers = (size_t)c->x->shape->n_layers + 1,
                              .token = (size_t)t,
                              .tokens = (size_t)c->q->n,
                              .width = (size_t)site_width(c->x->shape, site)};
    float *v = arena_alloc(c->list.a, (size_t)n, sizeof *v, c->list.err);

    if (v)
        row_deviates(stream, &row, (size_t)first, (size_t)n, v);
    return v;
}

static const float *added_vector(const struct operation *op, int layer, int64_t first)
{
    const float *v = op->vector + (op->vector_layers > 1 ? (size_t)layer * op->vector_width : 0);

    /* As wide as the row, or as one head. */
    return first < (int64_t)op->vector_width ? v + first : v;
}

/* One token of one layer and head range. */
static int push_vector(struct change *c, enum site site, int layer, struct span head, int i)
{
    int t = c->tok[i], at = site_layer(site, layer);
    size_t query = (size_t)(c->q - c->x->data->query);
    struct edit e = {.site = site,
                     .op = OP_ADD,
                     .layer = {at, at + 1},
                     .head = head,
                     .tok = {t, t + 1},
                     .scale = (float)c->op->config->factor};
    int64_t first = edit_first(&e, c->x->shape);

    if (c->op->kind == DO_MEAN) {
        e.op = OP_SET;
        e.vec = survey_mean(c->x->survey, query, site, at, c->role[t]) + first;
    } else if (c->op->kind == DO_NOISE) {
        e.scale = (float)c->op->config->scale * survey_std(c->x->survey, query, site, at);
        e.vec = deviates(c, site, at, t, first, edit_width(&e, c->x->shape));
    } else {
        e.vec = added_vector(c->op, layer, first);
    }
    return e.vec ? edit_list_push(&c->list, e) : c->list.err->code;
}

static int push_vectors(struct change *c, enum site site, int layer, struct span head)
{
    bool split = c->op->kind == DO_ADD && site_parts(c->x->shape, site) &&
                 c->op->vector_width == (size_t)site_part_width(c->x->shape, site);

    for (int h = head.lo; h < head.hi; h = split ? h + 1 : head.hi)
        for (int i = 0; i < c->n; i++)
            if (push_vector(c, site, layer, split ? (struct span){h, h + 1} : head, i))
                return c->list.err->code;
    return 0;
}

/* --- operands that do not --- */

/* Neighbouring tokens whose source is as far away go into one edit. */
static int push_ranges(struct change *c, enum site site, struct span layer, struct span head,
                       struct edit e)
{
    e.site = site;
    e.layer = (struct span){site_layer(site, layer.lo), site_layer(site, layer.hi)};
    e.head = head;
    return edit_list_push_tokens(&c->list, e, c->tok, c->src, c->n);
}

int change_push(struct change *c, enum site site, struct span layer, struct span head)
{
    struct edit e = {.op = OP_ZERO};

    switch (c->op->kind) {
    case DO_ZERO:
        break;
    case DO_SCALE:
        e.op = OP_SCALE;
        e.scale = (float)c->op->config->factor;
        break;
    case DO_RESAMPLE:
    case DO_PATCH:
        e.op = OP_SET;
        e.from = source_run(c);
        break;
    case DO_MEAN:
    case DO_NOISE:
    case DO_ADD:
        for (int l = layer.lo; l < layer.hi; l++)
            if (push_vectors(c, site, l, head))
                return c->list.err->code;
        return 0;
    }
    return push_ranges(c, site, layer, head, e);
}

struct change cell_change(const struct experiment *x, const struct cell *cell, int sample,
                          struct arena *a, struct err *err)
{
    return (struct change){.x = x,
                           .op = x->op,
                           .q = cell->q,
                           .run = cell->run,
                           .sample = sample,
                           .list = {.a = a, .err = err}};
}

int change_begin(struct change *c, const struct place *place, bool *found)
{
    struct edit_list *l = &c->list;
    bool sourced = c->op->kind == DO_PATCH || c->op->kind == DO_RESAMPLE;

    *found = false;
    c->tok = arena_alloc(l->a, 2 * (size_t)c->q->n, sizeof *c->tok, l->err);
    if (!c->tok)
        return l->err->code;
    c->n = place_tokens(place, c->x->scene, c->q, c->tok);
    *found = c->n > 0;
    if (c->op->kind == DO_MEAN) {
        c->role = arena_alloc(l->a, (size_t)c->q->n, sizeof *c->role, l->err);
        if (!c->role)
            return l->err->code;
        match_roles(c->x->data, c->op->order, prompt_of(c->q), c->role);
    }
    if (!*found || !sourced)
        return 0;
    if (c->op->kind == DO_RESAMPLE && !operation_source(c->op, c->x, c->q, c->sample)) {
        *found = false; /* fewer partners than draws */
        return 0;
    }
    return find_source(c, found);
}
