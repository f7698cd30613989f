/*
 * Private to faithfulness*.c: how much of a metric the strongest nodes or edges of a sweep carry
 * (docs/methods.md 4).
 */
#ifndef LENSWEEP_EXPERIMENTS_FAITHFULNESS_H
#define LENSWEEP_EXPERIMENTS_FAITHFULNESS_H

#include "experiments/kit/edge_check.h"
#include "experiments/kit/metrics.h"
#include "experiments/kit/operation.h"
#include "experiments/kit/ranking.h"

struct faithfulness_config {
    const char *from;
    struct string_list groups;
    enum metric metric;
    struct real_list shares;
    struct operation_config op;
};

enum faithfulness_axis { ORDER, KEPT, SAMPLE, SHARE, NODE };

/* The strongest nodes first; as a baseline an order of chance, another for each sample. */
enum { STRONGEST, RANDOM, ORDERS };

struct faithfulness {
    struct ranking ranking;
    const char *metric; /* its word */
    struct hash hash;   /* of its order */
    struct places place;
    struct operation op;
    int32_t *k;      /* (shares) */
    int32_t *kept;   /* (n_kept) distinct k, rising, from 0 on */
    size_t *at_kept; /* (shares) where k is among them */
    size_t n_kept;
    uint32_t *random; /* (draws, nodes) places in the ranking, in an order of chance */
    bool blurred;     /* answers that begin with the same token spoil the metric */
};

/* What is not kept: nodes or edges of the ranking. */
struct dropped {
    const struct node *const *v; /* (n) */
    size_t n;
};

/* faithfulness_curve.c: axes, fields and averages. */
int faithfulness_declare(struct experiment *x, const struct faithfulness *f, const char *units,
                         struct err *err);

/* faithfulness_edges.c: the edits by which these edges are cut, all together: each reader reads of
   the senders at their ends what the operation makes of them, of all others what the run has.
   Appended to c->list, after change_begin. */
int faithfulness_cut(struct change *c, const struct dropped *edges, struct cell *cell);

/* The slot `edge_check`. */
int faithfulness_check(const struct experiment *x, const struct cell *query, struct worker *w,
                       struct edge_check *k, struct err *err);

#endif
