/* Private to the floors model and engine: rotary position embedding, its frequencies and table. */
#ifndef LENSWEEP_MODEL_ROPE_H
#define LENSWEEP_MODEL_ROPE_H

#include "base/err.h"
#include "model/model.h"

enum rope_kind {
    ROPE_PLAIN,
    ROPE_LINEAR,  /* every frequency divided by factor */
    ROPE_LLAMA3,  /* the low ones, with a smooth passage */
    ROPE_DIVIDED, /* each by a factor of its own, which stands in the file (GGUF) */
};

struct rope_spec {
    enum rope_kind kind;
    double theta;
    double factor;                   /* LINEAR, LLAMA3 */
    double low, high, old_positions; /* LLAMA3 */
};

/* Are the numbers within bounds? ERR_FORMAT */
int rope_check(const struct rope_spec *r, struct err *err);

/* Fills out (dh/2) as transformers does, in float32. divisors (dh/2): for ROPE_DIVIDED. ERR_FORMAT
   when a frequency comes out as no positive number. */
int rope_frequencies(const struct rope_spec *r, int d_head, const float *divisors, float *out,
                     struct err *err);
char *rope_text(char out[128], const struct rope_spec *r); /* in words; returns out */

/* Cosines, then sines of every position < n: out (n, 2, dh/2), as rope of base/kernels.h wants
   them. Angles are the float32 product position * inv_freq, as the reference implementations
   compute them. */
void model_rotary_table(const struct model *m, int n, float *out);

#endif
