/*
 * What is measured of a sweep's cells: the fields of its group, the effects of its statistics, and
 * what each is reduced from.
 */
#include "experiments/ablation.h"

#include "experiments/kit/answers.h"
#include "experiments/kit/direct.h"
#include "experiments/kit/text.h"

#include <math.h>
#include <string.h>

bool ablation_has_direct(const struct ablation *b)
{
    return b->metrics & METRIC_DIRECT;
}

/* What NAME/stats has of each cell. */
int ablation_open_effects(struct experiment *x, struct ablation *b, struct err *err)
{
    struct effect_list *e = &b->effects;

    if (effect_list_open(e, b->metrics, NULL, x->data, x->arena, err) || !e->n)
        return err->code;
    x->axis[x->n_axes].hidden = !b->pairs; /* whose joint effects stand in the group itself */
    return add_named_axis(x, "metric", e->n, e->label, err);
}

/* Samples are averaged first. */
#define EFFECT_DIMS "stratum layer head? neuron? from? to? position? metric"
#define CELL_DIMS   "query layer? first? second? head? neuron? from? to? position? sample?"

/* Mean over samples of value[cell * draws + sample, at] minus clean; NaN where there is none. */
static float mean_effect(const float *value, size_t draws, size_t stride, float clean)
{
    double sum = 0;
    int n = 0;

    for (size_t i = 0; i < draws; i++)
        if (!isnan(value[i * stride])) {
            sum += (double)value[i * stride] - (double)clean;
            n++;
        }
    return n ? (float)(sum / n) : NAN;
}

void ablation_effects(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const struct ablation *b = x->state;
    size_t draws = b->sample_axis < 0 ? 1 : (size_t)b->op.draws, cells = 1, column = 0;

    for (int i = 0; i < x->n_axes; i++)
        if (x->axis[i].cell && i != b->sample_axis)
            cells *= x->axis[i].dim.size;
    for (size_t i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];
        size_t n = m->per_target ? x->data->n_targets : 1;
        bool blurred = m->blurred && row->q->target_collision;
        const float *value, *clean;

        if (!(b->metrics & m->bit) || !m->effect)
            continue;
        value = row_f32(row, m->name);
        clean = m->clean ? row_f32(row, m->clean) : NULL;
        for (size_t t = 0; t < n; t++, column++)
            for (size_t c = 0; c < cells; c++)
                out[c * b->effects.n + column] =
                    blurred
                        ? NAN
                        : mean_effect(value + c * draws * n + t, draws, n, clean ? clean[t] : 0);
    }
}

/* What is done: "head outputs set to zero". */
static const char *title_of(struct experiment *x, const struct ablation *b, struct err *err)
{
    static const char *const sites[] = {[SITE_RESID] = "the residual stream",
                                        [SITE_PATTERN] = "attention edges",
                                        [SITE_Z] = "head outputs",
                                        [SITE_ATTN] = "attention outputs",
                                        [SITE_MLP] = "MLP outputs",
                                        [SITE_Q] = "heads' queries",
                                        [SITE_K] = "keys",
                                        [SITE_V] = "values",
                                        [SITE_NEURON] = "hidden units of MLPs"};
    static const char *const done[] = {[DO_ZERO] = "set to zero",
                                       [DO_MEAN] = "set to their mean over queries",
                                       [DO_RESAMPLE] = "resampled from other items",
                                       [DO_NOISE] = "noised",
                                       [DO_PATCH] = "patched from another run",
                                       [DO_ADD] = "with a vector added",
                                       [DO_SCALE] = "scaled"};

    return arena_printf(x->arena, err, "%s %s", sites[b->site], done[b->op.kind]);
}

static int describe(struct experiment *x, const struct ablation *b, struct err *err)
{
    bool map = b->part_axis >= 0;
    const char *done = title_of(x, b, err);
    struct headline headline =
        effects_headline(arena_printf(x->arena, err, "what changes with %s", done ? done : ""),
                         "ablated minus clean", b->op.kind == DO_ZERO);
    const struct figure figure = {
        .name = map ? NULL : "layers",
        .form = map ? "map" : "lines",
        .inside = "stats",
        .values = "mean",
        .mark = "q",
        .row = "metric",
        .series = map ? NULL : "position",
        .down = map ? "layer" : NULL,
        .along = !map                     ? "layer"
                 : b->site == SITE_NEURON ? "neuron"
                                          : "head",
        .apart = "metric",
        .compare = "yes",
        .sequential = map ? "kl" : NULL,
        .title = done,
        .value_label = "ablated minus clean (nat)",
        .along_label = !map                                     ? "layer"
                       : b->site == SITE_K || b->site == SITE_V ? "key and value head"
                       : b->site == SITE_NEURON                 ? "hidden unit"
                                                                : "head",
        .down_label = map ? "layer" : NULL,
    };

    if (b->op.kind == DO_ZERO && b->site == SITE_PATTERN)
        headline.warning = "off-distribution";
    headline.whole = "logit.";
    headline.part = "direct.";
    headline.join = b->site == SITE_Z ? "effect" : NULL;
    headline.order = b->op.kind == DO_RESAMPLE ? "first" : NULL;
    return err_if(err, !done || !headline.title || add_headline(x, &headline, err) ||
                           add_figure(x, &figure, err));
}

int ablation_declare(struct experiment *x, const struct ablation *b, struct problems *problems,
                     struct err *err)
{
    const struct ablation_config *c = x->config;

    for (size_t i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];

        if (!(b->metrics & m->bit) || !m->text)
            continue;
        if (add_field(x, m->name, m->type, m->per_target ? CELL_DIMS " target" : CELL_DIMS,
                      m->units, m->text, err) ||
            (m->clean && add_field(x, m->clean, m->type, m->per_target ? "query target" : "query",
                                   m->units, m->clean_text, err)))
            return err->code;
    }
    if (whole_declare(x, &c->whole, CELL_DIMS, (size_t)b->op.draws, problems, err) ||
        text_declare(x, (int)c->tokens, CELL_DIMS,
                     "stratum layer? first? second? head? neuron? from? to? position?",
                     c->site == SITE_PATTERN ? "from to" : "position", err))
        return err->code;
    if (b->effects.n && b->pairs) {
        const char *done = title_of(x, b, err);

        if (!done || pairs_declare(x, b, done, err))
            return err->code;
    } else if (b->effects.n) {
        if (add_aggregate(x, "effect", EFFECT_DIMS, "1", "ablated minus clean", ablation_effects,
                          err))
            return err->code;
        x->aggregate[x->n_aggregates - 1].tested = b->effects.sign;
        x->aggregate[x->n_aggregates - 1].of = b->effects.of;
        if (describe(x, b, err))
            return err->code;
    }
    return b->op.kind == DO_RESAMPLE ? partners_declare(x, err) : 0;
}

/* --- reducing --- */

/* Fields of one answer, or the clean run's. */
static void put_answer(struct row *row, const float *logit, const float *logprob, bool clean)
{
    for (size_t i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];
        float *out = m->clean ? row_f32(row, clean ? m->clean : m->name) : NULL;

        for (size_t t = 0; out && m->text && t < (m->per_target ? row->x->data->n_targets : 1); t++)
            out[t] = measure_of(m, row->x->data, row->q, logit, logprob, t);
    }
}

int ablation_query(const struct experiment *x, const struct cell *cell, struct row *row,
                   struct worker *w, struct err *err)
{
    size_t n = x->data->n_targets;
    float *logit = arena_alloc(w->arena, 2 * n, sizeof *logit, err);

    if (!logit)
        return err->code;
    run_targets(&cell->run[0], row->q, n, logit, logit + n);
    put_answer(row, logit, logit + n, true);
    return 0;
}

static int put_direct(const struct experiment *x, const struct cell *cell, struct row *row,
                      struct worker *w, struct err *err)
{
    const struct ablation *b = x->state;
    struct direct_change change = {.run = &cell->run[0],
                                   .edit = cell->variant->edit,
                                   .n_edits = cell->variant->n_edits,
                                   .site = b->site};

    return direct_effects(w, x->scene, row->q, &change, row_f32(row, "direct_frozen"),
                          row_f32(row, "direct"), err);
}

int ablation_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                  struct worker *w, struct err *err)
{
    const struct ablation *b = x->state;
    const struct answer *a;

    if (!cell->n_variants)
        return 0;
    a = cell->variant[0].answer;
    put_answer(row, a->logit, a->logprob, false);
    if (b->metrics & METRIC_RANK)
        memcpy(row_i32(row, "rank"), a->rank, x->data->n_targets * sizeof *a->rank);
    if (b->metrics & METRIC_KL)
        *row_f32(row, "kl") = a->kl;
    if (b->metrics & METRIC_ARGMAX)
        *row_i32(row, "argmax") = a->argmax;
    return b->metrics & METRIC_DIRECT ? put_direct(x, cell, row, w, err) : 0;
}
