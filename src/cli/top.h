/* Private to `lensweep top`: what top.c (the command) and top_table.c (one table) share. */
#ifndef LENSWEEP_CLI_TOP_H
#define LENSWEEP_CLI_TOP_H

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

/* Prints the table of one group; nothing, and *shown stays, if the group has no such averages. */
int top_table(struct top *t, const struct ranking *r, const char *group, bool *shown,
              struct err *err);

/* Prints the nodes of a group of kind faithfulness, the strongest first. */
int top_nodes(struct top *t, const char *group, bool *shown, struct err *err);

#endif
