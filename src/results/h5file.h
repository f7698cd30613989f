/*
 * The result file: netCDF-4 conventions over HDF5, bytes reproducible.
 *
 *     int write_ranks(const char *path, size_t n, const int32_t *rank, struct err *err)
 *     {
 *         const struct variable v = {"rank", V_I4, "query", "rank of the target", NULL};
 *         const struct dim query = {"query", n, V_I8, NULL, NULL};
 *         struct h5group *g;
 *         struct h5file *f;
 *
 *         if (h5_create(&f, path, err))                  // beside path, renamed by h5_commit
 *             return err->code;
 *         if (h5_group(f, "decode", &query, 1, &g, err) || // dimension scales with coordinates
 *             h5_attr_str(g, "kind", "decode", err) ||
 *             h5_define(g, &v, err) ||                   // chunked, deflated, fill value
 *             h5_write(g, "rank", 0, n, rank, err)) {    // entries [0, n) of the first dimension
 *             h5_abandon(f);                             // nothing is left
 *             return err->code;
 *         }
 *         return h5_commit(f, err);
 *     }
 *
 * Every variable has `long_name`, `units` (numbers) and `_FillValue` (NaN, or -1 for integers), its
 * dimension scales attached, and `coordinates` naming the non-index coordinates of its group (those
 * defined with h5_coordinate before it), so that xarray.open_dataset(group=...) shows everything.
 * Coordinates have no `_FillValue`: readers would make floats of their integers.
 * Object times are not tracked: the same calls in the same order make the same bytes. Strings are
 * UTF-8 of variable length; a byte that is none becomes U+FFFD, NULL becomes "". Memory is bounded:
 * a variable keeps at most two chunks (of about 512 KiB) until they are full.
 */
#ifndef LENSWEEP_RESULTS_H5FILE_H
#define LENSWEEP_RESULTS_H5FILE_H

#include "base/err.h"
#include "base/mem.h"
#include "results/table.h"

#include <stdbool.h>

struct h5file;
struct h5group;

/* Opens a file beside path (file_beside) for writing. ERR_IO with the reason. */
int h5_create(struct h5file **f, const char *path, struct err *err);
int h5_commit(struct h5file *f, struct err *err); /* close, fsync, rename; frees f also on error */
void h5_abandon(struct h5file *f);                /* close and remove; f may be NULL */

/* Makes group `name` ("" = the root, "a/b" = nested) with these dimensions. *g lives until f ends.
   Variables may also use dimensions of the root, made before: a variable that bears the name of one
   of its dimensions, `span`(query, span, bound), needs that dimension to live there. */
int h5_group(struct h5file *f, const char *name, const struct dim *dims, size_t n_dims,
             struct h5group **g, struct err *err);

/* A variable that is a coordinate of others (item, subject, step, ... along query): like h5_define,
   and every variable defined later that has its dimensions names it. */
int h5_coordinate(struct h5group *g, const struct variable *v, struct err *err);
int h5_define(struct h5group *g, const struct variable *v, struct err *err);

/* Entries [first, first + count) along the first dimension, everything along the others: data in C
   order; V_STR data is an array of const char * (NULL = ""). A scalar: first 0, count 1. */
int h5_write(struct h5group *g, const char *var, size_t first, size_t count, const void *data,
             struct err *err);

/* The variables defined so far are complete: what they keep in memory is written and freed. They
   cannot be written to any more. */
int h5_complete(struct h5file *f, struct err *err);

int h5_attr_str(struct h5group *g, const char *name, const char *value, struct err *err);
int h5_attr_f64(struct h5group *g, const char *name, double value, struct err *err);
int h5_attr_i64(struct h5group *g, const char *name, int64_t value, struct err *err);

/* Reading, for export, plot, top, diff and later analyses. Numbers are converted to the type asked.
 */
/* The file that a user means by `path`: itself, or of a folder its result.h5, else partial.h5. */
char *h5_find(struct arena *a, const char *path, struct err *err);
int h5_open(struct h5file **f, const char *path, struct err *err);
void h5_close(struct h5file *f);
/* Calls use() for each variable of each group in name order: shape and dim names. */
struct h5info {
    const char *group, *name;
    enum vtype type;
    size_t rank, size[DIMS_MAX];
    const char *dim[DIMS_MAX];
};
int h5_each(struct h5file *f, int (*use)(void *ctx, const struct h5info *v, struct err *err),
            void *ctx, struct err *err);
/* The same for the groups, "" (the root) first, each before those inside it; and for the attributes
   of a group, or of its variable `var`, in name order, as text. What is no single string or number
   (netCDF-4's references) is left out. The names and values are the callback's only while it runs.
 */
int h5_each_group(struct h5file *f, int (*use)(void *ctx, const char *group, struct err *err),
                  void *ctx, struct err *err);
struct h5attr {
    const char *name, *value;
    enum vtype type;
};
int h5_each_attr(struct h5file *f, const char *group, const char *var,
                 int (*use)(void *ctx, const struct h5attr *a, struct err *err), void *ctx,
                 struct err *err);
/* Entries [first, first + count) of v's first dimension, as V_I8 or V_F64; v is a variable of
   numbers as h5_each tells of it. */
int h5_read_part(struct h5file *f, const struct h5info *v, enum vtype type, size_t first,
                 size_t count, void *data, struct err *err);
/* The whole variable as float64 (numbers) into fresh memory, mem_free'd by the caller. */
int h5_read_f64(struct h5file *f, const char *group, const char *var, double **data,
                struct h5info *info, struct err *err);
/* The whole variable as strings: one block, mem_free'd by the caller. */
int h5_read_str(struct h5file *f, const char *group, const char *var, char ***data,
                struct h5info *info, struct err *err);
int h5_read_attr(struct h5file *f, const char *group, const char *name, char **value,
                 struct err *err); /* as text; *value NULL if absent; mem_free'd by the caller */

const char *h5_version(void);

#endif
