/* What the h5*.c share; private to this folder, the only one that includes hdf5.h. */
#ifndef LENSWEEP_RESULTS_H5PRIVATE_H
#define LENSWEEP_RESULTS_H5PRIVATE_H

#include "base/mem.h"
#include "results/h5file.h"
#include "results/h5visit.h"

#include <hdf5.h>

struct h5var {
    struct h5var *next;
    const char *name;
    hid_t id; /* dataset, open until it is complete: its chunk cache lives as long */
    enum vtype type;
    size_t rank, size[DIMS_MAX];
    unsigned dims;   /* bit i: has dimension i of the group */
    bool coordinate; /* named in the `coordinates` of variables that have all its dimensions */
};

struct h5scale {
    const char *name;
    size_t size;
    hid_t id; /* the coordinate's dataset */
};

struct h5group {
    struct h5group *next;
    struct h5file *file;
    const char *name;
    hid_t id;
    struct h5scale *dim;
    size_t n_dims;
    bool complete;              /* its variables are closed */
    struct h5var *vars, **last; /* in the order of definition */
};

struct h5file {
    hid_t id;
    const char *path;
    const char *beside; /* the name while it is written; NULL = open for reading */
    bool broken;        /* a write has failed: HDF5 must not be asked to close it */
    struct h5group *groups;
    struct arena arena;
    struct arena scratch; /* of one call: kept, so that calls do not ask the system for it anew */
};

/* "cannot WHAT NAME: the innermost thing that HDF5 (or the system) says"; ERR_IO. */
int h5_fail(struct err *err, const char *what, const char *name);

/* Allocates the handle with copies of the names: with one to write under, if it `writes`. NULL on
   error. */
struct h5file *h5_new(const char *path, bool writes, struct err *err);
void h5_delete(struct h5file *f); /* memory only */

/* Fills info; *known is false for a variable that is none of ours (compound, too many dims). */
int h5_describe(struct h5file *f, hid_t var, const char *group, const char *name,
                struct h5info *info, bool *known, struct err *err);

/* One string or one number as text, in the arena; *value stays as it is for others. */
int h5_attr_text(hid_t object, const char *name, const char **value, enum vtype *type,
                 struct arena *a, struct err *err);

/* Entries [first, first + count) of a variable's first dimension, as HDF5 wants them for reading
   and writing: -1 if they cannot be had. Either way to be closed. */
struct h5slab {
    hid_t file, memory;
};
int h5_slab_open(struct h5slab *s, hid_t var, size_t rank, const size_t *size, size_t first,
                 size_t count);
void h5_slab_close(struct h5slab *s);

hid_t h5_access(void);          /* file access list; the caller closes it */
hid_t h5_creation(hid_t class); /* creation list; the caller closes it */
hid_t h5_memory(enum vtype t);  /* of a value in memory; nothing to close */

#endif
