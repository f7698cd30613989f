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
 *         return h5_commit(f, NULL, NULL, err);
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
#ifndef LENSWEEP_RESULTS_H5WRITE_H
#define LENSWEEP_RESULTS_H5WRITE_H

#include "results/h5file.h"
#include "results/table.h"

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

#endif
