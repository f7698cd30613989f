/* Result files and their values, read: numbers are converted to the type asked. */
#ifndef LENSWEEP_RESULTS_H5READ_H
#define LENSWEEP_RESULTS_H5READ_H

#include "base/mem.h"
#include "results/h5visit.h"

/* The file that a user means by `path`: itself, or of a folder its result.h5, else partial.h5.
   Of a folder without either ERR_IO says what it is. */
char *h5_find(struct arena *a, const char *path, struct err *err);

/* ERR_IO also for a file whose bytes are not those that were written (seal.h). One without a seal
   is read by a child process first, so that damage can neither end this one nor hold it up, and
   whoever asked for that by h5_on_unsealed is told. */
int h5_open(struct h5file **f, const char *path, struct err *err);
void h5_close(struct h5file *f);
void h5_on_unsealed(void (*tell)(const char *path)); /* NULL: nobody */

/* v is a variable as h5_each tells of it. Of numbers, entries [first, first + count) of the first
   dimension, as V_I8 or V_F64. */
int h5_read_part(struct h5file *f, const struct h5info *v, enum vtype type, size_t first,
                 size_t count, void *data, struct err *err);

/* Of text the whole variable: one block, mem_free'd by the caller. */
int h5_read_str(struct h5file *f, const struct h5info *v, char ***data, struct err *err);

/* As text, in the arena; *value = NULL if there is none. */
int h5_read_attr(struct h5file *f, const char *group, const char *name, const char **value,
                 struct arena *a, struct err *err);

#endif
