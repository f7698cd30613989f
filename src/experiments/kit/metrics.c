#include "experiments/kit/metrics.h"

#include "base/real.h"
#include "base/str.h"

#include <math.h>

unsigned metric_asks(unsigned metrics)
{
    return metrics & ~(unsigned)(METRIC_LOGIT | METRIC_DIFFERENCE | METRIC_DIRECT) ? ASK_VOCAB
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
