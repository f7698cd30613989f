/*
 * What must hold of edges whatever the model and the data (docs/methods.md 5): for audits, which
 * draw a sender and let the readers of what it adds read u' in one run.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_EDGE_CHECK_H
#define LENSWEEP_EXPERIMENTS_KIT_EDGE_CHECK_H

#include "base/rng.h"
#include "experiments/kit/edge_ends.h"
#include "experiments/kit/operation.h"

enum edge_identity {
    EDGES_NOTHING, /* all edges, with what the sender adds as it is: the clean run, bit for bit */
    EDGES_SENDER,  /* all edges: the sender itself with the operation */
    EDGES_DIRECT,  /* the edge into the logits: the direct effect (kit/direct.h) */
};

struct edge_check {
    enum edge_identity which;
    struct rng rng; /* draws what is checked */
    struct arena *a;
    struct edge_end sender;
    struct operation op;
    struct change change;          /* the sender's, begun; its list is of the edges */
    struct edge_end *receiver;     /* (n) that read u' */
    size_t n;                      /* 0 = there is nothing to check */
    struct variant edges, patched; /* (the sender itself changed); without answers */
};

/* k->which, rng, a and sender are set, the rest is 0. Draws a place and a sample; for EDGES_DIRECT
   one that has the last token. k->n stays 0 where there is none, and for all edges of a model that
   norms the queries of all heads together. */
int edge_check_begin(struct edge_check *k, const struct experiment *x, const struct cell *query,
                     struct err *err);

/* k->change.list is of the edges: the variants. */
int edge_check_end(struct edge_check *k, struct err *err);

#endif
