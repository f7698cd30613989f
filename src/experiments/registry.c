#include "experiments/experiment.h"
#include "experiments/kit/operation.h"
#include "experiments/kit/places.h"
#include "experiments/kit/where.h"
#include "experiments/kit/whole.h"

/* The table of kinds, a row each: X(name) is the struct kind_name of its file. */
#define KINDS(X)    \
    X(queries)      \
    X(decode)       \
    X(causal_trace) \
    X(knockout)     \
    X(token_lens)   \
    X(heads)        \
    X(ablation)     \
    X(attention)    \
    X(edges)        \
    X(faithfulness) \
    X(dump)         \
    X(noop)

#define DECLARE_KIND(name) extern const struct kind kind_##name;
#define KIND_ROW(name)     &kind_##name,

KINDS(DECLARE_KIND)
const struct kind *const kinds[] = {KINDS(KIND_ROW)};
const size_t n_kinds = sizeof kinds / sizeof *kinds;

enum { N_KINDS = sizeof kinds / sizeof *kinds };

const struct experiment_schema *kind_schemas(size_t *n)
{
    static struct experiment_schema schema[N_KINDS - 1];

    for (size_t i = 1; i < N_KINDS; i++)
        schema[i - 1] = (struct experiment_schema){
            kinds[i]->name,        kinds[i]->summary, kinds[i]->rows,   kinds[i]->n_rows,
            kinds[i]->config_size, kinds[i]->also,    kinds[i]->no_data};
    *n = N_KINDS - 1;
    return schema;
}

int query_behind(const struct experiment *x, const struct query *q)
{
    int answer = whole_behind(x, q);

    return x->written > answer ? x->written : answer;
}

const char *query_skip(const struct experiment *x, const struct query *q)
{
    const char *reason = q->status;

    if (x->of_model)
        return NULL;
    if (!reason && x->entry)
        reason = where_skip(x, q);
    if (!reason && x->places && !places_any(x->places, x->scene, q))
        reason = "it does not have any of the positions";
    if (!reason && x->op)
        reason = operation_skip(x->op, x, q);
    if (!reason && x->kind->skip)
        reason = x->kind->skip(x, q);
    if (!reason && query_behind(x, q) && q->n + query_behind(x, q) > x->shape->max_positions)
        reason = "with its answer or continuation it is longer than the model's positions";
    return reason;
}

bool query_derived(const struct experiment *x, const struct query *q, struct hash *derived)
{
    struct hash both[2];

    if (!x->op && !x->kind->derived)
        return false;
    *derived = x->op ? operation_derived(x->op, x, q) : x->kind->derived(x, q);
    if (x->chosen) {
        both[0] = *derived;
        both[1] = *x->chosen;
        *derived = hash_bytes(both, sizeof both);
    }
    return true;
}

int query_likeness(const struct experiment *x, const struct query *q, struct buf *b,
                   struct err *err)
{
    if (!x->op)
        return 0;
    return err_if(err, places_likeness(x->places, x->scene, q, b, err) ||
                           operation_likeness(x->op, x, q, b, err));
}

int query_runs(const struct experiment *x, const struct query *q, struct run_spec *spec,
               struct arena *a, struct err *err)
{
    int n = 1;

    if (x->kind->no_runs || x->of_model)
        return 0;
    spec[0] = (struct run_spec){.keep = x->keep, .base = -1, .all_rows = x->all_rows};
    if (x->op)
        n += operation_runs(x->op, x, q, spec + 1, a, err);
    if (x->kind->runs)
        n += x->kind->runs(x, q, spec + n, a, err);
    if (!err->code)
        n = whole_runs(x, q, spec, n, a, err);
    for (int i = n - 1; i >= 0 && !err->code; i--)
        if (spec[i].base >= 0) { /* rows that its edits leave alone are the base's */
            spec[spec[i].base].keep |= spec[i].keep;
            spec[spec[i].base].all_rows |= spec[i].all_rows;
        }
    return err->code ? 0 : n;
}

uint64_t query_extra(const struct experiment *x, const struct query *q)
{
    return (x->kind->extra ? (uint64_t)x->kind->extra(x, q) : 0) + whole_extra(x, q);
}
