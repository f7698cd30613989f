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
   gives z = 0. SITE_PATTERN knows OP_ZERO, OP_SCALE and OP_MASK. */
enum op { OP_ZERO, OP_SET, OP_ADD, OP_SCALE, OP_MASK };

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

/* The same for one head's pattern of row t, which sees `keys`; score[s] and p[s] are of key s:
   before the softmax (masks; false if no key is left) or after it. */
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
