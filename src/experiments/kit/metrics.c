#include "experiments/kit/metrics.h"

#include "base/real.h"
#include "base/str.h"

#include <math.h>

unsigned metric_asks(unsigned metrics)
{
    return metrics & ~(unsigned)(METRIC_LOGIT | METRIC_DIFFERENCE | METRIC_DIRECT | METRIC_ANSWER)
               ? ASK_VOCAB
               : ASK_LOGITS;
}

float logit_difference(const struct dataset *ds, const struct query *q, const float *logit)
{
    double sum = 0;
    int n = 0;

    if (q->right < 0 || q->target[q->right] < 0)
        return NAN;
    for (size_t i = 0; i < ds->n_targets; i++)
        if (q->foil[i] && q->target[i] >= 0) {
            sum += (double)logit[i];
            n++;
        }
    return n ? (float)((double)logit[q->right] - sum / n) : NAN;
}

static bool counted_before(const struct dataset *ds, const struct query *q, bool foils, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (q->target[k] == q->target[i] && !q->foil[k] == !foils &&
            !str_eq(ds->target_name[k], "subject"))
            return true;
    return false;
}

float answer_mass(const struct dataset *ds, const struct query *q, const float *logprob, bool foils)
{
    double sum = 0, max = -INFINITY;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < ds->n_targets; i++) {
            if (q->target[i] < 0 || !q->foil[i] != !foils ||
                str_eq(ds->target_name[i], "subject") || counted_before(ds, q, foils, i))
                continue;
            if (pass)
                sum += real_exp((double)logprob[i] - max);
            else if (!((double)logprob[i] <= max))
                max = (double)logprob[i];
        }
    return max == -INFINITY ? NAN : (float)(max + real_log(sum));
}

const struct measure measures[MEASURES] = {
    {"logit", METRIC_LOGIT, V_F32, true, unit_logit, "logit of the target", "clean_logit",
     "logit of the target, clean", true, true, false},
    {"logprob", METRIC_LOGPROB, V_F32, true, "nat", "log-probability of the target",
     "clean_logprob", "log-probability of the target, clean", true, true, false},
    {.name = "rank", METRIC_RANK, V_I4, true, NULL, "rank of the target"},
    {"logit_difference", METRIC_DIFFERENCE, V_F32, false, unit_logit,
     "logit of the right target minus the mean of its foils", "clean_logit_difference",
     "logit of the right target minus the mean of its foils, clean", true, true, true},
    {"recall_mass", METRIC_RECALL, V_F32, false, "nat",
     "log of the probability of answers that are not foils", "clean_recall_mass",
     "log of the probability of answers that are not foils, clean", true, true, false},
    {"repetition_mass", METRIC_REPETITION, V_F32, false, "nat",
     "log of the probability of answers that are foils", "clean_repetition_mass",
     "log of the probability of answers that are foils, clean", true, true, true},
    {"answer_logprob", METRIC_ANSWER, V_F32, true, NULL, NULL, "clean_answer_logprob", NULL, true,
     true, false}, /* declared by whole.h */
    {"kl", METRIC_KL, V_F32, false, "nat", "KL(clean || ablated) of the next token", NULL, NULL,
     true, false, false},
    {.name = "argmax", METRIC_ARGMAX, V_I4, false, NULL, "most probable next token"},
    {"direct", METRIC_DIRECT, V_F32, true, unit_logit,
     "change of the target's logit when only this term of the final residual changes", NULL, NULL,
     true, true, false},
    {"direct_frozen", METRIC_DIRECT, V_F32, true, unit_logit,
     "the same with the final norm of the clean run", NULL, NULL, true, false, false},
};

const char *metric_word(enum metric metric)
{
    size_t i = 0;

    while (measures[i].bit != (unsigned)metric)
        i++;
    return measures[i].name;
}

int effect_list_open(struct effect_list *e, unsigned metrics, const char *variable,
                     const struct dataset *ds, struct arena *a, struct err *err)
{
    size_t most = MEASURES * (ds->n_targets + 1);

    *e = (struct effect_list){.metrics = metrics, .of = ""};
    e->label = arena_alloc(a, most, sizeof *e->label, err);
    e->sign = arena_alloc(a, most, sizeof *e->sign, err);
    e->blurred = arena_alloc(a, most, sizeof *e->blurred, err);
    for (size_t i = 0; i < MEASURES && !err->code; i++) {
        const struct measure *m = &measures[i];
        bool minus = m->clean && !variable;

        if (!(metrics & m->bit) || !m->effect)
            continue;
        e->of = arena_printf(a, err, "%s%s%s%s: %s%s%s%s", e->of, e->n ? "; " : "", m->name,
                             m->per_target ? ".{target}" : "", variable ? variable : m->name,
                             minus ? " -" : "", minus ? m->clean : "",
                             m->blurred ? " unless target_collision" : "");
        for (size_t t = 0; t < (m->per_target ? ds->n_targets : 1); t++) {
            e->sign[e->n] = m->sign;
            e->blurred[e->n] = m->blurred;
            e->label[e->n++] = m->per_target
                                   ? arena_printf(a, err, "%s.%s", m->name, ds->target_name[t])
                                   : m->name;
        }
    }
    return err->code;
}

struct headline effects_headline(const char *title, const char *unit, bool zero)
{
    return (struct headline){
        .variable = "mean",
        .inside = "stats",
        .title = title,
        .unit = unit,
        .test = "stored",
        .claim = "differs from zero after correction",
        .rows = "metric",
        .apart = "metric",
        .about_right = "logit_difference recall_mass", /* whichever it is */
        .warning = zero ? "off-distribution: read it beside resample" : NULL,
    };
}

float measure_of(const struct measure *m, const struct dataset *ds, const struct query *q,
                 const float *logit, const float *logprob, size_t t)
{
    switch (m->bit) {
    case METRIC_LOGIT:
        return logit[t];
    case METRIC_LOGPROB:
        return logprob[t];
    case METRIC_DIFFERENCE:
        return logit_difference(ds, q, logit);
    default:
        return answer_mass(ds, q, logprob, m->bit == METRIC_REPETITION);
    }
}

void effect_list_fill(const struct effect_list *e, const struct dataset *ds, const struct query *q,
                      const struct answer *a, const float *clean_logit, const float *clean_logprob,
                      float *out)
{
    size_t n = 0;

    for (size_t i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];

        if (!(e->metrics & m->bit) || !m->effect)
            continue;
        for (size_t t = 0; t < (m->per_target ? ds->n_targets : 1); t++)
            out[n++] = m->bit == METRIC_KL
                           ? a->kl
                           : (float)((double)measure_of(m, ds, q, a->logit, a->logprob, t) -
                                     (double)measure_of(m, ds, q, clean_logit, clean_logprob, t));
    }
}
