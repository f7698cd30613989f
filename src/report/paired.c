#include "report/paired.h"

#include "base/str.h"
#include "results/signed_sum.h"
#include "statistics/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* The token of each target, and which one is right. */
static int take_targets(struct dataset *ds, struct result *r, struct arena *a, struct err *err)
{
    const struct h5info *v = catalogue_find(&r->all, "queries", "target_id");
    const struct h5info *scale = v && v->rank == 2 ? catalogue_scale(&r->all, v, 1) : NULL;
    const char **right;
    struct column id;

    if (!scale || v->size[0] != ds->n)
        return 0;
    ds->n_targets = v->size[1];
    if (result_text(r, "queries", "right_target", ds->n, &right, err) ||
        result_text(r, scale->group, scale->name, ds->n_targets, &ds->target_name, err))
        return err->code;
    column_open(&id, r->file, v, err);
    for (size_t q = 0; !err->code && q < ds->n; q++) {
        struct query *query = &ds->query[q];
        size_t which = str_index(ds->target_name, ds->n_targets, right[q]);

        query->right = which < ds->n_targets ? (int)which : -1;
        query->target = arena_alloc(a, ds->n_targets, sizeof *query->target, err);
        if (!query->target || column_seek(&id, q, err))
            break;
        for (size_t t = 0; t < ds->n_targets; t++)
            query->target[t] = id.whole ? (int32_t)id.whole[t] : -1;
    }
    column_close(&id);
    return err->code;
}

static int take_queries(struct paired_queries *of, struct result *r, const char *group, size_t n,
                        struct arena *a, struct err *err)
{
    struct statistics_config c = {.cluster = CLUSTER_ITEM};
    const char **key[4];
    bool by_query;

    of->data.query = arena_alloc(a, n, sizeof *of->data.query, err);
    of->data.n = n;
    if (!of->data.query || read_keys(r, group, n, key, err) ||
        result_by_query(r, group, &by_query, err))
        return err->code;
    for (size_t q = 0; q < n; q++)
        of->data.query[q] = (struct query){.item = key[0][q],
                                           .dataset = key[1][q],
                                           .template = (int)strtoll(key[2][q], NULL, 10),
                                           .step = (int)strtoll(key[3][q], NULL, 10)};
    if (by_query)
        c.cluster = CLUSTER_QUERY;
    return err_if(err, take_targets(&of->data, r, a, err) ||
                           strata_open(&of->strata, &of->data, &c, a, err));
}

static bool same_query(const struct query *a, const struct query *b)
{
    return str_eq(a->item, b->item) && str_eq(a->dataset, b->dataset) &&
           a->template == b->template && a->step == b->step;
}

int paired_open(struct paired *p, struct result *a, struct result *b, const char *group,
                struct err *err)
{
    size_t n = result_size(a, group, "item");

    *p = (struct paired){.group = group};
    p->same = n > 0 && result_size(b, group, "item") == n && result_size(a, group, "template") &&
              result_size(b, group, "template");
    if (!p->same || take_queries(&p->of[0], a, group, n, &p->arena, err) ||
        take_queries(&p->of[1], b, group, n, &p->arena, err))
        return err->code;
    for (size_t q = 0; q < n; q++)
        p->same = p->same && same_query(&p->of[0].data.query[q], &p->of[1].data.query[q]);
    return 0;
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
    if (signed_sum_read(&value->sum, s->h ? s->h->of : NULL, entry, &p->arena, err))
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
    for (size_t q = 0; q < p->of[0].data.n; q++) {
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

    if (!property || result_size(r, "queries", property) != p->of[0].data.n)
        return 0;
    if (result_numbers(r, "queries", property, p->of[0].data.n, &has, err))
        return err->code;
    for (size_t q = 0; q < p->of[0].data.n; q++)
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

/* Which target each cell is about on side k, as estimate_ask has it; *fits = false: the file does
   not say. */
static int read_about(struct paired *p, int k, const struct headline *h,
                      const struct paired_cell *cell, size_t n, int **about, bool *fits,
                      struct err *err)
{
    const char *text = h && h->by_token ? h->by_token : "";
    int *listed = arena_alloc(&p->arena, strlen(text) + 1, sizeof *listed, err);
    size_t n_listed = 0;

    *about = arena_alloc(&p->arena, n, sizeof **about, err);
    if (!listed || !*about)
        return err->code;
    for (char *end; *text; text = end) {
        listed[n_listed++] = (int)strtol(text, &end, 10);
        if (end == text)
            return err_set(err, ERR_IO, "%s: by_token of a headline is no list of numbers",
                           p->group);
    }
    *fits = n_listed > 0;
    for (size_t i = 0; i < n && *fits; i++) {
        (*about)[i] = listed[cell[i].element[k] % n_listed];
        *fits = (*about)[i] <= (int)p->of[k].data.n_targets;
    }
    return 0;
}

/* By the clusters of side k; cells keep the wider ends. */
static int judge_cells(struct paired *p, int k, const struct paired_side side[2],
                       const float *difference, struct paired_cell *cell, size_t n, bool *fits,
                       struct err *err)
{
    const struct strata *s = &p->of[k].strata;
    struct estimate *e = arena_alloc(&p->arena, n * s->n, sizeof *e, err);
    struct estimate_ask ask = {.n_about = n};
    struct arena scratch = {0};
    int *about;

    if (!e || read_about(p, k, side[k].h, cell, n, &about, fits, err) || !*fits)
        return err->code;
    ask.about = about;
    if (!strata_estimate(s, &ask, difference, n, e, &scratch, err))
        for (size_t i = 0; i < n; i++) {
            size_t row = row_of(s, &side[0].a->stratum[cell[i].stratum]);
            const struct estimate *x = &e[i * s->n + row];

            cell[i].known =
                cell[i].known && row < s->n && isfinite(x->lo) && isfinite(x->hi) &&
                fabs(x->mean - cell[i].difference) <= 1e-4 * fmax(1, fabs(cell[i].difference));
            cell[i].lo = cell[i].known ? fmin(cell[i].lo, x->lo) : (double)NAN;
            cell[i].hi = cell[i].known ? fmax(cell[i].hi, x->hi) : (double)NAN;
        }
    arena_release(&scratch);
    return err->code;
}

static int judge_both(struct paired *p, const struct paired_side side[2], const float *difference,
                      struct paired_cell *cell, size_t n, struct err *err)
{
    bool fits = true;

    for (size_t i = 0; i < n; i++) {
        cell[i].known = true;
        cell[i].lo = (double)INFINITY;
        cell[i].hi = -(double)INFINITY;
    }
    for (int k = 0; k < 2 && fits; k++)
        if (judge_cells(p, k, side, difference, cell, n, &fits, err))
            return err->code;
    for (size_t i = 0; i < n; i++)
        cell[i].known = cell[i].known && fits;
    return 0;
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
        difference = arena_alloc(&p->arena, p->of[0].data.n * n, sizeof *difference, err);
        if (difference && !take_values(p, value, side, cell, n, difference, err) &&
            !leave_out(p, side[0].r, value[0].sum.unless, n, difference, err))
            judge_both(p, side, difference, cell, n, err);
    }
    close_value(&value[0]);
    close_value(&value[1]);
    return err->code;
}
