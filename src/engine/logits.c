#include "engine/logits.h"

#include "base/kernels.h"

#include <math.h>

float final_rms(const struct shape *s, const float *x)
{
    return (float)sqrt(mean_square(s->d_model, x) + (double)s->rms_eps);
}

int32_t arg_max(int64_t n, const float *logit)
{
    return (int32_t)vec_find(n, logit, vec_max(n, logit));
}
