/*
 * Private to edges*.c: exact edges between a model's modules (docs/methods.md 6.3). A sender (a
 * head, an MLP, the embedding) adds a vector u to the residual stream; a receiver (a head's query,
 * key or value, an MLP, the logits) reads the stream. An edge is ablated by letting this receiver
 * alone read u' in the place of u.
 */
#ifndef LENSWEEP_EXPERIMENTS_EDGES_H
#define LENSWEEP_EXPERIMENTS_EDGES_H

#include "experiments/kit/edge_check.h"
#include "experiments/kit/metrics.h"
#include "experiments/kit/operation.h"

/* Bits. */
enum sender_kind { SENDER_HEAD = 1, SENDER_MLP = 2, SENDER_EMBEDDING = 4 };
enum receiver_kind {
    RECEIVER_Q = 1,
    RECEIVER_K = 2,
    RECEIVER_V = 4,
    RECEIVER_MLP = 8,
    RECEIVER_LOGITS = 16
};

struct edge_side_config {
    struct choice_list kinds;
    struct selector layers, heads;
};

struct edges_config {
    struct edge_side_config senders, receivers;
    struct selector positions;
    struct operation_config op;
    const char *from;
    struct string_list groups;
    enum metric rank_by;
    int64_t top;
    struct choice_list metrics; /* of enum metric */
};

struct edge {
    int32_t sender, receiver;
};

struct edges {
    struct operation op;
    struct places positions;
    struct edge_end *sender, *receiver;
    size_t n_senders, n_receivers;
    struct edge *edge; /* (n) by receiver, layer by layer, then by sender */
    size_t n;
    struct hash hash; /* of the list */
    struct effect_list effects;
};

enum edges_axis { EDGE, POSITION, FROM_LAYER, TO_LAYER, EFFECT };

/* edges_list.c: fills sender, receiver, edge and hash. Mistakes of the config go to problems. */
int edges_list(struct edges *e, struct experiment *x, struct problems *problems, struct err *err);

/* edges_operands.c: u' - u for the senders of the cells: the slots `prepare` and `prepared_bytes`;
   and of one of them, at a position and sample (tokens, d), NULL in plans. */
int edges_prepare(const struct experiment *x, const struct cell *query, uint64_t first, uint64_t n,
                  struct worker *w, const void **prepared, struct err *err);
double edges_prepared_bytes(const struct experiment *x, const struct query *q);
const float *edge_operand(const struct edges *e, const struct cell *cell, int position, int sample,
                          int sender);

/* The edits by which receiver r reads more by `add` (n, d) at the n tokens, into the list. */
int edge_push(const struct edge_end *r, const struct shape *s, const int *tok, int n,
              const float *add, struct edit_list *list);

/* The slot `edge_check`. */
int edges_check(const struct experiment *x, const struct cell *query, struct worker *w,
                struct edge_check *k, struct err *err);

#endif
