#include "experiments/kit/edge_ends.h"

#include <string.h>

static const char *const words[2][SITE_COUNT] = {
    {[SITE_Z] = "head", [SITE_MLP] = "mlp", [SITE_RESID] = "embedding"},
    {[SITE_READ_Q] = "q",
     [SITE_READ_K] = "k",
     [SITE_READ_V] = "v",
     [SITE_READ_MLP] = "mlp",
     [SITE_RESID] = "logits"},
};

int edge_receivers(const struct shape *s, struct edge_end **list, size_t *n, struct arena *a,
                   struct err *err)
{
    static const enum site sites[] = {SITE_READ_Q, SITE_READ_K, SITE_READ_V, SITE_READ_MLP};
    size_t most = (size_t)s->n_layers * (size_t)(s->n_heads + 2 * s->n_kv_heads + 1) + 1;
    struct edge_end *v = arena_alloc(a, most, sizeof *v, err);

    *list = v;
    *n = 0;
    for (int l = 0; v && l < s->n_layers; l++)
        for (int k = 0; k < 4; k++) {
            int parts = site_parts(s, sites[k]);

            for (int h = 0; h < (parts ? parts : 1); h++)
                v[(*n)++] = (struct edge_end){sites[k], l, parts ? h : -1, NULL};
        }
    if (v)
        v[(*n)++] = (struct edge_end){SITE_RESID, s->n_layers, -1, NULL};
    return err->code;
}

bool edge_joins(const struct shape *s, const struct edge_end *sender,
                const struct edge_end *receiver)
{
    return sender->layer < receiver->layer ||
           (sender->layer == receiver->layer && sender->site == SITE_Z &&
            receiver->site == SITE_READ_MLP && !s->parallel);
}

const char *edge_name(const struct experiment *x, enum site site, int layer, int head, bool reads,
                      struct err *err)
{
    const char *word = words[reads][site];

    if (head >= 0)
        return arena_printf(x->arena, err, "%s %d.%d", word, layer, head);
    return site == SITE_RESID ? word : arena_printf(x->arena, err, "%s %d", word, layer);
}

enum site edge_site(const char *name, bool reads)
{
    size_t n = strcspn(name, " ");
    int site = 0;

    while (site < SITE_COUNT && !(words[reads][site] && strlen(words[reads][site]) == n &&
                                  !strncmp(name, words[reads][site], n)))
        site++;
    return (enum site)site;
}
