/* Private to the engine: what is read off a row of logits. */
#ifndef LENSWEEP_ENGINE_LOGITS_H
#define LENSWEEP_ENGINE_LOGITS_H

#include "model/model.h"

#include <stdint.h>

/* sqrt(mean(x^2) + eps) of a row of x_L: what the final norm divides by. */
float final_rms(const struct shape *s, const float *x);

/* Of n logits: the log of the sum of their exponentials, the lowest index of the largest (-1 if it
   is not finite), and how many are strictly greater than `own`. */
double log_sum_exp(int64_t n, const float *logit);
int32_t arg_max(int64_t n, const float *logit);
int32_t rank_of(int64_t n, const float *logit, float own);

#endif
