/*
 * What a query is known by beside its tokens, one row for each property: `where` selects by it, and
 * the result file has it as a variable.
 */
#ifndef LENSWEEP_DATA_PROPERTY_H
#define LENSWEEP_DATA_PROPERTY_H

#include "data/dataset.h"

/* PROPERTY_LABEL: a small number (at most a byte, as all labels are); PROPERTY_FLAG: 0 or 1. */
enum property_type { PROPERTY_TEXT, PROPERTY_LABEL, PROPERTY_COUNT, PROPERTY_FLAG };

/* PROPERTY_COORDINATE: groups of results repeat it; PROPERTY_SELECTS: `where` may name it. */
enum { PROPERTY_COORDINATE = 1, PROPERTY_SELECTS = 2 };

struct property {
    const char *name;
    enum property_type type;
    unsigned use;
    size_t offset; /* in struct query */
    const char *meaning;
};

extern const struct property properties[];
extern const size_t n_properties;

/* By its name; NULL = there is none. */
const struct property *property_find(const char *name);

/* Its value in a query; of a text, and of the other types. */
const char *property_text(const struct property *p, const struct query *q);
int property_number(const struct property *p, const struct query *q);

#endif
