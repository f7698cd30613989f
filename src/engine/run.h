/*
 * A run: a prompt's complete forward pass, kept row by row, and the sites in it at which edits act.
 */
#ifndef LENSWEEP_ENGINE_RUN_H
#define LENSWEEP_ENGINE_RUN_H

#include "base/mem.h"
#include "model/model.h"

#include <stddef.h>
#include <stdint.h>

/* Where an edit acts. SITE_RESID at layer l is x_l: 0 = the embedding, L = what the final norm sees
   (the residual AFTER layer l is SITE_RESID at l + 1: site_layer). */
enum site { SITE_RESID, SITE_PATTERN, SITE_Z, SITE_ATTN, SITE_MLP };

/* The layer by which runs and edits know what comes out of layer l at a site. */
static inline int site_layer(enum site site, int l)
{
    return l + (site == SITE_RESID);
}

struct edit;

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

/* Shape (n) rows of a run in the arena; arrays that `keep` does not name stay NULL. */
int run_alloc(struct run *r, const struct shape *s, int n, unsigned keep, struct arena *a,
              struct err *err);
size_t run_bytes(const struct shape *s, int n, unsigned keep);

/* All of `from`'s rows and logits; arrays that `to` does not keep are left out. */
void run_copy(struct run *to, const struct run *from, const struct shape *s);

/* The row of a run that a site's edit replaces, and how wide it is. */
const float *run_row(const struct run *r, const struct shape *s, enum site site, int layer,
                     int tok);
int64_t site_width(const struct shape *s, enum site site);

#endif
