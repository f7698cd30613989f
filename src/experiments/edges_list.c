/* Which senders, receivers and edges there are. */
#include "experiments/edges.h"

#include "experiments/kit/ranking.h"
#include "experiments/kit/select.h"

/* What is chosen of one side: by layers and heads (of keys and values those that they read). */
struct choice_of_side {
    unsigned kinds;
    bool *layer;     /* (L) */
    bool *head;      /* (H) */
    bool *top, *mlp; /* (L, H), (L) the strongest of a sweep; NULL = all */
};

/* One by one: an edge is of one sender and one receiver. */
static int choose(bool *chosen, const struct selector *s, int n, struct experiment *x,
                  const char *key, struct problems *problems, struct err *err)
{
    struct selections all;

    if (selections_of(&all, s, n, x, key, problems, err))
        return err->code;
    if (!selections_single(&all))
        problem_at(x, key, problems, "an edge has one sender and one receiver: each, or a list");
    for (size_t i = 0; i < all.n && !problems->count; i++)
        chosen[all.v[i].range[0].lo] = true;
    return 0;
}

static int choose_side(struct choice_of_side *c, const struct edge_side_config *config,
                       struct experiment *x, bool senders, struct problems *problems,
                       struct err *err)
{
    c->kinds = choice_bits(&config->kinds);
    c->layer = arena_alloc(x->arena, (size_t)x->shape->n_layers, sizeof *c->layer, err);
    c->head = arena_alloc(x->arena, (size_t)x->shape->n_heads, sizeof *c->head, err);
    if (!c->layer || !c->head)
        return err->code;
    return err_if(err, choose(c->layer, &config->layers, x->shape->n_layers, x,
                              senders ? "senders.layers" : "receivers.layers", problems, err) ||
                           choose(c->head, &config->heads, x->shape->n_heads, x,
                                  senders ? "senders.heads" : "receivers.heads", problems, err));
}

/* The strongest nodes of a finished sweep, for both sides. */
static int choose_top(struct choice_of_side *a, struct choice_of_side *b, struct experiment *x,
                      struct problems *problems, struct err *err)
{
    const struct edges_config *c = x->config;
    struct ranking r = {0};
    struct err bad = ERR_CLEAR;

    if (!*c->from)
        return 0;
    a->top = b->top = arena_alloc(x->arena, (size_t)x->shape->n_layers * (size_t)x->shape->n_heads,
                                  sizeof(bool), err);
    a->mlp = b->mlp = arena_alloc(x->arena, (size_t)x->shape->n_layers, sizeof(bool), err);
    if (!a->top || !a->mlp)
        return err->code;
    if (ranking_read(&r, x, c->from, &c->groups, metric_word(c->rank_by), &bad))
        return problem_of_file(x, "from", problems, &bad, err);
    for (size_t i = 0; i < r.n && i < (size_t)c->top; i++)
        *(r.v[i].site == SITE_Z ? &a->top[r.v[i].layer * x->shape->n_heads + r.v[i].head]
                                : &a->mlp[r.v[i].layer]) = true;
    return 0;
}

static bool takes_head(const struct choice_of_side *c, const struct shape *s, int layer, int head)
{
    return c->layer[layer] && c->head[head] && (!c->top || c->top[layer * s->n_heads + head]);
}

/* Does any of the heads that read it? */
static bool takes_group(const struct choice_of_side *c, const struct shape *s, int layer, int group)
{
    int per_group = shape_shared(s);

    for (int h = group * per_group; h < (group + 1) * per_group; h++)
        if (takes_head(c, s, layer, h))
            return true;
    return false;
}

static bool takes_mlp(const struct choice_of_side *c, int layer)
{
    return c->layer[layer] && (!c->mlp || c->mlp[layer]);
}

static int add_end(struct edge_end *list, size_t *n, enum site site, int layer, int head,
                   bool reads, struct experiment *x, struct err *err)
{
    const char *name = edge_name(x, site, layer, head, reads, err);

    list[(*n)++] = (struct edge_end){site, layer, head, name};
    return name ? 0 : err->code;
}

static int list_senders(struct edges *e, const struct choice_of_side *c, struct experiment *x,
                        struct err *err)
{
    const struct shape *s = x->shape;

    e->sender = arena_alloc(x->arena, (size_t)s->n_layers * (size_t)(s->n_heads + 1) + 1,
                            sizeof *e->sender, err);
    if (!e->sender)
        return err->code;
    if (c->kinds & SENDER_EMBEDDING)
        add_end(e->sender, &e->n_senders, SITE_RESID, -1, -1, false, x, err);
    for (int l = 0; l < s->n_layers; l++) {
        for (int h = 0; c->kinds & SENDER_HEAD && h < s->n_heads; h++)
            if (takes_head(c, s, l, h))
                add_end(e->sender, &e->n_senders, SITE_Z, l, h, false, x, err);
        if (c->kinds & SENDER_MLP && takes_mlp(c, l))
            add_end(e->sender, &e->n_senders, SITE_MLP, l, -1, false, x, err);
    }
    return err->code;
}

static bool takes_receiver(const struct choice_of_side *c, const struct shape *s,
                           const struct edge_end *r)
{
    switch (r->site) {
    case SITE_READ_Q:
        return c->kinds & RECEIVER_Q && takes_head(c, s, r->layer, r->head);
    case SITE_READ_K:
        return c->kinds & RECEIVER_K && takes_group(c, s, r->layer, r->head);
    case SITE_READ_V:
        return c->kinds & RECEIVER_V && takes_group(c, s, r->layer, r->head);
    case SITE_READ_MLP:
        return c->kinds & RECEIVER_MLP && takes_mlp(c, r->layer);
    default:
        return c->kinds & RECEIVER_LOGITS;
    }
}

static int list_receivers(struct edges *e, const struct choice_of_side *c, struct experiment *x,
                          struct err *err)
{
    size_t n, all;

    if (edge_receivers(x->shape, &e->receiver, &all, x->arena, err))
        return err->code;
    for (n = 0; n < all && !err->code; n++) {
        const struct edge_end *r = &e->receiver[n];

        if (takes_receiver(c, x->shape, r))
            add_end(e->receiver, &e->n_receivers, r->site, r->layer, r->head, true, x, err);
    }
    return err->code;
}

static int list_edges(struct edges *e, struct experiment *x, struct err *err)
{
    struct buf b = {0};
    size_t cap = 0;

    for (size_t i = 0; i < e->n_receivers * e->n_senders && !err->code; i++) {
        size_t from = i % e->n_senders, to = i / e->n_senders;

        if (!edge_joins(x->shape, &e->sender[from], &e->receiver[to]) ||
            arena_grow(x->arena, &e->edge, e->n, &cap, sizeof *e->edge, err))
            continue;
        e->edge[e->n++] = (struct edge){(int32_t)from, (int32_t)to};
        buf_printf(&b, err, "%s > %s\n", e->sender[from].name, e->receiver[to].name);
    }
    e->hash = hash_bytes(b.data, b.len);
    buf_release(&b);
    return err->code;
}

int edges_list(struct edges *e, struct experiment *x, struct problems *problems, struct err *err)
{
    const struct edges_config *c = x->config;
    struct choice_of_side senders = {0}, receivers = {0};

    if (choose_side(&senders, &c->senders, x, true, problems, err) ||
        choose_side(&receivers, &c->receivers, x, false, problems, err) ||
        choose_top(&senders, &receivers, x, problems, err) || list_senders(e, &senders, x, err) ||
        list_receivers(e, &receivers, x, err) || list_edges(e, x, err))
        return err->code;
    if (!e->n && !problems->count)
        problem_at(x, "receivers", problems, "no receiver lies above a sender: there is no edge");
    return 0;
}
