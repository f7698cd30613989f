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
            buf_hash(&b, query->fingerprint, err);
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
    const struct dataset *ds = x->data;
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

static int find_slots(struct survey *s, const struct shape *shape, const bool *wanted,
                      struct arena *a, struct err *err)
{
    size_t n;

    s->n_layers = shape->n_layers + 1;
    n = SITE_COUNT * (size_t)s->n_layers;
    s->slot = arena_alloc(a, n, sizeof *s->slot, err);
    s->slot_of = arena_alloc(a, n, sizeof *s->slot_of, err);
    if (!s->slot || !s->slot_of)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        enum site site = (enum site)(i / (size_t)s->n_layers);

        s->slot_of[i] = wanted[i] ? (int)s->n_slots : -1;
        if (!wanted[i])
            continue;
        s->slot[s->n_slots++] = (struct survey_slot){
            site, (int)(i % (size_t)s->n_layers), (size_t)site_width(shape, site), s->mean_floats};
        s->mean_floats += s->means ? s->n_roles * (size_t)site_width(shape, site) : 0;
    }
    return 0;
}

unsigned survey_keep(const struct survey *s)
{
    unsigned keep = 0;

    for (size_t i = 0; i < s->n_slots; i++)
        keep |= site_keep(s->slot[i].site);
    return keep;
}

int survey_open(struct experiment *x, const bool *wanted, bool means, const struct places *places,
                struct err *err)
{
    struct survey *s = arena_alloc(x->arena, 1, sizeof *s, err);
    size_t floats;

    if (!s)
        return err->code;
    s->means = means;
    if (find_strata(s, x->data, x->arena, err) || hash_strata(s, x->data, x->arena, err) ||
        find_roles(s, x, places, err) || find_slots(s, x->shape, wanted, x->arena, err) ||
        hash_layout(s, x->data, x->arena, err))
        return err->code;
    floats = s->n_strata * (s->mean_floats + s->n_slots);
    s->bytes = (floats + s->n_strata * s->n_roles) * sizeof(float);
    s->block = arena_alloc(x->arena, s->bytes, 1, err);
    if (!s->block)
        return err->code;
    memset(s->block, 0xff, s->bytes); /* NaN, until the survey is there */
    s->mean = s->block;
    s->std = s->mean + s->n_strata * s->mean_floats;
    s->n = (int32_t *)(s->std + s->n_strata * s->n_slots);
    x->survey = s;
    return 0;
}

static size_t slot_of(const struct survey *s, enum site site, int layer)
{
    return (size_t)s->slot_of[(size_t)site * (size_t)s->n_layers + (size_t)layer];
}

const float *survey_mean(const struct survey *s, size_t query, enum site site, int layer, int role)
{
    const struct survey_slot *slot = &s->slot[slot_of(s, site, layer)];
    int stratum = s->stratum_of[query], at = s->role_slot[role];

    if (stratum < 0 || at < 0)
        return NULL;
    return s->mean + (size_t)stratum * s->mean_floats + slot->first + (size_t)at * slot->width;
}

float survey_std(const struct survey *s, size_t query, enum site site, int layer)
{
    return s->std[(size_t)s->stratum_of[query] * s->n_slots + slot_of(s, site, layer)];
}
