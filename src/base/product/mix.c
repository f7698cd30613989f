#include "base/product/lanes.h"

#include <math.h>

/* A strip of z, in registers. */
IN_LANES void mix_strip(const int strips, int64_t keys, const float *p, const float *v, int64_t ldv,
                        float *z)
{
    vec acc[MIX_STRIPS];

    UNROLL
    for (int j = 0; j < strips; j++)
        acc[j] = lanes_zero();
    for (int64_t i = 0; i < keys; i++, v += ldv) {
        vec a = lanes_same(p[i]);

        UNROLL
        for (int j = 0; j < strips; j++)
            lanes_fma(&acc[j], a, lanes_load(v + j * WIDE));
    }
    UNROLL
    for (int j = 0; j < strips; j++)
        lanes_store(z + j * WIDE, acc[j]);
}

void ISA(product_mix)(int64_t keys, const float *p, int64_t width, const float *v, int64_t ldv,
                      float *z)
{
    int64_t j = 0;

    for (; j + MIX_STRIPS * WIDE <= width; j += MIX_STRIPS * WIDE)
        mix_strip(MIX_STRIPS, keys, p, v + j, ldv, z + j);
    for (; j + WIDE <= width; j += WIDE)
        mix_strip(1, keys, p, v + j, ldv, z + j);
    for (; j < width; j++) {
        float sum = 0;

        for (int64_t i = 0; i < keys; i++)
            sum = fmaf(p[i], v[i * ldv + j], sum);
        z[j] = sum;
    }
    for (j = 0; j < width; j++)
        z[j] = z[j] == z[j] ? z[j] + 0.0f : NAN;
}
