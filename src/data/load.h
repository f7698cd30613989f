/*
 * The loader's workbench, private to this floor.
 *
 *     file --records--> record --format's reader--> draft --draft_finish--> pushed
 *     all drafts --settle--> queries --flags, draws, fingerprints--> dataset
 *
 * A draft holds what a record says of one query, under indices of names that are collected as they
 * appear; only when all lines are read is it known how many names there are.
 *
 * Functions return nonzero only for I/O and memory. What is wrong with the file goes to
 * l->problems (line_problem), what is wrong with one query to its status (query_bad).
 */
#ifndef LENSWEEP_DATA_LOAD_H
#define LENSWEEP_DATA_LOAD_H

#include "base/buf.h"
#include "base/json.h"
#include "data/dataset.h"

enum {
    NAMES_MAX = 256, /* distinct names of spans, and of targets */
    LABEL_MAX = 127, /* largest template and step: a byte in the result file */
    LINE_MAX_BYTES = 16 << 20
};

struct named_span {
    int name; /* index of ds->span_name */
    struct span at;
};

struct named_target {
    int name;           /* index of ds->target_name */
    int32_t id;         /* the token that is followed, -1 = outside the vocabulary */
    const int32_t *ids; /* (n_ids) all of its tokens, NULL = not known */
    size_t n_ids;
    bool whole;       /* they are a whole answer */
    const char *text; /* its string, NULL = not known */
};

struct draft_prompt {
    const char *text;      /* NULL = the file has none */
    size_t shift, counted; /* char_spans count so many characters of text, from the shift-th on;
                              counted = 0: all of it */
    int32_t *ids;          /* (n) */
    size_t n;
    struct named_span *span; /* (n_spans) without first and last */
    size_t n_spans;
    bool given; /* ids are the data's own, which text has to agree with */
};

struct draft {
    struct draft_prompt own, cf; /* cf.ids = NULL: the data give no counterfactual */
    struct named_target *target;
    size_t n_targets;
    int right; /* index of ds->target_name; -1 = not said */
    int *foil; /* (n_foils) indices of ds->target_name; NULL = not said */
    size_t n_foils;
    int32_t *control; /* (n_controls) NULL = not said */
    size_t n_controls;
};

/* Where a query belongs: numbers of its dataset and of its item, in the order of their names, so
   that they do not depend on the order of files; set by group_queries. */
struct group {
    int set, item;
    uint64_t key; /* of the draws: dataset, item and template, so steps of an item draw alike */
    const int32_t *real; /* (n_targets) those that a shuffle took away; NULL = none did */
};

struct source;

struct loader {
    struct dataset *ds;
    const struct data_options *opt;
    const struct codec *codec; /* never NULL: an empty one stands for none */
    struct problems *problems;
    struct arena scratch; /* drafts, lists of files */

    struct query *query; /* (n), like the next two owned */
    struct draft *draft;
    struct group *group;
    size_t n, query_cap, draft_cap;
    unsigned char *numbered; /* (datasets) 1 = its answers are the targets called answer_... */
    size_t n_controls;

    /* the file at work */
    size_t file;
    const char *path;
    struct source *source;

    size_t before; /* queries of the files before it */

    /* the record at work: its text ("" if it has none of its own) and where it begins */
    const char *line;
    size_t line_n, line_no, column;
    int problems_before;
    struct query q; /* what is read of it */
    struct draft d;
    const char *outer; /* the key whose object is read within it; NULL = its own keys */
};

/* A reader's frame around each query of a record. */
void query_begin(struct loader *l);
int query_end(struct loader *l, struct err *err);

static inline int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

#endif
