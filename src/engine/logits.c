#include "engine/logits.h"

#include "base/kernels.h"

#include <math.h>

float final_rms(const struct shape *s, const float *x)
{
    return (float)sqrt(mean_square(s->d_model, x) + (double)s->rms_eps);
}

double log_sum_exp(int64_t n, const float *logit)
{
    float max = vec_max(n, logit);

    return (double)max + log(sum_exp(n, logit, max));
}

int32_t arg_max(int64_t n, const float *logit)
{
    float max = vec_max(n, logit);

    for (int64_t i = 0; i < n; i++)
        if (logit[i] == max)
            return (int32_t)i;
    return -1; /* not finite */
}

int32_t rank_of(int64_t n, const float *logit, float own)
{
    int32_t greater = 0;

    for (int64_t i = 0; i < n; i++)
        greater += logit[i] > own;
    return greater;
}
