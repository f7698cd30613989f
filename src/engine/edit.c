#include "engine/edit.h"

#include <math.h>
#include <string.h>

const float *edit_operand(const struct edit *e, const struct shape *s, int layer, int t,
                          int64_t first)
{
    if (e->held && t >= e->held)
        t = e->held - 1;
    if (e->from)
        return run_row(e->from, s, e->site, layer, t + e->shift) + first;
    return e->vec + (int64_t)(t - e->tok.lo) * e->stride;
}

/* Are the rows themselves cut up, and not only their readers? */
static bool cuts_rows(const struct edit *e, const struct shape *s)
{
    return !site_is_read(e->site) && site_parts(s, e->site);
}

int64_t edit_first(const struct edit *e, const struct shape *s)
{
    return cuts_rows(e, s) ? e->head.lo * site_part_width(s, e->site) : 0;
}

int64_t edit_width(const struct edit *e, const struct shape *s)
{
    return cuts_rows(e, s) ? span_len(e->head) * site_part_width(s, e->site) : s->d_model;
}

/* Adds `scale` times u' - u. */
static void add_change(const struct swaps *s, int sender, int64_t d, int t, float scale, float *row)
{
    int64_t at = (int64_t)sender * span_len(s->tok) + t - s->tok.lo;
    const float *change = s->change + at * d;

    for (int64_t i = 0; i < d; i++)
        row[i] += scale * change[i];
}

static void swap_row(const struct edit *e, int64_t d, int t, float *row)
{
    if (e->all_but)
        memcpy(row, e->swaps->all + (t - e->swaps->tok.lo) * d, (size_t)d * sizeof *row);
    for (int i = 0; i < e->n_senders; i++)
        add_change(e->swaps, e->sender[i], d, t, e->all_but ? -1 : 1, row);
}

static void edit_row(const struct edit *e, const struct shape *s, int layer, int t, float *row)
{
    int64_t first = edit_first(e, s), n = edit_width(e, s);
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
    case OP_SWAP:
        swap_row(e, n, t, row);
        break;
    case OP_MASK: /* only the pattern has it */
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

static bool names_read(const struct edit *e, enum site site, int layer, int head, int t)
{
    return names(e, site, layer, t) && (site == SITE_READ_MLP || span_has(e->head, head));
}

void edits_read(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                int head, int t, float *row)
{
    for (int i = 0; i < n; i++)
        if (names_read(&e[i], site, layer, head, t))
            edit_row(&e[i], s, layer, t, row);
}

bool edits_name_read(const struct edit *e, int n, enum site site, int layer, int head, int t)
{
    for (int i = 0; i < n; i++)
        if (names_read(&e[i], site, layer, head, t))
            return true;
    return false;
}

bool edits_mask(const struct edit *e, int n_edits, int layer, int head, int t, struct span keys,
                float *score)
{
    bool masked = false;

    for (int i = 0; i < n_edits; i++) {
        struct span cut = span_clip(e[i].key, keys);

        if (e[i].op != OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        masked = true;
        for (int s = cut.lo; s < cut.hi; s++)
            score[s] = -INFINITY;
    }
    if (!masked)
        return true;
    for (int s = keys.lo; s < keys.hi; s++)
        if (score[s] != -INFINITY)
            return true;
    return false;
}

void edits_pattern(const struct edit *e, int n_edits, int layer, int head, int t, struct span keys,
                   float *p)
{
    for (int i = 0; i < n_edits; i++) {
        float factor = e[i].op == OP_SCALE ? e[i].scale : 0;
        struct span cut = span_clip(e[i].key, keys);

        if (e[i].op == OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        for (int s = cut.lo; s < cut.hi; s++)
            p[s] = factor == 0 ? 0 : p[s] * factor;
    }
}
