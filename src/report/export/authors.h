/*
 * Private to the export in the authors' layout: authors.c knows the queries and where their files
 * stand, authors_lines.c what a line of each analysis holds.
 */
#ifndef LENSWEEP_REPORT_EXPORT_AUTHORS_H
#define LENSWEEP_REPORT_EXPORT_AUTHORS_H

#include "report/export/private.h"
#include "results/describe.h"

enum { ANSWERS = 3, SUBJECT = ANSWERS, TARGETS };
enum { SPAN_SUBJECT, SPAN_RELATION, SPAN_ANSWER_1, SPAN_ANSWER_2, SPANS };

extern const char *const authors_targets[TARGETS];

/* The queries that share files: one dataset, template and step. */
struct place {
    const char *dataset; /* fit for a folder's name */
    int template, step;
};

struct authors {
    struct source s;
    struct outputs *out;
    struct buf *notes;
    const char *model;
    /* of the group `queries`: one entry for each query, row by row */
    size_t n, n_spans, n_targets;
    char **text, **subject, **dataset;
    double *template, *step, *n_tokens, *span, *target;
    struct column ids;
    int span_at[SPANS], target_at[TARGETS]; /* places in the file's lists; -1 = not there */
    struct place *place;
    size_t n_places;
    int *place_of; /* (queries) -1 = none */
};

/* A group of the file. */
struct analysis {
    struct authors *a;
    const char *group;
    struct authors_layout layout;
    char **status;
    int target_at[TARGETS]; /* places in the group's own list */
    bool told;              /* that an earlier group has written the same files */
};

bool author_has(const struct analysis *x, size_t place, size_t q);

/* The column of a variable that has these dimensions, as words; c->n is 0 and nothing is wrong if
   it is not there and `need` is not set. */
int author_cells(const struct analysis *x, const char *name, const char *dims, bool need,
                 struct column *c, struct err *err);

/* Where each of n names stands among the labels of a dimension of the group; -1 = nowhere. */
int author_labels(const struct authors *a, const char *group, const char *dim,
                  const char *const *name, size_t n, int *at, struct err *err);

/* Those at `size` and above are nowhere. */
void author_below(int *at, size_t n, size_t size);

int author_leave_out(const struct analysis *x, struct err *err, const char *why);

/* A file below ROOT/DATASET/MODEL/prompt_template_T/, and of outputs/ below the step's number; *w
   is NULL if an earlier group has written it, which is noted. */
int authors_file(struct analysis *x, const char *root, size_t place, struct writer **w,
                 struct err *err, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* As Python's json writes it: of single and of double precision. */
int author_f32(struct buf *b, double v, struct err *err);
int author_f64(struct buf *b, double v, struct err *err);

/* `{"query": ... ,`: what each line of theirs begins with; the step only where they have it. */
int author_query(const struct authors *a, struct buf *b, size_t q, bool step, struct err *err);
int author_id(const struct authors *a, struct buf *b, size_t q, int target, struct err *err);
int author_answer_ids(const struct authors *a, struct buf *b, size_t q, struct err *err);
int author_span(const struct authors *a, struct buf *b, size_t q, int which, struct err *err);
int author_answer_spans(const struct authors *a, struct buf *b, size_t q, struct err *err);
int author_ids(struct authors *a, struct buf *b, size_t q, size_t first, size_t end,
               struct err *err);
/* The tokens of a target: all of them where it stands in the prompt, else the first alone. */
int author_tokens(struct authors *a, struct buf *b, size_t q, int target, struct err *err);

/* `"three_answer_first_token_WHAT": [...], "subject_first_token_WHAT": ...` of the targets at v;
   NULL = not known, NaN. */
int author_logits(const struct analysis *x, struct buf *b, const double *v, const char *what,
                  struct err *err);

int authors_decode(struct analysis *x, struct err *err);
int authors_token_lens(struct analysis *x, struct err *err);
int authors_knockout(struct analysis *x, struct err *err);
int authors_heads(struct analysis *x, struct err *err);
int authors_trace(struct analysis *x, struct err *err);

#endif
