/*
 * One bundle: the runs of its queries, the variants of its cells in as few waves as they fit, and
 * what the experiments reduce from their answers.
 *
 * Rows of a unit as they stand in the journal: the query's status (length, bytes; empty = ok), and
 * if it is ok the query fields if the unit begins with the query's first cell, then each cell's
 * fields, in the order declared, each as long as this query needs; or an audit's residuals.
 */
#include "campaign/unit.h"

#include "campaign/audit.h"
#include "campaign/bundle.h"
#include "campaign/campaign.h"
#include "campaign/cost.h"
#include "campaign/rows.h"
#include "campaign/survey.h"
#include "engine/greedy.h"
#include "experiments/kit/text.h"
#include "experiments/kit/where.h"
#include "experiments/kit/whole.h"
#include "model/identity.h"

#include <math.h>
#include <string.h>

/* One experiment at one query: units that stand side by side in the bundle. */
struct query_job {
    const struct experiment *x;
    const struct query *q;
    struct query_job *lead; /* the first of the query: it makes the clean run for all */
    struct run_spec *spec;  /* (n_runs) */
    struct run *run;        /* (n_runs) */
    int n_runs, made;
    const void *prepared; /* of the kind */
    bool is_prepared;
    uint64_t flops;     /* of the runs that it made beside the clean one */
    const char *status; /* why it goes no further; "" = it does */
};

struct unit_job {
    struct campaign *c;
    const struct bundle *bundle;
    struct query_job *job; /* (n_jobs) */
    size_t n_jobs;
    struct query_job **of; /* (bundle->n) of each unit */
    struct variant *run;   /* room for all runs that are made at once */
    struct buf rows;       /* of the unit at hand */
    struct cost cost;      /* of the unit at hand, as the plan counts */
    struct buf *out;
};

static const struct unit *unit_at(const struct unit_job *j, size_t member)
{
    return &j->c->unit[j->c->order[j->bundle->first + member]];
}

/* --- runs --- */

static const char not_finite[] = "the model's output is not finite";
static const char others_not_finite[] =
    "the output of a query that it takes values from is not finite";

/* Why a query goes no further after its i-th run; "" if it does. */
static const char *trouble(const struct query_job *r, int i)
{
    const struct run *run = &r->run[i];
    const char *reason = NULL;

    if (!isfinite(run->rms) || !isfinite(run->log_z))
        return i == 0 || run->ids == r->q->ids ? not_finite : others_not_finite;
    if (i == 0)
        reason = where_refuses(r->x, r->q, run);
    if (i == 0 && !reason && r->x->kind->admit)
        reason = r->x->kind->admit(r->x, r->q, run);
    return reason ? reason : "";
}

static int open_job(struct unit_job *j, struct query_job *r, const struct unit *u,
                    struct run_spec *spec, struct err *err)
{
    struct arena *a = &j->c->run_arena;

    r->x = &j->c->x[u->experiment];
    r->q = &j->c->data.query[u->query];
    r->lead = r > j->job && r[-1].q == r->q && r[-1].n_runs ? r[-1].lead : r;
    r->status = "";
    memset(spec, 0, RUNS_MAX * sizeof *spec);
    r->n_runs = query_runs(r->x, r->q, spec, a, err);
    if (err->code)
        return err->code;
    r->spec = arena_alloc(a, (size_t)r->n_runs, sizeof *r->spec, err);
    r->run = arena_alloc(a, (size_t)r->n_runs, sizeof *r->run, err);
    if (!r->spec || !r->run)
        return err->code;
    memcpy(r->spec, spec, (size_t)r->n_runs * sizeof *spec);
    if (r->n_runs) {
        r->lead->spec[0].keep |= spec[0].keep;
        r->lead->spec[0].all_rows |= spec[0].all_rows;
    }
    return 0;
}

static int open_jobs(struct unit_job *j, struct err *err)
{
    struct arena *a = &j->c->run_arena;
    struct run_spec *spec = arena_alloc(a, RUNS_MAX, sizeof *spec, err);
    size_t runs = 0;

    j->job = arena_alloc(a, j->bundle->n, sizeof *j->job, err);
    j->of = arena_alloc(a, j->bundle->n, sizeof *j->of, err);
    if (!spec || !j->job || !j->of)
        return err->code;
    for (size_t m = 0; m < j->bundle->n; m++) {
        if (bundle_begins(j->c, j->bundle, m)) {
            struct query_job *r = &j->job[j->n_jobs++];

            if (open_job(j, r, unit_at(j, m), spec, err))
                return err->code;
            runs += (size_t)r->n_runs;
        }
        j->of[m] = &j->job[j->n_jobs - 1];
        if (unit_at(j, m)->work == UNIT_AUDIT && j->of[m]->n_runs)
            j->of[m]->lead->spec[0].keep |= AUDIT_KEEPS;
    }
    j->run = arena_alloc(a, runs, sizeof *j->run, err);
    return j->run ? 0 : err->code;
}

static int begin_run(struct unit_job *j, struct query_job *r, int i, struct variant *v,
                     struct err *err)
{
    *v = run_variant(&r->spec[i], r->q, r->run, i);
    if (i)
        r->flops += variant_flops(v, &j->c->model->shape);
    return run_alloc(&r->run[i], &j->c->model->shape, v->n, r->spec[i].keep, &j->c->run_arena, err);
}

/* The end of the runs that can be made now: those whose bases are there already. */
static int end_of_round(const struct query_job *r)
{
    int end = r->made;

    while (!*r->status && end < r->n_runs && r->spec[end].base < r->made)
        end++;
    return end;
}

/* Runs of all queries whose bases are there: they share waves. Each query's clean run is made by
   its lead, for all that read it. *n: how many. */
static int make_round(struct unit_job *j, int *n, struct err *err)
{
    *n = 0;
    for (size_t i = 0; i < j->n_jobs; i++) {
        struct query_job *r = &j->job[i];

        for (int k = r->made; k < end_of_round(r); k++)
            if ((k || r->lead == r) && begin_run(j, r, k, &j->run[(*n)++], err))
                return err->code;
    }
    engine_run(&j->c->engine, j->run, *n);
    for (size_t i = 0; i < j->n_jobs; i++) {
        struct query_job *r = &j->job[i];
        int end = end_of_round(r);

        if (!r->made && r->lead != r)
            r->run[0] = r->lead->run[0];
        for (; r->made < end && !*r->status; r->made++)
            r->status = trouble(r, r->made);
    }
    return 0;
}

static int make_runs(struct unit_job *j, struct err *err)
{
    int n = 1;

    while (n && !make_round(j, &n, err))
        ;
    return err->code;
}

/* --- rows --- */

static int put_status(const char *status, struct buf *out, struct err *err)
{
    return err_if(err, buf_u32(out, (uint32_t)strlen(status), err) || buf_puts(out, status, err));
}

static int begin_unit(struct unit_job *j, const struct unit *u, struct err *err)
{
    const struct experiment *x = &j->c->x[u->experiment];

    buf_clear(&j->rows);
    j->cost = (struct cost){0, 0};
    if (u->work == UNIT_CELLS && !u->first)
        j->cost.flops = query_extra(x, &j->c->data.query[u->query]);
    return put_status("", &j->rows, err);
}

/* The plan may take one cell's or query's cost for another's (even axes, likeness): here it is held
   to it. */
static int check_cost(struct unit_job *j, size_t member, struct err *err)
{
    const struct unit *u = unit_at(j, member);
    const struct query_job *r = j->of[member];

    if (j->cost.flops == u->cost.flops && j->cost.variants == u->cost.variants &&
        r->flops == u->runs.others)
        return 0;
    return err_set(err, ERR_BUG,
                   "experiment %s, query %u, cells from %llu: %llu variants of %llu FLOP and runs "
                   "of %llu were planned, and are %llu of %llu and %llu",
                   r->x->name, u->query, (unsigned long long)u->first,
                   (unsigned long long)u->cost.variants, (unsigned long long)u->cost.flops,
                   (unsigned long long)u->runs.others, (unsigned long long)j->cost.variants,
                   (unsigned long long)j->cost.flops, (unsigned long long)r->flops);
}

/* The unit's rows: which of the bundle, length, bytes. */
static int put_unit(struct unit_job *j, size_t member, struct err *err)
{
    return err_if(err, buf_u64(j->out, member, err) || buf_u64(j->out, j->rows.len, err) ||
                           buf_put(j->out, j->rows.data, j->rows.len, err));
}

static int reduce(struct unit_job *j, const struct query_job *r, const struct cell *cell,
                  bool cell_fields, struct err *err)
{
    int (*slot)(const struct experiment *, const struct cell *, struct row *, struct worker *,
                struct err *) = cell_fields ? r->x->kind->reduce_cell : r->x->kind->reduce_query;
    struct worker w = {&j->c->engine, &j->c->row_arena};
    struct row row;

    if (!slot)
        return 0;
    arena_reset(w.arena);
    if (row_alloc(&row, r->x, r->q, cell_fields, w.arena, err) || slot(r->x, cell, &row, &w, err) ||
        (cell_fields ? whole_cell : whole_query)(r->x, cell, &row, &w, err))
        return err->code;
    if (cell_fields)
        text_cell(cell, &row);
    return row_put(&row, cell_fields, &j->rows, err);
}

/* --- cells --- */

/* A cell and where it belongs. */
struct block_cell {
    size_t member;
    uint64_t at; /* in the unit */
    struct cell cell;
    struct cost cost;
};

/* Cells whose variants are run together, of whatever units. */
struct block {
    struct block_cell *at;
    struct variant *variant;
    int n, n_variants, n_texts;
};

/* The next cell: false after the last. A query in trouble has none. */
static bool next_cell(const struct unit_job *j, size_t *member, uint64_t *at)
{
    for (; *member < j->bundle->n; ++*member, *at = 0)
        if (unit_at(j, *member)->work == UNIT_CELLS && !*j->of[*member]->status &&
            *at < unit_at(j, *member)->n)
            return true;
    return false;
}

/* What the variants of all cells of this experiment and query share, once for the bundle. */
static int prepare(struct unit_job *j, struct query_job *r, const struct unit *u, struct err *err)
{
    struct cell query = {.q = r->q, .run = r->run};
    struct worker w = {&j->c->engine, &j->c->run_arena};
    uint64_t first = u->first, end = u->first + u->n;

    if (r->is_prepared || !r->x->kind->prepare)
        return 0;
    r->is_prepared = true;
    r->flops += r->x->shared;
    for (size_t m = 0; m < j->bundle->n; m++) {
        const struct unit *other = unit_at(j, m);

        if (j->of[m] != r || other->work != UNIT_CELLS)
            continue;
        first = other->first < first ? other->first : first;
        end = other->first + other->n > end ? other->first + other->n : end;
    }
    return r->x->kind->prepare(r->x, &query, first, end - first, &w, &r->prepared, err);
}

static int gather_variants(struct block *b, struct arena *a, struct err *err)
{
    int n = 0;

    b->variant = arena_alloc(a, (size_t)b->n_variants, sizeof *b->variant, err);
    if (!b->variant)
        return err->code;
    for (int i = 0; i < b->n; i++) {
        struct cell *cell = &b->at[i].cell;

        if (cell->n_variants)
            memcpy(b->variant + n, cell->variant, (size_t)cell->n_variants * sizeof *cell->variant);
        n += cell->n_variants;
    }
    return 0;
}

static int gather_block(struct unit_job *j, size_t *member, uint64_t *at, struct block *b,
                        struct err *err)
{
    struct arena *a = &j->c->unit_arena;
    int most = j->c->engine.rows;
    size_t largest = 0, before;

    arena_reset(a);
    memset(b, 0, sizeof *b);
    b->at = arena_alloc(a, (size_t)most, sizeof *b->at, err);
    if (!b->at)
        return err->code;
    for (; b->n < most && b->n_variants < most && b->n_texts < TEXTS_AT_ONCE &&
           (!b->n || a->used + largest <= j->c->block_bytes) && next_cell(j, member, at);
         ++*at) {
        struct block_cell *p = &b->at[b->n++];
        const struct unit *u = unit_at(j, *member);
        struct query_job *r = j->of[*member];

        if (prepare(j, r, u, err))
            return err->code;
        before = a->used;
        p->member = *member;
        p->at = *at;
        p->cell.q = r->q;
        p->cell.run = r->run;
        p->cell.prepared = r->prepared;
        cell_index(r->x, r->q->n, u->first + *at, p->cell.index);
        if (cell_cost(r->x, &p->cell, a, &p->cost, err))
            return err->code;
        largest = a->used - before > largest ? a->used - before : largest;
        b->n_variants += p->cell.n_variants;
        b->n_texts += p->cell.text.n > 0;
    }
    return gather_variants(b, a, err);
}

static int begin_text(struct unit_job *j, struct cell *cell, struct continuation *c,
                      struct err *err)
{

    if (continuation_begin(c, &j->c->model->shape, cell->q->ids, cell->q->n, cell->text.n,
                           &j->c->unit_arena, err))
        return err->code;
    memset(c->ids + cell->q->n, 0xff, (size_t)cell->text.n * sizeof *c->ids);
    c->edit = cell->text.edit;
    c->n_edits = cell->text.n_edits;
    cell->text.ids = c->ids + cell->q->n;
    return 0;
}

/* The texts that cells of the block ask for, token by token side by side. */
static int write_texts(struct unit_job *j, struct block *b, struct err *err)
{
    struct arena *a = &j->c->unit_arena;
    struct continuation *text = arena_alloc(a, (size_t)b->n_texts, sizeof *text, err);
    struct continuation **live = arena_alloc(a, (size_t)b->n_texts, sizeof *live, err);
    int n = 0;

    if (!text || !live)
        return err->code;
    for (int i = 0; i < b->n; i++)
        if (b->at[i].cell.text.n && begin_text(j, &b->at[i].cell, &text[n++], err))
            return err->code;
    do {
        n = 0;
        for (int i = 0; i < b->n_texts; i++)
            if (text[i].state == GOES_ON)
                live[n++] = &text[i];
        if (n && greedy_step(&j->c->engine, live, n, -1, a, err))
            return err->code;
    } while (n);
    return 0;
}

static int reduce_cell(struct unit_job *j, const struct block_cell *p, struct err *err)
{
    const struct unit *u = unit_at(j, p->member);
    const struct query_job *r = j->of[p->member];

    if (!p->at && begin_unit(j, u, err))
        return err->code;
    j->cost.flops += p->cost.flops;
    j->cost.variants += p->cost.variants;
    if ((u->first + p->at == 0 && reduce(j, r, &p->cell, false, err)) ||
        reduce(j, r, &p->cell, true, err))
        return err->code;
    if (p->at + 1 < u->n)
        return 0;
    return err_if(err, check_cost(j, p->member, err) || put_unit(j, p->member, err));
}

static int run_cells(struct unit_job *j, struct err *err)
{
    size_t member = 0;
    uint64_t at = 0;

    while (next_cell(j, &member, &at)) {
        struct block b;

        if (gather_block(j, &member, &at, &b, err))
            return err->code;
        engine_run(&j->c->engine, b.variant, b.n_variants);
        if (b.n_texts && write_texts(j, &b, err))
            return err->code;
        for (int i = 0; i < b.n; i++)
            if (reduce_cell(j, &b.at[i], err))
                return err->code;
    }
    return 0;
}

/* --- what is not a cell --- */

static int run_audit(struct unit_job *j, size_t member, struct err *err)
{
    const struct unit *u = unit_at(j, member);
    const struct query_job *r = j->of[member];
    struct worker w = {&j->c->engine, &j->c->row_arena};
    double worst[AUDIT_COUNT];

    arena_reset(w.arena);
    if (begin_unit(j, u, err) || audit_run(worst, &w, r->x, r->q, r->run, u->first, &j->cost, err))
        return err->code;
    for (int i = 0; i < AUDIT_COUNT; i++)
        if (buf_f64(&j->rows, worst[i], err))
            return err->code;
    return err_if(err, check_cost(j, member, err) || put_unit(j, member, err));
}

static int run_survey(struct unit_job *j, size_t member, struct err *err)
{
    const struct unit *u = unit_at(j, member);

    arena_reset(&j->c->unit_arena);
    return err_if(err, begin_unit(j, u, err) ||
                           survey_run(&j->c->x[u->experiment], &j->c->engine, u->query,
                                      (size_t)u->n, &j->c->unit_arena, &j->rows, err) ||
                           put_unit(j, member, err));
}

static int put_trouble(struct unit_job *j, size_t member, struct err *err)
{
    buf_clear(&j->rows);
    return err_if(err,
                  put_status(j->of[member]->status, &j->rows, err) || put_unit(j, member, err));
}

static int run_all(struct unit_job *j, struct err *err)
{
    if (unit_at(j, 0)->work == UNIT_SURVEY)
        return run_survey(j, 0, err);
    if (open_jobs(j, err) || make_runs(j, err) || run_cells(j, err))
        return err->code;
    for (size_t m = 0; m < j->bundle->n && !err->code; m++)
        if (*j->of[m]->status)
            put_trouble(j, m, err);
        else if (unit_at(j, m)->work == UNIT_AUDIT)
            run_audit(j, m, err);
    return err->code;
}

int bundle_run(struct campaign *c, uint64_t i, struct buf *out, struct err *err)
{
    struct unit_job j = {.c = c, .bundle = &c->bundle[i], .out = out};

    arena_reset(&c->run_arena);
    run_all(&j, err);
    buf_release(&j.rows);
    return err->code;
}

bool bundle_next(const struct campaign *c, uint64_t i, struct cursor *at, struct unit_rows *u)
{
    const struct bundle *b = &c->bundle[i];
    uint64_t member, n;

    if (at->bad || at->pos == at->size)
        return false;
    member = cursor_u64(at);
    n = cursor_u64(at);
    u->rows = cursor_take(at, n);
    if (at->bad || member >= b->n)
        return at->bad = 1, false;
    u->n = (size_t)n;
    u->unit = c->order[b->first + member];
    u->share =
        b->flops ? (double)unit_flops(&c->unit[u->unit]) / (double)b->flops : 1 / (double)b->n;
    return true;
}

static double bundle_cost(void *ctx, uint64_t i)
{
    return (double)((struct campaign *)ctx)->bundle[i].flops;
}

static int bundle_work(void *ctx, uint64_t i, struct buf *out, double *did, struct err *err)
{
    struct campaign *c = ctx;
    uint64_t before = c->engine.team.flops;
    int code = bundle_run(c, i, out, err);

    *did = (double)(c->engine.team.flops - before);
    /* Rows of other bytes than the key says must not come into the journal. */
    return err_if(err, code || identity_check(c->model, err));
}

struct work campaign_work(struct campaign *c)
{
    return (struct work){c, c->n_bundles, bundle_cost, bundle_work};
}
