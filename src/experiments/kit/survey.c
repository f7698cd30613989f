#include "experiments/kit/survey.h"

#include "base/str.h"
#include "experiments/kit/select.h"

#include <math.h>
#include <string.h>

/* --- what is to be surveyed --- */

static int find_strata(struct survey *s, const struct dataset *ds, struct arena *a, struct err *err)
{
    s->stratum_of = arena_alloc(a, ds->n, sizeof *s->stratum_of, err);
    s->first_of = arena_alloc(a, ds->n, sizeof *s->first_of, err);
    if (!s->stratum_of || !s->first_of)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        size_t k = 0;

        s->stratum_of[q] = -1;
        if (ds->query[q].status)
            continue;
        while (k < s->n_strata && !query_same_group(&ds->query[s->first_of[k]], &ds->query[q]))
            k++;
        if (k == s->n_strata)
            s->first_of[s->n_strata++] = q;
        s->stratum_of[q] = (int)k;
    }
    return 0;
}

/* A mean depends on the queries of its stratum, a spread on those of the dataset. */
static int hash_strata(struct survey *s, const struct dataset *ds, struct arena *a, struct err *err)
{
    struct buf b = {0};

    s->key = arena_alloc(a, s->n_strata, sizeof *s->key, err);
    for (size_t k = 0; s->key && k < s->n_strata && !err->code; k++) {
        buf_clear(&b);
        for (size_t q = 0; q < ds->n && !err->code; q++) {
            const struct query *query = &ds->query[q];

            if (query->status ||
                (s->means ? s->stratum_of[q] != (int)k
                          : !str_eq(query->dataset, ds->query[s->first_of[k]].dataset)))
                continue;
            buf_u64(&b, query->fingerprint.hi, err);
            buf_u64(&b, query->fingerprint.lo, err);
        }
        s->key[k] = hash_bytes(b.data, b.len);
    }
    buf_release(&b);
    return err->code;
}

/* Roles of the tokens at the places, of any usable query; a spread has one for all. */
static int find_roles(struct survey *s, const struct experiment *x, const struct places *places,
                      struct err *err)
{
    const struct dataset *ds = x->scene->data;
    size_t most = (size_t)match_roles_count(ds);
    int *role = arena_alloc(x->arena, (size_t)ds->max_tokens, sizeof *role, err);
    int *tok = arena_alloc(x->arena, 2 * (size_t)ds->max_tokens, sizeof *tok, err);
    int *order = arena_alloc(x->arena, ds->n_spans, sizeof *order, err);

    s->role = arena_alloc(x->arena, most, sizeof *s->role, err);
    s->role_slot = arena_alloc(x->arena, most, sizeof *s->role_slot, err);
    if (!role || !tok || !order || !s->role || !s->role_slot)
        return err->code;
    span_order(ds, order);
    s->order = order;
    s->n_roles = !s->means;
    memset(s->role_slot, 0xff, most * sizeof *s->role_slot);
    for (size_t q = 0; s->means && q < ds->n; q++) {
        if (ds->query[q].status)
            continue;
        match_roles(ds, order, prompt_of(&ds->query[q]), role);
        for (size_t p = 0; p < places->n; p++) {
            int n = place_tokens(&places->v[p], x->scene, &ds->query[q], tok);

            for (int i = 0; i < n; i++)
                s->role_slot[role[tok[i]]] = 0;
        }
    }
    for (size_t r = 0; r < most; r++)
        if (s->role_slot[r] == 0) {
            s->role_slot[r] = (int)s->n_roles;
            s->role[s->n_roles++] = (int)r;
        }
    return 0;
}

/* Strata and roles are numbered as the data has them first: more data, or its files in another
   order, and the same block's rows say something else. */
static int hash_layout(struct survey *s, const struct dataset *ds, struct arena *a, struct err *err)
{
    struct buf b = {0};

    for (size_t k = 0; k < s->n_strata && !err->code; k++) {
        const struct query *q = &ds->query[s->first_of[k]];

        buf_printf(&b, err, "%s\n%d %d\n", q->dataset, q->template, q->step);
    }
    for (size_t r = 0; s->means && r < s->n_roles && !err->code; r++) {
        const char *name = match_role_name(ds, s->role[r], a, err);

        if (name)
            buf_printf(&b, err, "%s\n", name);
    }
    s->layout = hash_bytes(b.data, b.len);
    buf_release(&b);
    return err->code;
}

static int find_layers(struct survey *s, const struct shape *shape, const bool *layer,
                       struct arena *a, struct err *err)
{
    int n = shape->n_layers + 1;

    s->layer = arena_alloc(a, (size_t)n, sizeof *s->layer, err);
    s->layer_slot = arena_alloc(a, (size_t)n, sizeof *s->layer_slot, err);
    if (!s->layer || !s->layer_slot)
        return err->code;
    for (int l = 0; l < n; l++) {
        s->layer_slot[l] = layer[l] ? (int)s->n_layers : -1;
        if (layer[l])
            s->layer[s->n_layers++] = l;
    }
    return 0;
}

static size_t mean_floats(const struct survey *s)
{
    return s->means ? s->n_layers * s->n_roles * s->width : 0;
}

int survey_open(struct experiment *x, enum site site, bool means, const bool *layer,
                const struct places *places, struct err *err)
{
    const struct shape *shape = &x->scene->model->shape;
    struct survey *s = arena_alloc(x->arena, 1, sizeof *s, err);
    size_t floats;

    if (!s)
        return err->code;
    s->site = site;
    s->means = means;
    s->width = (size_t)site_width(shape, site);
    if (find_layers(s, shape, layer, x->arena, err) ||
        find_strata(s, x->scene->data, x->arena, err) ||
        hash_strata(s, x->scene->data, x->arena, err) || find_roles(s, x, places, err) ||
        hash_layout(s, x->scene->data, x->arena, err))
        return err->code;
    floats = s->n_strata * (mean_floats(s) + s->n_layers);
    s->bytes = (floats + s->n_strata * s->n_roles) * sizeof(float);
    s->block = arena_alloc(x->arena, s->bytes, 1, err);
    if (!s->block)
        return err->code;
    memset(s->block, 0xff, s->bytes); /* NaN, until the survey is there */
    s->mean = s->block;
    s->std = s->mean + s->n_strata * mean_floats(s);
    s->n = (int32_t *)(s->std + s->n_strata * s->n_layers);
    x->survey = s;
    return 0;
}

const float *survey_mean(const struct survey *s, size_t query, int layer, int role)
{
    int stratum = s->stratum_of[query], slot = s->role_slot[role];
    size_t at;

    if (stratum < 0 || slot < 0)
        return NULL;
    at = ((size_t)stratum * s->n_layers + (size_t)s->layer_slot[layer]) * s->n_roles + (size_t)slot;
    return s->mean + at * s->width;
}

float survey_std(const struct survey *s, size_t query, int layer)
{
    return s->std[(size_t)s->stratum_of[query] * s->n_layers + (size_t)s->layer_slot[layer]];
}

/* --- sums --- */

/* Of one stratum: (layers, roles, width) of means; (layers, 2) first and second moments of a
   spread. n counts tokens of a role, or queries. */
struct stratum_sums {
    int32_t *n; /* (roles) NULL = nothing yet */
    double *sum;
    double elements; /* of a spread, in each layer */
};

static size_t sum_size(const struct survey *s)
{
    return s->means ? mean_floats(s) : 2 * s->n_layers;
}

static int sums_alloc(struct stratum_sums *t, const struct survey *s, struct arena *a,
                      struct err *err)
{
    t->n = arena_alloc(a, s->n_roles, sizeof *t->n, err);
    t->sum = arena_alloc(a, sum_size(s), sizeof *t->sum, err);
    if (!t->n || !t->sum)
        return err->code;
    return 0;
}

static void add_means(struct stratum_sums *t, const struct survey *s, const struct shape *shape,
                      const struct run *run, const int *role)
{
    for (int tok = 0; tok < run->n; tok++) {
        int slot = s->role_slot[role[tok]];

        if (slot < 0)
            continue;
        t->n[slot]++;
        for (size_t l = 0; l < s->n_layers; l++) {
            const float *row = run_row(run, shape, s->site, s->layer[l], tok);
            double *sum = t->sum + (l * s->n_roles + (size_t)slot) * s->width;

            for (size_t i = 0; i < s->width; i++)
                sum[i] += (double)row[i];
        }
    }
}

static void add_moments(struct stratum_sums *t, const struct survey *s, const struct shape *shape,
                        const struct run *run)
{
    size_t n = (size_t)run->n * s->width;

    t->n[0]++;
    t->elements += (double)n;
    for (size_t l = 0; l < s->n_layers; l++) {
        const float *rows = run_row(run, shape, s->site, s->layer[l], 0);

        for (size_t i = 0; i < n; i++) {
            t->sum[2 * l] += (double)rows[i];
            t->sum[2 * l + 1] += (double)rows[i] * (double)rows[i];
        }
    }
}

static unsigned keep_of(enum site site)
{
    return site == SITE_Z      ? KEEP_Z
           : site == SITE_ATTN ? KEEP_ATTN
           : site == SITE_MLP  ? KEEP_MLP
                               : 0;
}

static int add_query(struct stratum_sums *sums, const struct experiment *x, struct engine *e,
                     size_t q, struct arena *scratch, struct arena *a, struct err *err)
{
    const struct survey *s = x->survey;
    const struct dataset *ds = x->scene->data;
    const struct query *query = &ds->query[q];
    struct stratum_sums *t = &sums[s->stratum_of[q]];
    int *role = arena_alloc(scratch, (size_t)query->n, sizeof *role, err);
    struct run run;
    struct variant v = {.ids = query->ids, .n = query->n, .rows = {0, query->n}, .into = &run};

    if (!role || (!t->n && sums_alloc(t, s, a, err)) ||
        run_alloc(&run, &e->model->shape, query->n, keep_of(s->site), scratch, err))
        return err->code;
    engine_run(e, &v, 1);
    if (!isfinite(run.rms) || !isfinite(run.log_z))
        return 0; /* the query itself will say so */
    match_roles(ds, s->order, prompt_of(query), role);
    if (s->means)
        add_means(t, s, &e->model->shape, &run, role);
    else
        add_moments(t, s, &e->model->shape, &run);
    return 0;
}

static int put_sums(const struct stratum_sums *t, const struct survey *s, struct buf *out,
                    struct err *err)
{
    if (buf_u32(out, t->n != NULL, err))
        return err->code;
    for (size_t r = 0; t->n && r < s->n_roles; r++)
        if (buf_u32(out, (uint32_t)t->n[r], err))
            return err->code;
    if (t->n && buf_f64(out, t->elements, err))
        return err->code;
    for (size_t i = 0; t->n && i < sum_size(s); i++)
        if (buf_f64(out, t->sum[i], err))
            return err->code;
    return 0;
}

int survey_run(const struct experiment *x, struct engine *e, size_t first, size_t n,
               struct arena *a, struct buf *out, struct err *err)
{
    const struct survey *s = x->survey;
    struct stratum_sums *sums = arena_alloc(a, s->n_strata, sizeof *sums, err);
    struct arena scratch = {0};

    if (!sums)
        return err->code;
    for (size_t q = first; q < first + n && !err->code; q++) {
        arena_reset(&scratch);
        if (s->stratum_of[q] >= 0)
            add_query(sums, x, e, q, &scratch, a, err);
    }
    arena_release(&scratch);
    for (size_t k = 0; k < s->n_strata && !err->code; k++)
        put_sums(&sums[k], s, out, err);
    return err->code;
}

uint64_t survey_flops(const struct experiment *x, size_t first, size_t n)
{
    uint64_t flops = 0;

    for (size_t q = first; q < first + n; q++) {
        const struct query *query = &x->scene->data->query[q];
        struct run into;
        struct variant v = {.ids = query->ids, .n = query->n, .rows = {0, query->n}, .into = &into};

        if (!query->status)
            flops += variant_flops(&v, &x->scene->model->shape);
    }
    return flops;
}

/* --- all blocks together --- */

struct survey_sums {
    struct arena arena;
    struct stratum_sums *v; /* (n_strata) */
};

int survey_begin(struct survey_sums **sums, const struct survey *s, struct err *err)
{
    *sums = mem_alloc(1, sizeof **sums, err);
    if (!*sums)
        return err->code;
    **sums = (struct survey_sums){0};
    (*sums)->v = arena_alloc(&(*sums)->arena, s->n_strata, sizeof *(*sums)->v, err);
    for (size_t k = 0; (*sums)->v && k < s->n_strata && !err->code; k++) {
        (*sums)->v[k] = (struct stratum_sums){0};
        sums_alloc(&(*sums)->v[k], s, &(*sums)->arena, err);
    }
    if (err->code) {
        arena_release(&(*sums)->arena);
        mem_free(*sums);
        *sums = NULL;
    }
    return err->code;
}

int survey_add(struct survey_sums *sums, const struct survey *s, const struct buf *rows,
               struct err *err)
{
    struct cursor c = {(const unsigned char *)rows->data, rows->len, 0, 0};

    cursor_u32(&c); /* the status of a unit: always ok */
    for (size_t k = 0; k < s->n_strata; k++) {
        struct stratum_sums *t = &sums->v[k];

        if (!cursor_u32(&c))
            continue;
        for (size_t r = 0; r < s->n_roles; r++)
            t->n[r] += (int32_t)cursor_u32(&c);
        t->elements += cursor_f64(&c);
        for (size_t i = 0; i < sum_size(s); i++)
            t->sum[i] += cursor_f64(&c);
    }
    return c.bad || c.pos != c.size
               ? err_set(err, ERR_BUG, "rows of a survey have %zu bytes, not as planned", rows->len)
               : 0;
}

static void settle_means(const struct stratum_sums *t, const struct survey *s, float *mean)
{
    for (size_t l = 0; l < s->n_layers; l++)
        for (size_t r = 0; r < s->n_roles; r++)
            for (size_t i = 0; i < s->width; i++) {
                size_t at = (l * s->n_roles + r) * s->width + i;

                mean[at] = (float)(t->sum[at] / t->n[r]); /* 0 / 0: NaN */
            }
}

/* Of all strata of the same dataset as `stratum`. */
static float settle_spread(const struct survey_sums *sums, const struct survey *s, size_t stratum,
                           size_t l, const struct hash *key)
{
    double n = 0, first = 0, second = 0;

    for (size_t k = 0; k < s->n_strata; k++) {
        if (!hash_eq(key[k], key[stratum]))
            continue;
        n += sums->v[k].elements;
        first += sums->v[k].sum[2 * l];
        second += sums->v[k].sum[2 * l + 1];
    }
    first /= n;
    second = second / n - first * first;
    return (float)sqrt(second > 0 || isnan(second) ? second : 0);
}

void survey_end(struct survey_sums *sums, struct survey *s)
{
    for (size_t k = 0; sums && k < s->n_strata; k++) {
        memcpy(s->n + k * s->n_roles, sums->v[k].n, s->n_roles * sizeof *s->n);
        if (s->means)
            settle_means(&sums->v[k], s, s->mean + k * mean_floats(s));
        for (size_t l = 0; !s->means && l < s->n_layers; l++)
            s->std[k * s->n_layers + l] = settle_spread(sums, s, k, l, s->key);
    }
    if (!sums)
        return;
    s->known = true;
    arena_release(&sums->arena);
    mem_free(sums);
}
