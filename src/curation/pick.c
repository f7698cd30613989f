#include "curation/pick.h"
#include "curation/names.h"

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static uint64_t key_of(const struct attempt *a)
{
    return hash_u64(a->subject->name, strlen(a->subject->name)) + (uint64_t)a->template;
}

/* Do both have prompts of this step, with their spans at the same tokens? */
static bool same_shape(const struct attempt *a, const struct attempt *b, int step)
{
    if (b->n_answers < step || span_empty(b->answer[step - 1]) ||
        a->answer[step - 1].lo != b->answer[step - 1].lo ||
        !span_eq(a->subject_at, b->subject_at) || !span_eq(a->relation_at, b->relation_at))
        return false;
    for (int i = 0; i + 1 < step; i++)
        if (!span_eq(a->answer[i], b->answer[i]))
            return false;
    return true;
}

/* Are its answers before this step right, and different ones? What was dropped may have others. */
static bool sound_before(const struct attempt *b, int step)
{
    for (int i = 0; b->reason && i + 1 < step; i++) {
        if (!b->object[i])
            return false;
        for (int k = 0; k < i; k++)
            if (b->object[k] == b->object[i])
                return false;
    }
    return true;
}

const struct attempt *pick_counterfactual(const struct curation *c, const struct attempt *a,
                                          int step)
{
    struct rng r = rng_for((uint64_t)c->config.curate.seed, key_of(a), "curate counterfactual");
    size_t n = c->facts.n, from = (size_t)(a->template - 1) * n, at = (size_t)rng_below(&r, n);

    for (size_t i = 0; i < n; i++) {
        const struct attempt *b = &c->attempt[from + (at + i) % n];

        if (b != a && same_shape(a, b, step) && sound_before(b, step) &&
            !names_meet(c, a->subject, b->subject, NULL))
            return b;
    }
    return NULL;
}

static bool among(const int32_t *v, int n, int32_t id)
{
    for (int i = 0; i < n; i++)
        if (v[i] == id)
            return true;
    return false;
}

/* Is it the first token of one of the attempt's own answers, or of its subject? */
static bool own(const struct attempt *a, int32_t id)
{
    for (int i = 0; i < a->n_answers; i++)
        if (a->ids[a->answer[i].lo] == id)
            return true;
    return a->ids[a->subject_at.lo] == id;
}

/* Is b's k-th answer right for a as well, whether or not it is among b's own facts? */
static bool is_right(const struct curation *c, const struct attempt *a, const struct attempt *b,
                     int k)
{
    return b->object[k] ? names_meet(c, a->subject, b->subject, b->object[k])
                        : names_find(c, a->subject, b->answer_name[k]) != NULL;
}

int pick_controls(const struct curation *c, const struct attempt *a, int32_t *out, size_t n,
                  struct arena *scratch, struct err *err)
{
    struct rng r = rng_for((uint64_t)c->config.curate.seed, key_of(a), "curate controls");
    uint32_t *order = arena_alloc(scratch, c->n, sizeof *order, err);
    int found = 0;

    for (size_t i = 0; order && i < c->n; i++)
        order[i] = (uint32_t)i;
    if (order)
        rng_shuffle(&r, order, c->n);
    for (size_t i = 0; order && i < c->n && (size_t)found < n; i++) {
        const struct attempt *b = &c->attempt[order[i]];

        for (int k = 0; !b->reason && b->subject != a->subject && k < b->n_answers; k++) {
            int32_t id = b->ids[b->answer[k].lo];

            if ((size_t)found < n && !among(out, found, id) && !own(a, id) && !is_right(c, a, b, k))
                out[found++] = id;
        }
    }
    return found;
}

struct drawn {
    uint64_t key;
    size_t subject;
};

static int by_key(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

/* The split of the ith of n items in their drawn order. */
static int split_of(const struct share_list *s, size_t i, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < s->n; k++) {
        sum += s->share[k];
        if ((double)i + 0.5 < sum * (double)n)
            return (int)k;
    }
    return (int)s->n - 1;
}

int pick_splits(struct curation *c, struct err *err)
{
    size_t subjects = c->facts.n, n = 0;
    struct drawn *place = arena_alloc(&c->arena, subjects, sizeof *place, err);

    if (!place || !c->config.curate.splits.n)
        return err->code;
    for (size_t i = 0; i < subjects; i++) {
        bool kept = false;

        for (size_t k = i; k < c->n; k += subjects)
            kept = kept || !c->attempt[k].reason;
        if (kept) {
            const char *name = c->facts.subject[i].name;
            struct rng r = rng_for((uint64_t)c->config.curate.seed, hash_u64(name, strlen(name)),
                                   "curate split");

            place[n++] = (struct drawn){rng_u64(&r), i};
        }
    }
    qsort(place, n, sizeof *place, by_key);
    for (size_t i = 0; i < n; i++)
        for (size_t k = place[i].subject; k < c->n; k += subjects)
            c->attempt[k].split = split_of(&c->config.curate.splits, i, n);
    return 0;
}
