#include "cli/plan/forecast.h"

#include "base/blas.h"
#include "base/clock.h"
#include "base/gemm.h"
#include "base/memory.h"
#include "base/out.h"
#include "base/product/product.h"
#include "base/str.h"
#include "campaign/bundle.h"
#include "campaign/words.h"

#include <stdio.h>
#include <string.h>

/* FLOP/s that this machine reaches with so many threads on a matrix like the model's widest, whose
   weights a plan has not read: a quarter of a second of measuring. */
static double measure_speed(const struct campaign *c, int threads)
{
    enum { ROWS = 256 };
    const struct run_config *run = &c->config.run;
    bool blas = run->gemm == GEMM_OPENBLAS || run->executor == EXECUTOR_NAIVE;
    const struct matrix *up = &c->model->layers[0].up.w;
    struct matrix w = {.dtype = up->dtype, .rows = up->rows, .cols = up->cols};
    struct team team;
    struct arena a = {0};
    struct err err = ERR_CLEAR;
    size_t scratch = blas ? gemm_scratch(w.rows, w.cols) : product_scratch();
    float *x, *y;
    double start, seconds = 0;

    if (memory_check_space(blas ? blas_bytes(threads) : 0, "measuring", &err) ||
        team_init(&team, threads, scratch, &err))
        return 0;
    w.data = arena_alloc(&a, (size_t)w.rows, matrix_row_bytes(&w), &err);
    x = arena_alloc(&a, (size_t)(ROWS * w.cols), sizeof *x, &err);
    y = arena_alloc(&a, (size_t)(ROWS * w.rows), sizeof *y, &err);
    team_share(&team, product_shared(ROWS, w.cols), &err);
    start = clock_seconds();
    while (!err.code && seconds < 0.25) {
        (blas ? gemm : product)(&team, ROWS, x, w.cols, &w, y, w.rows);
        seconds = clock_seconds() - start;
    }
    arena_release(&a);
    start = (double)team.flops;
    team_release(&team);
    return seconds > 0 ? start / seconds : 0;
}

static void add_units(const struct campaign *c, struct plan_row *row)
{
    memset(row, 0, (c->n + 1) * sizeof *row);
    for (size_t i = 0; i < c->n_units; i++) {
        const struct unit *u = &c->unit[i];
        bool cells = u->work == UNIT_CELLS;

        for (struct plan_row *r = &row[u->experiment];; r = &row[c->n]) {
            r->units++;
            r->cells += cells ? u->n : 0;
            r->queries += cells && u->first == 0 && !c->x[u->experiment].of_model;
            r->flops += (double)u->cost.flops;
            if (r == &row[c->n])
                break;
        }
    }
}

/* Runs, as the bundles make them: clean ones, and an experiment's others. */
static struct plan_row add_runs(const struct campaign *c, struct plan_row *row)
{
    struct plan_row clean = {0};

    for (size_t i = 0; i < c->n_bundles; i++) {
        const struct bundle *b = &c->bundle[i];

        for (size_t m = 0; m < b->n; m++)
            if (bundle_begins(c, b, m)) {
                const struct unit *u = &c->unit[c->order[b->first + m]];

                row[u->experiment].flops += (double)u->runs.others;
                row[c->n].flops += (double)u->runs.others;
            }
        clean.queries += b->n_clean;
        clean.flops += (double)b->clean;
    }
    row[c->n].flops += clean.flops;
    return clean;
}

struct plan_row plan_rows(const struct campaign *c, struct plan_row *row)
{
    add_units(c, row);
    return add_runs(c, row);
}

static int print_row(const char *name, const char *kind, const struct plan_row *r, struct err *err)
{
    char flops[STR_HUMAN];

    return out_printf(err, "  %-16s %-14s %9llu %10llu %10llu %12s\n", name, kind,
                      (unsigned long long)r->queries, (unsigned long long)r->cells,
                      (unsigned long long)r->units, str_flops(flops, r->flops));
}

static int print_model(const struct campaign *c, struct err *err)
{
    const struct shape *s = &c->model->shape;

    return out_printf(err,
                      "model   %s: %s, %d %s, %d %s (%d key/value), width %d, vocabulary %d\n"
                      "data    %zu %s, %zu of them bad, longest prompt %d %s\n",
                      c->model->name, c->model->arch, s->n_layers,
                      str_noun(s->n_layers, "layer", "layers"), s->n_heads,
                      str_noun(s->n_heads, "head", "heads"), s->n_kv_heads, s->d_model, s->vocab,
                      c->data.n, str_noun(c->data.n, "query", "queries"), dataset_bad(&c->data),
                      c->data.max_tokens, str_noun(c->data.max_tokens, "token", "tokens"));
}

int forecast(struct forecast *e, struct campaign *c, int64_t ranks, int64_t nodes, int threads,
             struct err *err)
{
    *e = (struct forecast){.rank_bytes = campaign_bytes(c, threads),
                           .rank_most = c->config.run.memory,
                           .weight_bytes = (double)c->model->weight_bytes,
                           .ranks = ranks,
                           .nodes = nodes,
                           .threads = threads,
                           .flops_per_second = measure_speed(c, threads)};

    if (campaign_bundle(c, NULL, (int)ranks, err))
        return err->code;
    for (size_t i = 0; i < c->n_bundles; i++)
        e->flops += (double)c->bundle[i].flops;
    if (campaign_needs(c) & NEED_VOCAB_STATS)
        e->first = vocab_stats_flops(c->model, c->vocab_stats.embeds);
    if (e->flops_per_second > 0)
        e->seconds = (e->first + e->flops / (double)ranks) / e->flops_per_second;
    return 0;
}

static int print_estimate(const struct forecast *e, struct err *err)
{
    char first[STR_HUMAN], rank[STR_HUMAN], weights[STR_HUMAN], node[STR_HUMAN], time[STR_HUMAN],
        speed[STR_HUMAN], most[STR_HUMAN];
    double share = (double)e->ranks / (double)e->nodes;

    if (e->first > 0)
        out_printf(err,
                   "\nfirst   %s by rank 0: means over the vocabulary, kept beside the journal",
                   str_flops(first, e->first));
    out_printf(err, "\nmemory  %s for each rank of %d %s; weights %s, shared by a node\n",
               str_bytes(rank, e->rank_bytes), e->threads,
               str_noun(e->threads, "thread", "threads"), str_bytes(weights, e->weight_bytes));
    if (e->rank_most > 0 && e->rank_bytes > e->rank_most)
        out_printf(err,
                   "        more than run.memory, %s: a run refuses it; lower run.rows or "
                   "run.threads\n",
                   str_bytes(most, e->rank_most));
    if (e->nodes > 1)
        out_printf(err, "nodes   %lld of %.0f %s, %s each\n", (long long)e->nodes, share,
                   str_noun(share, "rank", "ranks"),
                   str_bytes(node, e->weight_bytes + share * e->rank_bytes));
    if (e->flops_per_second > 0)
        out_printf(err, "time    about %s with %lld %s of %s/s, as measured here\n",
                   str_duration(time, e->seconds), (long long)e->ranks,
                   str_noun(e->ranks, "rank", "ranks"), str_flops(speed, e->flops_per_second));
    return err->code;
}

/* One cell: that of an experiment's units, in their order, that has this number. */
static int print_cell(const struct campaign *c, size_t experiment, uint64_t cell, struct buf *b,
                      struct err *err)
{
    const struct experiment *x = &c->x[experiment];
    const struct unit *u = c->unit;
    const struct query *q;
    char step[32] = "", name[STR_NAME];

    while (u->work != UNIT_CELLS || u->experiment != experiment || cell >= u->n) {
        cell -= u->work == UNIT_CELLS && u->experiment == experiment ? u->n : 0;
        u++;
    }
    q = &c->data.query[u->query];
    buf_clear(b);
    if (cell_words(x, q->n, u->first + cell, b, err) || !buf_str(b, err))
        return err->code;
    if (x->of_model)
        return out_printf(err, "  %-16s %s\n", x->name, b->data);
    if (q->step)
        snprintf(step, sizeof step, ", step %d", q->step);
    return out_printf(err, "  %-16s query %u%s%s%s: %s\n", x->name, u->query, *q->item ? ", " : "",
                      str_name(name, q->item), step, b->data);
}

/* First, middle and last cell of each experiment. */
static int print_cells(const struct campaign *c, const struct plan_row *row, struct err *err)
{
    struct buf b = {0};

    if (c->n > 1)
        out_printf(err, "\nfirst, middle and last cell\n");
    for (size_t i = 1; i < c->n && !err->code; i++) {
        uint64_t n = row[i].cells, pick[] = {0, n / 2, n ? n - 1 : 0};

        for (int k = 0; k < 3 && n && !err->code; k++)
            if (k == 0 || pick[k] != pick[k - 1])
                print_cell(c, i, pick[k], &b, err);
    }
    buf_release(&b);
    return err->code;
}

enum { NAMED = 20 };

/* Bad queries with their places and reasons, the first so many. */
static int print_bad(const struct campaign *c, struct err *err)
{
    char name[STR_NAME];
    size_t bad = 0;

    for (size_t i = 0; i < c->data.n; i++) {
        const struct query *q = &c->data.query[i];

        if (!q->status || ++bad > NAMED)
            continue;
        out_printf(err, "%s  %s:%zu: query %zu, %s: %s\n", bad == 1 ? "\nbad queries\n" : "",
                   c->data.file[q->file], q->line, i, str_name(name, q->item), q->status);
    }
    return bad > NAMED ? out_printf(err, "  ... and %zu more\n", bad - NAMED) : err->code;
}

int print_plan(struct campaign *c, const struct forecast *e, struct err *err)
{
    struct arena a = {0};
    struct plan_row *row = arena_alloc(&a, c->n + 1, sizeof *row, err), clean;
    int code = !row || print_model(c, err) ||
               out_printf(err, "\n  %-16s %-14s %9s %10s %10s %12s\n", "experiment", "kind",
                          "queries", "cells", "units", "work");

    if (!code)
        clean = plan_rows(c, row);
    for (size_t i = 0; i < c->n && !code; i++)
        code = print_row(c->x[i].name, c->x[i].kind->name, &row[i], err);
    code = code || print_row("clean runs", "of all", &clean, err) ||
           print_row("total", "", &row[c->n], err) || print_cells(c, row, err) ||
           print_bad(c, err) || print_estimate(e, err);
    arena_release(&a);
    return err_if(err, code);
}
