#include "experiments/kit/edge_names.h"

#include <string.h>

static const char *const words[2][SITE_COUNT] = {
    {[SITE_Z] = "head", [SITE_MLP] = "mlp", [SITE_RESID] = "embedding"},
    {[SITE_READ_Q] = "q",
     [SITE_READ_K] = "k",
     [SITE_READ_V] = "v",
     [SITE_READ_MLP] = "mlp",
     [SITE_RESID] = "logits"},
};

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
