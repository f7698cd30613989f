/*
 * The group `queries`: what the model itself says at each prompt, computed in every job. What is
 * known of a query without the model (text, spans, flags) is written beside it by output_queries.c.
 */
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"

#include "base/kernels.h"

static int queries_open(struct experiment *x, struct problems *problems, struct err *err)
{
    (void)problems;
    return err_if(err, add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err) ||
                           add_field(x, "clean_logit", V_F32, "query target", unit_logit,
                                     "logit of the target at the last token", err) ||
                           add_field(x, "clean_logprob", V_F32, "query target", "nat",
                                     "log-probability of the target at the last token", err) ||
                           add_field(x, "clean_rank", V_I4, "query target", NULL,
                                     "tokens with a strictly greater logit", err) ||
                           add_field(x, "clean_argmax", V_I4, "query", NULL,
                                     "most probable next token", err) ||
                           add_field(x, "final_rms", V_F32, "query", "1",
                                     "root mean square of the last token's final residual", err));
}

static int queries_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                          struct worker *w, struct err *err)
{
    const struct run *clean = &cell->run[0];
    const float *said = run_said(clean);

    (void)w;
    (void)err;
    run_targets(clean, row->q, x->data->n_targets, row_f32(row, "clean_logit"),
                row_f32(row, "clean_logprob"));
    for (size_t i = 0; i < x->data->n_targets; i++)
        row_i32(row, "clean_rank")[i] =
            row->q->target[i] < 0
                ? -1
                : vec_count_greater(x->shape->vocab, said, said[row->q->target[i]]);
    *row_i32(row, "clean_argmax") = clean->argmax;
    *row_f32(row, "final_rms") = clean->rms;
    return 0;
}

const struct kind kind_queries = {
    .name = "queries",
    .summary = "the model's own answer at each prompt",
    .version = 2,
    .open = queries_open,
    .reduce_query = queries_reduce,
};
