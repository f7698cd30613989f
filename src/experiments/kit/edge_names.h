/*
 * What the ends of edges are called in results: "head 3.1", "mlp 4", "embedding" add to the
 * residual stream; "q 5.2", "k 5.0", "v 5.0", "mlp 4", "logits" read it.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_EDGE_NAMES_H
#define LENSWEEP_EXPERIMENTS_KIT_EDGE_NAMES_H

#include "experiments/experiment.h"

/* In x's arena; NULL on failure. site: where it adds, or reads (the logits: SITE_RESID). head: -1 =
   none. */
const char *edge_name(const struct experiment *x, enum site site, int layer, int head, bool reads,
                      struct err *err);

/* The site of a name; SITE_COUNT = nothing that adds, or reads, is called so. */
enum site edge_site(const char *name, bool reads);

#endif
