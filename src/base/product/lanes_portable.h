/* Plain C with fmaf: the oracle of the tests, and slow. Read lanes.h first. */
#ifndef LENSWEEP_BASE_PRODUCT_LANES_PORTABLE_H
#define LENSWEEP_BASE_PRODUCT_LANES_PORTABLE_H

#include "base/product/lanes.h"

#include <math.h>

struct eight {
    float l[LANES];
};
#define vec struct eight

enum { WIDE = 8, ROWS = 1, PASSES = 1, SUMS = 1, LANES_WIDEN = 0 };
enum { BLOCKS = 1 };

#define INNER_TILES(X) X(1, 1, 1)
enum { MIX_STRIPS = 1 };
enum { INNER_VECTORS = 1, INNER_STRIPS = 1, INNER_FEW = 0, INNER_MOST = 1 };

IN_LANES vec lanes_zero(void)
{
    return (vec){{0}};
}

IN_LANES vec lanes_same(float a)
{
    vec v;

    for (int j = 0; j < LANES; j++)
        v.l[j] = a;
    return v;
}

IN_LANES vec lanes_load(const float *p)
{
    vec v;

    memcpy(&v, p, sizeof v);
    return v;
}

IN_LANES void lanes_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

IN_LANES void lanes_fma(vec *c, vec a, vec b)
{
    for (int j = 0; j < LANES; j++)
        c->l[j] = fmaf(a.l[j], b.l[j], c->l[j]);
}

IN_LANES vec lanes_f32(struct octet p)
{
    vec v;

    memcpy(&v, p.at, sizeof v);
    return v;
}

/* Types of sixteen bits are widened before. */
IN_LANES vec lanes_f16(struct octet p)
{
    return lanes_f32(p);
}

IN_LANES vec lanes_bf16(struct octet p)
{
    return lanes_f32(p);
}

IN_LANES void lanes_sums(const float *part, int n, float *out, int64_t apart)
{
    vec v = lanes_load(part);

    (void)n;
    (void)apart;
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++)
            v.l[j] += v.l[j + half];
    *out = v.l[0];
}

#endif
