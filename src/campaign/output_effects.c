#include "campaign/output_effects.h"

#include "base/hash.h"
#include "base/rng.h"
#include "campaign/output_contrasts.h"
#include "campaign/output_stability.h"
#include "campaign/output_strata.h"
#include "campaign/rows.h"
#include "results/h5write.h"
#include "statistics/significance.h"

#include <math.h>
#include <string.h>

struct effects {
    struct output *o;
    const struct experiment *x;
    const struct aggregate *a;
    const int *about; /* (n_about) targets_of its metrics */
    size_t n_about;
    float *half; /* (queries, columns of a block) of statistics.split; NULL = no split */
};

/* All of one effect in one stratum. */
struct effect {
    struct estimate e;
    double q, q_min;
    double picked; /* of statistics.split: passed on the other half */
};

enum half { WHOLE, PICK, TEST };

static enum half half_of(const struct output *o, const struct query *q)
{
    uint64_t seed = (uint64_t)o->c->config.statistics.seed;
    struct rng r = rng_for(seed, hash_u64(q->item, strlen(q->item)), "split");

    return rng_u64(&r) & 1 ? PICK : TEST;
}

/* The values of one half of the items; those of the other are left out. */
static const float *take_half(struct effects *v, const float *value, size_t width, enum half half)
{
    if (half == WHOLE)
        return value;
    for (size_t q = 0; q < v->o->c->data.n; q++) {
        bool in = half_of(v->o, &v->o->c->data.query[q]) == half;

        for (size_t i = 0; i < width; i++)
            v->half[q * width + i] = in ? value[q * width + i] : NAN;
    }
    return v->half;
}

/* The elements [first, first + n) of which `value` (queries, n) is known. */
static int test_block(struct effects *v, const float *value, size_t first, size_t n,
                      struct effect *out, struct err *err)
{
    const struct output *o = v->o;
    const struct statistics_config *c = &o->c->config.statistics;
    bool split = v->half;
    size_t rows = o->strata.n;
    struct estimate *e = mem_alloc(n * rows, sizeof *e, err);
    struct estimate_ask ask = {.tested = true, .tie = SIGN_TOLERANCE, .first = first};

    ask.about = v->about;
    ask.n_about = v->n_about;
    if (!e || (split && strata_estimate(&o->strata, &ask, take_half(v, value, n, PICK), n, e,
                                        &v->o->scratch, err)))
        goto out;
    for (size_t i = 0; i < n * rows; i++)
        out[i].picked = !split || e[i].p <= c->fdr;
    ask.min_tested = true;
    ask.min_effect = c->min_effect;
    if (strata_estimate(&o->strata, &ask, take_half(v, value, n, split ? TEST : WHOLE), n, e,
                        &v->o->scratch, err))
        goto out;
    for (size_t i = 0; i < n * rows; i++) {
        bool tested = has_sign(v->x, v->a, first + i / rows) && out[i].picked > 0;

        if (split && !has_sign(v->x, v->a, first + i / rows))
            out[i].picked = (double)NAN;
        out[i].e = e[i];
        if (!tested)
            out[i].e.p = out[i].e.p_min = (double)NAN;
    }
out:
    mem_free(e);
    return err->code;
}

/* What a dimension is called in statistics.family. */
static int family_bit(const struct axis *a)
{
    return choice_value(family_choices, a->as_heads ? "head" : a->dim.name);
}

/* The family of a test: its places on the dimensions that are not corrected over together. */
static size_t family_of(const struct effects *v, size_t element, size_t row)
{
    unsigned together = choice_bits(&v->o->c->config.statistics.family);
    size_t family = together & FAMILY_STRATUM ? 0 : row, n = v->o->strata.n;

    for (int i = v->a->field.n_axes - 1; i >= 0; i--) {
        const struct axis *axis = &v->x->axis[v->a->field.axis[i]];
        int bit = family_bit(axis);

        if (bit != NO_CHOICE && (together & (unsigned)bit))
            continue;
        family += element_place(v->x, &v->a->field, element, i) * n;
        n *= axis->dim.size;
    }
    return family;
}

static int correct(const struct effects *v, struct effect *effect, size_t elements, struct err *err)
{
    size_t rows = v->o->strata.n, n = elements * rows;
    struct test *test = mem_alloc(n, sizeof *test, err);
    double *q = mem_alloc(n, sizeof *q, err);

    for (int min = 0; test && q && min < 2; min++) {
        for (size_t i = 0; i < n; i++)
            test[i] = (struct test){family_of(v, i / rows, i % rows), i,
                                    min ? effect[i].e.p_min : effect[i].e.p};
        adjust(test, n, q);
        for (size_t i = 0; i < n; i++)
            *(min ? &effect[i].q_min : &effect[i].q) = q[i];
    }
    mem_free(test);
    mem_free(q);
    return err->code;
}

enum column { MEAN, SE, LO, HI, P, Q, P_MIN, Q_MIN, N_QUERIES, N_CLUSTERS, DF, PICKED, COLUMNS };

static double column_of(const struct effect *e, enum column column)
{
    const double value[COLUMNS] = {e->e.mean, e->e.se,    e->e.lo,  e->e.hi, e->e.p,
                                   e->q,      e->e.p_min, e->q_min, e->e.n,  e->e.n_clusters,
                                   e->e.df,   e->picked};

    return value[column];
}

static const struct {
    const char *name, *text, *units;
} columns[COLUMNS] = {
    [MEAN] = {"mean", NULL, "1"}, /* says of what */
    [SE] = {"se", "standard error of the mean, over clusters", "1"},
    [LO] = {"lo", "lower end of the 95 % interval", "1"},
    [HI] = {"hi", "upper end of the 95 % interval", "1"},
    [P] = {"p",
           "test that the mean differs from 0, over clusters; NaN where the metric has no sign",
           "1"},
    [Q] = {"q", "p corrected over its family (Benjamini and Hochberg)", "1"},
    [P_MIN] = {"p_min", "test that the mean is farther from 0 than statistics.min_effect", "1"},
    [Q_MIN] = {"q_min", "p_min corrected over its family", "1"},
    [N_QUERIES] = {"n", "queries", NULL},
    [N_CLUSTERS] = {"n_clusters", "clusters with a value", NULL},
    [DF] = {"df", "degrees of freedom: clusters of the smallest part, less 1", NULL},
    [PICKED] = {"picked", "1 = passed on the half that is not tested here", NULL},
};

/* Counts and flags are small whole numbers, or NaN for "not known": only these are cast. */
static void put_column(double d, enum vtype type, void *to)
{
    if (type == V_F64)
        memcpy(to, &d, sizeof d);
    else if (type == V_I4)
        *(int32_t *)to = isnan(d) ? -1 : (int32_t)d;
    else
        *(int8_t *)to = isnan(d) ? -1 : (int8_t)d;
}

static int write_column(struct effects *v, struct h5group *g, const char *dims,
                        const struct effect *effect, size_t elements, enum column column,
                        struct err *err)
{
    size_t rows = v->o->strata.n;
    enum vtype type = column == PICKED ? V_I1 : columns[column].units ? V_F64 : V_I4;
    struct variable var = {columns[column].name, type, dims, columns[column].text,
                           columns[column].units};
    size_t size = vtype_size(type);
    char *all = mem_alloc(elements * rows, size, err);

    if (column == MEAN)
        var.long_name =
            arena_printf(&v->o->group, err, "mean over queries of %s, samples averaged first",
                         v->a->field.var.long_name);
    for (size_t i = 0; all && i < elements * rows; i++) {
        const struct effect *e = &effect[i % elements * rows + i / elements];

        put_column(column_of(e, column), type, all + i * size);
    }
    if (all)
        put_variable(g, &var, rows, all, err);
    mem_free(all);
    return err->code;
}

static int stats_group(struct effects *v, struct h5group **g, struct err *err)
{
    struct output *o = v->o;
    const struct statistics_config *c = &o->c->config.statistics;
    const char *path = arena_printf(&o->group, err, "%s/stats", v->x->name), *family = "";
    struct dim dims[DIMS_MAX + 3] = {{"stratum", o->strata.n, V_I4, NULL, "average over queries"}};
    size_t n_dims = (size_t)v->a->field.n_axes + 1;

    for (int i = 0; i < v->a->field.n_axes; i++)
        dims[i + 1] = v->x->axis[v->a->field.axis[i]].dim;
    if (c->bootstrap > 1)
        dims[n_dims++] = stability_dim;
    if (o->contrasts.n && !v->half)
        dims[n_dims++] = contrast_dim(o);
    for (size_t i = 0; family && i < c->family.n; i++)
        family = arena_printf(&o->group, err, "%s%s%s", family, i ? " " : "",
                              choice_word(family_choices, c->family.v[i]));
    for (int i = 0; family && i < v->a->field.n_axes; i++) {
        const struct axis *axis = &v->x->axis[v->a->field.axis[i]];

        if (axis->as_heads && choice_bits(&c->family) & (unsigned)family_bit(axis))
            family = arena_printf(&o->group, err, "%s %s", family, axis->dim.name);
    }
    return err_if(
        err, !path || !family || h5_group(o->file, path, dims, n_dims, g, err) ||
                 write_strata(o, *g, err) || (!v->half && write_contrast_steps(o, *g, err)) ||
                 h5_attr_str(*g, "cluster", choice_word(cluster_choices, (int)c->cluster), err) ||
                 h5_attr_str(*g, "intervals", INTERVALS, err) ||
                 h5_attr_str(*g, "split", choice_word(split_choices, (int)c->split), err) ||
                 h5_attr_str(*g, "family", family, err) || h5_attr_f64(*g, "fdr", c->fdr, err) ||
                 h5_attr_f64(*g, "min_effect", c->min_effect, err) ||
                 h5_attr_f64(*g, "sign_tolerance", SIGN_TOLERANCE, err));
}

/* --- all of an aggregate --- */

static int test_all(struct effects *v, struct slabs *values, size_t elements, struct effect *effect,
                    struct err *err)
{
    const float *value;

    for (size_t first = 0, n = 0; first < elements; first += n)
        if (slabs_block(values, first, &value, &n, err) ||
            test_block(v, value, first, n, effect + first * v->o->strata.n, err))
            return err->code;
    return 0;
}

static int write_columns(struct effects *v, struct h5group *g, const struct effect *effect,
                         size_t elements, struct err *err)
{
    for (enum column i = 0; i < COLUMNS; i++)
        if ((i != PICKED || v->half) &&
            write_column(v, g, v->a->field.var.dims, effect, elements, i, err))
            return err->code;
    return 0;
}

int write_effects(struct output *o, const struct experiment *x, const struct aggregate *a,
                  struct slabs *values, struct err *err)
{
    struct effects v = {.o = o, .x = x, .a = a};
    size_t elements = padded_elements(x, &a->field);
    struct effect *effect = mem_alloc(elements * o->strata.n, sizeof *effect, err);
    struct h5group *g;

    v.about = strata_targets(o, x, a, &v.n_about, err);
    if (o->c->config.statistics.split == SPLIT_HALF)
        v.half = mem_alloc(o->c->data.n * values->width, sizeof *v.half, err);
    if (!err->code && !test_all(&v, values, elements, effect, err) &&
        !correct(&v, effect, elements, err) && !stats_group(&v, &g, err) &&
        !write_columns(&v, g, effect, elements, err) &&
        (v.half || !write_contrasts(o, x, a, "mean_contrast", values, g, err)))
        write_stability(o, x, a, values, g, err);
    mem_free(v.half);
    mem_free(effect);
    return err->code;
}
