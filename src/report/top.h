/*
 * `lensweep top`: what is strongest, from the headlines of a result file.
 *
 *     int strongest(struct buf *out, struct err *err)
 *     {
 *         struct top t = {.n = 20, .step = -1};
 *
 *         return top_text(&t, "results/demo", out, err);
 *     }
 */
#ifndef LENSWEEP_REPORT_TOP_H
#define LENSWEEP_REPORT_TOP_H

#include "base/json_write.h"
#include "results/average.h"

struct top {
    const char *group;     /* NULL = every group */
    bool classes;          /* heads that promote or suppress beside what ablating them changes */
    size_t n;              /* rows of a table */
    int64_t step;          /* -1 = every step */
    const char *dataset;   /* NULL = averages over as much as there is */
    int64_t layers_from;   /* the number of the first layer */
    struct json_out *json; /* NULL = tables as text; else a list of them as objects, begun */
    bool page;             /* top_tokens alone: all of them as HTML */
};

/* Appends the tables. ERR_CONFIG: there is no such group, or nothing to rank in it. */
int top_text(const struct top *t, const char *path, struct buf *out, struct err *err);

/* Parts, each a file: the table of one headline; classes of heads beside their effects. *shown is
   set if there was anything to show. */
int top_table(const struct top *t, struct result *r, const char *group, const struct headline *h,
              struct buf *out, bool *shown, struct err *err);
int top_classes(const struct top *t, struct result *r, struct buf *out, bool *shown,
                struct err *err);

/* The tokens that most queries have among the strongest of a vector, where a headline of the group
   is `common`. */
int top_tokens(const struct top *t, struct result *r, const char *group, struct buf *out,
               bool *shown, struct err *err);

/* For programs, as docs/json.md describes it: a table up to its rows; a row up to the labels of its
   place; its numbers (mean, lo, hi, chance, q, direct; NaN: it has none) and the number of queries,
   up to its tokens. What is begun is ended with json_end. */
int top_json_table(struct json_out *j, const char *group, const char *variable, const char *title,
                   const char *unit, const char *of, size_t cells, struct err *err);
void top_json_row(struct json_out *j, const char *dataset, int template, int step, struct err *err);
enum { TOP_NUMBERS = 6 };
int top_json_numbers(struct json_out *j, const double v[TOP_NUMBERS], int64_t n, struct err *err);

/* The averages that are asked for: chosen (a->n_strata), in the arena. */
bool *top_strata(const struct top *t, struct result *r, const struct average *a, struct err *err);

#endif
