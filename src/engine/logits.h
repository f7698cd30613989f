/* Private to the engine: what is read off a row of logits. */
#ifndef LENSWEEP_ENGINE_LOGITS_H
#define LENSWEEP_ENGINE_LOGITS_H

#include "model/model.h"

#include <stdint.h>

/* sqrt(mean(x^2) + eps) of a row of x_L: what the final norm divides by. */
float final_rms(const struct shape *s, const float *x);

/* The lowest index of the largest of n logits; -1 if none is a number. */
int32_t arg_max(int64_t n, const float *logit);

#endif
