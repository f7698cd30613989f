/* Private: a growing list of edits in an arena, and the rows of runs of neighbouring tokens. */
#ifndef LENSWEEP_EXPERIMENTS_KIT_EDIT_LIST_H
#define LENSWEEP_EXPERIMENTS_KIT_EDIT_LIST_H

#include "engine/edit.h"

struct edit_list {
    struct edit *v;
    int n;
    size_t cap;
    struct arena *a;
    struct err *err;
};

int edit_list_push(struct edit_list *l, struct edit e);

/* Edit e at the n tokens, in rising order: neighbouring ones whose source is as far away go into
   one edit. src: their rows in e.from; NULL = the same rows, or e needs none. e.vec: that of the
   first token, the others' behind it. */
int edit_list_push_tokens(struct edit_list *l, struct edit e, const int *tok, const int *src,
                          int n);

/* Attention of the n tokens to the n_keys keys, in rising order, cut in the layers and heads;
   renormalise: masked before the softmax, so that the rest of the row sums to 1. */
int edit_list_push_cut(struct edit_list *l, struct span layer, struct span head, bool renormalise,
                       const int *tok, int n, const int *key, int n_keys);

#endif
