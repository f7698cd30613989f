/*
 * Private to the export in the authors' layout: authors.c knows the queries and which files there
 * are, authors_lines.c what a line of each analysis holds.
 */
#ifndef LENSWEEP_REPORT_EXPORT_AUTHORS_H
#define LENSWEEP_REPORT_EXPORT_AUTHORS_H

#include "report/export/export.h"
#include "results/result.h"

enum { ANSWERS = 3, SUBJECT = ANSWERS, TARGETS };
enum { SPAN_SUBJECT, SPAN_RELATION, SPAN_ANSWER_1, SPAN_ANSWER_2, SPANS };

/* The queries that share files: one dataset, template and step. */
struct authors_place {
    const char *named, *dataset; /* which is fit for a folder's name */
    int template, step;
};

struct authors {
    struct result *r;
    struct outputs *out;
    struct buf *notes;
    const char *model;
    /* of the group `queries`: one entry for each query, row by row */
    size_t n;
    const char **text, **subject, **dataset;
    double *template, *step, *n_tokens;
    struct column ids, span, target; /* (token), (span, bound), (target) of the query at hand */
    size_t span_at[SPANS], target_at[TARGETS]; /* places in the file's lists, or beyond them */
    struct authors_place *place;
    size_t n_places;
    int *place_of; /* (queries) -1 = none */
};

/* Analyses, and within them an object for each head: whose lines have a key. */
enum { DECODE = 1, LENS = 2, KNOCKOUT = 4, HEADS = 8, TRACE = 16, EVERY = 31, HEAD = 32 };

/* Variables of a group, as authors_layout names them. */
enum { VALUE, LOGPROB, CLEAN, HIGH, LOW, COLUMNS };

/* One file of each place: an entry of the dimensions that the analysis has a file for each of. */
struct part {
    size_t at[DIMS_MAX]; /* places on the dimensions of the values */
    const char *name;    /* what their files call it */
    int since;           /* the step from which there is such a file */
    int span;            /* TRACE: that is corrupted */
    /* in the place at hand */
    const char *folder;
    struct writer *w; /* NULL = there is none, or an earlier group has written it */
};

/* Of all the logits in a file. */
struct moments {
    double n, sum, square;
};

/* A group of the file. */
struct analysis {
    struct authors *a;
    const char *group;
    struct authors_layout layout;
    int lines; /* one of DECODE ... TRACE */
    const char **status;
    size_t target_at[TARGETS];     /* places in the group's own list, or beyond it */
    struct column column[COLUMNS]; /* n == 0: there is none */
    struct part *part;
    size_t n_parts;
    struct moments *moments; /* (places, parts) */
    double window;           /* TRACE */
    bool told;               /* that an earlier group has written the same files */
};

/* The place of a dimension of v by its name. */
size_t author_dim(const struct h5info *v, const char *name);

/* The lines of a query in one file; its columns are there already. */
int author_lines(const struct analysis *x, const struct part *f, size_t q, struct moments *m,
                 struct err *err);

/* The table of their plotting script of heads, unless an earlier group has written it. */
int author_thresholds(const struct analysis *x, struct err *err);

#endif
