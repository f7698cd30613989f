/* Private to `lensweep diff`: what diff.c (files, groups, attributes) and diff_values.c share. */
#ifndef LENSWEEP_REPORT_DIFF_H
#define LENSWEEP_REPORT_DIFF_H

#include "base/buf.h"
#include "base/mem.h"
#include "results/column.h"

#include <stdbool.h>

struct side {
    const char *path;
    struct h5file *file;
    struct catalogue all;
};

struct diff {
    struct arena arena;
    struct side a, b;
    double rtol, atol;
    bool tolerant;
    struct buf first, others, notes; /* text */
    size_t n, n_others;              /* groups, variables and attributes that differ */
};

/* Counts a thing that differs. Is it the first, whose line is still to be written? */
bool note_difference(struct diff *d, const char *thing, struct err *err);

/* Two texts that differ: their first line that does, and in which file each is. */
int put_texts(const struct diff *d, struct buf *b, const char *x, const char *y, struct err *err);

bool numbers_differ(const struct diff *d, double x, double y);

/* v of the first file and w of the second have the same type and shape; `thing` is their name. */
int compare_values(struct diff *d, const char *thing, const struct h5info *v,
                   const struct h5info *w, struct err *err);

/* Compares two result files and appends what differs, or "equal"; d->n is how many things differ.
   What it held is freed. */
int diff_text(struct diff *d, const char *a, const char *b, struct buf *out, struct err *err);

#endif
