/*
 * Runs, variants and edits as data, and the planner.
 *
 * A *run* is a prompt's complete forward pass, kept row by row. A *variant* is a run of its own or
 * an edit of one that is kept: {base, edits, what is asked}. Nothing here says how rows are
 * executed: wave.h computes only the rows that an edit can change, naive.h all of them.
 *
 * The rows that an edit can change are one interval per stage of a layer, by causality: once a
 * row's key and value have changed, every row from it to the end has. `stage_next` is the whole
 * planner; the executor and the FLOP count both call it, so plan and work cannot disagree.
 */
#ifndef LENSWEEP_ENGINE_VARIANT_H
#define LENSWEEP_ENGINE_VARIANT_H

#include "base/mem.h"
#include "base/span.h"
#include "model/model.h"

#include <stdbool.h>
#include <stdint.h>

/* Where an edit acts. SITE_RESID at layer l is x_l: 0 = the embedding, L = what the final norm sees
   (the residual AFTER layer l is SITE_RESID at l + 1). */
enum site { SITE_RESID, SITE_PATTERN, SITE_Z, SITE_ATTN, SITE_MLP };

/* OP_MASK (SITE_PATTERN only) acts before the softmax: zero and renormalise. A row with no key left
   gives z = 0. SITE_PATTERN knows OP_ZERO, OP_SCALE and OP_MASK. */
enum op { OP_ZERO, OP_SET, OP_ADD, OP_SCALE, OP_MASK };

struct run;

struct edit {
    enum site site;
    enum op op;
    struct span layer;      /* every layer in it */
    struct span head;       /* SITE_Z, SITE_PATTERN: query heads; elsewhere not looked at */
    struct span tok;        /* rows */
    struct span key;        /* SITE_PATTERN: key tokens */
    float scale;            /* OP_SCALE: the factor; OP_ADD: times the operand */
    const struct run *from; /* OP_SET, OP_ADD: the operand is this run's row at the same site and
                               layer, token t + shift; NULL: it is vec */
    int shift;
    const float *vec; /* operand of token tok.lo + i at vec + i * stride; as wide as the row, or as
                         the heads edited */
    int64_t stride;   /* 0 = the same vector for every token */
};

/* What a run keeps beside x, k, v. */
enum { KEEP_Z = 1, KEEP_ATTN = 2, KEEP_MLP = 4, KEEP_PATTERN = 8, KEEP_ALL = 15 };

struct run {
    const int32_t *ids; /* (n), borrowed */
    int n;
    unsigned keep;
    const struct edit *edit; /* the edits that made it; borrowed. Its base has none of its own: a
                                run that is kept starts from a clean one */
    int n_edits;

    float *x;       /* (L+1, n, d) residual stream, x[l] as layer l sees it */
    float *k, *v;   /* (L, n, G dh), k after RoPE */
    float *z;       /* (L, n, H dh) */
    float *a, *m;   /* (L, n, d) attention and MLP outputs */
    float *p;       /* (L, H, n) the last row's attention pattern */
    float *logits;  /* (V) of the last row */
    float *prob;    /* (V) their softmax */
    double log_z;   /* log of the sum of exp(logits) */
    float rms;      /* sqrt(mean(x_L^2) + eps) of the last row: the divisor of the final norm */
    int32_t argmax; /* of logits; the lowest id among equals */
};

/* What the last row is asked for, and the place for it. The caller owns every array. */
enum {
    ASK_VOCAB = 1,  /* logit, logprob, rank of the targets, argmax, KL(base || variant) */
    ASK_LAYERS = 2, /* a, m and x_{l+1} of every layer */
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
};

struct variant {
    const struct run *base; /* what it is an edit of; NULL: a run from ids */
    const int32_t *ids;     /* (n) if base is NULL */
    int n;
    const struct edit *edit;
    int n_edits;
    struct span rows; /* rows needed at the end; empty = the last one */
    unsigned asks;
    struct answer *answer;
    struct run *into; /* keep all its rows here (from run_alloc); NULL = only the answer */
};

/* Rows computed in one layer: keys and values, attention, MLP, and all that is new after it. */
struct stage {
    struct span kv, att, mlp, out;
};

/* Shape (n) rows of a run in the arena; arrays that `keep` does not name stay NULL. */
int run_alloc(struct run *r, const struct shape *s, int n, unsigned keep, struct arena *a,
              struct err *err);
size_t run_bytes(const struct shape *s, int n, unsigned keep);

/* All of `from`'s rows and logits; arrays that `to` does not keep are left out. */
void run_copy(struct run *to, const struct run *from, const struct shape *s);

int variant_tokens(const struct variant *v);
struct span variant_rows(const struct variant *v); /* rows needed at the end */

/* The first layer in which it computes anything: [0, L]. */
int variant_enter(const struct variant *v, int n_layers);

/* Hull of the rows that its edits name at this layer and site. */
struct span variant_edited(const struct variant *v, int layer, enum site site);

/* The stage at layer l when rows x of the residual stream have changed so far. */
struct stage stage_next(const struct variant *v, struct span x, int l, int n_layers);

/* Rows that it ever holds at once: its place in a wave. */
struct span variant_extent(const struct variant *v, int n_layers);

/* Can its last row differ from the base's? If not, its answer is the base's, bit for bit. */
bool variant_reaches(const struct variant *v, int n_layers);

/* FLOP of its GEMMs, as the wave executor does them and as a full pass for each would. */
uint64_t variant_flops(const struct variant *v, const struct shape *s);
uint64_t variant_flops_naive(const struct variant *v, const struct shape *s);

/* Do two variants name the same rows, so that they have the same stages and FLOP? The samples of a
   cell do: plans need not count them one by one. */
bool variant_same_rows(const struct variant *a, const struct variant *b);

/* Does every edit put back, bit for bit, what its base has there? Then the effect is exactly 0 and
   nothing is run. */
bool variant_is_noop(const struct variant *v, const struct shape *s);

/* The same as far as it can be told from the runs' making, without their rows: an edit that puts a
   run's own row into another run of the same prompt, left of the first token in which the two were
   made to differ. For plans; what it says is true of the rows as well. */
bool variant_is_plain_noop(const struct variant *v);

/* The row of a run that a site's edit replaces, and how wide it is. */
const float *run_row(const struct run *r, const struct shape *s, enum site site, int layer,
                     int tok);
int64_t site_width(const struct shape *s, enum site site);

/* Applies to `row`, the site's value of token t at this layer, the edits in the list that name it.
   Not for SITE_PATTERN. */
void edits_apply(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                 int t, float *row);

/* The same for one head's pattern of row t over keys [0, n): before the softmax (masks; false if no
   key is left) or after it. */
bool edits_mask(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *score);
void edits_pattern(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *p);

#endif
