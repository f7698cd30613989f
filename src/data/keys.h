/* The keys of the formats: for the check of a line, and for the reference (docs/data.md). */
#ifndef LENSWEEP_DATA_KEYS_H
#define LENSWEEP_DATA_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* A key of a line. */
struct data_key {
    const char *name, *type;
    const char *fallback; /* in words; NULL = required */
    const char *meaning;
    bool both; /* a counterfactual has it, too */
};
enum { DATA_KEYS_MAX = 32 };
extern const struct data_key native_keys[]; /* (n_native_keys) at most DATA_KEYS_MAX */
extern const size_t n_native_keys;

/* The keys of all formats, from the reader's own tables: `help data`, docs/data.md. */
int data_reference(bool markdown, struct buf *out, struct err *err);

#endif
