/* Keys of a format, as they are documented; the native format is checked by its table as well. */
#ifndef LENSWEEP_DATA_KEYS_H
#define LENSWEEP_DATA_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* A key of a record. */
struct data_key {
    const char *name, *type;
    const char *fallback; /* in words; NULL = required */
    const char *meaning;
    bool both; /* a counterfactual has it, too */
};

/* What people call a key of a query, and what it is here: "question" -> "text"; NULL = nothing. */
const char *data_usual_key(const char *name);

/* The keys of all formats, from the readers' own tables: `help data`, docs/data.md. */
int data_reference(bool markdown, struct buf *out, struct err *err);

#endif
