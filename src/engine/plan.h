/*
 * Variants as data, and the planner.
 *
 * A *variant* is a run of its own or an edit of one that is kept: {base, edits, what is asked}.
 * Nothing here says how rows are executed: wave.h computes only the rows that an edit can change,
 * naive.h all of them.
 *
 * The rows that an edit can change are one interval per stage of a layer, by causality: once a
 * row's key and value have changed, every row from it on that sees it has. `stage_next` is the
 * whole planner; the executor and the FLOP count both call it, so plan and work cannot disagree.
 */
#ifndef LENSWEEP_ENGINE_PLAN_H
#define LENSWEEP_ENGINE_PLAN_H

#include "engine/edit.h"
#include "engine/run.h"

#include <stdbool.h>
#include <stdint.h>

/* What the last row, or all `rows`, are asked for. The caller owns every array. */
enum {
    ASK_VOCAB = 1,    /* logit, logprob, rank of the targets, argmax, KL(base || variant) */
    ASK_LAYERS = 2,   /* a, m and x_{l+1} of every layer */
    ASK_LOGITS = 4,   /* logit of the targets and nothing else of the vocabulary: only their rows of
                         the unembedding are read; the bits are those of ASK_VOCAB */
    ASK_ROWS = 8,     /* x_L of all `rows`, the base's where they are not computed anew */
    ASK_LOGPROB = 16, /* logit and logprob of the targets, as ASK_VOCAB has them, alone */
    /* Sets of them, to ask whether a row is asked for any: */
    ASK_LOGPROBS = ASK_VOCAB | ASK_LOGPROB,  /* what needs the whole vocabulary */
    ASK_TARGETS = ASK_LOGPROBS | ASK_LOGITS, /* what says something of the targets */
};

struct answer {
    const int32_t *target; /* (n_targets) token ids; one < 0 gives NaN and -1 */
    int n_targets;
    float *logit, *logprob; /* (n_targets) */
    int32_t *rank;          /* (n_targets), counting strictly greater logits */
    float kl;               /* NaN without a base */
    float rms;              /* as in struct run */
    int32_t argmax;
    float *a, *m, *x; /* (L, d) each; NULL = not wanted */
    float *final;     /* (rows, d) for ASK_ROWS */
};

struct variant {
    const struct run *base; /* what it is an edit of; NULL: a run from ids */
    const int32_t *ids;     /* (n) if base is NULL, or it goes on from it */
    int n;
    bool goes_on; /* the base is a growing run, which has the first base->n of the ids; the others
                     are new rows. `into` is the base itself, whose n the caller sets then */
    const struct edit *edit;
    int n_edits;
    struct span rows; /* rows needed at the end; empty = the last one */
    unsigned asks;
    struct answer *answer;
    struct run *into; /* keep all its rows here (from run_alloc); NULL = only the answer */
};

/* Rows computed in one layer: keys and values, attention, MLP, and all that is new after it.
   Rows of `out` that are not of att or mlp take a_l or m_l from the base. */
struct stage {
    struct span kv, att, mlp, out;
};

/* The keys that row t of a layer sees. */
static inline struct span keys_seen(const struct shape *s, int layer, int t)
{
    int window = shape_window(s, layer);

    return (struct span){window && window <= t ? t + 1 - window : 0, t + 1};
}

int variant_tokens(const struct variant *v);
struct span variant_rows(const struct variant *v); /* rows needed at the end */
struct span variant_new(const struct variant *v);  /* rows that begin as embeddings of ids */

/* What its edits with OP_SWAP share; NULL = it has none. */
const struct swaps *variant_swaps(const struct variant *v);

/* The first layer in which it computes anything, or notes what senders add: [0, L]. */
int variant_enter(const struct variant *v, int n_layers);

/* Hull of the rows that its edits name at this layer and site. */
struct span variant_edited(const struct variant *v, int layer, enum site site);

/* Does a head read token t for itself at this site (SITE_READ_Q, _K, _V)? */
bool variant_reads(const struct variant *v, enum site site, int layer, int head, int t);

/* The stage at layer l when rows x of the residual stream have changed so far. */
struct stage stage_next(const struct variant *v, struct span x, int l, const struct shape *s);

/* Rows that it ever holds at once: its place in a wave. */
struct span variant_extent(const struct variant *v, const struct shape *s);

/* FLOP of its GEMMs, as the wave executor does them and as a full pass for each would. */
uint64_t variant_flops(const struct variant *v, const struct shape *s);
uint64_t variant_flops_naive(const struct variant *v, const struct shape *s);

/* Do two variants name the same rows, so that they have the same stages and FLOP? The samples of a
   cell do: plans need not count them one by one. */
bool variant_same_rows(const struct variant *a, const struct variant *b);

#endif
