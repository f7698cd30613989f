#include "campaign/output_contrasts.h"

#include "campaign/output_averages.h"
#include "campaign/output_strata.h"
#include "campaign/rows.h"
#include "statistics/significance.h"

#include <math.h>
#include <string.h>

struct dim contrast_dim(const struct output *o)
{
    return (struct dim){"contrast", o->contrasts.n, V_I4, NULL,
                        "a step minus the step before, item by item"};
}

bool is_contrasted(const struct aggregate *a)
{
    return a->judged && !a->rate && !a->ratio;
}

bool has_contrasts(const struct output *o, const struct experiment *x)
{
    for (int i = 0; i < x->n_aggregates; i++)
        if (o->contrasts.n && is_contrasted(&x->aggregate[i]))
            return true;
    return false;
}

int write_contrast_steps(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable step = {"contrast_step", V_I4, "contrast",
                                         "step that the step before is taken off", NULL};
    static const struct variable minus = {"contrast_minus", V_I4, "contrast",
                                          "step that is taken off", NULL};
    const struct contrasts *c = &o->contrasts;

    return err_if(err, c->n && (put_coordinate(g, &step, c->n, c->step, err) ||
                                put_coordinate(g, &minus, c->n, c->minus, err)));
}

/* What has no sign is not tested. */
static void drop_tests(const struct experiment *x, const struct aggregate *a, size_t contrasts,
                       struct estimate *e, size_t elements)
{
    for (size_t i = 0; i < elements * contrasts; i++)
        if (!has_sign(x, a, i / contrasts))
            e[i].p = (double)NAN;
}

int write_contrasts(struct output *o, const struct experiment *x, const struct aggregate *a,
                    const char *name, struct slabs *values, struct h5group *g, struct err *err)
{
    const struct contrasts *c = &o->contrasts;
    size_t elements = padded_elements(x, &a->field);
    struct estimate_ask ask = {
        .way = template_way(o, x), .tested = true, .tie = a->tested ? SIGN_TOLERANCE : 0};
    struct variable var = {.name = name, .type = V_F64, .units = a->field.var.units};
    struct estimate *e;

    if (!c->n)
        return 0;
    e = mem_alloc(elements * c->n, sizeof *e, err);
    ask.about = strata_targets(o, x, a, &ask.n_about, err);
    var.dims = arena_printf(&o->group, err, "contrast%s", a->field.var.dims + strlen("stratum"));
    var.long_name = arena_printf(&o->group, err, "%s: a step minus the step before, item by item",
                                 a->field.var.long_name);
    for (size_t n = 0; !err->code && ask.first < elements; ask.first += n) {
        const float *value;

        if (!slabs_block(values, ask.first, &value, &n, err))
            contrasts_estimate(c, &ask, value, n, e + ask.first * c->n, &o->scratch, err);
    }
    if (!err->code && a->tested)
        drop_tests(x, a, c->n, e, elements);
    if (!err->code)
        write_estimates(o, g, &var, e, c->n, elements, err);
    mem_free(e);
    return err->code;
}
