/*
 * Edits as data, and what one does to a row: of a site's values, of the scores before a softmax, of
 * the pattern after it. Both executors apply them through here.
 */
#ifndef LENSWEEP_ENGINE_EDIT_H
#define LENSWEEP_ENGINE_EDIT_H

#include "base/span.h"
#include "engine/run.h"

#include <stdbool.h>
#include <stdint.h>

/* OP_MASK (SITE_PATTERN only) acts before the softmax: zero and renormalise. A row with no key left
   gives z = 0. SITE_PATTERN knows OP_ZERO, OP_SCALE and OP_MASK. OP_SWAP: struct swaps. */
enum op { OP_ZERO, OP_SET, OP_ADD, OP_SCALE, OP_MASK, OP_SWAP };

struct edit;

/* What adds to the residual stream: a head (SITE_Z), an MLP (SITE_MLP), the embedding
   (SITE_RESID of layer 0), and edits of its site that say what it would add, u', in the place of
   u. */
struct sender {
    enum site site;
    int layer, head;         /* head: 0 where the site has none */
    const struct edit *edit; /* (n_edits) at tok of the swaps; they do not act in the run itself */
    int n_edits;
};

/*
 * OP_SWAP: a reader (where a module reads; SITE_RESID of the last layer, which the logits read)
 * reads some senders as if they added u', whatever they add in this run. All edits of a variant
 * share one list, and its base is a clean run; the run fills the arrays layer by layer, so each
 * variant has its own. Not where a norm stands after attention: there heads do not add up.
 */
struct swaps {
    const struct sender *sender; /* (n) layer by layer, in each the heads first */
    int n;
    struct span tok; /* from the first to the last row that an edit names */
    float *change;   /* (n, tok, d) u' - u in this run; NULL in plans */
    float *all;      /* (tok, d) the stream so far with u' of all senders */
};

struct edit {
    enum site site;
    enum op op;
    struct span layer;      /* every layer in it */
    struct span head;       /* what the site's rows are cut into (site_parts): query heads, key and
                               value heads, hidden units; elsewhere not looked at */
    struct span tok;        /* rows */
    struct span key;        /* SITE_PATTERN: key tokens */
    float scale;            /* OP_SCALE: the factor; OP_ADD: times the operand */
    const struct run *from; /* OP_SET, OP_ADD: the operand is this run's row at the same site and
                               layer, token t + shift; NULL: it is vec. Not where a module reads */
    int shift;
    const float *vec; /* operand of token tok.lo + i at vec + i * stride; as wide as the row, or as
                         the heads edited; where a module reads, as the residual stream */
    int64_t stride;   /* 0 = the same vector for every token */
    int held;         /* tokens from here on have the operand of the one before; 0 = their own */
    const struct swaps *swaps; /* OP_SWAP */
    const int32_t *sender; /* (n_senders) those that are swapped, or all that are read but these */
    int n_senders;
    bool all_but;
};

/* Applies to `row`, the site's value of token t at this layer, the edits in the list that name it.
   Not for SITE_PATTERN, nor where a module reads. */
void edits_apply(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                 int t, float *row);

/* The same for what a head (any, where rows are not cut up) reads of token t. */
void edits_read(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                int head, int t, float *row);

/* Does any of them name what this head reads of token t? */
bool edits_name_read(const struct edit *e, int n, enum site site, int layer, int head, int t);

/* Applies to one head's pattern of row t, which sees `keys`, the edits that name it; score[s] and
   p[s] are of key s: before the softmax (masks; false if no key is left) or after it. */
bool edits_mask(const struct edit *e, int n_edits, int layer, int head, int t, struct span keys,
                float *score);
void edits_pattern(const struct edit *e, int n_edits, int layer, int head, int t, struct span keys,
                   float *p);

/* The first element of a row that an edit changes, and how many. */
int64_t edit_first(const struct edit *e, const struct shape *s);
int64_t edit_width(const struct edit *e, const struct shape *s);

/* The operand of an edit (OP_SET, OP_ADD) for token t, from the first element that it changes. */
const float *edit_operand(const struct edit *e, const struct shape *s, int layer, int t,
                          int64_t first);

#endif
