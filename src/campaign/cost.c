#include "campaign/cost.h"

#include "campaign/bundle.h"
#include "campaign/campaign.h"
#include "engine/greedy.h"
#include "engine/noop.h"
#include "experiments/kit/survey.h"

#include <math.h>

struct variant run_variant(const struct run_spec *spec, const struct query *q, struct run *run,
                           int i)
{
    struct variant v = {.base = spec->base < 0 ? NULL : &run[spec->base],
                        .ids = spec->ids ? spec->ids : q->ids,
                        .n = spec->ids ? spec->n : q->n,
                        .edit = spec->edit,
                        .n_edits = spec->n_edits,
                        .into = &run[i]};

    if (spec->all_rows)
        v.rows = (struct span){0, v.n};
    return v;
}

int runs_cost(struct run *run, const struct experiment *x, const struct query *q, struct arena *a,
              struct runs_cost *cost, struct err *err)
{
    struct run_spec *spec = arena_alloc(a, RUNS_MAX, sizeof *spec, err);
    int n = 0;

    *cost = (struct runs_cost){0, 0, 0};
    if (spec)
        n = query_runs(x, q, spec, a, err);
    for (int i = 0; i < n; i++) {
        struct variant v = run_variant(&spec[i], q, run, i);

        run[i] = (struct run){.ids = v.ids, .n = v.n, .edit = v.edit, .n_edits = v.n_edits};
        *(i ? &cost->others : &cost->clean) += variant_flops(&v, x->shape);
        cost->rows += i ? (uint64_t)variant_tokens(&v) : 0;
    }
    cost->others += x->shared;
    return err->code;
}

int cell_cost(const struct experiment *x, struct cell *cell, struct arena *a, struct cost *sum,
              struct err *err)
{
    uint64_t flops = 0;

    cell->extra = 0;
    cell->bytes = 0;
    if (x->kind->variants && x->kind->variants(x, cell, a, err))
        return err->code;
    for (int i = 0; i < cell->n_variants; i++) {
        const struct variant *v = &cell->variant[i];

        if (i == 0 || !variant_same_rows(v, v - 1))
            flops = variant_flops(v, x->shape);
        if (!variant_is_plain_noop(v))
            sum->flops += flops;
    }
    sum->variants += (uint64_t)cell->n_variants;
    sum->flops += cell->extra;
    if (cell->text.n)
        sum->flops += continuation_flops(x->scene->model, cell->q->n, cell->text.n);
    return 0;
}

/* Of the texts that cells ask for, those that are written side by side: each keeps its ids, keys
   and values, and makes a variant with its edits for each token. */
static double text_bytes(const struct experiment *x, const struct cell *cell)
{
    const struct cell_text *t = &cell->text;
    double step = (double)sizeof(struct variant) + t->n_edits * (double)sizeof(struct edit);
    int room = cell->q->n + t->n;

    return t->n ? TEXTS_AT_ONCE * ((double)run_growing_bytes(x->shape, room) +
                                   (double)room * sizeof(int32_t) + t->n * step)
                : 0;
}

/* The variants of a block of a query's cells with their answers, and the texts: as the largest of
   the first cells needs them, for the very first may be of a set that the query lacks. */
static double block_bytes(const struct campaign *c, const struct experiment *x,
                          const struct query *q, const struct run *run, struct err *err)
{
    enum { TRIED = 64 };
    uint64_t cells = query_cells(x, q->n), block = (uint64_t)c->config.run.rows;
    uint64_t all = cells * c->data.n; /* others' may stand in the block as well */
    struct arena one = {0};
    double variants = 0, texts = 0;

    for (uint64_t i = 0; x->kind->variants && i < cells && i < TRIED; i++) {
        struct cell cell = {.q = q, .run = run};
        double bytes, own;
        uint64_t most;

        arena_reset(&one);
        cell_index(x, q->n, i, cell.index);
        if (x->kind->variants(x, &cell, &one, err))
            break;
        most = block / (uint64_t)(cell.n_variants ? cell.n_variants : 1) + 1;
        bytes = (double)(one.used + cell.bytes) * (double)(all < most ? all : most);
        bytes = fmin(bytes, fmax(BLOCK_BYTES, (double)(one.used + cell.bytes)));
        variants = bytes > variants ? bytes : variants;
        own = text_bytes(x, &cell);
        texts = own > texts ? own : texts;
    }
    arena_release(&one);
    return variants + texts;
}

/* What a unit of an experiment holds at most: the runs of the longest query, and a block of cells.
 */
static double unit_bytes(struct campaign *c, const struct experiment *x, const struct query *q)
{
    struct arena runs = {0};
    struct run_spec *spec;
    struct run *run;
    struct err ignored = ERR_CLEAR;
    double bytes = 0;
    struct runs_cost ignored_cost;

    spec = arena_alloc(&runs, RUNS_MAX, sizeof *spec, &ignored);
    run = arena_alloc(&runs, RUNS_MAX, sizeof *run, &ignored);
    if (spec && run && !runs_cost(run, x, q, &runs, &ignored_cost, &ignored)) {
        size_t before = runs.used;
        int n = query_runs(x, q, spec, &runs, &ignored);

        for (int i = 0; i < n; i++)
            bytes +=
                (double)run_bytes(&c->model->shape, spec[i].ids ? spec[i].n : q->n, spec[i].keep);
        bytes += (double)(runs.used - before) + block_bytes(c, x, q, run, &ignored);
    }
    arena_release(&runs);
    return bytes;
}

static const struct query *longest_query(const struct campaign *c, const struct experiment *x)
{
    const struct query *longest = NULL;

    for (size_t q = 0; q < c->data.n; q++)
        if (!query_skip(x, &c->data.query[q]) && (!longest || c->data.query[q].n > longest->n))
            longest = &c->data.query[q];
    return longest;
}

/* Runs of several queries in a bundle: as many rows as it has at most, of prompts as short as there
   are, for each has logits of its own. */
static double shared_bytes(const struct campaign *c, unsigned keep)
{
    int shortest = BUNDLE_ROWS;

    for (size_t q = 0; q < c->data.n; q++)
        if (!c->data.query[q].status && c->data.query[q].n < shortest)
            shortest = c->data.query[q].n;
    return (double)BUNDLE_ROWS / shortest * (double)run_bytes(&c->model->shape, shortest, keep);
}

/* What `prepare` makes for a bundle. */
static double prepared_bytes(const struct campaign *c)
{
    double most = 0, all = 0;

    for (size_t i = 0; i < c->n; i++)
        for (size_t q = 0; c->x[i].kind->prepared_bytes && q < c->data.n; q++) {
            double one = query_skip(&c->x[i], &c->data.query[q])
                             ? 0
                             : c->x[i].kind->prepared_bytes(&c->x[i], &c->data.query[q]);

            most = fmax(most, one);
            all += one;
        }
    return fmax(most, fmin(all, BUNDLE_PREPARED));
}

double campaign_bytes(struct campaign *c, int threads)
{
    const struct shape *s = &c->model->shape;
    double most = 0, d = s->d_model;
    unsigned keep = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct query *q = longest_query(c, &c->x[i]);
        double bytes = q ? c->x[i].bytes + unit_bytes(c, &c->x[i], q) : 0;

        most = bytes > most ? bytes : most;
        keep |= c->x[i].keep;
        if (c->x[i].survey) /* its numbers, and their sums on rank 0 */
            most += 3 * (double)c->x[i].survey->bytes;
    }
    if (campaign_needs(c) & NEED_VOCAB_STATS) /* while rank 0 makes them: float, double, float */
        most += d * d * (sizeof(float) + sizeof(double) + sizeof(float));
    if (campaign_needs(c) & NEED_EMBED_STATS)
        most += d * d * 2 * sizeof(float);
    most += shared_bytes(c, keep) + prepared_bytes(c);
    return most + engine_bytes(s, (int)c->config.run.rows, campaign_longest(c), threads);
}
