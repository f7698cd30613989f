#include "engine/edit.h"

#include <math.h>
#include <string.h>

const float *edit_operand(const struct edit *e, const struct shape *s, int layer, int t,
                          int64_t first)
{
    if (e->from)
        return run_row(e->from, s, e->site, layer, t + e->shift) + first;
    return e->vec + (int64_t)(t - e->tok.lo) * e->stride;
}

static void edit_row(const struct edit *e, const struct shape *s, int layer, int t, float *row)
{
    int64_t first = e->site == SITE_Z ? (int64_t)e->head.lo * s->d_head : 0;
    int64_t n = e->site == SITE_Z ? (int64_t)span_len(e->head) * s->d_head : s->d_model;
    const float *o =
        e->op == OP_SET || e->op == OP_ADD ? edit_operand(e, s, layer, t, first) : NULL;

    row += first;
    switch (e->op) {
    case OP_ZERO:
        memset(row, 0, (size_t)n * sizeof *row);
        break;
    case OP_SET:
        memcpy(row, o, (size_t)n * sizeof *row);
        break;
    case OP_ADD:
        for (int64_t i = 0; i < n; i++)
            row[i] += e->scale * o[i];
        break;
    case OP_SCALE:
        for (int64_t i = 0; i < n; i++)
            row[i] *= e->scale;
        break;
    case OP_MASK: /* means nothing outside the pattern */
        break;
    }
}

static bool names(const struct edit *e, enum site site, int layer, int t)
{
    return e->site == site && span_has(e->layer, layer) && span_has(e->tok, t);
}

void edits_apply(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                 int t, float *row)
{
    for (int i = 0; i < n; i++)
        if (names(&e[i], site, layer, t))
            edit_row(&e[i], s, layer, t, row);
}

bool edits_mask(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *score)
{
    bool masked = false;

    for (int i = 0; i < n_edits; i++) {
        if (e[i].op != OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        masked = true;
        for (int s = e[i].key.lo; s < e[i].key.hi && s < n; s++)
            score[s] = -INFINITY;
    }
    if (!masked)
        return true;
    for (int s = 0; s < n; s++)
        if (score[s] != -INFINITY)
            return true;
    return false;
}

void edits_pattern(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *p)
{
    for (int i = 0; i < n_edits; i++) {
        float factor = e[i].op == OP_SCALE ? e[i].scale : 0;

        if (e[i].op == OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        for (int s = e[i].key.lo; s < e[i].key.hi && s < n; s++)
            p[s] = factor == 0 ? 0 : p[s] * factor;
    }
}
