/*
 * What an experiment's results look like: dimensions and variables, declared as data.
 *
 *     static const struct variable vars[] = {
 *         {"logit", V_F32, "query layer target", "logit that the layer adds to the target", "1"},
 *         {"argmax", V_I4, "query", "most probable next token", NULL},
 *     };
 *
 * A variable's dimensions are named in a string, outermost first. Dimensions carry coordinates
 * (numbers or strings), which become netCDF-4 dimension scales (h5file.h).
 */
#ifndef LENSWEEP_RESULTS_TABLE_H
#define LENSWEEP_RESULTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* name, bytes in memory */
enum vtype { V_I1, V_I4, V_I8, V_F32, V_F64, V_STR };

size_t vtype_size(enum vtype t);      /* V_STR: sizeof(char *) */
const char *vtype_name(enum vtype t); /* as NumPy calls it: "f4"; "str" */

enum { DIMS_MAX = 8 };

struct dim {
    const char *name;
    size_t size;
    enum vtype type;       /* V_I4, V_I8, V_F64, V_STR */
    const void *coord;     /* (size) of the type; NULL = 0, 1, 2, ... (of that
                              type; V_I4 for V_STR) */
    const char *long_name; /* what it counts; may be NULL */
};

struct variable {
    const char *name;
    enum vtype type;
    const char *dims;      /* names separated by one space; "" = scalar */
    const char *long_name; /* one line for people */
    const char *units;     /* "1" for numbers without; NULL for strings and ids */
};

#endif
