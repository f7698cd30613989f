#include "engine/noop.h"

#include <string.h>

/* Nothing is added to what a module reads: enough for edges; what it reads is not always kept. */
static bool reads_the_same(const struct edit *e, const struct shape *s, int layer, int t)
{
    const float *o;

    if (e->op != OP_ADD)
        return e->op == OP_SCALE && e->scale == 1;
    o = edit_operand(e, s, layer, t, 0);
    for (int64_t i = 0; i < s->d_model; i++)
        if (e->scale * o[i] != 0)
            return false;
    return true;
}

/* Is the value that an edit would replace known, and what the edit would make of it? */
static bool puts_back(const struct edit *e, const struct variant *v, const struct shape *s,
                      int layer, int t)
{
    int64_t first = edit_first(e, s), n = edit_width(e, s);
    const float *have, *o;

    if (site_is_read(e->site))
        return reads_the_same(e, s, layer, t);
    have = run_row(v->base, s, e->site, layer, t) + first;
    switch (e->op) {
    case OP_SET:
        o = edit_operand(e, s, layer, t, first);
        return o == have || memcmp(have, o, (size_t)n * sizeof *o) == 0;
    case OP_ZERO:
        for (int64_t i = 0; i < n; i++)
            if (have[i] != 0)
                return false;
        return true;
    case OP_ADD:
        o = edit_operand(e, s, layer, t, first);
        for (int64_t i = 0; i < n; i++)
            if (have[i] + e->scale * o[i] != have[i])
                return false;
        return true;
    case OP_SCALE:
        return e->scale == 1;
    case OP_MASK:
    case OP_SWAP:
        break;
    }
    return false;
}

/* Of a pattern's edit: does no row see any of its keys, by causality or for the window? */
static bool sees_nothing(const struct edit *e, const struct shape *s)
{
    if (span_empty(e->key) || e->key.lo >= e->tok.hi)
        return true;
    for (int l = e->layer.lo; l < e->layer.hi; l++)
        if (e->key.hi > keys_seen(s, l, e->tok.lo).lo)
            return false;
    return true;
}

bool variant_is_noop(const struct variant *v, const struct shape *s)
{
    if (!v->base || v->goes_on)
        return false;
    for (int i = 0; i < v->n_edits; i++) {
        const struct edit *e = &v->edit[i];

        if (span_empty(e->layer) || span_empty(e->tok))
            continue;
        if (e->site == SITE_PATTERN && e->op == OP_SCALE && e->scale == 1)
            continue;
        if (e->site == SITE_PATTERN && sees_nothing(e, s))
            continue;
        if (!site_is_read(e->site) && !run_site(v->base, e->site))
            return false;
        for (int l = e->layer.lo; l < e->layer.hi; l++)
            for (int t = e->tok.lo; t < e->tok.hi; t++)
                if (!puts_back(e, v, s, l, t))
                    return false;
    }
    return true;
}

/* The first token of a run that its own edits may have changed. */
static int first_edited(const struct run *r)
{
    int first = r->n;

    for (int i = 0; i < r->n_edits; i++)
        if (r->edit[i].tok.lo < first)
            first = r->edit[i].tok.lo;
    return first;
}

bool variant_is_plain_noop(const struct variant *v)
{
    for (int i = 0; v->base && i < v->n_edits; i++) {
        const struct edit *e = &v->edit[i];

        if (e->op != OP_SET || !e->from || e->shift || e->held || e->from->ids != v->base->ids ||
            e->tok.hi > first_edited(v->base) || e->tok.hi > first_edited(e->from))
            return false;
    }
    return v->base != NULL;
}
