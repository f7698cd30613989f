#include "report/paired.h"

#include "base/str.h"
#include "results/signed_sum.h"
#include "statistics/estimate.h"

#include <math.h>
#include <stdlib.h>

/* A variable by query of one result, in a sum. */
struct term {
    int sign;
    struct column column;
    size_t stride[DIMS_MAX]; /* of the average's dimension d; 0 = it does not have it */
    size_t first;            /* element of the entry that the sum names */
    size_t samples, sample_stride;
    const struct signed_term *of; /* has its condition */
};

struct by_query {
    struct signed_sum sum;
    struct term *term; /* (n) */
    size_t n;
};

/* The same queries? ------------------------------------------------------------------------ */

static int read_keys(struct result *r, const char *group, size_t n, const char **key[4],
                     struct err *err)
{
    static const char *const names[] = {"item", "dataset", "template", "step"};

    for (int i = 0; i < 4; i++)
        if (result_text(r, group, names[i], n, (const char ***)&key[i], err))
            return err->code;
    return 0;
}

static int take_queries(struct paired *p, struct result *a, struct result *b, size_t n,
                        struct err *err)
{
    const char **x[4], **y[4];

    p->data.query = arena_alloc(&p->arena, n, sizeof *p->data.query, err);
    p->data.n = n;
    if (!p->data.query || read_keys(a, p->group, n, x, err) || read_keys(b, p->group, n, y, err))
        return err->code;
    for (size_t q = 0; q < n; q++) {
        p->data.query[q] = (struct query){.item = x[0][q],
                                          .dataset = x[1][q],
                                          .template = (int)strtoll(x[2][q], NULL, 10),
                                          .step = (int)strtoll(x[3][q], NULL, 10)};
        for (int i = 0; i < 4; i++)
            p->same = p->same && str_eq(x[i][q], y[i][q]);
    }
    return 0;
}

int paired_open(struct paired *p, struct result *a, struct result *b, const char *group,
                struct err *err)
{
    size_t n = result_size(a, group, "item");
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    bool by_query;

    *p = (struct paired){.group = group};
    p->same = n > 0 && result_size(b, group, "item") == n && result_size(a, group, "template") &&
              result_size(b, group, "template");
    if (!p->same || take_queries(p, a, b, n, err) || !p->same)
        return err->code;
    if (result_by_query(a, group, &by_query, err))
        return err->code;
    if (by_query)
        c.cluster = CLUSTER_QUERY;
    return strata_open(&p->strata, &p->data, &c, &p->arena, err);
}

void paired_close(struct paired *p)
{
    arena_release(&p->arena);
}

/* What a value is the sum of --------------------------------------------------------------- */

static int entry_place(struct result *r, const struct h5info *v, size_t d, const char *entry,
                       size_t *place, struct err *err)
{
    const struct h5info *scale = catalogue_scale(&r->all, v, d);
    const char **label;

    *place = SIZE_MAX;
    if (!scale || result_text(r, scale->group, scale->name, v->size[d], &label, err))
        return err->code;
    *place = str_index(label, v->size[d], entry);
    return 0;
}

/* The entry of a dimension that the average lacks; NULL = none is named. */
static const char *entry_of(const struct signed_sum *sum, const struct signed_term *t,
                            const char *dim)
{
    return sum->dim && str_eq(sum->dim, dim)             ? sum->label
           : t->dim && str_eq(t->dim, dim) && !t->except ? t->label
                                                         : NULL;
}

/* Adds a variable; *fits = false: it has dimensions that say nothing here. */
static int add_term(struct by_query *value, const struct paired_side *s, const char *group,
                    const struct signed_term *of, bool *fits, struct err *err)
{
    const struct h5info *v = catalogue_find(&s->r->all, group, of->variable);
    struct term t = {.sign = of->sign, .of = of, .samples = 1};
    size_t stride = 1;

    *fits = v && v->rank > 0 && str_eq(v->dim[0], "query");
    for (size_t d = *fits ? v->rank : 0; d-- > 1 && *fits; stride *= v->size[d]) {
        size_t at = average_dim(s->a, v->dim[d]), place = SIZE_MAX;
        const char *entry = entry_of(&value->sum, of, v->dim[d]);

        if (at < s->a->n_dims) {
            t.stride[at] = stride;
            *fits = s->a->dim[at].size == v->size[d];
        } else if (str_eq(v->dim[d], "sample")) {
            t.samples = v->size[d];
            t.sample_stride = stride;
        } else {
            if (entry && entry_place(s->r, v, d, entry, &place, err))
                return err->code;
            *fits = place < v->size[d];
            t.first = *fits ? place * stride : 0;
        }
    }
    if (!*fits || column_open(&t.column, s->r->file, v, err))
        return err->code;
    value->term[value->n++] = t;
    return 0;
}

/* *fits = false: it is not known what the average is of. */
static int open_value(struct by_query *value, struct paired *p, const struct paired_side *s,
                      const char *entry, bool *fits, struct err *err)
{
    if (signed_sum_read(&value->sum, s->of, entry, &p->arena, err))
        return err->code;
    *fits = value->sum.n > 0;
    value->term = arena_alloc(&p->arena, value->sum.n, sizeof *value->term, err);
    for (size_t i = 0; value->term && i < value->sum.n && *fits; i++)
        if (add_term(value, s, p->group, &value->sum.v[i], fits, err))
            break;
    return err->code;
}

static void close_value(struct by_query *value)
{
    for (size_t i = 0; i < value->n; i++)
        column_close(&value->term[i].column);
}

/* Values ----------------------------------------------------------------------------------- */

/* Is the term for the element? */
static bool is_for(const struct signed_term *t, const struct average *a, size_t element)
{
    size_t d = t->dim ? average_dim(a, t->dim) : a->n_dims;

    return d == a->n_dims || str_eq(average_label(a, d, element), t->label) != t->except;
}

static double term_of(const struct term *t, const struct average *a, size_t element)
{
    size_t at[DIMS_MAX], i = t->first;
    double sum = 0;
    int n = 0;

    average_place(a, element, at);
    for (size_t d = 0; d < a->n_dims; d++)
        i += at[d] * t->stride[d];
    for (size_t k = 0; k < t->samples; k++) {
        double v = t->column.f ? t->column.f[i + k * t->sample_stride] : (double)NAN;

        if (isnan(v))
            continue;
        sum += v;
        n++;
    }
    return n ? t->sign * sum / n : (double)NAN;
}

/* Of the query that was sought. */
static double value_of(const struct by_query *value, const struct average *a, size_t element)
{
    double sum = 0;

    for (size_t i = 0; i < value->n; i++)
        if (is_for(value->term[i].of, a, element))
            sum += term_of(&value->term[i], a, element);
    return sum;
}

static int seek(struct by_query *value, size_t q, struct err *err)
{
    for (size_t i = 0; i < value->n; i++)
        if (column_seek(&value->term[i].column, q, err))
            return err->code;
    return 0;
}

/* difference (queries, n) */
static int take_values(const struct paired *p, struct by_query value[2],
                       const struct paired_side side[2], const struct paired_cell *cell, size_t n,
                       float *difference, struct err *err)
{
    for (size_t q = 0; q < p->data.n; q++) {
        if (seek(&value[0], q, err) || seek(&value[1], q, err))
            return err->code;
        for (size_t i = 0; i < n; i++)
            difference[q * n + i] = (float)(value_of(&value[1], side[1].a, cell[i].element[1]) -
                                            value_of(&value[0], side[0].a, cell[i].element[0]));
    }
    return 0;
}

/* Queries that have the property count for nothing. */
static int leave_out(const struct paired *p, struct result *r, const char *property, size_t n,
                     float *difference, struct err *err)
{
    double *has;

    if (!property || result_size(r, "queries", property) != p->data.n)
        return 0;
    if (result_numbers(r, "queries", property, p->data.n, &has, err))
        return err->code;
    for (size_t q = 0; q < p->data.n; q++)
        for (size_t i = 0; i < n && has[q] > 0; i++)
            difference[q * n + i] = NAN;
    return 0;
}

/* The row of the strata that a stratum of the file is; their number if there is none. */
static size_t row_of(const struct strata *s, const struct stratum_info *x)
{
    size_t i = 0;

    while (i < s->n && !(s->v[i].step == x->step && s->v[i].template == x->template &&
                         str_eq(s->v[i].dataset, x->dataset)))
        i++;
    return i;
}

static int estimate_cells(struct paired *p, const struct average *a, const float *difference,
                          struct paired_cell *cell, size_t n, struct err *err)
{
    size_t rows = p->strata.n;
    struct estimate *e = arena_alloc(&p->arena, n * rows, sizeof *e, err);
    struct arena scratch = {0};

    if (e &&
        !strata_estimate(&p->strata, &(struct estimate_ask){0}, difference, n, e, &scratch, err))
        for (size_t i = 0; i < n; i++) {
            size_t row = row_of(&p->strata, &a->stratum[cell[i].stratum]);
            const struct estimate *x = &e[i * rows + row];

            cell[i].known =
                row < rows && isfinite(x->lo) && isfinite(x->hi) &&
                fabs(x->mean - cell[i].difference) <= 1e-4 * fmax(1, fabs(cell[i].difference));
            cell[i].lo = cell[i].known ? x->lo : (double)NAN;
            cell[i].hi = cell[i].known ? x->hi : (double)NAN;
        }
    arena_release(&scratch);
    return err->code;
}

int paired_differences(struct paired *p, const struct paired_side side[2], const char *entry,
                       struct paired_cell *cell, size_t n, struct err *err)
{
    struct by_query value[2] = {0};
    bool fits = p->same && n > 0;
    float *difference;

    for (size_t i = 0; i < n; i++)
        cell[i].known = false;
    for (int k = 0; k < 2 && fits && !err->code; k++)
        open_value(&value[k], p, &side[k], entry, &fits, err);
    if (!err->code && fits) {
        difference = arena_alloc(&p->arena, p->data.n * n, sizeof *difference, err);
        if (difference && !take_values(p, value, side, cell, n, difference, err) &&
            !leave_out(p, side[0].r, value[0].sum.unless, n, difference, err))
            estimate_cells(p, side[0].a, difference, cell, n, err);
    }
    close_value(&value[0]);
    close_value(&value[1]);
    return err->code;
}
