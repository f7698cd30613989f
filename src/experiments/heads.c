/*
 * Attention heads (docs/methods.md 3.5): what each head of each layer adds to the logits of the
 * targets at the last token, and whether it promotes or suppresses them, judged against control
 * tokens: so neither the size of a head's output nor a shift of all logits counts as promotion.
 */
#include "experiments/experiment.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/controls.h"
#include "statistics/strata.h"

#include "base/product/product.h"

#include <math.h>
#include <string.h>

enum projection { PROJECT_COLUMNS, PROJECT_AUTHORS };
enum classify { CLASSIFY_CONTROLS, CLASSIFY_AUTHORS };

static const struct choice projections[] = {
    {"columns", PROJECT_COLUMNS}, {"authors", PROJECT_AUTHORS}, {NULL, 0}};
static const struct choice classifications[] = {
    {"controls", CLASSIFY_CONTROLS}, {"authors", CLASSIFY_AUTHORS}, {NULL, 0}};

struct heads_config {
    enum projection projection;
    enum classify classify;
    double k;
    bool vocab_stats;
};

static const struct config_row rows[] = {
    CONFIG_CHOICE(
        struct heads_config, projection, "head_projection", config_choice, "columns", projections,
        RESULTS, "a head's columns of the output matrix; or its rows, as the authors' code has it"),
    CONFIG_CHOICE(
        struct heads_config, classify, "classify", config_choice, "controls", classifications,
        RESULTS,
        "against control tokens, per target; or against all of a layer's logits, any target"),
    CONFIG_ROW(struct heads_config, k, "k", config_real, "1", 0, 100, RESULTS,
               "standard deviations from the mean that count"),
    CONFIG_ROW(struct heads_config, vocab_stats, "vocab_stats", config_bool, "true", 0, 0, RESULTS,
               "mean and spread of each head's decoded logits over the vocabulary"),
};

enum heads_axis { LAYER, HEAD, TARGET };

/* +1 promotes, -1 suppresses, 0 neither; NaN where there is nothing to compare. */
static float judge(float logit, float mean, float std, double k)
{
    double distance = (double)logit - (double)mean;

    if (isnan(logit) || isnan(mean) || isnan(std))
        return NAN;
    return distance > k * (double)std ? 1 : distance < -k * (double)std ? -1 : 0;
}

/* Of promotion (which = 1) or suppression (-1). */
static void rate(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const struct heads_config *c = x->config;
    const float *logit = row_f32(row, "logit");
    const float *mean[2] = {row_f32(row, "control_logit"), row_f32(row, "subject_control_logit")};
    const float *std[2] = {row_f32(row, "control_std"), row_f32(row, "subject_control_std")};
    size_t targets = x->axis[TARGET].dim.size, n = x->axis[LAYER].dim.size * x->axis[HEAD].dim.size;

    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < targets; t++) {
            bool s = is_subject(x, t);
            float verdict = judge(logit[i * targets + t], mean[s][i], std[s][i], c->k);

            out[i * targets + t] = isnan(verdict) ? NAN : (int)verdict == row->which;
        }
}

/*
 * The rates that a token like the controls would have, from the queries' leave-one-out rates; over
 * the same queries as the rate itself, so none where the query lacks the target.
 */
static void chance(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    bool up = row->which > 0;
    const float *from[2] = {
        row_f32(row, up ? "control_promotion" : "control_suppression"),
        row_f32(row, up ? "subject_control_promotion" : "subject_control_suppression")};
    const float *logit = row_f32(row, "logit");
    size_t targets = x->axis[TARGET].dim.size, n = x->axis[LAYER].dim.size * x->axis[HEAD].dim.size;

    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < targets; t++)
            out[i * targets + t] = isnan(logit[i * targets + t]) ? NAN : from[is_subject(x, t)][i];
}

/*
 * The authors' way: a head promotes on a query when any target's logit is above mean + k std, taken
 * over all queries of the stratum, heads and targets of its layer (population std); strict.
 */
enum authors_aggregate { PROMOTION, SUPPRESSION, THRESHOLD_MEAN, THRESHOLD_STD };

/* Largest (which = 1) or smallest (-1) logit of the targets that the query has. */
static void extreme(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const float *logit = row_f32(row, "logit");
    size_t targets = x->axis[TARGET].dim.size, n = x->axis[LAYER].dim.size * x->axis[HEAD].dim.size;

    for (size_t i = 0; i < n; i++) {
        out[i] = NAN;
        for (size_t t = 0; t < targets; t++) {
            float v = logit[i * targets + t];

            if (!isnan(v) && (isnan(out[i]) || (row->which > 0 ? v > out[i] : v < out[i])))
                out[i] = v;
        }
    }
}

/* Mean over heads and targets of logit^which, for each layer. */
static void moment(const struct row *row, float *out)
{
    const struct experiment *x = row->x;
    const float *logit = row_f32(row, "logit");
    size_t layers = x->axis[LAYER].dim.size;
    size_t n = x->axis[HEAD].dim.size * x->axis[TARGET].dim.size;

    for (size_t l = 0; l < layers; l++) {
        double sum = 0, count = 0;

        for (size_t i = 0; i < n; i++) {
            double v = (double)logit[l * n + i];

            if (isnan(v))
                continue;
            sum += row->which == 1 ? v : v * v;
            count++;
        }
        out[l] = (float)(sum / count);
    }
}

static int count_targets(const struct experiment *x, size_t q)
{
    int n = 0;

    for (size_t t = 0; t < x->data->n_targets; t++)
        n += x->data->query[q].target[t] >= 0;
    return n;
}

/*
 * Mean and standard deviation of one stratum and layer, from the queries' moments: over all logits,
 * so that a query weighs as many as it has targets.
 */
static void thresholds(const struct experiment *x, const struct strata *s, const float *first,
                       const float *second, int stratum, size_t l, double *mean, double *std)
{
    size_t layers = x->axis[LAYER].dim.size;
    double m = 0, square = 0, n = 0, var;

    for (size_t q = 0; q < s->n_queries; q++) {
        double a = (double)first[q * layers + l], b = (double)second[q * layers + l];
        double weight = count_targets(x, q);

        if (s->of_query[q] != stratum || isnan(a))
            continue;
        m += weight * a;
        square += weight * b;
        n += weight;
    }
    var = square / n - (m / n) * (m / n);
    *mean = m / n;
    *std = sqrt(var > 0 ? var : 0);
}

/* Judges each query's heads by the thresholds, which replace its moments. */
static void settle_layer(const struct experiment *x, const struct strata *s,
                         float *const value[AGGREGATES_MAX], int stratum, size_t l)
{
    const struct heads_config *c = x->config;
    size_t layers = x->axis[LAYER].dim.size, heads = x->axis[HEAD].dim.size;
    double mean, std;

    thresholds(x, s, value[THRESHOLD_MEAN], value[THRESHOLD_STD], stratum, l, &mean, &std);
    for (size_t q = 0; q < s->n_queries; q++) {
        size_t at = q * layers + l;
        float *up = value[PROMOTION] + at * heads, *down = value[SUPPRESSION] + at * heads;

        if (s->of_query[q] != stratum || isnan(value[THRESHOLD_MEAN][at]))
            continue;
        for (size_t h = 0; h < heads; h++) {
            up[h] = (double)up[h] > mean + c->k * std;
            down[h] = (double)down[h] < mean - c->k * std;
        }
        value[THRESHOLD_MEAN][at] = (float)mean;
        value[THRESHOLD_STD][at] = (float)std;
    }
}

static void heads_settle(const struct experiment *x, const struct strata *s,
                         float *const value[AGGREGATES_MAX])
{
    for (int b = 0; b < (int)s->n_base; b++)
        for (size_t l = 0; l < x->axis[LAYER].dim.size; l++)
            settle_layer(x, s, value, b, l);
}

/* `chance`: there are rates of exchangeable tokens to compare with. */
static int describe(struct experiment *x, bool chance, struct err *err)
{
    struct headline rate = {
        .variable = "promotion",
        .null = chance ? "promotion_chance" : NULL,
        .null_words = chance ? "chance" : NULL,
        .title = chance ? "how often a head promotes a target, against exchangeable tokens"
                        : "how often a head promotes any target",
        .unit = "share of queries",
        .rate = "yes",
        .test = chance ? "binomial" : "none",
        .claim = chance ? "is greater than chance" : NULL,
        .needs = controls_needed,
        .rows = chance ? "target" : NULL,
        .about = "target",
        .join = "class",
        .class_words = "promotes",
    };
    static const struct figure figure = {
        .form = "points",
        .values = "promotion suppression",
        .beside = "promotion_chance suppression_chance",
        .beside_words = "rate of control tokens",
        .row = "target",
        .down = "layer",
        .along = "head",
        .title = "Attention heads: how often each promotes and suppresses a target at the last "
                 "token, judged against control tokens",
        .value_label = "suppresses (% of queries)",
        .along_label = "promotes (% of queries)",
        .down_label = "layer",
        .note =
            "One point for each head, side by side where they are at the same place; its colour is "
            "the layer. Some of the strongest are named: layer.head",
    };
    struct figure authors = figure;

    x->authors = (struct authors_layout){.analysis = "heads", .value = "logit"};
    if (add_headline(x, &rate, err))
        return err->code;
    rate.variable = "suppression";
    rate.null = chance ? "suppression_chance" : NULL;
    rate.title = chance ? "how often a head suppresses a target, against exchangeable tokens"
                        : "how often a head suppresses any target";
    rate.class_words = "suppresses";
    authors.beside = NULL;
    authors.title =
        "Attention heads: how often each promotes and suppresses any target at the last "
        "token, judged as the paper's authors do: against all heads of its layer";
    return err_if(err,
                  add_headline(x, &rate, err) || add_figure(x, chance ? &figure : &authors, err));
}

static int declare_authors(struct experiment *x, struct err *err)
{
    if (add_one_of(x, "promotion", "stratum layer head", "1",
                   "share of queries on which it promotes any target", extreme, 1, err) ||
        add_one_of(x, "suppression", "stratum layer head", "1",
                   "share of queries on which it suppresses any target", extreme, -1, err) ||
        add_one_of(x, "threshold_mean", "stratum layer", unit_logit,
                   "mean logit over queries, heads and targets", moment, 1, err) ||
        add_one_of(x, "threshold_std", "stratum layer", "1", "standard deviation of the same (n)",
                   moment, 2, err))
        return err->code;
    x->settles = true;
    x->aggregate[PROMOTION].rate = x->aggregate[SUPPRESSION].rate = true;
    x->aggregate[THRESHOLD_MEAN].no_interval = true;
    x->aggregate[THRESHOLD_STD].no_interval = true;
    return describe(x, false, err);
}

static int declare_spread(struct experiment *x, const char *prefix, const char *of, struct err *err)
{
    static const struct {
        const char *name, *text;
    } fields[] = {
        {"logit", "mean of the decoded logit over"},
        {"std", "standard deviation (n - 1) of the decoded logit over"},
        {"promotion", "share promoted, each judged by the others, of"},
        {"suppression", "share suppressed, each judged by the others, of"},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char *name = arena_printf(x->arena, err, "%s_%s", prefix, fields[i].name);
        char *text = arena_printf(x->arena, err, "%s %s", fields[i].text, of);

        if (!name || !text || add_field(x, name, V_F32, "query layer head", "1", text, err))
            return err->code;
    }
    return 0;
}

/* The fewest control tokens of a sort that a usable query has any of. */
static size_t fewest_controls(const struct dataset *ds)
{
    size_t fewest = ds->n_controls;

    for (size_t i = 0; i < ds->n; i++) {
        const struct query *q = &ds->query[i];
        size_t answers = 0, subjects = 0;

        for (size_t k = 0; !q->status && k < ds->n_controls; k++) {
            answers += q->control[k] >= 0;
            subjects += q->s_control[k] >= 0;
        }
        fewest = answers && answers < fewest ? answers : fewest;
        fewest = subjects && subjects < fewest ? subjects : fewest;
    }
    return fewest;
}

static int declare(struct experiment *x, const struct heads_config *c, struct err *err)
{
    static const char rates[] = "stratum layer head target";

    if (add_field(x, "logit", V_F32, "query layer head target", unit_logit,
                  "logit that the head adds to the target at the last token", err) ||
        declare_spread(x, "control", "first tokens of other items' answers", err) ||
        declare_spread(x, "subject_control", "first tokens of other subjects", err))
        return err->code;
    if (x->shape->attn_bias &&
        add_field(x, "bias_logit", V_F32, "query layer target", unit_logit,
                  "logit that attention's output bias adds, which is not a head's", err))
        return err->code;
    if (c->vocab_stats &&
        (add_field(x, "vocab_mean", V_F32, "query layer head", unit_logit,
                   "mean of the head's decoded logits over the vocabulary", err) ||
         add_field(x, "vocab_std", V_F32, "query layer head", unit_logit,
                   "standard deviation of the head's decoded logits over the vocabulary", err)))
        return err->code;
    if (c->classify == CLASSIFY_AUTHORS)
        return declare_authors(x, err);
    if (add_one_of(x, "promotion", rates, "1", "share of queries whose target it promotes", rate, 1,
                   err) ||
        add_one_of(x, "suppression", rates, "1", "share of queries whose target it suppresses",
                   rate, -1, err) ||
        add_one_of(x, "promotion_chance", rates, "1", "the same share for exchangeable tokens",
                   chance, 1, err) ||
        add_one_of(x, "suppression_chance", rates, "1", "the same share for exchangeable tokens",
                   chance, -1, err))
        return err->code;
    for (int i = 0; i < x->n_aggregates; i++)
        x->aggregate[i].controls = fewest_controls(x->data);
    return describe(x, true, err);
}

static int heads_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct heads_config *c = x->config;
    const struct shape *s = x->shape;

    if (c->projection == PROJECT_AUTHORS && s->n_heads * s->d_head != s->d_model)
        problem_at(x, "head_projection", problems,
                   "authors needs heads x head width = width, here %d x %d and %d", s->n_heads,
                   s->d_head, s->d_model);
    x->needs |= NEED_DRAWS | (c->vocab_stats ? NEED_VOCAB_STATS : 0);
    if (add_axis(x, "layer", (size_t)s->n_layers, err) ||
        add_axis(x, "head", (size_t)s->n_heads, err) ||
        add_named_axis(x, "target", x->data->n_targets, x->data->target_name, err))
        return err->code;
    return declare(x, c, err);
}

static double heads_extra(const struct experiment *x, const struct query *q)
{
    const struct heads_config *c = x->config;
    const struct shape *s = x->shape;
    double d = s->d_model, vectors = (double)s->n_layers * s->n_heads;
    double ids = (double)control_ids_n(x->data);

    (void)q;
    return 2 * vectors * d * ((double)s->n_heads * s->d_head + ids + (c->vocab_stats ? d : 0));
}

/* r_h of one layer's heads at the last token: out (H, d). */
static int project(const struct experiment *x, struct worker *w, const struct run *run, int l,
                   float *out, struct err *err)
{
    const struct heads_config *c = x->config;
    const struct shape *s = x->shape;
    const struct matrix *o = &x->scene->model->layers[l].o.w;
    const float *z = run_row(run, s, SITE_Z, l, run->n - 1);
    int64_t dh = s->d_head, width = s->n_heads * dh, d = s->d_model;
    bool columns = c->projection == PROJECT_COLUMNS;
    struct arena_mark before = arena_mark(w->arena);
    float *alone =
        arena_alloc(w->arena, (size_t)((columns ? s->n_heads : dh) * width), sizeof *alone, err);

    if (!alone)
        return err->code;
    for (int h = 0; h < s->n_heads; h++)
        if (columns) {
            memcpy(alone + h * width + h * dh, z + h * dh, (size_t)dh * sizeof *z);
        } else {
            matrix_rows(o, h * dh, dh, alone); /* (dh, H dh), and H dh = d */
            product_mix(dh, z + h * dh, d, alone, d, out + h * d);
        }
    if (columns)
        engine_share(w->engine, run, l, s->n_heads, alone, out);
    else
        engine_share_norm(x->scene->model, run, l, run->n - 1, s->n_heads, out);
    arena_back(w->arena, before);
    return 0;
}

struct spread {
    float mean, std, promoted, suppressed;
};

/* Mean and standard deviation of the controls that there are, and how each stands to the others. */
static struct spread spread_of(const float *v, const int32_t *id, size_t max, double k)
{
    struct spread out = {NAN, NAN, NAN, NAN};
    double sum = 0, square = 0, promoted = 0, suppressed = 0;
    double n = 0;

    for (size_t i = 0; i < max; i++)
        if (id[i] >= 0) {
            n++;
            sum += (double)v[i];
        }
    for (size_t i = 0; i < max; i++)
        if (id[i] >= 0)
            square += ((double)v[i] - sum / n) * ((double)v[i] - sum / n);
    if (n > 0)
        out.mean = (float)(sum / n);
    if (n > 1)
        out.std = (float)sqrt(square / (n - 1));
    for (size_t i = 0; n > 2 && i < max; i++) {
        double d = (double)v[i] - sum / n, mean = (sum - (double)v[i]) / (n - 1);
        double left = square - d * d * n / (n - 1); /* squared deviations of the others */
        float verdict;

        if (id[i] < 0)
            continue;
        verdict = judge(v[i], (float)mean, (float)sqrt(left > 0 ? left / (n - 2) : 0), k);
        promoted += verdict == 1;
        suppressed += verdict == -1;
    }
    if (n > 2) {
        out.promoted = (float)(promoted / n);
        out.suppressed = (float)(suppressed / n);
    }
    return out;
}

static void put_spread(struct row *row, bool subject, size_t i, struct spread s)
{
    row_f32(row, subject ? "subject_control_logit" : "control_logit")[i] = s.mean;
    row_f32(row, subject ? "subject_control_std" : "control_std")[i] = s.std;
    row_f32(row, subject ? "subject_control_promotion" : "control_promotion")[i] = s.promoted;
    row_f32(row, subject ? "subject_control_suppression" : "control_suppression")[i] = s.suppressed;
}

/* What attention adds that is not a head's. */
static int put_bias(const struct experiment *x, const struct cell *cell, struct row *row,
                    struct worker *w, struct err *err)
{
    const struct model *m = x->scene->model;
    size_t layers = (size_t)m->shape.n_layers, d = (size_t)m->shape.d_model;
    float *bias;

    if (!m->shape.attn_bias)
        return 0;
    bias = arena_alloc(w->arena, layers * d, sizeof *bias, err);
    if (!bias)
        return err->code;
    for (size_t l = 0; l < layers; l++)
        engine_share_bias(m, cell->run, (int)l, bias + l * d);
    return decode_layers(w, row, "bias_logit", bias, m->shape.d_model, cell->run->rms, err);
}

static int heads_reduce(const struct experiment *x, const struct cell *cell, struct row *row,
                        struct worker *w, struct err *err)
{
    const struct heads_config *c = x->config;
    const struct shape *s = x->shape;
    const struct dataset *ds = x->data;
    size_t n = (size_t)s->n_layers * (size_t)s->n_heads, d = (size_t)s->d_model;
    float *out = arena_alloc(w->arena, n * d, sizeof *out, err);
    struct lens_ask ask = {.id = control_ids(ds, row->q, w->arena, err),
                           .n_ids = (int)control_ids_n(ds)};

    if (!out || !ask.id)
        return err->code;
    ask.logit = arena_alloc(w->arena, n * (size_t)ask.n_ids, sizeof *ask.logit, err);
    ask.mean = c->vocab_stats ? row_f32(row, "vocab_mean") : NULL;
    ask.std = c->vocab_stats ? row_f32(row, "vocab_std") : NULL;
    for (int l = 0; ask.logit && l < s->n_layers; l++)
        if (project(x, w, cell->run, (int)l, out + (size_t)l * (size_t)s->n_heads * d, err))
            return err->code;
    if (!ask.logit ||
        decode_rows(w, n, out, s->d_model, cell->run->rms, x->scene->vocab_stats, &ask, err) ||
        put_bias(x, cell, row, w, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const float *v = ask.logit + i * (size_t)ask.n_ids;

        memcpy(row_f32(row, "logit") + i * ds->n_targets, v, ds->n_targets * sizeof *v);
        put_spread(row, false, i,
                   spread_of(v + ds->n_targets, row->q->control, ds->n_controls, c->k));
        put_spread(
            row, true, i,
            spread_of(v + ds->n_targets + ds->n_controls, row->q->s_control, ds->n_controls, c->k));
    }
    return 0;
}

const struct kind kind_heads = {
    .name = "heads",
    .summary = "attention heads: what each adds to the logits, and which promote or suppress",
    .also = "head_attribution; head_lens; head_classes",
    KIND_CONFIG(struct heads_config, rows),
    .version = 1,
    .open = heads_open,
    .keep = KEEP_Z | KEEP_ATTN | KEEP_MLP,
    .extra = heads_extra,
    .settle = heads_settle,
    .authors_average = TEMPLATES_FIRST_ONLY,
    .reduce_query = heads_reduce,
};
