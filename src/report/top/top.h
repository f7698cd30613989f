/*
 * Private to `lensweep top`: what top.c (the command), top_table.c (one table), top_scope.c (over
 * which queries) and top_classes.c (heads beside their ablation) share.
 */
#ifndef LENSWEEP_REPORT_TOP_TOP_H
#define LENSWEEP_REPORT_TOP_TOP_H

#include "results/column.h"

/* What is ranked in the groups of a kind: averages over queries, with intervals beside. */
struct ranking {
    const char *kind;
    const char *sub;     /* group inside the experiment's that has the averages; "" = its own */
    const char *mean;    /* the variable */
    const char *bounds;  /* prefix of lo, hi and n: "kl_", or "" */
    const char *instead; /* a variable in its place where that has no values; may be NULL */
    const char *beside;  /* one that is shown beside it; may be NULL */
    const char *heading; /* of that column */
    bool against;        /* ranked by the difference from it */
    const char *split;   /* a dimension each of whose entries has a table; may be NULL */
    const char *without; /* a label that has no place in it; may be NULL */
};

struct top {
    struct h5file *file;
    struct catalogue all;
    struct arena arena;
    size_t n;            /* rows of a table */
    int64_t step;        /* -1 = every step */
    const char *dataset; /* NULL = averages over as much as there is */
};

/* The averages of a group: over which queries each is, and which of them are asked for: of each
   step those over as much as there is. */
struct scope {
    char **dataset; /* (n) */
    double *template, *step;
    bool *chosen; /* in the arena of top */
    size_t n;
};

int scope_open(struct scope *s, struct top *t, const char *group, size_t n, struct err *err);
void scope_close(struct scope *s);
bool scope_same(const struct scope *s, size_t i, size_t k); /* but for the step */
/* "; cities, template 1" */
int scope_words(const struct scope *s, size_t i, struct buf *b, struct err *err);

/*
 * The classes of heads beside their causal effects: for each group of kind heads, and each step, a
 * table of heads with their rates and what each sweep over all heads at the last token changes of
 * the logit of the step's target. *shown stays if the file has not both.
 */
int top_classes(struct top *t, bool *shown, struct err *err);

/* Prints the table of one group; nothing, and *shown stays, if the group has no such averages. */
int top_table(struct top *t, const struct ranking *r, const char *group, bool *shown,
              struct err *err);

/* Prints the nodes of a group of kind faithfulness, the strongest first. */
int top_nodes(struct top *t, const char *group, bool *shown, struct err *err);

#endif
