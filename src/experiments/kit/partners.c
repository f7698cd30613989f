#include "experiments/kit/partners.h"

#include "experiments/kit/operation.h"

#include "base/rng.h"
#include "base/str.h"
#include "experiments/kit/match.h"
#include "experiments/kit/select.h"

#include <string.h>

/* Roles that each query has, and those that it needs, as bits: (queries, words). */
struct role_sets {
    size_t words;
    uint64_t *has, *needs;
};

static void add_roles(uint64_t *bits, const int *role, const int *tok, int n)
{
    for (int i = 0; i < n; i++) {
        int r = role[tok ? tok[i] : i];

        bits[r / 64] |= (uint64_t)1 << (r % 64);
    }
}

static int role_sets_open(struct role_sets *s, const struct experiment *x,
                          const struct places *places, struct arena *a, struct err *err)
{
    const struct dataset *ds = x->data;
    const int *order = span_order_in(ds, a, err);
    int *role = arena_alloc(a, (size_t)ds->max_tokens, sizeof *role, err);
    int *tok = arena_alloc(a, 2 * (size_t)ds->max_tokens, sizeof *tok, err);

    s->words = (size_t)match_roles_count(ds) / 64 + 1;
    s->has = arena_alloc(a, ds->n * s->words, sizeof *s->has, err);
    s->needs = arena_alloc(a, ds->n * s->words, sizeof *s->needs, err);
    if (!order || !role || !tok || !s->has || !s->needs)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];

        if (query->status)
            continue;
        match_roles(ds, order, prompt_of(query), role);
        add_roles(s->has + q * s->words, role, NULL, query->n);
        for (size_t i = 0; i < places->n; i++)
            add_roles(s->needs + q * s->words, role, tok,
                      place_tokens(&places->v[i], x->scene, query, tok));
    }
    return 0;
}

static bool includes(const uint64_t *has, const uint64_t *needs, size_t words)
{
    for (size_t i = 0; i < words; i++)
        if (needs[i] & ~has[i])
            return false;
    return true;
}

static bool alike(const struct query *a, const struct query *b, unsigned match)
{
    return !b->status && (!(match & MATCH_TEMPLATE) || a->template == b->template) &&
           (!(match & MATCH_STEP) || a->step == b->step) && str_eq(a->dataset, b->dataset) &&
           !str_eq(a->item, b->item);
}

/* Keeps the `draws` candidates with the smallest numbers, smallest first. */
static void keep_smallest(int64_t *of, uint64_t *number, int draws, int64_t candidate, uint64_t own)
{
    int k = draws;

    while (k > 0 && (of[k - 1] < 0 || number[k - 1] > own))
        k--;
    if (k == draws)
        return;
    memmove(of + k + 1, of + k, (size_t)(draws - k - 1) * sizeof *of);
    memmove(number + k + 1, number + k, (size_t)(draws - k - 1) * sizeof *number);
    of[k] = candidate;
    number[k] = own;
}

static void draw(const struct partners *p, const struct experiment *x, const struct role_sets *s,
                 unsigned match, size_t q, uint64_t *number)
{
    const struct query *own = &x->data->query[q];
    int64_t *of = p->of + q * (size_t)p->draws;

    for (size_t i = 0; i < x->data->n && !own->status; i++) {
        const struct query *other = &x->data->query[i];
        struct rng r;

        if (!alike(own, other, match) ||
            !includes(s->has + i * s->words, s->needs + q * s->words, s->words))
            continue;
        r = rng_for((uint64_t)x->scene->config->data.seed,
                    own->fingerprint.lo ^ other->fingerprint.hi, "resample");
        keep_smallest(of, number, p->draws, (int64_t)i, rng_u64(&r));
    }
}

const struct choice match_choices[] = {
    {"template", MATCH_TEMPLATE}, {"step", MATCH_STEP}, {NULL, 0}};

int partners_open(struct partners *p, const struct experiment *x, const struct places *places,
                  int draws, unsigned match, struct err *err)
{
    struct arena scratch = {0};
    struct role_sets sets;
    uint64_t *number = arena_alloc(&scratch, (size_t)draws, sizeof *number, err);

    p->draws = draws;
    p->of = arena_alloc(x->arena, x->data->n * (size_t)draws, sizeof *p->of, err);
    if (p->of && number && !role_sets_open(&sets, x, places, &scratch, err)) {
        memset(p->of, 0xff, x->data->n * (size_t)draws * sizeof *p->of);
        for (size_t q = 0; q < x->data->n; q++)
            draw(p, x, &sets, match, q, number);
    }
    arena_release(&scratch);
    return err->code;
}

static bool is_step_of(const struct query *other, const struct query *q, int step)
{
    return !other->status && other->step == step && other->template == q->template &&
           str_eq(other->item, q->item) && str_eq(other->dataset, q->dataset);
}

int partners_at_step(struct partners *p, const struct experiment *x, int step, struct err *err)
{
    const struct dataset *ds = x->data;

    p->draws = 1;
    p->of = arena_alloc(x->arena, ds->n, sizeof *p->of, err);
    for (size_t q = 0; p->of && q < ds->n; q++) {
        p->of[q] = -1;
        for (size_t i = 0; !ds->query[q].status && i < ds->n && p->of[q] < 0; i++)
            if (is_step_of(&ds->query[i], &ds->query[q], step))
                p->of[q] = (int64_t)i;
    }
    return p->of ? 0 : err->code;
}

const struct query *partner_of(const struct partners *p, const struct dataset *ds,
                               const struct query *q, int draw)
{
    int64_t other = p->of[(q - ds->query) * p->draws + draw];

    return other < 0 ? NULL : &ds->query[other];
}

int partners_runs(const struct partners *p, const struct dataset *ds, const struct query *q,
                  unsigned keep, struct run_spec *spec)
{
    int n = 0;

    for (int i = 0; i < p->draws; i++) {
        const struct query *other = partner_of(p, ds, q, i);

        if (other)
            spec[n++] = (struct run_spec){
                .keep = keep, .base = -1, .ids = other->ids, .n = other->n, .all_rows = true};
    }
    return n;
}

struct hash partners_hash(const struct partners *p, const struct dataset *ds, const struct query *q,
                          struct hash from)
{
    uint64_t v[2 + 2 * DRAWS_MAX] = {from.hi, from.lo};
    size_t n = 2;

    for (int i = 0; i < p->draws; i++) {
        const struct query *other = partner_of(p, ds, q, i);

        v[n++] = other ? other->fingerprint.hi : 0;
        v[n++] = other ? other->fingerprint.lo : 0;
    }
    return hash_bytes(v, n * sizeof *v);
}

int partners_likeness(const struct partners *p, const struct dataset *ds, const struct query *q,
                      struct buf *b, struct err *err)
{
    for (int i = 0; i < p->draws; i++) {
        const struct query *other = partner_of(p, ds, q, i);

        if (buf_u32(b, other ? (uint32_t)other->n : 0, err) || buf_u32(b, other == q, err))
            return err->code;
    }
    return 0;
}

int partners_declare(struct experiment *x, struct err *err)
{
    return add_late_field(x, "partner", V_I8, "query sample", NULL,
                          "query that is resampled from; -1 = none", err);
}

void partners_late(const struct row *row)
{
    const struct partners *p = &row->x->op->partners;
    int64_t *out = row_i64(row, "partner");

    if (out)
        memcpy(out, p->of + (row->q - row->x->data->query) * p->draws,
               (size_t)p->draws * sizeof *out);
}
