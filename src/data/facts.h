/*
 * Facts: subjects with their objects, from CSV or JSON Lines (keys subject, object, optional
 * object_aliases "a|b" and article), or from the formats that have them.
 *
 *     int count_subjects(const char *path, struct problems *problems, struct err *err)
 *     {
 *         struct facts f;
 *         int n;
 *
 *         if (facts_load(&f, path, problems, err))
 *             return -1;
 *         n = (int)f.n;
 *         facts_release(&f);
 *         return n;
 *     }
 */
#ifndef LENSWEEP_DATA_FACTS_H
#define LENSWEEP_DATA_FACTS_H

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stddef.h>

struct fact_object {
    const char *name;
    const char **alias; /* (n_aliases) */
    size_t n_aliases;
};

struct fact_subject {
    const char *name, *article; /* article: what stands before it in a sentence, "the"; "" */
    struct fact_object *object; /* (n) in the order of the file, none twice */
    size_t n;
    size_t order; /* of its first row */
};

struct facts {
    struct arena arena;
    struct fact_subject *subject; /* (n) in the order of the file */
    size_t n;
    size_t n_rows, n_duplicates;
    const char *duplicate; /* the first in words, with its place; NULL = none */
    const char *misspelt;  /* a column that is nearly one of ours, in words; NULL = none */
    const char *notes;     /* lines "# ..." at the beginning of a CSV file: source, licence; "" */
    struct hash fingerprint;
};

/* What is wrong with the file goes to problems, with its places. Nonzero only for I/O, memory. */
int facts_load(struct facts *f, const char *path, struct problems *problems, struct err *err);
void facts_release(struct facts *f);

#endif
