/*
 * The ends of edges (docs/methods.md 6.3): which there are, and what they are called in results:
 * "head 3.1", "mlp 4", "embedding" add to the residual stream; "q 5.2", "k 5.0", "v 5.0", "mlp 4",
 * "logits" read it.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_EDGE_ENDS_H
#define LENSWEEP_EXPERIMENTS_KIT_EDGE_ENDS_H

#include "experiments/experiment.h"

/* A sender or a receiver. site: where what it adds comes from, or where it reads (the logits:
   SITE_RESID after the last layer). layer: -1 = the embedding, n_layers = the logits; head: -1 =
   none. */
struct edge_end {
    enum site site;
    int layer, head;
    const char *name;
};

/* All of a model that read the residual stream, layer by layer, without names; list in the
   arena. */
int edge_receivers(const struct shape *s, struct edge_end **list, size_t *n, struct arena *a,
                   struct err *err);

/* Does the receiver read what the sender adds? An MLP reads the attention of its own layer, unless
   the two are parallel. */
bool edge_joins(const struct shape *s, const struct edge_end *sender,
                const struct edge_end *receiver);

/* In x's arena; NULL on failure. reads: it is a receiver. */
const char *edge_name(const struct experiment *x, enum site site, int layer, int head, bool reads,
                      struct err *err);

/* The site of a name; SITE_COUNT = nothing that adds, or reads, is called so. */
enum site edge_site(const char *name, bool reads);

#endif
