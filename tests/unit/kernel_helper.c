#include "kernel_helper.h"

#include "base/isa.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

float *numbers(size_t n, double size, const char *purpose)
{
    struct rng r = rng_for(1, n, purpose);
    struct err err;
    float *x = mem_alloc(n, sizeof *x, &err);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((2 * rng_unit(&r) - 1) * size);
    return x;
}

void start(struct team *t, int threads)
{
    struct err err;

    assert_int_equal(team_init(t, threads, 0, &err), 0);
}

void assert_close(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%.9g, expected %.9g to %g", got, expected, relative);
}

void with_each_copy(void (*check)(void))
{
    enum isa own = isa_get();

    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (isa_available((enum isa)isa)) {
            isa_set((enum isa)isa);
            check();
        }
    isa_set(own);
}
