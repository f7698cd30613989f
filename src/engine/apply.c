#include "engine/apply.h"

void apply_edits(const struct variant *v, const struct shape *s, enum site site, int layer, int t,
                 float *row)
{
    if (v->base)
        edits_apply(v->base->edit, v->base->n_edits, s, site, layer, t, row);
    edits_apply(v->edit, v->n_edits, s, site, layer, t, row);
}

void apply_read(const struct variant *v, const struct shape *s, enum site site, int layer, int head,
                int t, float *row)
{
    if (v->base)
        edits_read(v->base->edit, v->base->n_edits, s, site, layer, head, t, row);
    edits_read(v->edit, v->n_edits, s, site, layer, head, t, row);
}

bool apply_masks(const struct variant *v, int layer, int head, int t, struct span keys,
                 float *score)
{
    bool any = true;

    if (v->base)
        any = edits_mask(v->base->edit, v->base->n_edits, layer, head, t, keys, score);
    return edits_mask(v->edit, v->n_edits, layer, head, t, keys, score) && any;
}

void apply_pattern(const struct variant *v, int layer, int head, int t, struct span keys, float *p)
{
    if (v->base)
        edits_pattern(v->base->edit, v->base->n_edits, layer, head, t, keys, p);
    edits_pattern(v->edit, v->n_edits, layer, head, t, keys, p);
}
