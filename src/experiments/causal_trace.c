/*
 * Causal tracing (docs/methods.md 3.2): the embeddings of a span are corrupted, by noise or by the
 * tokens of the query's counterfactual, and the outputs of one module at one token, over a window
 * of layers, are put back (denoise) or put in (noise). score: mean probability of the right target.
 *
 * Cells run over (corruption, site, window, token, layer); each has one variant per noise sample.
 * A cell whose restored rows are equal to what stands there, left of the corruption, costs nothing.
 */
#include "base/hash.h"
#include "base/real.h"
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/corrupt.h"
#include "experiments/kit/noise.h"
#include "experiments/kit/select.h"
#include "experiments/kit/trace_roles.h"
#include "experiments/kit/whole.h"

#include <math.h>

enum corruption { CORRUPT_BY_NOISE, CORRUPT_BY_COUNTERFACTUAL };
enum direction { DENOISE, NOISE };
enum noise_seed { SEED_SHARED, SEED_PER_QUERY };
enum role_average { MEAN_PRESENT, MEAN_AUTHORS };

static const struct choice corruptions[] = {
    {"noise", CORRUPT_BY_NOISE}, {"counterfactual", CORRUPT_BY_COUNTERFACTUAL}, {NULL, 0}};
static const struct choice directions[] = {{"denoise", DENOISE}, {"noise", NOISE}, {NULL, 0}};
static const struct choice seeds[] = {
    {"shared", SEED_SHARED}, {"per_query", SEED_PER_QUERY}, {NULL, 0}};
static const struct choice role_averages[] = {
    {"mean_present", MEAN_PRESENT}, {"authors", MEAN_AUTHORS}, {NULL, 0}};
static const struct choice site_words[] = {
    {"attn", SITE_ATTN}, {"mlp", SITE_MLP}, {"residual", SITE_RESID}, {NULL, 0}};

struct trace_config {
    struct string_list corrupt;
    struct choice_list sites; /* of enum site */
    struct int_list window;
    enum corruption corruption;
    enum direction direction;
    struct real_or_choice noise; /* enum noise_source */
    const char *noise_file;
    enum noise_seed noise_seed;
    int64_t samples;
    enum role_average role_average;
    double weak;
    bool logit, logprob, score_sd;
    struct whole_config whole; /* which never stands */
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct trace_config, corrupt, "corrupt", config_strings, "[subject]", 0, 0, RESULTS,
               "spans to corrupt, one at a time; a query without one has NaN there"),
    CONFIG_CHOICE(struct trace_config, corruption, "corruption", config_choice, "noise",
                  corruptions, RESULTS,
                  "noise on the embeddings, or the tokens of the query's counterfactual"),
    CONFIG_CHOICE(struct trace_config, direction, "direction", config_choice, "denoise", directions,
                  RESULTS,
                  "clean values into the corrupted run, or corrupted values into the clean run"),
    CONFIG_CHOICE(struct trace_config, sites, "sites", config_choices, "[attn, mlp]", site_words,
                  RESULTS, "modules whose outputs are put back"),
    CONFIG_ROW(struct trace_config, window, "window", config_ints, "[10]", 1, 4096, RESULTS,
               "layers put back together, centred and cut off at the first and last layer, so that "
               "it may be wider than the model; the residual has none"),
    CONFIG_ROW(struct trace_config, samples, "samples", config_int, "10", 1, 1000, RESULTS,
               "noise samples; a counterfactual has one"),
    CONFIG_REAL_OR_CHOICE(
        struct trace_config, noise, "noise", "computed", 0, 1e6, noise_sources, RESULTS,
        "factor of the normal deviates; published: from noise_file; computed: 3 x the "
        "standard deviation of the embeddings of what is corrupted"),
    CONFIG_ROW(struct trace_config, noise_file, "noise_file", config_string, "\"\"", 0, 0, RESULTS,
               "JSON: dataset, model, then subject and answers"),
    CONFIG_CHOICE(struct trace_config, noise_seed, "noise_seed", config_choice, "shared", seeds,
                  RESULTS, "shared: RandomState(1) from the start for every query, as in ROME"),
    CONFIG_CHOICE(struct trace_config, role_average, "role_average", config_choice, "mean_present",
                  role_averages, RESULTS,
                  "a query without a role: left out of its average, or counted as 0"),
    CONFIG_ROW(struct trace_config, weak, "weak", config_real, "0.05", 0, 1, RESULTS,
               "a corruption that takes less of the target's probability is flagged"),
    CONFIG_ROW(struct trace_config, score_sd, "score_sd", config_bool, "false", 0, 0, RESULTS,
               "spread of each cell's score over noise samples"),
    CONFIG_ROW(struct trace_config, logit, "logit", config_bool, "false", 0, 0, RESULTS,
               "mean logit of every target in each cell"),
    CONFIG_ROW(struct trace_config, logprob, "logprob", config_bool, "false", 0, 0, RESULTS,
               "mean log-probability of every target in each cell"),
    ANSWER_ROW(struct trace_config, whole.answer_logprob),
};

enum trace_axis { CORRUPTION, SITE, WINDOW, TOKEN, LAYER, TARGET, ROLE };

struct trace {
    int samples;
    bool denoise, counterfactual;
    struct noise_levels noise;
};

/* Mean over a role's tokens of each (corruption, site, window, layer); none where the query has no
   such corruption, nor of a role that no prompt of its step has. */
static void role_score(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const struct trace_config *c = x->config;
    const int8_t *role = row_i8(row, "token_role");
    const float *score = row_f32(row, "score"), *low = row_f32(row, "low");
    size_t sites = c->sites.n * c->window.n, groups = c->corrupt.n * sites;
    size_t tokens = x->axis[TOKEN].dim.size, layers = x->axis[LAYER].dim.size;
    size_t of_step = (size_t)trace_roles_n(row->q, role);

    for (size_t i = 0; i < groups * ROLES * layers; i++) {
        size_t g = i / layers / ROLES, r = i / layers % ROLES, l = i % layers;
        bool zero = c->role_average == MEAN_AUTHORS && r < of_step && !isnan(low[g / sites]);
        double sum = 0;
        int n = 0;

        for (int t = 0; t < row->q->n; t++)
            if (role[t] == (int8_t)r) {
                sum += (double)score[(g * tokens + (size_t)t) * layers + l];
                n++;
            }
        out[i] = n ? (float)(sum / n) : zero ? 0 : NAN;
    }
}

/* The same minus the probability without the module put in: what it alone changes. A role that the
   query lacks has none, whatever role_average says. */
static void role_effect(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const struct trace_config *c = x->config;
    const struct trace *t = x->state;
    const int8_t *role = row_i8(row, "token_role");
    const float *high = row_f32(row, "high"), *low = row_f32(row, "low");
    size_t inner = ROLES * x->axis[LAYER].dim.size, sites = c->sites.n * c->window.n;
    bool present[ROLES] = {false};

    role_score(row, out);
    for (int i = 0; i < row->q->n; i++)
        if (role[i] >= 0)
            present[role[i]] = true;
    for (size_t i = 0; i < c->corrupt.n * sites * inner; i++)
        if (present[i % inner / x->axis[LAYER].dim.size])
            out[i] -= t->denoise ? low[i / inner / sites] : *high;
        else
            out[i] = NAN;
}

#define TRACE_NOTE "; * corrupted token; (k): only k queries have the token; grey: none has it"

static bool has_site(const struct trace_config *c, int site)
{
    for (size_t i = 0; i < c->sites.n; i++)
        if ((int)c->sites.v[i] == site)
            return true;
    return false;
}

/* The residual stream is put back at one layer, whatever the window. */
static int describe(struct experiment *x, const struct trace_config *c, struct err *err)
{
    static const struct headline headline = {
        .variable = "role_effect",
        .title = "what putting back one module changes of the target's probability",
        .unit = "probability",
        .test = "t",
        .claim = "differs from zero",
        .rows = "corruption site window",
        .beside = "mean_high mean_low",
    };
    const bool denoise = c->direction == DENOISE;
    const bool windows = c->sites.n > 1 || c->sites.v[0] != SITE_RESID;
    struct figure figure = {
        .form = "map",
        .values = "role_score",
        .beside = "mean_low",
        .row = "site",
        .column = "corruption",
        .down = "role",
        .along = "layer",
        .apart = "corruption",
        .compare = "yes",
        .title = denoise ? "Causal tracing: the target's probability with clean outputs put back"
                         : "Causal tracing: the target's probability with corrupted outputs put in",
        .value_label = "p(target)",
        .along_label = !windows                  ? "layer"
                       : has_site(c, SITE_RESID) ? "layer, or the centre of the window"
                                                 : "layer, centre of the window",
        .single = windows ? NULL : "window",
        .column_words = "corrupted",
        .remark = windows ? "residual=no window" : NULL,
        .note = "Colours begin at the corrupted run's mean" TRACE_NOTE,
    };
    const struct trace *t = x->state;

    x->authors =
        t->denoise && !t->counterfactual
            ? (struct authors_layout){.analysis = "trace",
                                      .value = "score",
                                      .high = "high",
                                      .low = "low"}
            : (struct authors_layout){.left_out = "they restore clean values in a run with noise"};
    if (add_headline(x, &headline, err) || add_figure(x, &figure, err))
        return err->code;
    figure.name = "effect";
    figure.values = "role_effect";
    figure.beside = NULL;
    figure.title =
        denoise
            ? "Causal tracing: change of the target's probability with clean outputs put back"
            : "Causal tracing: change of the target's probability with corrupted outputs put in";
    figure.value_label = "change of p(target)";
    figure.note = "Colours are centred at zero" TRACE_NOTE;
    return add_figure(x, &figure, err);
}

static int declare(struct experiment *x, const struct trace_config *c, struct problems *problems,
                   struct err *err)
{
    static const char cell[] = "query corruption site window token layer";
    static const char per_target[] = "query corruption site window token layer target";

    if (add_field(x, "score", V_F32, cell, "1", "mean probability of the query's target", err) ||
        add_field(x, "high", V_F32, "query", "1", "probability of the target, clean", err) ||
        add_query_field(x, "low", V_F32, "query corruption", "1",
                        "mean probability of the target, corrupted", err) ||
        add_query_field(x, "noise_level", V_F32, "query corruption", "1",
                        "factor of the normal deviates", err) ||
        add_query_field(x, "low_sd", V_F32, "query corruption", "1",
                        "standard deviation of low over samples", err) ||
        add_query_field(x, "weak_corruption", V_I1, "query corruption", NULL,
                        "1 = high - low is below `weak`: there is little to restore", err) ||
        (c->score_sd && add_field(x, "score_sd", V_F32, cell, "1",
                                  "standard deviation of score over samples", err)))
        return err->code;
    if (add_query_field(x, "token_role", V_I1, "query token", NULL,
                        "role of each token, an index of `role`", err) ||
        add_aggregate(x, "role_score", "stratum corruption site window role layer", "1",
                      "mean over queries of the score's mean over the role's tokens", role_score,
                      err) ||
        add_aggregate(x, "role_effect", "stratum corruption site window role layer", "1",
                      "the same minus the probability without the module put in", role_effect,
                      err) ||
        add_mean(x, "mean_high", "high", "1", "mean of high over queries", err) ||
        add_mean(x, "mean_low", "low", "1", "mean of low over queries", err))
        return err->code;
    for (int i = 0; i < x->n_aggregates; i++)
        x->aggregate[i].about_right = true;
    if (c->logit && add_field(x, "logit", V_F32, per_target, unit_logit, "mean logit", err))
        return err->code;
    if (c->logprob &&
        add_field(x, "logprob", V_F32, per_target, "nat", "mean log-probability", err))
        return err->code;
    if (whole_declare(x, &c->whole, cell,
                      c->corrupt.n * (size_t)((const struct trace *)x->state)->samples, problems,
                      err))
        return err->code;
    return describe(x, c, err);
}

static int trace_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct trace_config *c = x->config;
    struct trace *t = x->state;
    const char **site = choice_words(&c->sites, site_words, x->arena, err);

    if (!site)
        return err->code;
    x->words =
        c->direction == DENOISE
            ? "{corruption} corrupted, {site} of token {token} put back around layer {layer} "
              "(window {window})"
            : "{site} of token {token} around layer {layer} (window {window}) as if "
              "{corruption} were corrupted";
    t->counterfactual = c->corruption == CORRUPT_BY_COUNTERFACTUAL;
    if (t->counterfactual)
        x->needs |= NEED_DRAWS;
    t->denoise = c->direction == DENOISE;
    t->samples = t->counterfactual ? 1 : (int)c->samples;
    for (size_t i = 0; i < c->corrupt.n; i++)
        span_check(x, "corrupt", c->corrupt.v[i], problems);
    if (1 + c->corrupt.n * (size_t)t->samples > RUNS_MAX)
        problem_at(x, "samples", problems,
                   "%zu corruptions of %d samples are more than %d runs of a query", c->corrupt.n,
                   t->samples, RUNS_MAX - 1);
    if (*c->noise_file && !config_given(x->entry, "noise"))
        problem_at(x, "noise_file", problems, "it is read with noise: published only; write that");
    if (!t->counterfactual &&
        noise_open(&t->noise, x, &c->noise, c->noise_file, &c->corrupt, problems, err))
        return err->code;
    if (add_named_axis(x, "corruption", c->corrupt.n, c->corrupt.v, err) ||
        add_named_axis(x, "site", c->sites.n, site, err) ||
        add_axis(x, "window", c->window.n, err) ||
        add_axis(x, "token", (size_t)x->data->max_tokens, err) ||
        add_axis(x, "layer", (size_t)x->shape->n_layers, err) ||
        add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err) ||
        add_named_axis(x, "role", ROLES, trace_role_names, err))
        return err->code;
    for (int i = CORRUPTION; i <= LAYER; i++)
        x->axis[i].cell = true;
    x->axis[WINDOW].dim.coord = c->window.v;
    x->axis[WINDOW].dim.type = V_I8;
    x->axis[TOKEN].tokens = true;
    return declare(x, c, problems, err);
}

static const char *trace_skip(const struct experiment *x, const struct query *q)
{
    const struct trace_config *c = x->config;
    const struct trace *t = x->state;

    if (q->right < 0 || q->target[q->right] < 0)
        return "the data does not say which target counts as right";
    if (t->counterfactual && !q->cf_ids)
        return "no counterfactual of equal spans";
    for (size_t i = 0; t->counterfactual && i < c->corrupt.n; i++) {
        int span = dataset_span(x->data, c->corrupt.v[i]);

        if (span_len(q->span[span]) != span_len(q->cf_span[span]))
            return "no counterfactual of equal spans";
    }
    return NULL;
}

static struct hash trace_derived(const struct experiment *x, const struct query *q)
{
    const struct trace *t = x->state;

    return t->counterfactual ? (struct hash){0, 0} : noise_fingerprint(&t->noise, x, q);
}

static struct span corrupted_span(const struct experiment *x, const struct query *q, size_t i)
{
    const struct trace_config *c = x->config;

    return q->span[dataset_span(x->data, c->corrupt.v[i])];
}

/* Embeddings of the span's tokens, each plus noise, or those of the counterfactual's tokens: what
   SITE_RESID at layer 0 is set to. (samples, span, d) */
static float *corrupt_embeddings(const struct experiment *x, const struct query *q, size_t i,
                                 struct arena *a, struct err *err)
{
    const struct trace_config *c = x->config;
    const struct trace *t = x->state;
    const struct model *m = x->scene->model;
    bool shared = c->noise_seed == SEED_SHARED;

    if (t->counterfactual)
        return span_embeddings(m, q->cf_ids, q->cf_span[dataset_span(x->data, c->corrupt.v[i])],
                               corrupted_span(x, q, i).lo, t->samples, a, err);
    return noised_embeddings(m, q->ids, corrupted_span(x, q, i), noise_level(&t->noise, x, q, i),
                             shared ? 1
                                    : (uint32_t)hash_u64(&q->fingerprint, sizeof q->fingerprint),
                             t->samples, a, err);
}

static int trace_runs(const struct experiment *x, const struct query *q, struct run_spec *spec,
                      struct arena *a, struct err *err)
{
    const struct trace_config *c = x->config;
    const struct trace *t = x->state;
    int d = x->shape->d_model, n = 0;

    for (size_t i = 0; i < c->corrupt.n; i++) {
        struct span b = corrupted_span(x, q, i);
        float *rows_of = span_empty(b) ? NULL : corrupt_embeddings(x, q, i, a, err);

        if (!span_empty(b) && !rows_of)
            return 0;
        for (int s = 0; rows_of && s < t->samples; s++)
            if (corrupted_run(&spec[n++], x->keep, b, rows_of + (int64_t)s * span_len(b) * d, d, a,
                              err))
                return 0;
    }
    return n;
}

/* Runs of corruption i: samples in a row, after the clean run and those of earlier corruptions that
   the query has. */
static const struct run *corrupted_runs(const struct experiment *x, const struct cell *cell,
                                        size_t i)
{
    const struct trace *t = x->state;
    int at = 1;

    for (size_t k = 0; k < i; k++)
        at += span_empty(corrupted_span(x, cell->q, k)) ? 0 : t->samples;
    return &cell->run[at];
}

static struct edit restore(const struct experiment *x, const struct cell *cell)
{
    const struct trace_config *c = x->config;
    int layers = x->shape->n_layers, l = (int)cell->index[LAYER];
    int w = (int)c->window.v[cell->index[WINDOW]], t = (int)cell->index[TOKEN];
    struct edit e = {
        .site = (enum site)c->sites.v[cell->index[SITE]], .op = OP_SET, .tok = {t, t + 1}};

    if (e.site == SITE_RESID) {
        e.layer = (struct span){site_layer(e.site, l), site_layer(e.site, l + 1)};
        return e;
    }
    e.layer = span_clip((struct span){l - w / 2, l + (w + 1) / 2}, (struct span){0, layers});
    return e;
}

/* Whole answers of each sample: clean runs that go on with the answer, corrupted anew. */
static int ask_answers(const struct experiment *x, struct cell *cell, const struct run *corrupt,
                       struct arena *a, struct err *err)
{
    const struct trace *t = x->state;
    struct edit *e = arena_alloc(a, 2 * (size_t)t->samples, sizeof *e, err);

    for (int s = 0; e && s < t->samples; s++) {
        struct edit *own = e + 2 * s;

        own[0] = *cell->variant[s].edit;
        own[1] = (struct edit){.site = SITE_RESID,
                               .op = OP_SET,
                               .layer = {0, 1},
                               .tok = corrupted_span(x, cell->q, (size_t)cell->index[CORRUPTION]),
                               .from = &corrupt[s]};
        if (whole_ask(x, cell, own, t->denoise ? 2 : 1, a, err))
            break;
    }
    return err->code;
}

static int trace_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                          struct err *err)
{
    const struct trace *t = x->state;
    const struct run *corrupt = corrupted_runs(x, cell, (size_t)cell->index[CORRUPTION]);
    size_t n = (size_t)t->samples;
    struct edit *e;

    cell->n_variants = 0;
    if (span_empty(corrupted_span(x, cell->q, (size_t)cell->index[CORRUPTION])))
        return 0;
    cell->variant = arena_alloc(a, n, sizeof *cell->variant, err);
    e = arena_alloc(a, n, sizeof *e, err);
    if (!cell->variant || !e)
        return err->code;
    for (size_t s = 0; s < n; s++) {
        e[s] = restore(x, cell);
        e[s].from = t->denoise ? &cell->run[0] : &corrupt[s];
        cell->variant[s] = (struct variant){.base = t->denoise ? &corrupt[s] : &cell->run[0],
                                            .edit = &e[s],
                                            .n_edits = 1,
                                            .asks = ASK_LOGPROB,
                                            .answer = answer_new(x->scene, cell->q, false, a, err)};
        if (!cell->variant[s].answer)
            return err->code;
    }
    cell->n_variants = t->samples;
    return x->whole ? ask_answers(x, cell, corrupt, a, err) : 0;
}

/* The target must be what the model would say: tracing asks where that comes from. */
static const char *trace_admit(const struct experiment *x, const struct query *q,
                               const struct run *clean)
{
    (void)x;
    return clean->argmax == q->target[q->right] ? NULL : "the target is not the argmax";
}

/* a float, as in answers: a cell that changes nothing equals high or low exactly */
static float target_logprob(const struct run *r, const struct query *q)
{
    return (float)((double)run_said(r)[q->target[q->right]] - r->log_z);
}

/* Mean over n samples of the probability, and its standard deviation. */
static double mean_probability(const float *logprob, int n, float *sd)
{
    double mean = 0, square = 0;

    for (int s = 0; s < n; s++)
        mean += real_exp((double)logprob[s]) / n;
    for (int s = 0; s < n; s++) {
        double off = real_exp((double)logprob[s]) - mean;

        square += off * off;
    }
    *sd = n > 1 ? (float)sqrt(square / (n - 1)) : NAN;
    return mean;
}

static int trace_query(const struct experiment *x, const struct cell *cell, struct row *row,
                       struct worker *w, struct err *err)
{
    const struct trace_config *c = x->config;
    const struct trace *t = x->state;
    float *logprob = arena_alloc(w->arena, (size_t)t->samples, sizeof *logprob, err);

    if (!logprob)
        return err->code;
    trace_roles(x->scene, row->q, row_i8(row, "token_role"));
    *row_f32(row, "high") = (float)real_exp((double)target_logprob(&cell->run[0], row->q));
    for (size_t i = 0; i < c->corrupt.n; i++) {
        const struct run *r = corrupted_runs(x, cell, i);
        double mean;

        if (span_empty(corrupted_span(x, row->q, i)))
            continue;
        if (!t->counterfactual)
            row_f32(row, "noise_level")[i] = (float)noise_level(&t->noise, x, row->q, i);
        for (int s = 0; s < t->samples; s++)
            logprob[s] = target_logprob(&r[s], row->q);
        mean = mean_probability(logprob, t->samples, &row_f32(row, "low_sd")[i]);
        row_f32(row, "low")[i] = (float)mean;
        row_i8(row, "weak_corruption")[i] = (double)*row_f32(row, "high") - mean < c->weak;
    }
    return 0;
}

static int trace_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                      struct worker *w, struct err *err)
{
    const struct trace_config *c = x->config;
    size_t targets = x->data->n_targets;
    int samples = ((const struct trace *)x->state)->samples;
    float *right = arena_alloc(w->arena, (size_t)samples, sizeof *right, err), sd;

    if (!right || !cell->n_variants)
        return err->code;
    for (int s = 0; s < samples; s++)
        right[s] = cell->variant[s].answer->logprob[row->q->right];
    *row_f32(row, "score") = (float)mean_probability(right, samples, &sd);
    if (c->score_sd)
        *row_f32(row, "score_sd") = sd;
    for (size_t k = 0; k < targets; k++) {
        double logit = 0, logprob = 0;

        for (int s = 0; s < samples; s++) {
            logit += (double)cell->variant[s].answer->logit[k] / samples;
            logprob += (double)cell->variant[s].answer->logprob[k] / samples;
        }
        if (c->logit)
            row_f32(row, "logit")[k] = (float)logit;
        if (c->logprob)
            row_f32(row, "logprob")[k] = (float)logprob;
    }
    return 0;
}

const struct kind kind_causal_trace = {
    .name = "causal_trace",
    .summary = "causal tracing: restore single modules in a corrupted run",
    .also = "causal_tracing; rome; causal_mediation; noising; denoising",
    KIND_CONFIG(struct trace_config, rows),
    .state_size = sizeof(struct trace),
    .version = 5,
    .open = trace_open,
    .skip = trace_skip,
    .derived = trace_derived,
    .keep = KEEP_ATTN | KEEP_MLP,
    .runs = trace_runs,
    .admit = trace_admit,
    .variants = trace_variants,
    .reduce_query = trace_query,
    .reduce_cell = trace_cell,
};
