#include "model/rope.h"

#include "base/real.h"
#include "model/arch.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

static const float two_pi = (float)6.283185307179586;
static const double pi = 3.141592653589793;

int rope_dims(const struct rope_spec *r)
{
    return (r->width + 1) / 2 * 2;
}

static bool positive(double x)
{
    return x > 0 && x < 1e30;
}

int rope_check(const struct rope_spec *r, struct err *err)
{
    if (!positive(r->theta))
        return err_set(err, ERR_FORMAT, "the rotary base is %g, expected a positive number",
                       r->theta);
    if (r->kind != ROPE_PLAIN && r->kind != ROPE_LONG && !positive(r->factor))
        return err_set(err, ERR_FORMAT,
                       "the rotary scaling factor is %g, expected a positive number", r->factor);
    if (r->kind > ROPE_LINEAR && !(r->old_positions > 1 && r->old_positions <= INT_MAX))
        return err_set(err, ERR_FORMAT,
                       "the rotary scaling is made for %g positions, expected a number above 1",
                       r->old_positions);
    if (r->kind == ROPE_LLAMA3 && !(r->low > 0 && r->high > r->low && r->high < 1e30))
        return err_set(err, ERR_FORMAT,
                       "llama3 rotary scaling has low %g and high %g: expected 0 < low < high",
                       r->low, r->high);
    if (r->kind == ROPE_YARN && !(positive(r->fast) && positive(r->slow) && r->theta > 1))
        return err_set(err, ERR_FORMAT,
                       "yarn rotary scaling has beta_fast %g, beta_slow %g and base %g: expected "
                       "positive numbers, and more than 1",
                       r->fast, r->slow, r->theta);
    if (r->kind == ROPE_DYNAMIC && r->width < 3)
        return err_set(err, ERR_FORMAT, "dynamic rotary scaling needs a head width above 2");
    return 0;
}

double rope_yarn_scale(double factor, double weight)
{
    return factor <= 1 ? 1 : 0.1 * weight * real_log(factor) + 1;
}

int rope_short_to(const struct rope_spec *r)
{
    bool changes = r->kind == ROPE_DYNAMIC || (r->kind == ROPE_LONG && r->far);

    return changes ? (int)r->old_positions : 0;
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

/* The pair that turns so many times over the old positions. */
static double pair_of_turns(const struct rope_spec *r, double turns)
{
    return r->width * real_log(r->old_positions / (turns * 2 * pi)) / (2 * real_log(r->theta));
}

/* p: theta to the pair's power. */
static float yarn(const struct rope_spec *r, int pair, float p)
{
    double low = pair_of_turns(r, r->fast), high = pair_of_turns(r, r->slow);
    float ramp, plain;

    low = r->exact_ramp ? low : floor(low);
    high = r->exact_ramp ? high : ceil(high);
    low = low < 0 ? 0 : low;
    high = high > r->width - 1 ? r->width - 1 : high;
    if (low == high)
        high += 0.001;
    ramp = ((float)pair - (float)low) / (float)(high - low);
    plain = 1.0f - (ramp < 0 ? 0 : ramp > 1 ? 1 : ramp);
    return 1.0f / ((float)r->factor * p) * (1.0f - plain) + 1.0f / p * plain;
}

/* The base for a prompt of n tokens. */
static double theta_of(const struct rope_spec *r, int n)
{
    double times;

    if (r->kind != ROPE_DYNAMIC || n <= r->old_positions)
        return r->theta;
    times = r->factor * n / r->old_positions - (r->factor - 1);
    return r->theta * real_pow(times, (double)r->width / (r->width - 2));
}

int rope_frequencies(const struct rope_spec *r, int n, float *out, struct err *err)
{
    double theta = theta_of(r, n);
    const float *divisors = r->far && n > r->old_positions ? r->far : r->near;

    for (int i = 0; i < rope_dims(r) / 2; i++) {
        float exponent = (float)(2 * i) / (float)r->width;
        float p = (float)real_pow((double)(float)theta, (double)exponent), f = 1.0f / p;

        if (r->kind == ROPE_LINEAR)
            f /= (float)r->factor;
        else if (r->kind == ROPE_LLAMA3)
            f = llama3(r, f);
        else if (r->kind == ROPE_YARN)
            f = yarn(r, i, p);
        else if (r->kind == ROPE_LONG)
            f = 1.0f / (divisors[i] * p);
        if (!(f > 0 && f < INFINITY))
            return err_set(err, ERR_FORMAT, "rotary frequency %d comes out as %g", i, (double)f);
        out[i] = f;
    }
    return 0;
}

char *rope_text(char out[128], const struct rope_spec *r)
{
    int n = snprintf(out, 128, "theta %g", r->theta);
    char *to = out + n;
    size_t room = (size_t)(128 - n);

    if (r->kind == ROPE_LINEAR)
        snprintf(to, room, ", linear scaling by %g", r->factor);
    else if (r->kind == ROPE_LLAMA3)
        snprintf(to, room, ", llama3 scaling by %g (low %g, high %g, made for %g positions)",
                 r->factor, r->low, r->high, r->old_positions);
    else if (r->kind == ROPE_DYNAMIC)
        snprintf(to, room, ", dynamic scaling by %g beyond %g positions", r->factor,
                 r->old_positions);
    else if (r->kind == ROPE_YARN)
        snprintf(to, room, ", yarn scaling by %g (made for %g positions)", r->factor,
                 r->old_positions);
    else if (r->kind == ROPE_LONG && r->far)
        snprintf(to, room, ", longrope: other factors beyond %g positions", r->old_positions);
    else if (r->kind == ROPE_LONG)
        snprintf(to, room, ", frequencies divided by the file's own factors");
    return out;
}

static void rotary_row(const struct rotary *r, const float *freq, int pos, float *out)
{
    int half = r->dims / 2;

    for (int i = 0; i < half; i++) {
        double angle = (double)((float)pos * freq[i]);

        out[i] = (float)real_cos(angle) * r->factor;
        out[half + i] = (float)real_sin(angle) * r->factor;
    }
}

void rotary_rows(const struct rotary *r, int n, int lo, int hi, float *out)
{
    float own[HEAD_DIM_MAX / 2];
    const float *freq = r->freq;
    struct err unlikely; /* the frequencies of shorter prompts are positive: so are these */

    if (r->short_to && n > r->short_to) {
        err_clear(&unlikely);
        rope_frequencies(r->spec, n, own, &unlikely);
        freq = own;
    }
    for (int pos = lo; pos < hi; pos++, out += r->dims)
        rotary_row(r, freq, pos, out);
}
