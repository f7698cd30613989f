/*
 * One unit: the runs of its query, the variants of its cells in as few waves as they fit, and what
 * the experiment reduces from their answers.
 *
 * Rows as they travel and stand in the journal: the query's status (length, bytes; empty = ok), and
 * if it is ok whether an audit follows and its residuals, the query fields if the unit begins with
 * the query's first cell, then each cell's fields, in the order declared, each as long as this
 * query needs.
 */
#include "campaign/unit.h"

#include "campaign/audit.h"
#include "campaign/campaign.h"
#include "campaign/cut.h"
#include "campaign/rows.h"
#include "campaign/survey.h"
#include "experiments/kit/where.h"
#include "model/identity.h"

#include <math.h>
#include <string.h>

struct unit_job {
    struct campaign *c;
    const struct unit *unit;
    const struct experiment *x;
    const struct query *q;
    struct run *run; /* (n_runs) */
    int n_runs;
    struct cost cost; /* so far, as the plan counts */
    struct worker worker;
};

static const char not_finite[] = "the model's output is not finite";
static const char others_not_finite[] =
    "the output of a query that it takes values from is not finite";

/* Why a query goes no further after its i-th run; "" if it does. */
static const char *trouble(const struct unit_job *j, int i)
{
    const struct run *r = &j->run[i];
    const char *reason = NULL;

    if (!isfinite(r->rms) || !isfinite(r->log_z))
        return i == 0 || r->ids == j->q->ids ? not_finite : others_not_finite;
    if (i == 0)
        reason = where_refuses(j->x, j->q, r);
    if (i == 0 && !reason && j->x->kind->admit)
        reason = j->x->kind->admit(j->x, j->q, r);
    return reason ? reason : "";
}

static int begin_run(struct unit_job *j, const struct run_spec *spec, int i, struct variant *v,
                     struct err *err)
{
    *v = run_variant(spec, j->q, j->run, i);
    j->cost.flops += variant_flops(v, &j->c->model->shape);
    return run_alloc(&j->run[i], &j->c->model->shape, v->n, spec->keep, &j->c->unit_arena, err);
}

/* Runs from one on whose bases are there already: they share waves. */
static int batch_of_runs(const struct run_spec *spec, int first, int n)
{
    int end = first + 1;

    while (end < n && spec[end].base < first)
        end++;
    return end;
}

/* *status: why the query goes no further, "" if it does. */
static int make_runs(struct unit_job *j, const char **status, struct err *err)
{
    struct arena *a = &j->c->unit_arena;
    struct run_spec *spec = arena_alloc(a, RUNS_MAX, sizeof *spec, err);
    struct variant *v = arena_alloc(a, RUNS_MAX, sizeof *v, err);

    j->run = arena_alloc(a, RUNS_MAX, sizeof *j->run, err);
    if (!spec || !v || !j->run)
        return err->code;
    j->n_runs = query_runs(j->x, j->q, spec, a, err);
    if (err->code)
        return err->code;
    for (int i = 0, end; i < j->n_runs && !**status; i = end) {
        end = batch_of_runs(spec, i, j->n_runs);
        for (int k = i; k < end; k++)
            if (begin_run(j, &spec[k], k, &v[k], err))
                return err->code;
        engine_run(&j->c->engine, v + i, end - i);
        for (int k = i; k < end && !**status; k++)
            *status = trouble(j, k);
    }
    return 0;
}

static int audit(struct unit_job *j, const struct variant *v, int n, struct buf *out,
                 struct err *err)
{
    double worst[AUDIT_COUNT];
    bool due = j->unit->first == 0 && j->c->audited[j->unit->query];

    if (buf_u32(out, due, err))
        return err->code;
    if (!due)
        return 0;
    if (audit_query(worst, &j->worker, j->x, j->q, j->n_runs ? j->run : NULL, v, n, err))
        return err->code;
    for (int i = 0; i < AUDIT_COUNT; i++)
        if (buf_f64(out, worst[i], err))
            return err->code;
    return 0;
}

/* Cells [first, first + n) whose variants are run together. */
struct cell_block {
    struct cell *cell;
    struct variant *variant;
    int n_cells, n_variants;
};

static int gather_block(struct unit_job *j, uint64_t first, uint64_t end, struct cell_block *b,
                        struct err *err)
{
    struct arena *a = &j->c->unit_arena;
    uint64_t most = (uint64_t)j->c->engine.rows, n = end - first < most ? end - first : most;
    int variants = 0;

    memset(b, 0, sizeof *b);
    b->cell = arena_alloc(a, (size_t)n, sizeof *b->cell, err);
    if (!b->cell)
        return err->code;
    for (uint64_t i = 0; i < n && variants < j->c->engine.rows; i++) {
        struct cell *cell = &b->cell[b->n_cells++];

        cell->query = j->unit->query;
        cell->run = j->run;
        cell_index(j->x, j->q->n, first + i, cell->index);
        if (cell_cost(j->x, cell, a, &j->cost, err))
            return err->code;
        variants += cell->n_variants;
    }
    b->variant = arena_alloc(a, (size_t)variants, sizeof *b->variant, err);
    if (!b->variant)
        return err->code;
    for (int i = 0; i < b->n_cells; i++) {
        struct cell *cell = &b->cell[i];

        if (cell->n_variants)
            memcpy(b->variant + b->n_variants, cell->variant,
                   (size_t)cell->n_variants * sizeof *cell->variant);
        b->n_variants += cell->n_variants;
    }
    return 0;
}

static int reduce(struct unit_job *j, const struct cell *cell, bool cell_fields, struct buf *out,
                  struct err *err)
{
    int (*slot)(const struct experiment *, const struct cell *, struct row *, struct worker *,
                struct err *) = cell_fields ? j->x->kind->reduce_cell : j->x->kind->reduce_query;
    struct row row;

    if (!slot)
        return 0;
    if (row_alloc(&row, j->x, j->q, cell_fields, &j->c->unit_arena, err) ||
        slot(j->x, cell, &row, &j->worker, err))
        return err->code;
    return row_put(&row, cell_fields, out, err);
}

/* A kind without runs learns the same from its first answers. */
static const char *trouble_without_runs(const struct cell_block *b)
{
    for (int i = 0; i < b->n_variants; i++) {
        const struct answer *a = b->variant[i].answer;

        if (!a || !(b->variant[i].asks & ASK_VOCAB))
            continue;
        if (!isfinite(a->rms))
            return not_finite;
        for (int t = 0; t < a->n_targets; t++)
            if (a->target[t] >= 0 && !isfinite(a->logprob[t]))
                return not_finite;
    }
    return "";
}

static int run_block(struct unit_job *j, uint64_t first, struct cell_block *b, const char **status,
                     struct buf *out, struct err *err)
{
    engine_run(&j->c->engine, b->variant, b->n_variants);
    if (!j->n_runs)
        *status = trouble_without_runs(b);
    if (**status)
        return 0;
    if (first == j->unit->first && audit(j, b->variant, b->n_variants, out, err))
        return err->code;
    for (int i = 0; i < b->n_cells; i++) {
        if (first + (uint64_t)i == 0 && reduce(j, &b->cell[i], false, out, err))
            return err->code;
        if (reduce(j, &b->cell[i], true, out, err))
            return err->code;
    }
    return 0;
}

/* The plan may take one cell's or query's cost for another's (even axes, cost_of): here it is held
   to it. */
static int check_cost(struct unit_job *j, struct err *err)
{
    const struct unit *u = j->unit;

    if (j->cost.flops == u->cost.flops && j->cost.variants == u->cost.variants)
        return 0;
    return err_set(err, ERR_BUG,
                   "experiment %s, query %zu, cells from %llu: %llu variants of %llu FLOP were "
                   "planned, and are %llu of %llu",
                   j->x->name, (size_t)u->query, (unsigned long long)u->first,
                   (unsigned long long)u->cost.variants, (unsigned long long)u->cost.flops,
                   (unsigned long long)j->cost.variants, (unsigned long long)j->cost.flops);
}

static int put_status(const char *status, struct buf *out, struct err *err)
{
    if (buf_u32(out, (uint32_t)strlen(status), err))
        return err->code;
    return buf_puts(out, status, err);
}

int unit_run(struct campaign *c, uint64_t i, struct buf *out, struct err *err)
{
    struct unit_job j = {.c = c, .unit = &c->unit[i]};
    uint64_t at, end = j.unit->first + j.unit->n;
    const char *status = "";
    size_t begin = out->len;

    j.x = &c->x[j.unit->experiment];
    j.q = &c->data.query[j.unit->query];
    j.worker = (struct worker){&c->engine, &c->unit_arena};
    arena_reset(&c->unit_arena);
    if (j.unit->survey)
        return put_status("", out, err) || survey_run(j.x, &c->engine, j.unit->query,
                                                      (size_t)j.unit->n, &c->unit_arena, out, err)
                   ? err->code
                   : 0;
    if (make_runs(&j, &status, err) || put_status(status, out, err))
        return err->code;
    if (!j.unit->first && j.x->kind->extra)
        j.cost.flops += (uint64_t)j.x->kind->extra(j.x, j.q);
    for (at = j.unit->first; !*status && at < end;) {
        struct cell_block b;

        if (gather_block(&j, at, end, &b, err) || run_block(&j, at, &b, &status, out, err))
            return err->code;
        at += (uint64_t)b.n_cells;
    }
    if (!*status)
        return check_cost(&j, err);
    out->len = begin;
    return put_status(status, out, err);
}

static double unit_cost(void *ctx, uint64_t i)
{
    return (double)((struct campaign *)ctx)->unit[i].cost.flops;
}

static int unit_work(void *ctx, uint64_t i, struct buf *out, struct err *err)
{
    struct campaign *c = ctx;

    /* Rows of other bytes than the key says must not come into the journal. */
    return unit_run(c, i, out, err) || identity_check(c->model, err) ? err->code : 0;
}

struct work campaign_work(struct campaign *c)
{
    return (struct work){c, c->n_units, unit_cost, unit_work};
}
