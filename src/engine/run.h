/*
 * A run: a prompt's complete forward pass, kept row by row, and the sites in it at which edits act.
 */
#ifndef LENSWEEP_ENGINE_RUN_H
#define LENSWEEP_ENGINE_RUN_H

#include "base/mem.h"
#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an edit acts. SITE_RESID at layer l is x_l: 0 = the embedding, L = what the final norm sees
   (the residual AFTER layer l is SITE_RESID at l + 1: site_layer). SITE_Q and SITE_K are before
   their norm and the rotation; SITE_NEURON are the MLP's hidden units, as the down matrix sees
   them.

   The last four are where a module reads the residual stream, before its norm: an edit there
   changes what this reader alone sees. Those of q, k and v are read by each head for itself. */
enum site {
    SITE_RESID,
    SITE_PATTERN,
    SITE_Z,
    SITE_ATTN,
    SITE_MLP,
    SITE_Q,
    SITE_K,
    SITE_V,
    SITE_NEURON,
    SITE_READ_Q,
    SITE_READ_K,
    SITE_READ_V,
    SITE_READ_MLP,
    SITE_COUNT
};

static inline bool site_is_read(enum site site)
{
    return site >= SITE_READ_Q;
}

/* The layer by which runs and edits know what comes out of layer l at a site. */
static inline int site_layer(enum site site, int l)
{
    return l + (site == SITE_RESID);
}

struct edit;

/* What a run keeps beside x, k, v. */
enum {
    KEEP_Z = 1,
    KEEP_ATTN = 2,
    KEEP_MLP = 4,
    KEEP_PATTERN = 8,
    KEEP_Q = 16,
    KEEP_K = 32,
    KEEP_NEURON = 64,
    KEEP_ATTENTION = 128,
    KEEP_ALL = 255
};

struct run {
    const int32_t *ids; /* (n), borrowed */
    int n;
    int room; /* rows of a layer in the arrays below: n; of a run that grows, as many as it may have
               */
    unsigned keep;
    const struct edit *edit; /* the edits that made it; borrowed. Its base has none of its own: a
                                run that is kept starts from a clean one */
    int n_edits;

    float *x;          /* (L+1, n, d) residual stream, x[l] as layer l sees it */
    float *k, *v;      /* (L, n, G dh), k after its norm and RoPE */
    float *q, *flat_k; /* (L, n, H dh), (L, n, G dh): before them */
    float *hidden;     /* (L, n, d_ff) */
    float *z;          /* (L, n, H dh) */
    float *a, *m;      /* (L, n, d) attention and MLP outputs */
    float *attention;  /* (L, H, n, n) every row's pattern: row t over keys [0, t] */
    float *p;          /* (L, H, n) the last row's attention pattern */
    float *post;       /* (L, n, 2) what the norms after attention and after the MLP divided each
                          row by; 0: there is no such norm */
    float *logits;     /* (V) of the last row, before the cap */
    float *capped;     /* (V) after it; NULL: the model has none */
    float *prob;       /* (V) the softmax of the latter */
    double log_z;      /* log of the sum of their exp */
    float rms;         /* of the last row: the divisor of the final norm */
    int32_t argmax;    /* of logits; the lowest id among equals */
};

/* What the norm after attention (0) or the MLP (1) divided a row by. */
static inline float *run_post(const struct run *r, int layer, int tok, int which)
{
    return r->post + 2 * ((int64_t)layer * r->n + tok) + which;
}

/* The logits that probabilities are made of. */
static inline const float *run_said(const struct run *r)
{
    return r->capped ? r->capped : r->logits;
}

/* Shape (n) rows of a run in the arena; arrays that neither `keep` names nor variants of this model
   need of a base stay NULL. */
int run_alloc(struct run *r, const struct shape *s, int n, unsigned keep, struct arena *a,
              struct err *err);
size_t run_bytes(const struct shape *s, int n, unsigned keep);

/* A run without tokens, that variants which go on from it fill: keys and values alone, for `room`
   tokens. Has neither x nor logits. */
int run_alloc_growing(struct run *r, const struct shape *s, int room, struct arena *a,
                      struct err *err);
size_t run_growing_bytes(const struct shape *s, int room);

/* All of `from`'s rows and logits; arrays that `to` does not keep are left out. */
void run_copy(struct run *to, const struct run *from, const struct shape *s);

/* Where a run keeps a site's rows; NULL if it does not. (Of what a module reads, x; of the MLP
   nothing.) */
float *run_site(const struct run *r, enum site site);

/* The row of a run that a site's edit replaces, and how wide it is. */
const float *run_row(const struct run *r, const struct shape *s, enum site site, int layer,
                     int tok);
int64_t site_width(const struct shape *s, enum site site);

/* What an edit's `head` counts at a site: how many there are, 0 if its rows are not cut up; and how
   wide one is in the row: heads, key and value heads, hidden units. */
int site_parts(const struct shape *s, enum site site);
int64_t site_part_width(const struct shape *s, enum site site);

/* What a run must keep for its rows of a site: bits. */
unsigned site_keep(enum site site);

/* What the base of a variant must keep for edits of a site: what they leave as it is, and what
   stands beside it in a row that is not computed anew. */
unsigned site_base_keep(enum site site);

#endif
