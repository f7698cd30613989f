#include "experiments/kit/edit_list.h"

int edit_list_push(struct edit_list *l, struct edit e)
{
    if (arena_grow(l->a, &l->v, (size_t)l->n, &l->cap, sizeof *l->v, l->err))
        return l->err->code;
    l->v[l->n++] = e;
    return 0;
}

int edit_list_push_tokens(struct edit_list *l, struct edit e, const int *tok, const int *src, int n)
{
    const float *vec = e.vec;

    for (int i = 0; i < n;) {
        int first = i, shift = src ? src[i] - tok[i] : 0;

        while (++i < n && tok[i] == tok[i - 1] + 1 && (!src || src[i] - tok[i] == shift))
            ;
        e.tok = (struct span){tok[first], tok[i - 1] + 1};
        e.shift = shift;
        e.vec = vec ? vec + first * e.stride : NULL;
        if (edit_list_push(l, e))
            return l->err->code;
    }
    return 0;
}

int edit_list_push_cut(struct edit_list *l, struct span layer, struct span head, bool renormalise,
                       const int *tok, int n, const int *key, int n_keys)
{
    struct edit e = {
        .site = SITE_PATTERN, .op = renormalise ? OP_MASK : OP_ZERO, .layer = layer, .head = head};

    for (int i = 0; i < n_keys;) {
        int first = i;

        while (++i < n_keys && key[i] == key[i - 1] + 1)
            ;
        e.key = (struct span){key[first], key[i - 1] + 1};
        if (edit_list_push_tokens(l, e, tok, NULL, n))
            return l->err->code;
    }
    return 0;
}
