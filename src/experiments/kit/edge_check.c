#include "experiments/kit/edge_check.h"

#include <string.h>

/* Of the places that will do, from a drawn one on, the first. */
static int choose_place(struct edge_check *k, const struct places *places, bool *found)
{
    size_t first = (size_t)rng_below(&k->rng, places->n);

    *found = false;
    for (size_t i = 0; i < places->n && !*found; i++) {
        if (change_begin(&k->change, &places->v[(first + i) % places->n], found))
            return k->change.list.err->code;
        *found = *found &&
                 (k->which != EDGES_DIRECT || k->change.tok[k->change.n - 1] == k->change.q->n - 1);
    }
    return 0;
}

/* Those that read what the sender adds, or the logits alone. */
static int choose_receivers(struct edge_check *k, const struct shape *s, struct err *err)
{
    size_t all;

    if (edge_receivers(s, &k->receiver, &all, k->a, err))
        return err->code;
    for (size_t i = 0; i < all; i++) {
        struct edge_end r = k->receiver[i];

        if (edge_joins(s, &k->sender, &r) && (k->which != EDGES_DIRECT || r.site == SITE_RESID))
            k->receiver[k->n++] = r;
    }
    return 0;
}

int edge_check_begin(struct edge_check *k, const struct experiment *x, const struct cell *query,
                     struct err *err)
{
    bool found;

    k->op = *x->op;
    if (k->which == EDGES_NOTHING) { /* u' = u */
        k->op.kind = DO_PATCH;
        k->op.source = FROM_CLEAN;
        k->op.source_place = NULL;
    }
    k->change = cell_change(x, query, (int)rng_below(&k->rng, (uint64_t)k->op.draws), k->a, err);
    k->change.op = &k->op;
    if (choose_place(k, x->places, &found) || !found ||
        (x->scene->model->layers[0].qk_whole && k->which != EDGES_DIRECT))
        return err->code;
    return choose_receivers(k, &x->scene->model->shape, err);
}

int edge_check_end(struct edge_check *k, struct err *err)
{
    struct change *c = &k->change;
    int head = k->sender.head < 0 ? 0 : k->sender.head;

    k->edges = (struct variant){
        .base = c->run, .edit = c->list.v, .n_edits = c->list.n, .asks = ASK_VOCAB};
    c->list = (struct edit_list){.a = k->a, .err = err};
    if (change_push(c, k->sender.site, (struct span){k->sender.layer, k->sender.layer + 1},
                    (struct span){head, head + 1}))
        return err->code;
    k->patched = (struct variant){
        .base = c->run, .edit = c->list.v, .n_edits = c->list.n, .asks = ASK_VOCAB};
    return 0;
}
