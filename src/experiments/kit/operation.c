/* The keys of an operation, what they need of the data, the runs. */
#include "experiments/kit/operation.h"

#include "base/npy.h"
#include "experiments/kit/corrupt.h"
#include "experiments/kit/select.h"

#include <stdio.h>

const struct choice operation_kinds[] = {
    {"zero", DO_ZERO},   {"mean", DO_MEAN}, {"resample", DO_RESAMPLE}, {"noise", DO_NOISE},
    {"patch", DO_PATCH}, {"add", DO_ADD},   {"scale", DO_SCALE},       {NULL, 0}};
const struct choice operation_sources[] = {{"clean", FROM_CLEAN},
                                           {"corrupted", FROM_CORRUPTED},
                                           {"counterfactual", FROM_COUNTERFACTUAL},
                                           {"step_1", FROM_STEP_1},
                                           {"step_2", FROM_STEP_2},
                                           {"step_3", FROM_STEP_3},
                                           {NULL, 0}};

const char *operation_words(const struct operation *op, struct arena *a, struct err *err)
{
    static const char *const done[] = {
        [DO_ZERO] = "set to zero",
        [DO_MEAN] = "set to the mean of its role",
        [DO_RESAMPLE] = "set to that of another item's query",
        [DO_NOISE] = "noised",
        [DO_PATCH] = "set to that of the run",
        [DO_ADD] = "with the vector added",
        [DO_SCALE] = "scaled",
    };

    const char *patched;

    if (op->kind != DO_PATCH)
        return done[op->kind];
    patched = arena_printf(a, err, "%s %s", done[op->kind],
                           choice_word(operation_sources, (int)op->source));
    return patched ? patched : "";
}

static int open_vector(struct operation *op, struct experiment *x, enum site site,
                       struct problems *problems, struct err *err)
{
    const struct operation_config *c = op->config;
    const struct shape *s = x->shape;
    size_t width = (size_t)site_width(s, site), layers;
    size_t part = site_parts(s, site) ? (size_t)site_part_width(s, site) : width;
    struct npy npy;
    struct err bad = ERR_CLEAR;
    char own[32] = "";

    if (npy_read(&npy, c->vector, x->arena, &bad))
        return problem_of_file(x, "operation.vector", problems, &bad, err);
    if (npy.rank == 2 && npy.size[0] == 1 && s->n_layers > 1) {
        npy.rank = 1; /* one vector, as frameworks save it */
        npy.size[0] = npy.size[1];
    }
    layers = npy.rank == 2 ? npy.size[0] : 1;
    op->vector = npy.v;
    op->vector_layers = layers;
    op->vector_width = npy.size[npy.rank - 1];
    op->hash = hash_bytes(npy.v, layers * op->vector_width * sizeof *npy.v);
    if (part != width)
        snprintf(own, sizeof own, " or %zu", part);
    if ((op->vector_width != width && op->vector_width != part) ||
        (npy.rank == 2 && layers != (size_t)s->n_layers))
        problem_at(x, "operation.vector", problems, "%s has %s%zu numbers, expected %zu%s%s",
                   c->vector, npy.rank == 2 ? "rows of " : "", op->vector_width, width, own,
                   npy.rank == 2 ? " for each layer" : "");
    return add_input(x, "operation.vector", op->hash, err);
}

static int open_source(struct operation *op, struct experiment *x, struct problems *problems,
                       struct err *err)
{
    const struct operation_config *c = op->config;
    struct selector one = {.kind = SELECT_LIST, .n = 1, .name = (const char **)&c->source_position};
    struct places place;

    if (op->source == FROM_COUNTERFACTUAL)
        x->needs |= NEED_DRAWS;
    if (op->step && partners_at_step(&op->partners, x, op->step, err))
        return err->code;
    if (op->source == FROM_CORRUPTED && dataset_span(x->data, c->source_span) < 0)
        problem_at(x, "source.span", problems, "the data has no span \"%s\"", c->source_span);
    if (!*c->source_position)
        return 0;
    if (places_of(&place, &one, x, "source.position", problems, err))
        return err->code;
    op->source_place = place.v;
    /* The patch may put another row than the last into the last row of the last layer. */
    x->all_rows = op->source == FROM_CLEAN;
    return 0;
}

int operation_open(struct operation *op, struct experiment *x, const struct operation_config *c,
                   const struct operation_scope *where, struct problems *problems, struct err *err)
{
    *op = (struct operation){.config = c, .kind = c->kind, .draws = 1};
    x->op = op;
    op->order = span_order_in(x->data, x->arena, err);
    if (!op->order)
        return err->code;
    op->drawn = op->kind == DO_RESAMPLE || op->kind == DO_NOISE;
    if (op->drawn)
        op->draws = (int)c->draws;
    if (op->kind == DO_SCALE && !config_given(x->entry, "operation.factor"))
        problem_at(x, "operation", problems, "{kind: scale} needs a factor, such as factor: 0.5");
    switch (op->kind) {
    case DO_RESAMPLE:
        return partners_open(&op->partners, x, where->places, op->draws, choice_bits(&c->match),
                             err);
    case DO_NOISE:
    case DO_MEAN:
        return survey_open(x, where->wanted, op->kind == DO_MEAN, where->places, err);
    case DO_PATCH:
        op->source = c->run;
        if (op->source >= FROM_STEP_1)
            op->step = 1 + (int)(op->source - FROM_STEP_1);
        return open_source(op, x, problems, err);
    case DO_ADD:
        return open_vector(op, x, where->site, problems, err);
    case DO_ZERO:
    case DO_SCALE:
        break;
    }
    return 0;
}

const struct query *operation_source(const struct operation *op, const struct experiment *x,
                                     const struct query *q, int sample)
{
    if (!op->partners.of)
        return op->kind == DO_PATCH && op->source != FROM_COUNTERFACTUAL ? q : NULL;
    return partner_of(&op->partners, x->data, q, sample);
}

const char *operation_skip(const struct operation *op, const struct experiment *x,
                           const struct query *q)
{
    if (op->kind == DO_RESAMPLE && !operation_source(op, x, q, 0))
        return "no other item's query to resample from";
    if (op->kind != DO_PATCH)
        return NULL;
    if (op->step && !operation_source(op, x, q, 0))
        return "no query of the source's step";
    if (op->source == FROM_COUNTERFACTUAL && !q->cf_ids)
        return "no counterfactual of equal spans";
    if (op->source == FROM_CORRUPTED &&
        span_empty(q->span[dataset_span(x->data, op->config->source_span)]))
        return "it does not have the span to corrupt";
    return NULL;
}

/* Means and spreads, a vector's content, the queries that are resampled from. */
struct hash operation_derived(const struct operation *op, const struct experiment *x,
                              const struct query *q)
{
    const struct dataset *ds = x->data;
    struct hash h = x->survey ? x->survey->key[x->survey->stratum_of[q - ds->query]] : op->hash;

    return partners_hash(&op->partners, ds, q, h);
}

/* How long the other runs are, and where their spans lie: one may lack what another of this length
   has. */
int operation_likeness(const struct operation *op, const struct experiment *x,
                       const struct query *q, struct buf *b, struct err *err)
{
    const struct query *step = op->step ? operation_source(op, x, q, 0) : NULL;
    bool counterfactual = op->kind == DO_PATCH && op->source == FROM_COUNTERFACTUAL;
    const struct span *span = step ? step->span : counterfactual ? q->cf_span : NULL;

    if (partners_likeness(&op->partners, x->data, q, b, err))
        return err->code;
    return span ? buf_put(b, span, x->data->n_spans * sizeof *span, err) : 0;
}

static int noised_run(const struct operation *op, const struct experiment *x, const struct query *q,
                      struct run_spec *spec, struct arena *a, struct err *err)
{
    const struct operation_config *c = op->config;
    struct span span = q->span[dataset_span(x->data, c->source_span)];
    int d = x->shape->d_model, sample = (int)c->source_sample;
    float *v =
        noised_embeddings(x->scene->model, q->ids, span, c->source_noise, 1, sample + 1, a, err);

    return err_if(err, !v || corrupted_run(spec, x->keep, span,
                                           v + (int64_t)sample * span_len(span) * d, d, a, err));
}

int operation_runs(const struct operation *op, const struct experiment *x, const struct query *q,
                   struct run_spec *spec, struct arena *a, struct err *err)
{
    if (op->partners.of)
        return partners_runs(&op->partners, x->data, q, x->keep, spec);
    if (op->kind != DO_PATCH || op->source == FROM_CLEAN)
        return 0;
    spec[0] = (struct run_spec){.keep = x->keep, .base = -1, .ids = q->cf_ids, .n = q->n};
    if (op->source == FROM_CORRUPTED && noised_run(op, x, q, spec, a, err))
        return 0;
    spec[0].all_rows = true;
    return 1;
}
