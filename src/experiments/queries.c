/*
 * The group `queries`: what the model itself says at each prompt, computed in every job. What is
 * known of a query without the model (text, spans, flags) is written beside it by output.c.
 */
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"

static int queries_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct dataset *ds = x->scene->data;

    (void)problems;
    return add_named_axis(x, "target", ds->n_targets, ds->target_name, err) ||
                   add_field(x, "clean_logit", V_F32, "query target", "1",
                             "logit of the target at the last token", err) ||
                   add_field(x, "clean_logprob", V_F32, "query target", "nat",
                             "log-probability of the target at the last token", err) ||
                   add_field(x, "clean_rank", V_I4, "query target", NULL,
                             "tokens with a strictly greater logit", err) ||
                   add_field(x, "clean_argmax", V_I4, "query", NULL, "most probable next token",
                             err) ||
                   add_field(x, "final_rms", V_F32, "query", "1",
                             "root mean square of the last token's final residual", err)
               ? err->code
               : 0;
}

static int queries_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                            struct err *err)
{
    const struct query *q = &x->scene->data->query[cell->query];
    struct variant *v = arena_alloc(a, 1, sizeof *v, err);
    struct answer *answer = answer_new(x->scene, q, false, a, err);

    if (!v || !answer)
        return err->code;
    *v = (struct variant){.ids = q->ids, .n = q->n, .asks = ASK_VOCAB, .answer = answer};
    cell->variant = v;
    cell->n_variants = 1;
    return 0;
}

static int queries_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                          struct worker *w, struct err *err)
{
    const struct answer *a = cell->variant->answer;

    (void)w;
    (void)err;
    for (size_t i = 0; i < x->scene->data->n_targets; i++) {
        row_f32(row, "clean_logit")[i] = a->logit[i];
        row_f32(row, "clean_logprob")[i] = a->logprob[i];
        row_i32(row, "clean_rank")[i] = a->rank[i];
    }
    *row_i32(row, "clean_argmax") = a->argmax;
    *row_f32(row, "final_rms") = a->rms;
    return 0;
}

const struct kind kind_queries = {
    .name = "queries",
    .summary = "the model's own answer at each prompt",
    .version = 2,
    .no_runs = true,
    .open = queries_open,
    .variants = queries_variants,
    .reduce_query = queries_reduce,
};
