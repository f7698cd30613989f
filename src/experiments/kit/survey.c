#include "experiments/kit/survey.h"

#include "base/str.h"
#include "experiments/kit/match.h"
#include "experiments/kit/select.h"

#include <string.h>

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

    s->order = span_order_in(ds, x->arena, err);
    s->role = arena_alloc(x->arena, most, sizeof *s->role, err);
    s->role_slot = arena_alloc(x->arena, most, sizeof *s->role_slot, err);
    if (!role || !tok || !s->order || !s->role || !s->role_slot)
        return err->code;
    s->n_roles = !s->means;
    memset(s->role_slot, 0xff, most * sizeof *s->role_slot);
    for (size_t q = 0; s->means && q < ds->n; q++) {
        if (ds->query[q].status)
            continue;
        match_roles(ds, s->order, prompt_of(&ds->query[q]), role);
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

size_t survey_mean_floats(const struct survey *s)
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
    floats = s->n_strata * (survey_mean_floats(s) + s->n_layers);
    s->bytes = (floats + s->n_strata * s->n_roles) * sizeof(float);
    s->block = arena_alloc(x->arena, s->bytes, 1, err);
    if (!s->block)
        return err->code;
    memset(s->block, 0xff, s->bytes); /* NaN, until the survey is there */
    s->mean = s->block;
    s->std = s->mean + s->n_strata * survey_mean_floats(s);
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
