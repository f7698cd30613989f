#include "campaign/bundle.h"

#include "campaign/campaign.h"

#include <string.h>

/* Bytes of rows that a bundle sends back at once, unless one unit has more. */
static const double most_bytes = 64 << 20;

bool bundle_begins(const struct campaign *c, const struct bundle *b, size_t member)
{
    const struct unit *u = &c->unit[c->order[b->first + member]];

    return !member || u[0].query != c->unit[c->order[b->first + member - 1]].query ||
           u[0].experiment != c->unit[c->order[b->first + member - 1]].experiment;
}

/* --- the units in the order in which they are bundled --- */

/* c->order: surveys, then the others query by query; those of a query stay in the order of the
   list. Returns how many there are. */
static size_t sort_units(struct campaign *c, const unsigned char *todo, struct err *err)
{
    size_t *from = mem_alloc(c->data.n, sizeof *from, err), n = 0;

    mem_free(c->order);
    c->order = mem_alloc(c->n_units, sizeof *c->order, err);
    for (size_t i = 0; !err->code && i < c->n_survey; i++)
        if (!todo || todo[i])
            c->order[n++] = i;
    for (size_t i = c->n_survey; !err->code && i < c->n_units; i++)
        if (!todo || todo[i])
            from[c->unit[i].query]++;
    for (size_t q = 0; !err->code && q < c->data.n; q++) {
        size_t own = from[q];

        from[q] = n;
        n += own;
    }
    for (size_t i = c->n_survey; !err->code && i < c->n_units; i++)
        if (!todo || todo[i])
            c->order[from[c->unit[i].query]++] = i;
    mem_free(from);
    return n;
}

/* --- bundles --- */

struct packer {
    struct campaign *c;
    struct bundle *b;        /* the last, which may grow */
    const struct unit *last; /* its last unit */
    uint64_t clean;          /* FLOP of the clean run of its last query */
    uint64_t rows;           /* of its runs */
    double bytes;            /* of its rows */
    double prepared;         /* bytes of what `prepare` makes */
    double left;             /* FLOP of what is not bundled yet, this one included */
    double most;             /* FLOP of a bundle */
    int ranks;
    size_t cap;
};

/* Rows that a unit sends back. */
static double unit_bytes(const struct campaign *c, const struct unit *u)
{
    const struct experiment *x = &c->x[u->experiment];
    int n = c->data.query[u->query].n;
    double bytes = 0;

    for (int i = 0; u->work == UNIT_CELLS && i < x->n_fields; i++) {
        const struct field *f = &x->field[i];
        double size = (double)(field_elements(x, f, n) * vtype_size(f->var.type));

        if (!f->late && (f->cell || !u->first))
            bytes += size * (f->cell ? (double)u->n : 1);
    }
    return bytes;
}

/* What a unit takes if it joins. */
struct joining {
    uint64_t flops, clean; /* of all that is not there yet; of its clean run */
    uint64_t shared;       /* FLOP of runs that are there already */
    uint64_t rows;
    double bytes, prepared;
};

static uint64_t runs_of(const struct unit *u)
{
    return u->runs.clean + u->runs.others;
}

static struct joining would_take(const struct packer *p, const struct unit *u)
{
    bool query = p->last && p->last->query == u->query;
    bool same = query && p->last->experiment == u->experiment;
    const struct experiment *x = &p->c->x[u->experiment];
    uint64_t have = query ? p->clean : 0;
    struct joining j = {.bytes = unit_bytes(p->c, u)};

    j.clean = u->runs.clean > have ? u->runs.clean - have : 0;
    j.flops = u->cost.flops + j.clean + (same ? 0 : u->runs.others);
    j.shared = u->cost.flops + runs_of(u) - j.flops;
    if (!same && x->kind->prepared_bytes)
        j.prepared = x->kind->prepared_bytes(x, &p->c->data.query[u->query]);
    j.rows = (same ? 0 : u->runs.rows) + (query ? 0 : (uint64_t)p->c->data.query[u->query].n);
    return j;
}

enum {
    DEAR_RUNS = 4,  /* runs that are dear to a unit: its own work is at most so many times theirs */
    CHEAP_RUNS = 25 /* runs that are cheap to a bundle: all is so many times theirs */
};

/*
 * Elsewhere it would make anew the runs that it shares here: where they are dear it joins. Else a
 * bundle ends when it fills a wave and its runs are cheap, beyond which little is gained; and so
 * early that what is left makes two more for each rank, so that all end together.
 */
static bool joins(const struct packer *p, const struct unit *u, const struct joining *j)
{
    double most = p->most, runs = (double)runs_of(u);

    if (!p->last || !runs_of(u) || !u->runs.clean != !p->last->runs.clean ||
        p->bytes + j->bytes > most_bytes ||
        (j->prepared > 0 && p->prepared + j->prepared > BUNDLE_PREPARED))
        return false;
    if (DEAR_RUNS * j->shared > u->cost.flops)
        return true;
    if (!p->c->config.run.unit_flops && most < CHEAP_RUNS * runs)
        most = CHEAP_RUNS * runs;
    if (p->ranks > 1 && most > p->left / (2 * p->ranks))
        most = p->left / (2 * p->ranks);
    return (double)(p->b->flops + j->flops) <= most &&
           (!j->rows || p->rows + j->rows <= BUNDLE_ROWS);
}

static int pack(struct packer *p, size_t at, struct err *err)
{
    struct campaign *c = p->c;
    const struct unit *u = &c->unit[c->order[at]];
    struct joining j = would_take(p, u);

    if (!joins(p, u, &j)) {
        p->left -= p->b ? (double)p->b->flops : 0;
        p->last = NULL;
        p->rows = 0;
        p->bytes = p->prepared = 0;
        j = would_take(p, u);
        if (mem_room(&c->bundle, c->n_bundles, &p->cap, sizeof *c->bundle, err))
            return err->code;
        p->b = &c->bundle[c->n_bundles++];
        p->b->first = at;
    }
    if (!p->last || p->last->query != u->query)
        p->clean = 0;
    p->clean += j.clean;
    p->b->n_clean += j.clean > 0 && p->clean == j.clean;
    p->b->clean += j.clean;
    p->b->flops += j.flops;
    p->b->n++;
    p->rows += j.rows;
    p->bytes += j.bytes;
    p->prepared += j.prepared;
    p->last = u;
    return 0;
}

/* As many rows as a wave has, through all layers, or ten seconds of a core. */
static double wave_flops(const struct campaign *c)
{
    const double ten_seconds = 1e12;
    const int32_t id = 0;
    struct variant row = {.ids = &id, .n = 1};
    double wave = (double)c->config.run.rows * (double)variant_flops(&row, &c->model->shape);

    if (c->config.run.unit_flops)
        return (double)c->config.run.unit_flops * 1e9;
    return wave > ten_seconds ? wave : ten_seconds;
}

int campaign_bundle(struct campaign *c, const unsigned char *todo, int ranks, struct err *err)
{
    struct packer p = {.c = c, .ranks = ranks, .most = wave_flops(c)};
    size_t n = sort_units(c, todo, err);

    mem_free(c->bundle);
    c->bundle = NULL;
    c->n_bundles = 0;
    for (size_t i = 0; i < n; i++)
        p.left += (double)unit_flops(&c->unit[c->order[i]]);
    for (size_t i = 0; i < n && !err->code; i++)
        pack(&p, i, err);
    return err->code;
}

/* --- shares of an array of jobs --- */

int campaign_share(struct campaign *c, unsigned char *todo, int64_t i, int64_t n, struct err *err)
{
    double all = 0, before = 0;

    sort_units(c, NULL, err);
    memset(todo, 1, c->n_survey);
    /* a unit without work counts a little, so that these are shared as well */
    for (size_t u = c->n_survey; u < c->n_units; u++)
        all += 1 + (double)unit_flops(&c->unit[u]);
    for (size_t k = c->n_survey; k < c->n_units && !err->code; k++) {
        double own = 1 + (double)unit_flops(&c->unit[c->order[k]]);

        todo[c->order[k]] = (int64_t)((before + own / 2) / all * (double)n) == i;
        before += own;
    }
    return err->code;
}
