/*
 * The edits of one configuration: the product of its layers, heads and tokens, or the hidden units
 * of a set.
 */
#include "experiments/ablation.h"

/* Attention from the cell's tokens to those of its `from`. */
static int push_edges(struct change *c, const struct ablation *b, const struct cell *cell,
                      struct span layer, struct span head)
{
    const struct ablation_config *config = c->x->config;
    const struct place *from = &b->from.v[cell->index[b->from_axis]];
    struct edit_list *l = &c->list;
    int *key = arena_alloc(l->a, 2 * (size_t)c->q->n, sizeof *key, l->err), n;

    if (!key)
        return l->err->code;
    n = place_tokens(from, c->x->scene, c->q, key);
    return edit_list_push_cut(l, layer, head, config->renormalise, c->tok, c->n, key, n);
}

static int push_product(struct change *c, const struct ablation *b, const struct cell *cell)
{
    static struct span whole = {0, 1};
    static const struct selection none = {&whole, 1};
    const struct selection *layers = &b->layers.v[cell->index[b->layer_axis]];
    const struct selection *parts =
        b->part_axis < 0 ? &none : &b->parts.v[cell->index[b->part_axis]];

    for (int l = 0; l < layers->n; l++)
        for (int p = 0; p < parts->n; p++)
            if (b->site == SITE_PATTERN
                    ? push_edges(c, b, cell, layers->range[l], parts->range[p])
                    : change_push(c, b->site, layers->range[l], parts->range[p]))
                return c->list.err->code;
    return 0;
}

static int push_set(struct change *c, const struct neuron_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        if (change_push(c, SITE_NEURON, (struct span){set->v[i].layer, set->v[i].layer + 1},
                        set->v[i].unit))
            return c->list.err->code;
    return 0;
}

/* Two heads, or one with itself. */
static int push_pair(struct change *c, const struct ablation *b, const struct cell *cell)
{
    int64_t i = cell->index[b->layer_axis], k = cell->index[b->part_axis];

    for (int64_t h = i; h <= k; h += k - i ? k - i : 1)
        if (change_push(c, b->site, b->layers.v[h].range[0], b->parts.v[h].range[0]))
            return c->list.err->code;
    return 0;
}

int ablation_edits(const struct experiment *x, const struct cell *cell, const struct edit **edits,
                   int *n, struct arena *a, struct err *err)
{
    const struct ablation *b = x->state;
    int sample = b->sample_axis < 0 ? 0 : (int)cell->index[b->sample_axis];
    struct change c = cell_change(x, cell, sample, a, err);
    bool found;

    *n = 0;
    if (change_begin(&c, &b->positions.v[cell->index[b->position_axis]], &found) ||
        (found && (b->pairs ? push_pair(&c, b, cell)
                   : b->set ? push_set(&c, &b->set[cell->index[b->part_axis]])
                            : push_product(&c, b, cell))))
        return err->code;
    *edits = c.list.v;
    *n = c.list.n;
    return 0;
}
