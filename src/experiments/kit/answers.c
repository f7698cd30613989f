#include "experiments/kit/answers.h"
#include "experiments/kit/controls.h"

#include <math.h>

struct answer *answer_new(const struct scene *s, const struct query *q, bool mlps, struct arena *a,
                          struct err *err)
{
    size_t n = s->data->n_targets;
    size_t floats = (size_t)s->model->shape.n_layers * (size_t)s->model->shape.d_model;
    struct answer *answer = arena_alloc(a, 1, sizeof *answer, err);

    if (!answer)
        return NULL;
    answer->target = q->target;
    answer->n_targets = (int)n;
    answer->logit = arena_alloc(a, n, sizeof *answer->logit, err);
    answer->logprob = arena_alloc(a, n, sizeof *answer->logprob, err);
    answer->rank = arena_alloc(a, n, sizeof *answer->rank, err);
    answer->m = mlps ? arena_alloc(a, floats, sizeof *answer->m, err) : NULL;
    return err->code ? NULL : answer;
}

int cell_ask(struct cell *cell, const struct scene *s, const struct edit *edits, int n,
             unsigned asks, bool mlps, struct arena *a, struct err *err)
{
    struct variant *v = arena_alloc(a, 1, sizeof *v, err);

    if (!v)
        return err->code;
    *v = (struct variant){
        .base = &cell->run[0],
        .edit = edits,
        .n_edits = n,
        .asks = asks | (mlps ? ASK_LAYERS : 0),
        .answer = answer_new(s, cell->q, mlps, a, err),
    };
    if (!v->answer)
        return err->code;
    cell->variant = v;
    cell->n_variants = 1;
    return 0;
}

int ask_controls(struct variant *v, const struct scene *s, const struct query *q, struct arena *a,
                 struct err *err)
{
    struct answer *answer = v->answer;
    size_t n = control_ids_n(s->data);

    answer->target = control_ids(s->data, q, a, err);
    answer->n_targets = (int)n;
    answer->logit = arena_alloc(a, n, sizeof *answer->logit, err);
    answer->logprob = arena_alloc(a, n, sizeof *answer->logprob, err);
    answer->rank = arena_alloc(a, n, sizeof *answer->rank, err);
    return err->code;
}

void run_targets(const struct run *run, const struct query *q, size_t n, float *logit,
                 float *logprob)
{
    for (size_t i = 0; i < n; i++) {
        int32_t id = q->target[i];

        logit[i] = id < 0 ? NAN : run->logits[id];
        logprob[i] = id < 0 ? NAN : (float)((double)run_said(run)[id] - run->log_z);
    }
}

int decode_rows(struct worker *w, size_t n, const float *r, int64_t stride, float rms,
                const struct vocab_stats *stats, const struct lens_ask *ask, struct err *err)
{
    const float **vector = arena_alloc(w->arena, n, sizeof *vector, err);
    float *divisor = arena_alloc(w->arena, n, sizeof *divisor, err);

    if (!vector || !divisor)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        vector[i] = r + (int64_t)i * stride;
        divisor[i] = rms;
    }
    engine_decode(w->engine, (int)n, vector, divisor, stats, ask);
    return 0;
}

int decode_layers(struct worker *w, struct row *row, const char *field, const float *r,
                  int64_t stride, float rms, struct err *err)
{
    const struct scene *s = row->x->scene;
    struct lens_ask ask = {
        .id = row->q->target, .n_ids = (int)s->data->n_targets, .logit = row_f32(row, field)};

    return decode_rows(w, (size_t)s->model->shape.n_layers, r, stride, rms, NULL, &ask, err);
}
