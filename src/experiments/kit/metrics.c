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

static const struct effect_kind {
    const char *name;
    unsigned bit;
    bool per_target, sign, blurred;
} effect_kinds[] = {
    {"logit", METRIC_LOGIT, true, true, false},
    {"logprob", METRIC_LOGPROB, true, true, false},
    {"logit_difference", METRIC_DIFFERENCE, false, true, true},
    {"recall_mass", METRIC_RECALL, false, true, false},
    {"repetition_mass", METRIC_REPETITION, false, true, true},
    {"kl", METRIC_KL, false, false, false},
};
enum { EFFECT_KINDS = sizeof effect_kinds / sizeof *effect_kinds };

const char *metric_word(enum metric metric)
{
    size_t i = 0;

    while (i + 1 < EFFECT_KINDS && effect_kinds[i].bit != (unsigned)metric)
        i++;
    return effect_kinds[i].name;
}

int effect_list_open(struct effect_list *e, unsigned metrics, const struct dataset *ds,
                     struct arena *a, struct err *err)
{
    size_t most = EFFECT_KINDS * (ds->n_targets + 1);

    *e = (struct effect_list){.metrics = metrics};
    e->label = arena_alloc(a, most, sizeof *e->label, err);
    e->sign = arena_alloc(a, most, sizeof *e->sign, err);
    e->blurred = arena_alloc(a, most, sizeof *e->blurred, err);
    for (size_t i = 0; i < EFFECT_KINDS && !err->code; i++) {
        const struct effect_kind *k = &effect_kinds[i];

        for (size_t t = 0; metrics & k->bit && t < (k->per_target ? ds->n_targets : 1); t++) {
            e->sign[e->n] = k->sign;
            e->blurred[e->n] = k->blurred;
            e->label[e->n++] = k->per_target
                                   ? arena_printf(a, err, "%s.%s", k->name, ds->target_name[t])
                                   : k->name;
        }
    }
    return err->code;
}

static float difference_of(const struct effect_kind *k, const struct dataset *ds,
                           const struct query *q, const float *logit, const float *logprob)
{
    return k->bit == METRIC_DIFFERENCE ? logit_difference(ds, q, logit)
                                       : answer_mass(ds, q, logprob, k->bit == METRIC_REPETITION);
}

void effect_list_fill(const struct effect_list *e, const struct dataset *ds, const struct query *q,
                      const struct answer *a, const float *clean_logit, const float *clean_logprob,
                      float *out)
{
    size_t n = 0;

    for (size_t i = 0; i < EFFECT_KINDS; i++) {
        const struct effect_kind *k = &effect_kinds[i];
        const float *edited = k->bit == METRIC_LOGIT ? a->logit : a->logprob;
        const float *clean = k->bit == METRIC_LOGIT ? clean_logit : clean_logprob;

        if (!(e->metrics & k->bit))
            continue;
        for (size_t t = 0; k->per_target && t < ds->n_targets; t++)
            out[n++] = (float)((double)edited[t] - (double)clean[t]);
        if (k->per_target)
            continue;
        out[n++] = k->bit == METRIC_KL
                       ? a->kl
                       : (float)((double)difference_of(k, ds, q, a->logit, a->logprob) -
                                 (double)difference_of(k, ds, q, clean_logit, clean_logprob));
    }
}
