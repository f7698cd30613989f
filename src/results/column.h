/*
 * A variable of a result file read by blocks: entries of its first dimension, a few MiB at a time,
 * so that a large one is never in memory as a whole. Cheapest from front to back.
 *
 *     int add_up(struct h5file *f, const struct h5info *v, double *sum, struct err *err)
 *     {
 *         struct column c;
 *
 *         column_open(&c, f, v, err);
 *         for (size_t i = 0; !err->code && i < c.n; i++)
 *             if (!column_seek(&c, i, err))
 *                 for (size_t k = 0; k < c.entry; k++)
 *                     *sum += c.f[k];      // c.whole for integers, c.text for strings
 *         column_close(&c);                // also after an error
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_RESULTS_COLUMN_H
#define LENSWEEP_RESULTS_COLUMN_H

#include "base/buf.h"
#include "base/mem.h"
#include "results/h5visit.h"

#include <stdbool.h>

struct column {
    struct h5file *file;
    struct h5info info;
    size_t n, entry; /* entries (a scalar has one), elements in each */
    /* the entry asked for: the one that fits the type, the others are NULL */
    const double *f;
    const int64_t *whole;
    char *const *text;
    /* private: the block in memory; strings are all in memory */
    size_t first, count, most;
    size_t per; /* entries of the first dimension in one */
    void *block;
    char **strings;
};

int column_open(struct column *c, struct h5file *f, const struct h5info *v, struct err *err);
/* The whole variable is one entry. Numbers alone. */
int column_open_whole(struct column *c, struct h5file *f, const struct h5info *v, struct err *err);
int column_seek(struct column *c, size_t i, struct err *err);
void column_close(struct column *c);

/* The groups of a file, "" first, and their variables, group by group, in name order; in the arena,
   texts as long as f. */
struct catalogue {
    struct arena *arena;
    const char **group; /* (n_groups) */
    struct h5info *v;   /* (n) */
    size_t n_groups, max_groups, n, cap;
};
int catalogue_read(struct catalogue *c, struct h5file *f, struct arena *a, struct err *err);
const struct h5info *catalogue_find(const struct catalogue *c, const char *group, const char *name);

/* The variable with the coordinates of dimension i of v: in its group or one above; NULL = none. */
const struct h5info *catalogue_scale(const struct catalogue *c, const struct h5info *v, size_t i);
bool column_is_scale(const struct h5info *v);
/* Have they dimensions of the same names and sizes? */
bool column_same_dims(const struct h5info *v, const struct h5info *w);

#endif
