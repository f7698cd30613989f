/* What a result file has: its groups, variables and attributes. */
#ifndef LENSWEEP_RESULTS_H5VISIT_H
#define LENSWEEP_RESULTS_H5VISIT_H

#include "results/h5file.h"
#include "results/table.h"

#include <stdbool.h>

struct h5info {
    const char *group, *name;
    enum vtype type;
    size_t rank, size[DIMS_MAX];
    const char *dim[DIMS_MAX];
};

/* *n = the product of the sizes from dimension `from` on. false: it is above `most`, as a forged
   shape can make it. */
bool h5_count(const struct h5info *v, size_t from, size_t most, size_t *n);

/* Calls enter() for each group, "" (the root) first, each before those inside it, and use() for
   each of its variables (shape and dim names), all in name order. The texts live as long as f. */
int h5_each(struct h5file *f, int (*enter)(void *ctx, const char *group, struct err *err),
            int (*use)(void *ctx, const struct h5info *v, struct err *err), void *ctx,
            struct err *err);

struct h5attr {
    const char *name, *value;
    enum vtype type;
};

/* The same for the attributes of a group, or of its variable `var`, as text. What is not a single
   string or number (netCDF-4's references) is left out. The names and values are the callback's
   only while it runs. */
int h5_each_attr(struct h5file *f, const char *group, const char *var,
                 int (*use)(void *ctx, const struct h5attr *a, struct err *err), void *ctx,
                 struct err *err);

#endif
