/* Private to the floors model and engine: rotary position embedding, its frequencies and table. */
#ifndef LENSWEEP_MODEL_ROPE_H
#define LENSWEEP_MODEL_ROPE_H

#include "base/err.h"
#include "model/model.h"

enum rope_kind {
    ROPE_PLAIN,
    ROPE_LINEAR,  /* every frequency divided by factor */
    ROPE_LLAMA3,  /* the low ones, with a smooth passage */
    ROPE_DYNAMIC, /* the base grows with the length of a prompt that is longer than old_positions */
    ROPE_YARN,    /* the low ones, along a ramp over the pairs */
    ROPE_LONG,    /* each divided by a factor of its own: of two sets by the prompt's length */
};

struct rope_spec {
    enum rope_kind kind;
    double theta;
    int width;               /* of a head's numbers that turn: in the exponents of theta */
    double factor;           /* LINEAR, LLAMA3, DYNAMIC, YARN */
    double old_positions;    /* LLAMA3, DYNAMIC, YARN, LONG */
    double low, high;        /* LLAMA3 */
    double fast, slow;       /* YARN: turns over old_positions where the ramp begins and ends */
    bool exact_ramp;         /* YARN: its ends are not rounded to whole pairs */
    double attention;        /* of cosines and sines; 0 = not given */
    const float *near, *far; /* LONG: (width / 2) divisors for prompts of up to old_positions, and
                                 for longer ones; far NULL: near for all */
};

/* How many numbers turn: width, or one more if it is odd. */
int rope_dims(const struct rope_spec *r);

/* Are the numbers within bounds? ERR_FORMAT */
int rope_check(const struct rope_spec *r, struct err *err);

/* Fills out (dims / 2) as transformers does, in float32, for a prompt of n tokens. ERR_FORMAT
   when a frequency comes out as no positive number. */
int rope_frequencies(const struct rope_spec *r, int n, float *out, struct err *err);

/* yarn's factor of cosines and sines, for frequencies divided by `factor`. */
double rope_yarn_scale(double factor, double weight);

/* The longest prompt whose frequencies are those of all shorter ones; 0 = they never change. */
int rope_short_to(const struct rope_spec *r);
char *rope_text(char out[128], const struct rope_spec *r); /* in words; returns out */

/* Cosines, then sines of positions [lo, hi) in a prompt of n tokens: out (hi - lo, 2, dims / 2), as
   rope of base/kernels.h wants them. Angles are the float32 product position * frequency, as the
   reference implementations compute them. */
void rotary_rows(const struct rotary *r, int n, int lo, int hi, float *out);

#endif
