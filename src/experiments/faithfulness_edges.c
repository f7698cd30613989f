/*
 * Circuits made of edges: each reader of an edge that is not kept reads, of its sender, what the
 * operation makes of what the sender adds, and of all others what they add in this very run. So
 * everything is carried on: a sender whose own inputs are changed adds something else, and readers
 * above that keep its edge read that.
 */
#include "experiments/faithfulness.h"

/* Senders and readers by number: from the embedding, and from the first layer, upwards. */
static size_t sender_number(const struct shape *s, const struct node *e)
{
    size_t first = 1 + (size_t)(e->layer < 0 ? 0 : e->layer) * ((size_t)s->n_heads + 1);

    return e->site == SITE_RESID ? 0 : first + (size_t)(e->site == SITE_Z ? e->head : s->n_heads);
}

static size_t readers_per_layer(const struct shape *s)
{
    return (size_t)s->n_heads + 2 * (size_t)s->n_kv_heads + 1;
}

static size_t reader_number(const struct shape *s, const struct edge_end *r)
{
    size_t first = (size_t)r->layer * readers_per_layer(s), heads = (size_t)s->n_heads;
    size_t groups = (size_t)s->n_kv_heads, head = r->head < 0 ? 0 : (size_t)r->head;

    return first + head +
           (r->site == SITE_READ_K     ? heads
            : r->site == SITE_READ_V   ? heads + groups
            : r->site == SITE_READ_MLP ? heads + 2 * groups
                                       : 0);
}

/* Who reads and who is read, of the edges that are cut. */
struct cut_edges {
    struct change *c;
    const struct shape *s;
    bool alone; /* there is but one edge */
    size_t n_senders, n_readers;
    const struct node **sender; /* (n_senders) an edge of each; NULL = it has none */
    const struct node **reader; /* (n_readers) */
    bool *cut;                  /* (n_readers, n_senders) */
    int32_t *place;             /* (n_senders) in the swaps */
    struct swaps *swaps;
};

static int open_circuit(struct cut_edges *k, const struct dropped *edges)
{
    struct arena *a = k->c->list.a;
    struct err *err = k->c->list.err;

    k->n_senders = 1 + (size_t)k->s->n_layers * ((size_t)k->s->n_heads + 1);
    k->n_readers = (size_t)k->s->n_layers * readers_per_layer(k->s) + 1;
    k->sender = arena_alloc(a, k->n_senders, sizeof *k->sender, err);
    k->reader = arena_alloc(a, k->n_readers, sizeof *k->reader, err);
    k->cut = arena_alloc(a, k->n_readers * k->n_senders, sizeof *k->cut, err);
    k->place = arena_alloc(a, k->n_senders, sizeof *k->place, err);
    k->swaps = arena_alloc(a, 1, sizeof *k->swaps, err);
    if (err->code)
        return err->code;
    for (size_t i = 0; i < edges->n; i++) {
        const struct node *e = edges->v[i];
        size_t from = sender_number(k->s, e), to = reader_number(k->s, &e->to);

        k->sender[from] = k->reader[to] = e;
        k->cut[to * k->n_senders + from] = true;
    }
    return 0;
}

/* What the operation makes of each of the senders. */
static int list_senders(struct cut_edges *k)
{
    struct edit_list *l = &k->c->list;
    struct sender *v = arena_alloc(l->a, k->n_senders, sizeof *v, l->err);
    int *first = arena_alloc(l->a, k->n_senders + 1, sizeof *first, l->err);
    int n = 0;

    for (size_t i = 0; v && first && i < k->n_senders; i++) {
        const struct node *e = k->sender[i];
        int head = e && e->head > 0 ? e->head : 0;

        if (!e)
            continue;
        v[n] = (struct sender){.site = e->site, .layer = e->layer < 0 ? 0 : e->layer, .head = head};
        first[n] = l->n;
        k->place[i] = n++;
        if (change_push(k->c, e->site, (struct span){e->layer, e->layer + 1},
                        (struct span){head, head + 1}))
            return l->err->code;
    }
    if (l->err->code)
        return l->err->code;
    first[n] = l->n;
    for (int i = 0; i < n; i++) {
        v[i].edit = l->v + first[i];
        v[i].n_edits = first[i + 1] - first[i];
    }
    *k->swaps = (struct swaps){.sender = v, .n = n};
    *l = (struct edit_list){.a = l->a, .err = l->err}; /* theirs act nowhere else */
    return 0;
}

/* Senders before this one are read: those of the layers below, and by an MLP the heads beside it,
   unless the two are parallel. */
static size_t read_before(const struct shape *s, const struct edge_end *r)
{
    size_t below = 1 + (size_t)r->layer * ((size_t)s->n_heads + 1);

    return below + (r->site == SITE_READ_MLP && !s->parallel ? (size_t)s->n_heads : 0);
}

/* Names the fewer of those that are cut and those that are not; a single edge is cut as the kind
   edges cuts it, bit for bit. */
static int push_reader(struct cut_edges *k, size_t number)
{
    struct edit_list *l = &k->c->list;
    const struct edge_end *r = &k->reader[number]->to;
    const bool *cut = k->cut + number * k->n_senders;
    size_t end = read_before(k->s, r), n_cut = 0, n_read = 0;
    int head = r->head < 0 ? 0 : r->head;
    struct edit e = {.site = r->site,
                     .op = OP_SWAP,
                     .layer = {r->layer, r->layer + 1},
                     .head = {head, head + 1},
                     .swaps = k->swaps};
    int32_t *sender;

    for (size_t i = 0; i < end; i++) {
        n_read += k->sender[i] != NULL;
        n_cut += cut[i];
    }
    e.all_but = !k->alone && n_read - n_cut < n_cut;
    sender = arena_alloc(l->a, e.all_but ? n_read - n_cut : n_cut, sizeof *sender, l->err);
    for (size_t i = 0; sender && i < end; i++)
        if (k->sender[i] && cut[i] != e.all_but)
            sender[e.n_senders++] = k->place[i];
    e.sender = sender;
    return sender ? edit_list_push_tokens(l, e, k->c->tok, NULL, k->c->n) : l->err->code;
}

/* Room for what the senders add in the run; in plans it is only counted. */
static int open_swaps(struct cut_edges *k, struct cell *cell)
{
    struct change *c = k->c;
    struct swaps *w = k->swaps;
    size_t row;

    w->tok = (struct span){c->tok[0], c->tok[c->n - 1] + 1};
    row = (size_t)span_len(w->tok) * (size_t)k->s->d_model;
    cell->bytes = ((size_t)w->n + 1) * row * sizeof *w->change;
    if (!c->run[0].x)
        return 0;
    w->change = arena_alloc(c->list.a, (size_t)w->n * row, sizeof *w->change, c->list.err);
    w->all = arena_alloc(c->list.a, row, sizeof *w->all, c->list.err);
    return c->list.err->code;
}

int faithfulness_cut(struct change *c, const struct dropped *edges, struct cell *cell)
{
    struct cut_edges k = {.c = c, .s = c->x->shape, .alone = edges->n == 1};

    if (open_circuit(&k, edges) || list_senders(&k) || open_swaps(&k, cell))
        return c->list.err->code;
    for (size_t i = 0; i < k.n_readers; i++)
        if (k.reader[i] && push_reader(&k, i))
            return c->list.err->code;
    return 0;
}

/* All edges of a drawn sender are cut, or that into the logits. */
int faithfulness_check(const struct experiment *x, const struct cell *query, struct worker *w,
                       struct edge_check *k, struct err *err)
{
    const struct faithfulness *f = x->state;
    const struct node *drawn, **v;
    struct cell cell = *query;
    struct node *node;

    (void)w;
    if (!f->ranking.edges)
        return 0;
    drawn = &f->ranking.v[rng_below(&k->rng, f->ranking.n)];
    k->sender = (struct edge_end){drawn->site, drawn->layer, drawn->head, NULL};
    if (edge_check_begin(k, x, query, err) || !k->n)
        return err->code;
    v = arena_alloc(k->a, k->n, sizeof *v, err);
    node = arena_alloc(k->a, k->n, sizeof *node, err);
    if (!v || !node)
        return err->code;
    for (size_t i = 0; i < k->n; i++) {
        node[i] = *drawn;
        node[i].to = k->receiver[i];
        v[i] = &node[i];
    }
    return err_if(err, faithfulness_cut(&k->change, &(struct dropped){v, k->n}, &cell) ||
                           edge_check_end(k, err));
}
