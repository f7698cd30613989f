/*
 * Averages over queries into a group, NAME, NAME_se, NAME_lo, NAME_hi and NAME_n; and effects of
 * sweeps into NAME/stats, with their tests.
 */
#include "campaign/output.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"
#include "campaign/rows.h"
#include "campaign/slabs.h"
#include "statistics/significance.h"

#include <math.h>
#include <string.h>

struct averages {
    struct output *o;
    const struct experiment *x;
    struct slabs slabs[AGGREGATES_MAX];
    float *row[AGGREGATES_MAX]; /* of one query */
    float *half;                /* (queries, columns of a block) of statistics.split */
};

static int stratum_coordinates(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable dataset = {
        "stratum_dataset", V_STR, "stratum",
        "dataset of the average; empty = over all; unnamed = the data names none", NULL};
    static const struct variable template = {"stratum_template", V_I4, "stratum",
                                             "template of the average; -1 = over all", NULL};
    static const struct variable step = {"stratum_step", V_I4, "stratum", "step of the average",
                                         NULL};
    const struct strata *s = &o->strata;
    const char **name = arena_alloc(&o->arena, s->n, sizeof *name, err);
    int32_t *number = arena_alloc(&o->arena, 2 * s->n, sizeof *number, err);

    if (!name || !number)
        return err->code;
    for (size_t i = 0; i < s->n; i++) {
        name[i] = s->v[i].over == OVER_DATASETS || *s->v[i].dataset ? s->v[i].dataset : "unnamed";
        number[i] = s->v[i].template;
        number[s->n + i] = s->v[i].step;
    }
    return h5_coordinate(g, &dataset, err) || h5_write(g, dataset.name, 0, s->n, name, err) ||
                   h5_coordinate(g, &template, err) ||
                   h5_write(g, template.name, 0, s->n, number, err) ||
                   h5_coordinate(g, &step, err) ||
                   h5_write(g, step.name, 0, s->n, number + s->n, err)
               ? err->code
               : 0;
}

/* One of NAME, NAME_se, NAME_lo, NAME_hi, NAME_n from all estimates (element, stratum). */
static int write_estimates(struct output *o, struct h5group *g, const struct variable *var,
                           const char *suffix, const struct estimate *e, size_t elements,
                           struct err *err)
{
    size_t n = o->strata.n;
    struct variable v = *var;
    double *f = arena_alloc(&o->group, elements * n, sizeof *f, err);
    int32_t *count = arena_alloc(&o->group, elements * n, sizeof *count, err);
    bool is_count = suffix[0] && suffix[1] == 'n';

    v.name = arena_printf(&o->group, err, "%s%s", var->name, suffix);
    if (!f || !count || !v.name)
        return err->code;
    if (is_count) {
        v.type = V_I4;
        v.units = NULL;
    }
    for (size_t i = 0; i < elements * n; i++) {
        const struct estimate *x = &e[(i % elements) * n + i / elements];

        count[i] = x->n;
        f[i] = !suffix[0] ? x->mean : suffix[1] == 's' ? x->se : suffix[1] == 'l' ? x->lo : x->hi;
    }
    return h5_define(g, &v, err) ||
                   h5_write(g, v.name, 0, n, is_count ? (void *)count : (void *)f, err)
               ? err->code
               : 0;
}

static enum template_mean templates(const struct output *o, const struct experiment *x)
{
    return o->c->config.statistics.average == AVERAGE_AUTHORS ? x->kind->authors_average
                                                              : TEMPLATES_MEAN;
}

static int write_plain(struct output *o, struct h5group *g, const struct aggregate *a,
                       const struct estimate *e, size_t elements, struct err *err)
{
    static const char *const suffixes[] = {"", "_se", "_lo", "_hi", "_n"};

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        bool interval = suffixes[i][0] && suffixes[i][1] != 'n';

        if (!(interval && a->no_interval) &&
            write_estimates(o, g, &a->field.var, suffixes[i], e, elements, err))
            return err->code;
    }
    return 0;
}

/* --- effects and their tests --- */

/* All of one effect in one stratum. */
struct effect {
    struct estimate e;
    struct significance s;
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
static const float *take_half(struct averages *v, const float *value, size_t width, enum half half)
{
    const struct dataset *ds = &v->o->c->data;

    if (half == WHOLE)
        return value;
    for (size_t q = 0; q < ds->n; q++) {
        bool in = half_of(v->o, &ds->query[q]) == half;

        for (size_t i = 0; i < width; i++)
            v->half[q * width + i] = in ? value[q * width + i] : NAN;
    }
    return v->half;
}

static bool has_sign(const struct averages *v, const struct aggregate *a, size_t element)
{
    const struct field *f = &a->field;

    return a->tested[element % v->x->axis[f->axis[f->n_axes - 1]].dim.size];
}

/* The elements [first, first + n) of which `value` (queries, n) is known. */
static int test_block(struct averages *v, const struct aggregate *a, const float *value,
                      size_t first, size_t n, struct effect *out, struct err *err)
{
    const struct output *o = v->o;
    const struct statistics_config *c = &o->c->config.statistics;
    bool split = c->split == SPLIT_HALF;
    size_t rows = o->strata.n;
    struct estimate *e = mem_alloc(n * rows, sizeof *e, err);
    struct significance *s = mem_alloc(n * rows, sizeof *s, err);
    const float *used = take_half(v, value, n, split ? PICK : WHOLE);

    if (!e || !s || significance_of(&o->strata, used, n, c->min_effect, s, err))
        goto out;
    for (size_t i = 0; i < n * rows; i++)
        out[i].picked = !split || s[i].p <= c->fdr;
    used = take_half(v, value, n, split ? TEST : WHOLE);
    if ((split && significance_of(&o->strata, used, n, c->min_effect, s, err)) ||
        strata_estimate(&o->strata, TEMPLATES_MEAN, used, n, e, err))
        goto out;
    for (size_t i = 0; i < n * rows; i++) {
        bool tested = has_sign(v, a, first + i / rows) && out[i].picked > 0;

        if (split && !has_sign(v, a, first + i / rows))
            out[i].picked = (double)NAN;
        out[i].e = e[i];
        out[i].s = s[i];
        if (!tested)
            out[i].s.p = out[i].s.p_min = (double)NAN;
    }
out:
    mem_free(e);
    mem_free(s);
    return err->code;
}

/* The family of a test: its places on the dimensions that are not corrected over together. */
static size_t family_of(const struct averages *v, const struct aggregate *a, size_t element,
                        size_t row)
{
    unsigned together = choice_bits(&v->o->c->config.statistics.family);
    size_t family = together & FAMILY_STRATUM ? 0 : row, n = v->o->strata.n;

    for (int i = a->field.n_axes - 1; i >= 0; i--) {
        const struct dim *d = &v->x->axis[a->field.axis[i]].dim;
        int bit = choice_value(family_choices, d->name);
        bool over = bit != NO_CHOICE && (together & (unsigned)bit);

        if (!over)
            family += element % d->size * n;
        n *= over ? 1 : d->size;
        element /= d->size;
    }
    return family;
}

static int correct(const struct averages *v, const struct aggregate *a, struct effect *effect,
                   size_t elements, struct err *err)
{
    size_t rows = v->o->strata.n, n = elements * rows;
    struct test *test = mem_alloc(n, sizeof *test, err);
    double *q = mem_alloc(n, sizeof *q, err);

    for (int min = 0; test && q && min < 2; min++) {
        for (size_t i = 0; i < n; i++)
            test[i] = (struct test){family_of(v, a, i / rows, i % rows), i,
                                    min ? effect[i].s.p_min : effect[i].s.p};
        adjust(test, n, q);
        for (size_t i = 0; i < n; i++)
            *(min ? &effect[i].q_min : &effect[i].q) = q[i];
    }
    mem_free(test);
    mem_free(q);
    return err->code;
}

enum column { MEAN, SE, LO, HI, P, Q, P_MIN, Q_MIN, N_QUERIES, N_CLUSTERS, PICKED, COLUMNS };

static double column_of(const struct effect *e, enum column column)
{
    const double value[COLUMNS] = {e->e.mean,  e->e.se,  e->e.lo, e->e.hi,         e->s.p,   e->q,
                                   e->s.p_min, e->q_min, e->e.n,  e->s.n_clusters, e->picked};

    return value[column];
}

static const struct {
    const char *name, *text, *units;
} columns[COLUMNS] = {
    [MEAN] = {"mean", "mean over queries of ablated minus clean, samples averaged first", "1"},
    [SE] = {"se", "standard error of the mean, from the bootstrap over clusters", "1"},
    [LO] = {"lo", "lower end of the 95 % bootstrap interval", "1"},
    [HI] = {"hi", "upper end of the 95 % bootstrap interval", "1"},
    [P] = {"p", "sign test over clusters; NaN where the metric has no sign", "1"},
    [Q] = {"q", "p corrected over its family (Benjamini and Hochberg)", "1"},
    [P_MIN] = {"p_min", "test that most clusters have an effect beyond statistics.min_effect", "1"},
    [Q_MIN] = {"q_min", "p_min corrected over its family", "1"},
    [N_QUERIES] = {"n", "queries", NULL},
    [N_CLUSTERS] = {"n_clusters", "clusters", NULL},
    [PICKED] = {"picked", "1 = passed on the half that is not tested here", NULL},
};

static int write_column(struct averages *v, struct h5group *g, const char *dims,
                        const struct effect *effect, size_t elements, enum column column,
                        struct err *err)
{
    size_t rows = v->o->strata.n;
    enum vtype type = column == PICKED ? V_I1 : columns[column].units ? V_F64 : V_I4;
    struct variable var = {columns[column].name, type, dims, columns[column].text,
                           columns[column].units};
    size_t size = vtype_size(type);
    char *all = mem_alloc(elements * rows, size, err);

    for (size_t i = 0; all && i < elements * rows; i++) {
        double d = column_of(&effect[i % elements * rows + i / elements], column);
        int32_t n = isnan(d) ? -1 : (int32_t)d;
        int8_t flag = (int8_t)n;

        memcpy(all + i * size,
               type == V_F64  ? (void *)&d
               : type == V_I4 ? (void *)&n
                              : (void *)&flag,
               size);
    }
    if (all && !h5_define(g, &var, err))
        h5_write(g, var.name, 0, rows, all, err);
    mem_free(all);
    return err->code;
}

static int stats_group(struct averages *v, const struct aggregate *a, struct h5group **g,
                       struct err *err)
{
    struct output *o = v->o;
    const struct statistics_config *c = &o->c->config.statistics;
    const char *path = arena_printf(&o->group, err, "%s/stats", v->x->name), *family = "";
    struct dim dims[DIMS_MAX + 1] = {{"stratum", o->strata.n, V_I4, NULL, "average over queries"}};

    for (int i = 0; i < a->field.n_axes; i++)
        dims[i + 1] = v->x->axis[a->field.axis[i]].dim;
    for (size_t i = 0; family && i < c->family.n; i++)
        family = arena_printf(&o->group, err, "%s%s%s", family, i ? " " : "",
                              choice_word(family_choices, c->family.v[i]));
    return !path || !family || h5_group(o->file, path, dims, (size_t)a->field.n_axes + 1, g, err) ||
                   stratum_coordinates(o, *g, err) ||
                   h5_attr_str(*g, "cluster", choice_word(cluster_choices, (int)c->cluster), err) ||
                   h5_attr_str(*g, "split", choice_word(split_choices, (int)c->split), err) ||
                   h5_attr_str(*g, "family", family, err) || h5_attr_f64(*g, "fdr", c->fdr, err) ||
                   h5_attr_f64(*g, "min_effect", c->min_effect, err) ||
                   h5_attr_f64(*g, "sign_tolerance", SIGN_TOLERANCE, err)
               ? err->code
               : 0;
}

static int write_effects(struct averages *v, const struct aggregate *a, struct effect *effect,
                         size_t elements, struct err *err)
{
    bool split = v->o->c->config.statistics.split == SPLIT_HALF;
    struct h5group *g;

    if (correct(v, a, effect, elements, err) || stats_group(v, a, &g, err))
        return err->code;
    for (enum column i = 0; i < COLUMNS; i++)
        if ((i != PICKED || split) &&
            write_column(v, g, a->field.var.dims, effect, elements, i, err))
            return err->code;
    return 0;
}

/* --- all aggregates of an experiment --- */

/* Numbers that value() makes of one query. */
static size_t columns_of(const struct experiment *x, const struct aggregate *a)
{
    return padded_elements(x, &a->field) * (a->ratio ? 2 : 1);
}

int averages_open(struct averages **v, struct output *o, const struct experiment *x,
                  struct err *err)
{
    *v = mem_alloc(1, sizeof **v, err);
    if (!*v)
        return err->code;
    memset(*v, 0, sizeof **v);
    (*v)->o = o;
    (*v)->x = x;
    for (int i = 0; i < x->n_aggregates; i++)
        (*v)->slabs[i].fd = -1; /* for averages_close, should one not be opened */
    for (int i = 0; i < x->n_aggregates; i++) {
        size_t elements = columns_of(x, &x->aggregate[i]);
        const char *path = arena_printf(&o->group, err, "%s.%s.%d", o->path, x->name, i);

        (*v)->row[i] = arena_alloc(&o->group, elements, sizeof *(*v)->row[i], err);
        if (!path || !(*v)->row[i] ||
            slabs_open(&(*v)->slabs[i], o->c->data.n, elements, x->settles || x->aggregate[i].ratio,
                       path, err))
            return err->code;
    }
    return 0;
}

int averages_take(struct averages *v, size_t query, void *const at[FIELDS_MAX], bool usable,
                  struct err *err)
{
    const struct experiment *x = v->x;

    for (int i = 0; i < x->n_aggregates; i++) {
        const struct aggregate *a = &x->aggregate[i];

        if (usable)
            a->value(x, &v->o->c->data.query[query], at, v->row[i]);
        else
            fill(V_F32, v->row[i], columns_of(x, a));
        if (slabs_put(&v->slabs[i], query, v->row[i], err))
            return err->code;
    }
    return 0;
}

static int write_ratio(struct averages *v, struct h5group *g, int i, struct err *err)
{
    struct output *o = v->o;
    const struct aggregate *a = &v->x->aggregate[i];
    size_t elements = padded_elements(v->x, &a->field);
    struct estimate *e = arena_alloc(&o->group, elements * o->strata.n, sizeof *e, err);

    if (!e || strata_ratio(&o->strata, templates(o, v->x), v->slabs[i].v, elements, e, err))
        return err->code;
    return write_plain(o, g, a, e, elements, err);
}

static int write_aggregate(struct averages *v, struct h5group *g, int i, struct err *err)
{
    struct output *o = v->o;
    const struct aggregate *a = &v->x->aggregate[i];
    size_t elements = padded_elements(v->x, &a->field), rows = o->strata.n, n = 0;
    struct estimate *e = a->tested ? NULL : mem_alloc(elements * rows, sizeof *e, err);
    struct effect *effect = a->tested ? mem_alloc(elements * rows, sizeof *effect, err) : NULL;

    if (a->tested && o->c->config.statistics.split == SPLIT_HALF)
        v->half = mem_alloc(o->c->data.n * v->slabs[i].width, sizeof *v->half, err);
    for (size_t first = 0; first < elements && !err->code; first += n) {
        const float *value;

        if (slabs_block(&v->slabs[i], first, &value, &n, err))
            break;
        if (a->tested)
            test_block(v, a, value, first, n, effect + first * rows, err);
        else
            strata_estimate(&o->strata, templates(o, v->x), value, n, e + first * rows, err);
    }
    if (!err->code)
        a->tested ? write_effects(v, a, effect, elements, err)
                  : write_plain(o, g, a, e, elements, err);
    mem_free(v->half);
    v->half = NULL;
    mem_free(e);
    mem_free(effect);
    return err->code;
}

int averages_write(struct averages *v, struct h5group *g, struct err *err)
{
    const struct experiment *x = v->x;
    float *value[AGGREGATES_MAX];
    bool plain = false;

    for (int i = 0; i < x->n_aggregates; i++) {
        value[i] = v->slabs[i].v;
        plain |= !x->aggregate[i].tested;
    }
    if (plain && stratum_coordinates(v->o, g, err))
        return err->code;
    if (x->settles)
        x->kind->settle(x, &v->o->strata, value);
    for (int i = 0; i < x->n_aggregates; i++)
        if (x->aggregate[i].ratio ? write_ratio(v, g, i, err) : write_aggregate(v, g, i, err))
            return err->code;
    return 0;
}

void averages_close(struct averages *v)
{
    for (int i = 0; v && i < v->x->n_aggregates; i++)
        slabs_close(&v->slabs[i]);
    mem_free(v);
}
