#include "experiments/kit/whole.h"

#include "base/kernels.h"
#include "engine/lens.h"

#include <math.h>
#include <string.h>

int whole_behind(const struct experiment *x, const struct query *q)
{
    int most = 0;

    for (size_t t = 0; x->whole && t < x->data->n_targets; t++)
        most = q->whole[t].n - 1 > most ? q->whole[t].n - 1 : most;
    return most;
}

int whole_declare(struct experiment *x, const struct whole_config *c, const char *dims,
                  size_t others, struct problems *problems, struct err *err)
{
    const struct dataset *ds = x->data;
    const char *all;

    if (!c->answer_logprob)
        return 0;
    all = arena_printf(x->arena, err, "%s target", dims);
    x->whole = arena_alloc(x->arena, 1, sizeof *x->whole, err);
    if (!x->whole)
        return err->code;
    x->whole->standing = c->standing;
    x->whole->first = arena_alloc(x->arena, ds->n, sizeof *x->whole->first, err);
    if (!ds->has_whole)
        problem_at(x, "answer_logprob", problems,
                   "the data has no whole answers: give its queries the key \"answers\"");
    if (1 + others + ds->n_targets > RUNS_MAX)
        problem_at(x, "answer_logprob", problems,
                   "the prompt with each of %zu answers, beside %zu other runs: more than %d "
                   "runs of a query",
                   ds->n_targets, others, RUNS_MAX - 1);
    return err_if(err, !all || !x->whole->first ||
                           add_field(x, "answer_logprob", V_F32, all, "nat",
                                     "log-probability of the whole answer, edited", err) ||
                           add_field(x, "clean_answer_logprob", V_F32, "query target", "nat",
                                     "log-probability of the whole answer, clean", err));
}

/* FLOP of the logits that n tokens are read from. */
static uint64_t logits_flops(const struct experiment *x, int n)
{
    return 2 * (uint64_t)n * (uint64_t)x->shape->vocab * (uint64_t)x->shape->d_model;
}

uint64_t whole_extra(const struct experiment *x, const struct query *q)
{
    int n = 0;

    for (size_t t = 0; x->whole && t < x->data->n_targets; t++)
        n += q->whole[t].n;
    return logits_flops(x, n);
}

/* The prompt and, but for its last, the tokens of an answer. */
static const int32_t *prompt_with(const struct query *q, const struct tokens *answer,
                                  struct arena *a, struct err *err)
{
    int32_t *ids = arena_alloc(a, (size_t)q->n + (size_t)answer->n, sizeof *ids, err);

    if (!ids)
        return NULL;
    memcpy(ids, q->ids, (size_t)q->n * sizeof *ids);
    memcpy(ids + q->n, answer->ids, (size_t)answer->n * sizeof *ids);
    return ids;
}

int whole_runs(const struct experiment *x, const struct query *q, struct run_spec *spec, int n,
               struct arena *a, struct err *err)
{
    if (x->whole)
        x->whole->first[q - x->data->query] = n;
    for (size_t t = 0; x->whole && t < x->data->n_targets; t++) {
        const struct tokens *answer = &q->whole[t];

        if (!answer->n)
            continue;
        spec[n] = (struct run_spec){
            .keep = x->keep,
            .base = -1,
            .ids = prompt_with(q, answer, a, err),
            .n = q->n + answer->n - 1,
            .all_rows = true,
        };
        if (!spec[n++].ids)
            return 0;
    }
    return n;
}

const struct edit *edits_standing(const struct edit *edit, int n_edits, int n, int end,
                                  struct arena *a, struct err *err)
{
    struct edit *out = arena_alloc(a, (size_t)n_edits, sizeof *out, err);

    for (int i = 0; out && i < n_edits; i++) {
        out[i] = edit[i];
        if (span_has(edit[i].tok, n - 1)) {
            out[i].tok.hi = end;
            out[i].held = n;
        }
    }
    return out;
}

/* The query's runs with its answers, one after the other. */
static const struct run *answer_runs(const struct experiment *x, const struct cell *cell)
{
    return &cell->run[x->whole->first[cell->q - x->data->query]];
}

static struct answer *rows_wanted(const struct shape *s, int rows, struct arena *a, struct err *err)
{
    struct answer *answer = arena_alloc(a, 1, sizeof *answer, err);

    if (!answer)
        return NULL;
    answer->final = arena_alloc(a, (size_t)rows * (size_t)s->d_model, sizeof(float), err);
    return answer->final ? answer : NULL;
}

int whole_ask(const struct experiment *x, struct cell *cell, const struct edit *edit, int n,
              struct arena *a, struct err *err)
{
    size_t targets = x->data->n_targets;
    const struct run *run;
    struct variant *v;

    if (!x->whole)
        return 0;
    run = answer_runs(x, cell);
    v = arena_alloc(a, (size_t)cell->n_variants + targets, sizeof *v, err);
    if (!v)
        return err->code;
    if (cell->n_variants)
        memcpy(v, cell->variant, (size_t)cell->n_variants * sizeof *v);
    cell->variant = v;
    for (size_t t = 0; t < targets; t++) {
        int rows = cell->q->whole[t].n, end = cell->q->n + rows - 1;
        struct variant *next = &v[cell->n_variants];

        if (!rows)
            continue;
        *next = (struct variant){
            .base = run++,
            .edit = x->whole->standing ? edits_standing(edit, n, cell->q->n, end, a, err) : edit,
            .n_edits = n,
            .rows = {cell->q->n - 1, end},
            .asks = ASK_ROWS,
            .answer = rows_wanted(x->shape, rows, a, err),
        };
        if (err->code)
            return err->code;
        cell->n_variants++;
        cell->extra += logits_flops(x, rows);
    }
    return 0;
}

/* Sum of the log-probabilities of n tokens, each after its row of x_L: x (n, d). */
static int sum_tokens(struct worker *w, const int32_t *ids, int n, const float *x, float *sum,
                      struct err *err)
{
    const struct shape *s = &w->engine->model->shape;
    struct arena_mark before = arena_mark(w->arena);
    const float **row = arena_alloc(w->arena, (size_t)n, sizeof *row, err);
    float *logit = arena_alloc(w->arena, (size_t)n * (size_t)s->vocab, sizeof *logit, err);
    double total = 0;

    if (!row || !logit)
        return err->code;
    for (int i = 0; i < n; i++)
        row[i] = x + (int64_t)i * s->d_model;
    engine_logits(w->engine, n, row, logit);
    for (int i = 0; i < n; i++) {
        struct log_sum z = {-INFINITY, 0};
        const float *of = logit + (int64_t)i * s->vocab;

        for (int64_t at = 0; at < s->vocab; at += VOCAB_BLOCK)
            log_sum_add(&z, s->vocab - at < VOCAB_BLOCK ? s->vocab - at : VOCAB_BLOCK, of + at);
        total += (double)of[ids[i]] - log_sum(&z);
    }
    *sum = (float)total;
    arena_back(w->arena, before);
    return 0;
}

int whole_query(const struct experiment *x, const struct cell *cell, struct row *row,
                struct worker *w, struct err *err)
{
    const struct shape *s = x->shape;
    float *out = row_f32(row, "clean_answer_logprob");
    const struct run *run = x->whole ? answer_runs(x, cell) : NULL;

    for (size_t t = 0; run && t < x->data->n_targets; t++) {
        const struct tokens *answer = &row->q->whole[t];

        if (answer->n &&
            sum_tokens(w, answer->ids, answer->n,
                       run_row(run++, s, SITE_RESID, s->n_layers, row->q->n - 1), &out[t], err))
            return err->code;
    }
    return 0;
}

int whole_cell(const struct experiment *x, const struct cell *cell, struct row *row,
               struct worker *w, struct err *err)
{
    size_t targets = x->data->n_targets;
    float *out = row_f32(row, "answer_logprob");
    int answers = 0, samples, at = 0;

    for (size_t t = 0; t < targets; t++)
        answers += row->q->whole[t].n > 0;
    samples = cell->n_variants / (1 + answers); /* each has a variant of its own as well */
    for (size_t t = 0; x->whole && samples && t < targets; t++) {
        const struct tokens *answer = &row->q->whole[t];
        double mean = 0;

        if (!answer->n)
            continue;
        for (int s = 0; s < samples; s++) {
            const struct variant *v = &cell->variant[samples + s * answers + at];
            float sum = NAN;

            if (sum_tokens(w, answer->ids, answer->n, v->answer->final, &sum, err))
                return err->code;
            mean += (double)sum / samples;
        }
        out[t] = (float)mean;
        at++;
    }
    return 0;
}
