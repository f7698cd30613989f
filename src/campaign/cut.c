/*
 * The list of units: each query's cells in order, cut at a cost, and their keys.
 *
 * A sweep may have ten million cells, so a cost is asked for as seldom as possible: once for cells
 * that differ along `even` axes only, and once for queries that cost the same. What is cut stays a
 * function of the query alone.
 */
#include "campaign/cut.h"

#include "base/hash.h"
#include "campaign/audit.h"
#include "campaign/campaign.h"
#include "campaign/survey.h"
#include "experiments/kit/where.h"

#include <string.h>

/* --- the cells of one query --- */

struct known {
    struct cost cost;
    bool known;
};

/* Walks over a query's cells in order. */
struct walk {
    struct cell cell;
    struct axis axis[AXES_MAX]; /* of this query: `tokens` resolved to a size */
    struct known *known;        /* (product of the uneven axes); NULL = no axis is even */
};

static int walk_init(struct walk *w, const struct experiment *x, const struct query *q,
                     const struct run *run, struct arena *a, struct err *err)
{
    size_t uneven = 1;
    bool even = false;

    memset(w, 0, sizeof *w);
    w->cell.q = q;
    w->cell.run = run;
    for (int i = 0; i < x->n_axes; i++) {
        w->axis[i] = x->axis[i];
        w->axis[i].dim.size = axis_size(&x->axis[i], q->n);
        even |= x->axis[i].cell && (x->axis[i].even || x->axis[i].alike);
        if (x->axis[i].cell && !x->axis[i].even)
            uneven *= x->axis[i].alike ? x->axis[i].n_alike : w->axis[i].dim.size;
    }
    if (even)
        w->known = arena_alloc(a, uneven, sizeof *w->known, err);
    return err_if(err, even && !w->known);
}

static void walk_on(struct walk *w, const struct experiment *x)
{
    for (int i = x->n_axes - 1; i >= 0; i--) {
        if (!x->axis[i].cell)
            continue;
        if (++w->cell.index[i] < (int64_t)w->axis[i].dim.size) {
            if (i + 1 < x->n_axes && x->axis[i + 1].twos)
                w->cell.index[i + 1] = w->cell.index[i];
            return;
        }
        w->cell.index[i] = 0;
    }
}

/* The cell at hand, by its place on the uneven axes. */
static struct known *recall(const struct walk *w, const struct experiment *x)
{
    size_t at = 0;

    for (int i = 0; i < x->n_axes; i++)
        if (x->axis[i].cell && !x->axis[i].even)
            at = x->axis[i].alike
                     ? at * x->axis[i].n_alike + (size_t)x->axis[i].alike[w->cell.index[i]]
                     : at * w->axis[i].dim.size + (size_t)w->cell.index[i];
    return &w->known[at];
}

/* Adds the cost of the cell at hand. */
static int walk_cost(struct walk *w, const struct experiment *x, struct arena *a, struct cost *sum,
                     struct err *err)
{
    struct known fresh = {{0, 0}, false}, *k = w->known ? recall(w, x) : &fresh;

    if (!k->known) {
        if (a->used > (1 << 20))
            arena_reset(a);
        if (cell_cost(x, &w->cell, a, &k->cost, err))
            return err->code;
        k->known = true;
    }
    sum->flops += k->cost.flops;
    sum->variants += k->cost.variants;
    return 0;
}

/* --- units --- */

/* Queries that cost the same, and the units of the first of them. */
struct alike {
    struct hash cost; /* of what it depends on */
    size_t first, n;  /* its units; n = 0: a free place */
};

struct cutter {
    struct campaign *c;
    size_t cap;
    struct buf key; /* prefix, then what is added for a unit */
    size_t prefix;
    struct buf likeness;
    struct alike *alike; /* (n_alike) by hash, then the next free place */
    size_t n_alike;
    struct arena query; /* of the query at hand */
};

/* What stands at the places of an axis, by name: other data may have as many spans, but others. */
static int put_names(const struct axis *axis, struct buf *b, struct err *err)
{
    const char *const *name = axis->dim.type == V_STR ? axis->dim.coord : axis->label;
    struct buf all = {0};

    for (size_t i = 0; name && i < axis->dim.size && !err->code; i++)
        buf_printf(&all, err, "%s\n", name[i]);
    if (name && !err->code)
        buf_hash(b, hash_bytes(all.data, all.len), err);
    buf_release(&all);
    return err->code;
}

/* What every unit of an experiment depends on, as canonical bytes. */
static int key_prefix(const struct campaign *c, const struct experiment *x, struct buf *b,
                      struct err *err)
{
    const char *executor = choice_word(executor_choices, (int)c->config.run.executor);

    if (buf_printf(b, err, "%s %d\nengine %d\n%s\n%s\nseed %lld\ncontrols %zu\n", x->kind->name,
                   x->kind->version, ENGINE_BITS, executor, c->library,
                   (long long)c->config.data.seed, c->data.n_controls) ||
        buf_hash(b, c->model->fingerprint, err))
        return err->code;
    for (size_t i = 0; i < c->data.n_targets; i++)
        if (buf_printf(b, err, "target %s\n", c->data.target_name[i]))
            return err->code;
    /* Where cells and numbers stand: the data may have as many positions as its longest prompt. */
    for (int i = 0; i < x->n_axes; i++)
        if (!x->axis[i].tokens &&
            (buf_printf(b, err, "%s %zu%s\n", x->axis[i].dim.name, x->axis[i].dim.size,
                        x->axis[i].twos ? ", by twos" : "") ||
             put_names(&x->axis[i], b, err)))
            return err->code;
    if (where_correct(x) >= 0 && buf_printf(b, err, "correct %d\n", where_correct(x)))
        return err->code;
    return x->entry ? config_print_experiment(x->entry, b, err) : 0;
}

/* A survey depends on all of its queries. */
static struct hash survey_block_hash(const struct survey *s, const struct query *q, size_t n)
{
    uint64_t v[3 * SURVEY_BLOCK + 2];

    for (size_t i = 0; i < n; i++) {
        v[3 * i] = q[i].fingerprint.hi;
        v[3 * i + 1] = q[i].fingerprint.lo;
        v[3 * i + 2] = q[i].status != NULL;
    }
    v[3 * n] = s->layout.hi;
    v[3 * n + 1] = s->layout.lo;
    return hash_bytes(v, (3 * n + 2) * sizeof *v);
}

static int add_unit(struct cutter *k, struct unit u, struct err *err)
{
    struct campaign *c = k->c;
    const struct query *q = &c->data.query[u.query];
    const struct experiment *x = &c->x[u.experiment];
    struct hash none = {0, 0}, own = x->of_model ? none : q->fingerprint;
    struct hash draws = x->needs & NEED_DRAWS ? q->draws : none;
    bool survey = u.work == UNIT_SURVEY;
    uint32_t rows = u.work == UNIT_AUDIT ? AUDIT_COUNT : 0; /* an audit's have a number for each */
    bool has_derived = survey;
    struct hash derived;

    if (mem_room(&c->unit, c->n_units, &k->cap, sizeof *c->unit, err))
        return err->code;
    if (survey)
        derived = survey_block_hash(x->survey, q, (size_t)u.n);
    else
        has_derived = query_derived(x, q, &derived);
    k->key.len = k->prefix;
    if (buf_hash(&k->key, own, err) || buf_hash(&k->key, draws, err) ||
        (has_derived && buf_hash(&k->key, derived, err)) || buf_u64(&k->key, u.first, err) ||
        buf_u64(&k->key, u.n, err) || buf_u32(&k->key, (uint32_t)u.work + 4 + rows, err))
        return err->code;
    u.key = hash_bytes(k->key.data, k->key.len);
    c->unit[c->n_units++] = u;
    return 0;
}

/* The smallest piece that is ever handed out, where ranks are many and work is short: it makes the
   query's runs anew, and has cells for so many times their cost. Where there is more to do bundle.h
   puts pieces together again. */
enum { CELLS_PER_RUN = 5 };

static int cut_query(struct cutter *k, uint32_t experiment, uint32_t query, struct err *err)
{
    struct campaign *c = k->c;
    const struct experiment *x = &c->x[experiment];
    const struct query *q = &c->data.query[query];
    struct run *run;
    struct unit u = {.experiment = experiment, .query = query};
    uint64_t cells = query_cells(x, q->n);
    struct walk w;
    double limit;

    arena_reset(&k->query);
    arena_reset(&c->unit_arena);
    run = arena_alloc(&k->query, RUNS_MAX, sizeof *run, err);
    if (!run || runs_cost(run, x, q, &k->query, &u.runs, err) ||
        walk_init(&w, x, q, run, &k->query, err))
        return err->code;
    limit = c->config.run.unit_flops ? (double)c->config.run.unit_flops * 1e9
                                     : CELLS_PER_RUN * (double)(u.runs.clean + u.runs.others);
    u.cost.flops = query_extra(x, q);
    for (uint64_t i = 0; i < cells; i++, walk_on(&w, x)) {
        if (walk_cost(&w, x, &c->unit_arena, &u.cost, err))
            return err->code;
        u.n++;
        if ((double)u.cost.flops < limit && i + 1 < cells)
            continue;
        if (add_unit(k, u, err))
            return err->code;
        u = (struct unit){.experiment = experiment, .query = query, .first = i + 1, .runs = u.runs};
    }
    return 0;
}

/* The entry of queries that cost what this one does. */
static struct alike *find_alike(struct cutter *k, const struct experiment *x, const struct query *q,
                                struct err *err)
{
    struct buf *b = &k->likeness;
    struct hash cost;
    size_t at;

    buf_clear(b);
    if (buf_u64(b, (uint64_t)q->n, err) || query_likeness(x, q, b, err))
        return NULL;
    for (size_t i = 0; i < k->c->data.n_spans; i++)
        if (buf_u32(b, (uint32_t)q->span[i].lo, err) || buf_u32(b, (uint32_t)q->span[i].hi, err))
            return NULL;
    for (size_t i = 0; i < k->c->data.n_targets; i++)
        if (buf_u32(b, (uint32_t)q->whole[i].n, err))
            return NULL;
    cost = hash_bytes(b->data, b->len);
    for (at = cost.lo % k->n_alike; k->alike[at].n; at = (at + 1) % k->n_alike)
        if (hash_eq(k->alike[at].cost, cost))
            break;
    k->alike[at].cost = cost;
    return &k->alike[at];
}

static int cut_alike(struct cutter *k, uint32_t experiment, uint32_t query, struct err *err)
{
    struct campaign *c = k->c;
    struct alike *like = find_alike(k, &c->x[experiment], &c->data.query[query], err);

    if (!like)
        return err->code;
    if (!like->n) {
        like->first = c->n_units;
        if (cut_query(k, experiment, query, err))
            return err->code;
        like->n = c->n_units - like->first;
        return 0;
    }
    for (size_t i = 0; i < like->n; i++) {
        struct unit u = c->unit[like->first + i];

        u.query = query;
        if (add_unit(k, u, err))
            return err->code;
    }
    return 0;
}

static int begin_keys(struct cutter *k, const struct experiment *x, struct err *err)
{
    buf_clear(&k->key);
    if (key_prefix(k->c, x, &k->key, err))
        return err->code;
    k->prefix = k->key.len;
    return 0;
}

static int cut_survey(struct cutter *k, const struct experiment *x, struct err *err)
{
    size_t n = k->c->data.n;

    if (begin_keys(k, x, err))
        return err->code;
    for (size_t q = 0; q < n; q += SURVEY_BLOCK) {
        struct unit u = {.experiment = (uint32_t)(x - k->c->x),
                         .query = (uint32_t)q,
                         .work = UNIT_SURVEY,
                         .n = n - q < SURVEY_BLOCK ? n - q : SURVEY_BLOCK};

        u.cost.flops = survey_flops(x, q, (size_t)u.n);
        if (add_unit(k, u, err))
            return err->code;
    }
    return 0;
}

/* --- audits --- */

/* The checks of one query in one experiment. */
static int cut_audits(struct cutter *k, uint32_t experiment, uint32_t query, struct err *err)
{
    struct campaign *c = k->c;
    const struct experiment *x = &c->x[experiment];
    struct run *run;
    struct unit u = {.work = UNIT_AUDIT, .experiment = experiment, .query = query, .n = 1};

    arena_reset(&k->query);
    arena_reset(&c->unit_arena);
    run = arena_alloc(&k->query, RUNS_MAX, sizeof *run, err);
    if (!run || runs_cost(run, x, &c->data.query[query], &k->query, &u.runs, err))
        return err->code;
    for (; u.first < AUDIT_CHECKS; u.first++) {
        u.cost = (struct cost){0, 0};
        if (audit_cost(&u.cost, x, &c->data.query[query], run, u.first, &c->unit_arena, err) ||
            (u.cost.flops && add_unit(k, u, err)))
            return err->code;
    }
    return 0;
}

/* The first usable query of each file. */
static bool is_audited(const struct campaign *c, size_t query)
{
    const struct query *q = &c->data.query[query];

    if (c->config.run.audit != AUDIT_FIRST || q->status)
        return c->config.run.audit == AUDIT_ALL && !q->status;
    for (size_t i = query; i-- > 0 && c->data.query[i].file == q->file;)
        if (!c->data.query[i].status)
            return false;
    return true;
}

uint64_t unit_flops(const struct unit *u)
{
    uint64_t flops = u->cost.flops;

    if (u->work == UNIT_CELLS && u->first == 0)
        flops += u->runs.others + (u->experiment == 0 ? u->runs.clean : 0);
    return flops;
}

/*
 * A run checks itself with a hundredth of its work, or with what a minute's run can spare: first
 * each experiment once, file by file, then again. So it stays below a fiftieth even where a check
 * has to make its runs anew.
 */
static void thin_audits(struct campaign *c)
{
    static const double least = 5e10; /* FLOP */
    double budget = 0;
    size_t n = 0;

    for (size_t i = 0; i < c->n_units; i++)
        if (c->unit[i].work != UNIT_AUDIT)
            budget += (double)unit_flops(&c->unit[i]) / 100;
    budget = budget < least ? least : budget;
    for (uint64_t check = 0; check < AUDIT_CHECKS; check++)
        for (size_t i = 0; i < c->n_units; i++) {
            struct unit *u = &c->unit[i];

            if (u->work != UNIT_AUDIT || u->first != check)
                continue;
            if ((double)u->cost.flops > budget)
                u->n = 0; /* none */
            else
                budget -= (double)u->cost.flops;
        }
    for (size_t i = 0; i < c->n_units; i++)
        if (c->unit[i].n)
            c->unit[n++] = c->unit[i];
    c->n_units = n;
}

int campaign_cut(struct campaign *c, struct err *err)
{
    struct cutter k = {.c = c, .n_alike = 2 * c->data.n + 1};

    k.alike = mem_alloc(k.n_alike, sizeof *k.alike, err);
    for (size_t i = 0; k.alike && i < c->n; i++)
        if (c->x[i].survey && cut_survey(&k, &c->x[i], err))
            goto out;
    c->n_survey = c->n_units;
    for (size_t i = 0; k.alike && i < c->n; i++) {
        const struct experiment *x = &c->x[i];

        memset(k.alike, 0, k.n_alike * sizeof *k.alike);
        if (begin_keys(&k, x, err))
            goto out;
        for (size_t q = 0; q < (x->of_model ? 1 : c->data.n); q++) {
            if (query_skip(x, &c->data.query[q]))
                continue;
            if (cut_alike(&k, (uint32_t)i, (uint32_t)q, err) ||
                (!x->of_model && is_audited(c, q) && cut_audits(&k, (uint32_t)i, (uint32_t)q, err)))
                goto out;
        }
    }
    if (k.alike && c->config.run.audit == AUDIT_FIRST)
        thin_audits(c);
out:
    mem_free(k.alike);
    arena_release(&k.query);
    buf_release(&k.likeness);
    buf_release(&k.key);
    return err->code;
}
