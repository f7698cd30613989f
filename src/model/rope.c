#include "model/rope.h"

#include <math.h>
#include <stdio.h>

static const float two_pi = (float)6.283185307179586;

int rope_check(const struct rope_spec *r, struct err *err)
{
    if (!(r->theta > 0 && r->theta < 1e30))
        return err_set(err, ERR_FORMAT, "the rotary base is %g, expected a positive number",
                       r->theta);
    if (r->kind != ROPE_PLAIN && !(r->factor > 0 && r->factor < 1e30))
        return err_set(err, ERR_FORMAT,
                       "the rotary scaling factor is %g, expected a positive number", r->factor);
    if (r->kind == ROPE_LLAMA3 &&
        !(r->low > 0 && r->high > r->low && r->high < 1e30 && r->old_positions > 0))
        return err_set(
            err, ERR_FORMAT,
            "llama3 rotary scaling has low %g, high %g and %g positions: expected 0 < low "
            "< high and a positive number of positions",
            r->low, r->high, r->old_positions);
    return 0;
}

/*
 * Each operation is rounded to float32 where PyTorch rounds it: a number divided by a tensor is the
 * tensor's reciprocal times the number, so 2 pi / f is two roundings, not one.
 */
static float llama3(const struct rope_spec *r, float f)
{
    float wavelength = 1.0f / f * two_pi;
    float factor = (float)r->factor, smooth;

    if (wavelength > (float)(r->old_positions / r->low))
        return f / factor;
    if (wavelength < (float)(r->old_positions / r->high))
        return f;
    smooth =
        (1.0f / wavelength * (float)r->old_positions - (float)r->low) / (float)(r->high - r->low);
    return (1.0f - smooth) * f / factor + smooth * f;
}

int rope_frequencies(const struct rope_spec *r, int d_head, const float *divisors, float *out,
                     struct err *err)
{
    for (int i = 0; i < d_head / 2; i++) {
        float exponent = (float)(2 * i) / (float)d_head;
        float f = 1.0f / (float)pow((double)(float)r->theta, (double)exponent);

        if (r->kind == ROPE_LINEAR)
            f /= (float)r->factor;
        else if (r->kind == ROPE_LLAMA3)
            f = llama3(r, f);
        else if (r->kind == ROPE_DIVIDED)
            f /= divisors[i];
        if (!(f > 0 && f < INFINITY))
            return err_set(err, ERR_FORMAT, "rotary frequency %d comes out as %g", i, (double)f);
        out[i] = f;
    }
    return 0;
}

char *rope_text(char out[128], const struct rope_spec *r)
{
    int n = snprintf(out, 128, "theta %g", r->theta);

    if (r->kind == ROPE_LINEAR)
        snprintf(out + n, 128 - n, ", linear scaling by %g", r->factor);
    else if (r->kind == ROPE_LLAMA3)
        snprintf(out + n, 128 - n,
                 ", llama3 scaling by %g (low %g, high %g, made for %g positions)", r->factor,
                 r->low, r->high, r->old_positions);
    else if (r->kind == ROPE_DIVIDED)
        snprintf(out + n, 128 - n, ", frequencies divided by the file's own factors");
    return out;
}

void model_rotary_table(const struct model *m, int n, float *out)
{
    int half = m->shape.d_head / 2;

    for (int pos = 0; pos < n; pos++)
        for (int i = 0; i < half; i++) {
            float angle = (float)pos * m->inv_freq[i];

            *out++ = (float)cos((double)angle);
            *out++ = (float)sin((double)angle);
        }
}
